//! Share of distinct n-grams among all n-grams: low in texts that repeat themselves.

use std::ops::Range;

use hashbrown::HashTable;
use serde::Deserialize;

use crate::interned;
use crate::judgement::Profile;
use crate::lower::lower;
use crate::measure::Measure;
use crate::unicode::{is_space, is_word};
use crate::words::Words;

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The share; none for a text with fewer than `ngrams` words, which in the profile of a tool has 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ngram {
    /// Words or characters per n-gram.
    pub ngrams: usize,
    /// What n-grams are made of.
    pub language: Language,
    /// The tool whose numbers are reproduced.
    #[serde(default)]
    pub profile: Option<Profile>,
}

/// What n-grams are made of.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Words between whitespace.
    En,
    /// Characters.
    Zh,
    /// Characters if the text has a Chinese one, else words.
    Auto,
}

impl Ngram {
    /// The share of a text.
    pub fn score(&self, text: &str) -> Option<f64> {
        let mut plain = lower(text);
        plain.retain(|char| is_word(char) || is_space(char));
        let by_character = match self.language {
            Language::En => false,
            Language::Zh => true,
            Language::Auto => plain.chars().any(is_han),
        };
        let numbers: Vec<u32> = if by_character {
            let chars = plain.chars().filter(|&char| !is_space(char));
            chars.map(u32::from).collect()
        } else {
            interned::numbers(&plain, Words::new(&plain)).0
        };
        if numbers.len() < self.ngrams {
            return self.profile.is_some().then_some(0.0);
        }
        let total = numbers.len() - self.ngrams + 1;
        Some(distinct(&numbers, self.ngrams) as f64 / total as f64)
    }
}

impl Measure for Ngram {
    fn names(&self) -> &'static [&'static str] {
        &["score"]
    }

    fn measure(&self, text: &str, values: &mut [Option<f64>]) {
        values[0] = self.score(text);
    }
}

/// Chinese characters, as the reference's automatic mode looks for them.
const fn is_han(char: char) -> bool {
    matches!(
        char,
        '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{2fa1f}'
            | '\u{30000}'..='\u{323af}'
    )
}

/// Number of different windows.
fn distinct(numbers: &[u32], size: usize) -> usize {
    let window = |at: usize| -> Range<usize> { at..at + size };
    let hash_of = |&at: &usize| {
        let mix = |hash: u64, &number: &u32| {
            let hash = (hash ^ u64::from(number)).wrapping_mul(SPREAD);
            hash ^ hash >> 32
        };
        numbers[window(at)].iter().fold(0, mix)
    };
    let mut seen: HashTable<usize> = HashTable::new();
    for at in 0..=numbers.len() - size {
        let same = |&other: &usize| numbers[window(other)] == numbers[window(at)];
        let hash = hash_of(&at);
        if seen.find(hash, same).is_none() {
            seen.insert_unique(hash, at, hash_of);
        }
    }
    seen.len()
}
