//! Number of characters without surrounding whitespace, inner spaces, tabs and line feeds.

use serde::Deserialize;

use super::chars;
use crate::judgement::Judgement;
use crate::rule::Judge;
use crate::words::strip;

const RULE: &str = "char_number";

/// A lower bound, inclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharNumber {
    /// Smallest number that stays.
    pub threshold: Option<u64>,
}

impl Judge for CharNumber {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let stripped = strip(text);
        let removed = stripped
            .bytes()
            .filter(|byte| matches!(byte, b' ' | b'\n' | b'\t'));
        let count = chars(stripped) - removed.count();
        let threshold = self.threshold.map(|threshold| threshold as f64);
        Judgement::by(RULE, count as f64, threshold, |count, least| count >= least)
    }
}
