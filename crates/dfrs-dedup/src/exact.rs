//! Exact duplicates by 128-bit keys: of equal keys the record of highest priority stays, of equal priorities the first.
//!
//! Memory is bounded by the sorter's buffer plus 16 bytes per duplicate. Two different texts share a key with a
//! probability of 10^-18 among 10^10 texts, so keys are not verified.

use rayon::prelude::*;

use crate::clusters::Priority;
use crate::normal::{Form, Hash};
use crate::records::{Limits, Sorter};
use crate::{Error, url};

/// Fewer rows than this are not worth moving to another thread.
const MIN_ROWS_PER_TASK: usize = 64;

/// What makes two rows equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The text, in a normal form.
    Text(Form),
    /// The address, normalised.
    Url,
}

/// How rows are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    what: What,
    hash: Hash,
    bits: u32,
}

impl Key {
    /// Compares the first `bits` bits (1 to 128) of a hash; with few of them, unequal texts become equal by chance.
    pub fn new(what: What, hash: Hash, bits: u32) -> Result<Self, Error> {
        if (1..=128).contains(&bits) {
            return Ok(Self { what, hash, bits });
        }
        Err(Error::Parameter(format!(
            "a key of {bits} bits cannot be made: it has 1 to 128, and 64 or more are safe"
        )))
    }

    /// The key of a text, none for an empty address; `scratch` is working memory.
    pub fn of(self, text: &str, scratch: &mut String) -> Option<u128> {
        let key = match self.what {
            What::Text(form) => form.key(text, self.hash, scratch),
            What::Url => {
                scratch.clear();
                url::normalise_into(text, scratch);
                if scratch.is_empty() {
                    return None;
                }
                Form::Exact.key(scratch, self.hash, &mut String::new())
            }
        };
        Some(key >> (128 - self.bits))
    }

    /// The keys of texts; null has none.
    pub fn of_all(self, texts: &[Option<&str>]) -> Vec<Option<u128>> {
        let rows = texts.par_iter().with_min_len(MIN_ROWS_PER_TASK);
        rows.map_init(String::new, |scratch, text| {
            text.and_then(|text| self.of(text, scratch))
        })
        .collect()
    }
}

/// Keys in order of arrival; says in the end which ones repeat another.
#[derive(Debug)]
pub struct Occurrences {
    sorter: Sorter<4>,
    next: u64,
}

/// A record that repeats another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duplicate {
    /// Number of the record, in order of arrival.
    pub number: u64,
    /// Number of the record that stays.
    pub keeper: u64,
}

impl Occurrences {
    /// Nothing seen yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            sorter: Sorter::new(limits),
            next: 0,
        }
    }

    /// Number of records so far, those without a key included.
    pub const fn seen(&self) -> u64 {
        self.next
    }

    /// Takes records in order; one without a key equals nothing.
    pub fn extend(
        &mut self,
        records: impl IntoIterator<Item = (Option<u128>, Priority)>,
    ) -> Result<(), Error> {
        let next = &mut self.next;
        self.sorter
            .extend(records.into_iter().filter_map(|(key, priority)| {
                *next += 1;
                key.map(|key| [(key >> 64) as u64, key as u64, !priority.rank(), *next - 1])
            }))
    }

    /// The records that repeat another one, in order of arrival.
    pub fn duplicates(self) -> Result<Vec<Duplicate>, Error> {
        let mut found = Vec::new();
        self.for_each_duplicate(|duplicate| found.push(duplicate))?;
        found.par_sort_unstable();
        Ok(found)
    }

    /// Calls `each` with the records that repeat another one, in no particular order.
    pub fn for_each_duplicate(self, mut each: impl FnMut(Duplicate)) -> Result<(), Error> {
        let mut keeper: Option<[u64; 4]> = None;
        self.sorter.finish(|record| {
            match keeper {
                Some(first) if first[..2] == record[..2] => {
                    each(Duplicate {
                        number: record[3],
                        keeper: first[3],
                    });
                }
                _ => keeper = Some(record),
            }
            Ok(())
        })
    }
}
