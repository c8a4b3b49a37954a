//! Share of distinct n-grams among all n-grams of a text: low where a model repeats itself.
//!
//! N-grams are of words without punctuation; where there is a Chinese character they are of characters: Chinese ones,
//! digits and Latin letters, in lower case.

use std::ops::Range;

use hashbrown::HashTable;
use serde::Deserialize;

use super::share;
use crate::judgement::Judgement;
use crate::lower::lower_into;
use crate::rule::Judge;
use crate::unicode::is_word;

const MIN: &str = "min_score";
const MAX: &str = "max_score";
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bounds, both inclusive, on the share of distinct n-grams.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasoningAnswerNgram {
    /// Smallest share that is kept.
    pub min_score: f64,
    /// Largest share that is kept.
    pub max_score: f64,
    /// Tokens of an n-gram, 1 or more.
    pub ngrams: usize,
}

impl Judge for ReasoningAnswerNgram {
    fn judge(&self, text: &str) -> Judgement {
        let lowered;
        let tokens = if text.chars().any(is_chinese) {
            let mut lower = String::with_capacity(text.len());
            lower_into(text, &mut lower);
            lowered = lower;
            Tokens {
                ranges: characters(&lowered),
                text: &lowered,
            }
        } else {
            Tokens {
                ranges: words(text),
                text,
            }
        };
        if tokens.ranges.is_empty() {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let value = tokens.share_of_distinct(self.ngrams.max(1));
        let low = Judgement::by(MIN, value, Some(self.min_score), |value, bound| {
            value >= bound
        });
        if low.keep {
            Judgement::by(MAX, value, Some(self.max_score), |value, bound| {
                value <= bound
            })
        } else {
            low
        }
    }
}

const fn is_chinese(char: char) -> bool {
    matches!(char, '\u{4e00}'..='\u{9fff}')
}

/// Runs of word characters.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, char) in text.char_indices() {
        match (is_word(char), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    found.extend(start.map(|from| from..text.len()));
    found
}

fn characters(text: &str) -> Vec<Range<usize>> {
    text.char_indices()
        .filter(|(_, char)| is_chinese(*char) || char.is_ascii_digit() || char.is_ascii_lowercase())
        .map(|(at, char)| at..at + char.len_utf8())
        .collect()
}

struct Tokens<'a> {
    text: &'a str,
    ranges: Vec<Range<usize>>,
}

impl Tokens<'_> {
    /// Distinct n-grams by all; 1 for a text that is shorter than one n-gram, in which nothing can repeat.
    fn share_of_distinct(&self, size: usize) -> f64 {
        if self.ranges.len() < size {
            return 1.0;
        }
        let hashes: Vec<u64> = self.ranges.iter().map(|range| self.hash(range)).collect();
        let all = self.ranges.len() - size + 1;
        let hash_of = |start: &usize| {
            hashes[*start..*start + size]
                .iter()
                .fold(0_u64, |sum, hash| {
                    (sum.rotate_left(5) ^ hash).wrapping_mul(BASE)
                })
        };
        let same = |one: usize, other: usize| {
            (0..size).all(|step| self.token(one + step) == self.token(other + step))
        };
        let mut seen: HashTable<usize> = HashTable::with_capacity(all.min(1024));
        for start in 0..all {
            let hash = hash_of(&start);
            if seen.find(hash, |other| same(*other, start)).is_none() {
                seen.insert_unique(hash, start, hash_of);
            }
        }
        share(seen.len(), all)
    }

    fn token(&self, place: usize) -> &str {
        &self.text[self.ranges[place].clone()]
    }

    fn hash(&self, range: &Range<usize>) -> u64 {
        let bytes = self.text[range.clone()].bytes();
        let hash = bytes.fold(BASE, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        hash ^ (hash >> 32)
    }
}
