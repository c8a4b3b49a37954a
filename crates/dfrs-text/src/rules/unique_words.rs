//! Share of distinct words among all words, in lower case, above a bound.

use serde::Deserialize;

use super::share;
use crate::document::Document;
use crate::interned;
use crate::judgement::Judgement;
use crate::rule::Judge;
use crate::words::Words;

const RULE: &str = "unique_words";

/// A lower bound, exclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniqueWords {
    /// Largest share that is too small.
    pub threshold: Option<f64>,
}

impl Judge for UniqueWords {
    fn judge(&self, text: &str) -> Judgement {
        self.judge_document(&Document::new(text))
    }

    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        let lowered = document.lowered();
        let (words, distinct) = interned::numbers(lowered, Words::new(lowered));
        if words.is_empty() {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let value = share(distinct, words.len());
        Judgement::by(RULE, value, self.threshold, |value, bound| value > bound)
    }
}
