//! Number of whitespace-separated words, from a minimum (inclusive) to a maximum (exclusive).

use serde::Deserialize;

use crate::document::Document;
use crate::judgement::Judgement;
use crate::rule::Judge;

const RULE: &str = "word_number";

/// Bounds on the number of words; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordNumber {
    /// Smallest number that stays.
    pub min_words: Option<u64>,
    /// Smallest number that is too large.
    pub max_words: Option<u64>,
}

impl Judge for WordNumber {
    fn judge(&self, text: &str) -> Judgement {
        self.judge_document(&Document::new(text))
    }

    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        let words = document.words() as f64;
        match (self.min_words, self.max_words) {
            (Some(min), _) if words < min as f64 => Judgement::dropped(RULE, words, min as f64),
            (_, Some(max)) if words >= max as f64 => Judgement::dropped(RULE, words, max as f64),
            _ => Judgement::kept(RULE, words),
        }
    }
}
