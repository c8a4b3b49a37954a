//! Texts most of whose word n-grams were seen before: the rule of Bloom-filter deduplication (dolma, `DataComp`'s bff).
//!
//! Rows are judged in order of arrival: the judged value is the share of a text's n-grams that earlier rows contain, and
//! the n-grams of a row that stays join what was seen. What was seen is either exact (64-bit hashes) or a Bloom filter of
//! fixed size, which may say "seen" of a new n-gram, with a probability that is known beforehand. Texts shorter than an
//! n-gram are compared as they are.
//!
//! Parallel work computes hashes; decisions are sequential, so that neither batches nor threads show in the result.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::Error;
use crate::mix::{KeyHasher, Rolling, finish};
use crate::words::{WordForm, words_into};

/// Fewer rows than this are not worth moving to another thread.
const MIN_ROWS_PER_TASK: usize = 16;
/// Seed of texts without an n-gram, which no n-gram equals.
const SHORT: u64 = 0x5407;
/// Largest filter: 2^43 bits are a terabyte.
const MAX_BITS: f64 = 8_796_093_022_208.0;

/// How what was seen is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Memory {
    /// Every hash: 9 to 18 bytes per n-gram.
    Exact,
    /// A Bloom filter.
    Bloom {
        /// N-grams that it is made for.
        expected: u64,
        /// Probability that a new n-gram counts as seen once that many were added.
        false_positives: f64,
    },
}

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Words per n-gram, at least 1.
    pub ngram: usize,
    /// Share of seen n-grams from which a row goes, above 0, up to 1.
    pub threshold: f64,
    /// What a word is.
    pub form: WordForm,
    /// How what was seen is kept.
    pub memory: Memory,
}

/// What was seen.
#[derive(Debug)]
pub struct Overlap {
    options: Options,
    seen: Seen,
}

#[derive(Debug)]
enum Seen {
    Exact(HashSet<u64, BuildHasherDefault<KeyHasher>>),
    Bloom(Bloom),
}

impl Overlap {
    /// Nothing was seen yet.
    pub fn new(options: Options) -> Result<Self, Error> {
        if options.ngram == 0 {
            return Err(Error::Parameter(
                "ngram is 0: an n-gram has at least one word; 13 is usual".into(),
            ));
        }
        if !(options.threshold > 0.0 && options.threshold <= 1.0) {
            let text = format!(
                "threshold is {}: the share of seen n-grams lies above 0, up to 1",
                options.threshold
            );
            return Err(Error::Parameter(text));
        }
        let seen = match options.memory {
            Memory::Exact => Seen::Exact(HashSet::default()),
            Memory::Bloom {
                expected,
                false_positives,
            } => Seen::Bloom(Bloom::new(expected, false_positives)?),
        };
        Ok(Self { options, seen })
    }

    /// Bytes that a Bloom filter takes; `None` for the exact form, which grows.
    pub fn filter_bytes(&self) -> Option<usize> {
        match &self.seen {
            Seen::Exact(_) => None,
            Seen::Bloom(bloom) => Some(bloom.words.len() * 8),
        }
    }

    /// The shares of n-grams seen before, of the next rows; 0 for null.
    pub fn insert_batch(&mut self, texts: &[Option<&str>]) -> Vec<f64> {
        let options = self.options;
        let rows = texts.par_iter().with_min_len(MIN_ROWS_PER_TASK);
        let keys: Vec<Vec<u64>> = rows
            .map_init(Vec::new, |words, text| {
                let Some(text) = text else { return Vec::new() };
                words_into(text, options.form, words);
                if words.len() < options.ngram {
                    return vec![xxh3_64_with_seed(text.as_bytes(), SHORT)];
                }
                let mut keys = Vec::with_capacity(words.len() + 1 - options.ngram);
                Rolling::new(options.ngram).over(
                    |at| words[at].hash,
                    words.len(),
                    |_, key| keys.push(key),
                );
                keys
            })
            .collect();
        keys.iter().map(|keys| self.decide(keys)).collect()
    }

