//! Share of distinct words among all words, in lower case, above a bound.

use std::ops::Range;

use hashbrown::HashTable;
use serde::Deserialize;

use super::share;
use crate::document::Document;
use crate::hash;
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
        let (words, distinct) = count(document.lowered());
        if words == 0 {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let value = share(distinct, words);
        Judgement::by(RULE, value, self.threshold, |value, bound| value > bound)
    }
}

/// Number of words, and of distinct ones.
fn count(text: &str) -> (usize, usize) {
    let bytes = text.as_bytes();
    let hash_of = |word: &Range<usize>| hash::of_bytes(&bytes[word.clone()]);
    let mut seen: HashTable<Range<usize>> = HashTable::with_capacity((bytes.len() / 16).min(1024));
    let mut words = 0;
    for word in Words::new(text) {
        words += 1;
        let same = |other: &Range<usize>| bytes[other.clone()] == bytes[word.clone()];
        let hash = hash_of(&word);
        if seen.find(hash, same).is_none() {
            seen.insert_unique(hash, word, hash_of);
        }
    }
    (words, seen.len())
}
