//! Share of lines that end with an ellipsis, below a bound: teasers of texts that are elsewhere.

use serde::Deserialize;

use super::share;
use crate::judgement::Judgement;
use crate::lines::{filled, stripped, tally};
use crate::rule::Judge;

const RULE: &str = "line_end_with_ellipsis";

/// An upper bound, exclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineEndWithEllipsis {
    /// Smallest share that is too large.
    pub threshold: Option<f64>,
}

impl Judge for LineEndWithEllipsis {
    fn judge(&self, text: &str) -> Judgement {
        let ends = |line| {
            let line = &text[stripped(text, line)];
            line.ends_with("...") || line.ends_with('\u{2026}')
        };
        let (lines, ending, first) = tally(filled(text), ends);
        if lines == 0 {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let value = share(ending, lines);
        Judgement::by(RULE, value, self.threshold, |value, bound| value < bound)
            .or_else_detail(|| first.map(|line| stripped(text, line)))
    }
}
