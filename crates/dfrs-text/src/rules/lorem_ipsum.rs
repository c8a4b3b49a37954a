//! Occurrences of "lorem ipsum" per character, up to a bound.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::{chars, share};
use crate::judgement::Judgement;
use crate::rule::Judge;

const RULE: &str = "lorem_ipsum";

/// No letter beyond ASCII becomes one of these in lower case, so ignoring the case of ASCII letters is enough.
static FILLER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true);
    builder.build(["lorem ipsum"]).expect("one short pattern")
});

/// An upper bound, inclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoremIpsum {
    /// Largest share that stays.
    pub threshold: Option<f64>,
}

impl Judge for LoremIpsum {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let mut found = FILLER.find_iter(text);
        let first = found.next();
        let hits = usize::from(first.is_some()) + found.count();
        // Lower-casing makes two characters of this one.
        let grown = if hits == 0 {
            0
        } else {
            text.matches('\u{130}').count()
        };
        let value = share(hits, chars(text) + grown);
        Judgement::by(RULE, value, self.threshold, |value, bound| value <= bound)
            .or_else_detail(|| first.map(|found| found.range()))
    }
}
