//! Share of curly brackets among all characters, below a bound: code and templates have many.

use serde::Deserialize;

use super::{chars, share};
use crate::judgement::Judgement;
use crate::rule::Judge;

const RULE: &str = "curly_bracket";

/// An upper bound, exclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurlyBracket {
    /// Smallest share that is too large.
    pub threshold: Option<f64>,
}

impl Judge for CurlyBracket {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let brackets = memchr::memchr2_iter(b'{', b'}', text.as_bytes()).count();
        let value = share(brackets, chars(text));
        Judgement::by(RULE, value, self.threshold, |value, bound| value < bound)
            .or_else_detail(|| text.find(['{', '}']).map(|at| at..text.len()))
    }
}