    fn decide(&mut self, keys: &[u64]) -> f64 {
        if keys.is_empty() {
            return 0.0;
        }
        let known = keys.iter().filter(|&&key| self.seen.contains(key)).count();
        let share = known as f64 / keys.len() as f64;
        if share < self.options.threshold {
            for &key in keys {
                self.seen.insert(key);
            }
        }
        share
    }
}

impl Seen {
    fn contains(&self, key: u64) -> bool {
        match self {
            Self::Exact(keys) => keys.contains(&key),
            Self::Bloom(bloom) => bloom.contains(key),
        }
    }

    fn insert(&mut self, key: u64) {
        match self {
            Self::Exact(keys) => {
                keys.insert(key);
            }
            Self::Bloom(bloom) => bloom.insert(key),
        }
    }
}

/// A set that takes a few bits per key, and may say yes for a key that was never added.
#[derive(Debug)]
pub struct Bloom {
    words: Vec<u64>,
    bits: u64,
    hashes: u32,
}

impl Bloom {
    /// For so many keys with such a probability of a wrong yes: `m = -n ln p / (ln 2)^2` bits, `k = m/n ln 2` hashes.
    pub fn new(expected: u64, false_positives: f64) -> Result<Self, Error> {
        if !(false_positives > 0.0 && false_positives < 1.0) {
            let text = format!(
                "false_positive_rate is {false_positives}: a probability lies above 0 and below 1"
            );
            return Err(Error::Parameter(text));
        }
        let bits = (-(expected.max(1) as f64) * false_positives.ln()
            / std::f64::consts::LN_2.powi(2))
        .ceil();
        if bits > MAX_BITS {
            let text = format!(
                "a Bloom filter for {expected} n-grams takes {bits} bits: more than a terabyte"
            );
            return Err(Error::Parameter(text));
        }
        #[allow(clippy::cast_sign_loss)] // of a positive number
        let bits = (bits as u64).next_multiple_of(64);
        #[allow(clippy::cast_sign_loss)] // as above
        let hashes = (-false_positives.log2()).round().max(1.0) as u32;
        Ok(Self {
            words: vec![0; (bits / 64) as usize],
            bits,
            hashes,
        })
    }

    fn places(&self, key: u64) -> impl Iterator<Item = (usize, u64)> + use<> {
        let (bits, step) = (self.bits, finish(key) | 1);
        (0..self.hashes).map(move |number| {
            let hash = key.wrapping_add(step.wrapping_mul(u64::from(number)));
            let place = ((u128::from(hash) * u128::from(bits)) >> 64) as u64; // an even share of hashes for every bit
            ((place / 64) as usize, 1 << (place % 64))
        })
    }

    /// Whether the key may have been added; never no if it was.
    pub fn contains(&self, key: u64) -> bool {
        self.places(key)
            .all(|(word, bit)| self.words[word] & bit != 0)
    }

    /// Adds a key.
    pub fn insert(&mut self, key: u64) {
        for (word, bit) in self.places(key) {
            self.words[word] |= bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_answers_are_as_rare_as_announced() {
        for rate in [0.1, 0.01, 0.001] {
            let mut bloom = Bloom::new(20_000, rate).expect("valid");
            (0..20_000).for_each(|key| bloom.insert(finish(key)));
            assert!(
                (0..20_000).all(|key| bloom.contains(finish(key))),
                "what was added is found"
            );
            let wrong = (20_000..220_000)
                .filter(|&key| bloom.contains(finish(key)))
                .count() as f64
                / 200_000.0;
            assert!(wrong < 1.3 * rate, "{wrong} of {rate}");
        }
    }

    #[test]
    fn bad_filters() {
        assert!(
            Bloom::new(1, 0.0).is_err()
                && Bloom::new(1, 1.0).is_err()
                && Bloom::new(u64::MAX, 0.01).is_err()
        );
    }
}
