//! The words and labels of a model, and which row of the input matrix a hashed n-gram has.

use std::io::Read;

use super::format::{Input, malformed};
use crate::Error;

/// The word that ends a line.
pub(super) const END_OF_LINE: &[u8] = b"</s>";
const LABEL_PREFIX: &[u8] = b"__label__";
const MULTIPLIER: u64 = 116_049_371;
/// Hashed n-grams at most; a bit is kept for each of them.
const MAX_BUCKETS: usize = 1 << 27;
const EMPTY: u32 = u32::MAX;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Word(Option<u32>),
    Label,
}

/// FNV-1a as fastText has it, where bytes from 128 on are negative.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash(pub(super) u32);

impl Hash {
    pub(super) const START: Self = Self(2_166_136_261);

    #[inline]
    pub(super) const fn with(self, byte: u8) -> Self {
        Self((self.0 ^ (byte.cast_signed() as i32).cast_unsigned()).wrapping_mul(16_777_619))
    }

    fn of(bytes: &[u8]) -> Self {
        bytes
            .iter()
            .fold(Self::START, |hash, &byte| hash.with(byte))
    }

    /// The hash of a word n-gram and one more word.
    #[inline]
    pub(super) const fn join(ngram: u64, word: Self) -> u64 {
        ngram.wrapping_mul(MULTIPLIER).wrapping_add(word.widened())
    }

    /// The hash of a word n-gram of one word: the sign is extended.
    #[inline]
    pub(super) const fn widened(self) -> u64 {
        (self.0.cast_signed() as i64).cast_unsigned()
    }
}

pub(super) struct Dictionary {
    /// All words, then all labels, end to end.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    counts: Vec<i64>,
    words: usize,
    /// Open addressing: entries by their hash.
    slots: Vec<u32>,
}

impl Dictionary {
    pub(super) fn read<R: Read>(input: &mut Input<R>) -> Result<(Self, Pruning), Error> {
        let size = input.count("dictionary entries")?;
        let words = input.count("words")?;
        let labels = input.count("labels")?;
        let _tokens = input.i64()?;
        let pruned = input.i64()?;
        if words.checked_add(labels) != Some(size) {
            return Err(malformed(format!(
                "{size} dictionary entries are not {words} words and {labels} labels"
            )));
        }
        input.expect(size as u64, 10, "dictionary entries")?;
        let mut dictionary = Self {
            bytes: Vec::new(),
            ends: Vec::with_capacity(size),
            counts: Vec::with_capacity(size),
            words,
            slots: vec![EMPTY; (size * 2).next_power_of_two()],
        };
        for entry in 0..size {
            let word = input.word()?;
            dictionary.counts.push(input.i64()?);
            if (input.byte()? != 0) != (entry >= words) {
                return Err(malformed("words and labels are not in their order"));
            }
            dictionary.insert(&word);
        }
        Ok((dictionary, Pruning::read(input, pruned)?))
    }

    fn insert(&mut self, word: &[u8]) {
        let entry = self.ends.len() as u32;
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        let slot = self.slot(word, Hash::of(word));
        if self.slots[slot] == EMPTY {
            self.slots[slot] = entry;
        }
    }

    /// The slot of a word, or the empty one where it would stand.
    fn slot(&self, word: &[u8], hash: Hash) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash.0 as usize & mask;
        while self.slots[slot] != EMPTY && self.entry(self.slots[slot] as usize) != word {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn entry(&self, entry: usize) -> &[u8] {
        let start = if entry == 0 { 0 } else { self.ends[entry - 1] };
        &self.bytes[start..self.ends[entry]]
    }

    pub(super) fn look_up(&self, token: &[u8], hash: Hash) -> Token {
        match self.slots[self.slot(token, hash)] {
            EMPTY if token.starts_with(LABEL_PREFIX) => Token::Label,
            EMPTY => Token::Word(None),
            entry if (entry as usize) < self.words => Token::Word(Some(entry)),
            _ => Token::Label,
        }
    }

    pub(super) const fn words(&self) -> usize {
        self.words
    }

    /// The labels with their prefix.
    pub(super) fn labels(&self) -> impl Iterator<Item = String> {
        let labels = self.words..self.ends.len();
        labels.map(|label| String::from_utf8_lossy(self.entry(label)).into_owned())
    }

    /// How often each label occurred in training.
    pub(super) fn label_counts(&self) -> &[i64] {
        &self.counts[self.words..]
    }
}

/// Which hashed n-grams a quantised model kept.
pub(super) enum Pruning {
    Nothing,
    /// Pairs of hash and row, counted from the end of the words.
    Kept(Vec<(u32, u32)>),
}

impl Pruning {
    fn read<R: Read>(input: &mut Input<R>, pruned: i64) -> Result<Self, Error> {
        let Ok(pruned) = u64::try_from(pruned) else {
            return Ok(Self::Nothing);
        };
        let pruned = input.expect(pruned, 8, "kept n-grams")?;
        let mut kept = Vec::with_capacity(pruned);
        for _ in 0..pruned {
            let pair = (input.count("an n-gram")?, input.count("a row")?);
            kept.push((pair.0 as u32, pair.1 as u32));
        }
        kept.sort_unstable();
        if kept.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(malformed("an n-gram was kept twice"));
        }
        Ok(Self::Kept(kept))
    }
}

/// From the hash of an n-gram to its row.
pub(super) enum Buckets {
    /// Every bucket has a row.
    All { first_row: u32, buckets: Divisor },
    /// A bit for each bucket, the number of kept buckets before each word of bits, and the rows of the kept ones.
    Some {
        buckets: Divisor,
        bits: Vec<(u64, u32)>,
        rows: Vec<u32>,
    },
    /// N-grams have no rows.
    None,
}

impl Buckets {
    /// Builds the table; `words` rows come before those of the buckets, and there are `rows` altogether.
    pub(super) fn new(
        pruning: Pruning,
        buckets: usize,
        words: usize,
        rows: usize,
    ) -> Result<Self, Error> {
        let too_few = || {
            malformed(format!(
                "the input matrix has {rows} rows, too few for {words} words and {buckets} n-grams"
            ))
        };
        let first_row = u32::try_from(words).map_err(|_| too_few())?;
        match pruning {
            Pruning::Kept(kept) if kept.is_empty() => Ok(Self::None),
            Pruning::Nothing if buckets == 0 => Ok(Self::None),
            Pruning::Nothing => {
                let last = words.checked_add(buckets).filter(|&last| last <= rows);
                last.and_then(|last| u32::try_from(last).ok())
                    .ok_or_else(too_few)?;
                Ok(Self::All {
                    first_row,
                    buckets: Divisor::new(buckets as u32),
                })
            }
            Pruning::Kept(kept) => {
                let outside = |&(bucket, row): &(u32, u32)| {
                    bucket as usize >= buckets || words + row as usize >= rows
                };
                if buckets > MAX_BUCKETS || kept.iter().any(outside) {
                    return Err(malformed(format!(
                        "a kept n-gram lies outside of {buckets} n-grams and {rows} rows"
                    )));
                }
                Ok(Self::some(&kept, buckets, first_row))
            }
        }
    }

    fn some(kept: &[(u32, u32)], buckets: usize, first_row: u32) -> Self {
        let mut bits = vec![(0u64, 0u32); buckets / 64 + 1];
        for &(bucket, _) in kept {
            bits[bucket as usize / 64].0 |= 1 << (bucket % 64);
        }
        let mut before = 0;
        for (word, rank) in &mut bits {
            *rank = before;
            before += word.count_ones();
        }
        Self::Some {
            buckets: Divisor::new(buckets as u32),
            bits,
            rows: kept.iter().map(|&(_, row)| first_row + row).collect(),
        }
    }

    /// The row of a character n-gram.
    #[inline]
    pub(super) fn row(&self, hash: Hash) -> Option<u32> {
        match self {
            Self::All { first_row, buckets } => Some(first_row + buckets.remainder(hash.0)),
            Self::Some {
                buckets,
                bits,
                rows,
            } => kept_row(bits, rows, buckets.remainder(hash.0)),
            Self::None => None,
        }
    }

    /// The row of a word n-gram.
    pub(super) fn row_of_words(&self, ngram: u64) -> Option<u32> {
        match self {
            Self::All { first_row, buckets } => {
                Some(first_row + (ngram % u64::from(buckets.divisor)) as u32)
            }
            Self::Some {
                buckets,
                bits,
                rows,
            } => kept_row(bits, rows, (ngram % u64::from(buckets.divisor)) as u32),
            Self::None => None,
        }
    }
}

#[inline]
fn kept_row(bits: &[(u64, u32)], rows: &[u32], bucket: u32) -> Option<u32> {
    let (word, rank) = bits[bucket as usize / 64];
    let bit = 1 << (bucket % 64);
    (word & bit != 0).then(|| rows[(rank + (word & (bit - 1)).count_ones()) as usize])
}

/// Remainders by one divisor, without a division (D. Lemire et al., "Faster remainder by direct computation", 2019).
#[derive(Clone, Copy)]
pub(super) struct Divisor {
    divisor: u32,
    inverse: u64,
}

impl Divisor {
    const fn new(divisor: u32) -> Self {
        Self {
            divisor,
            inverse: (u64::MAX / divisor as u64).wrapping_add(1),
        }
    }

    #[inline]
    const fn remainder(self, value: u32) -> u32 {
        let fraction = self.inverse.wrapping_mul(value as u64);
        ((fraction as u128 * self.divisor as u128) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn remainders_need_no_division(value: u32, divisor in 1..u32::MAX) {
            prop_assert_eq!(Divisor::new(divisor).remainder(value), value % divisor);
        }
    }
}
