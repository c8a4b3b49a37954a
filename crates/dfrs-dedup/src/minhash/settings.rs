//! What two texts are compared by. Everything here changes results, and so is part of an index's identity; how much
//! memory and how many threads are used is not.

use crate::Error;
use crate::bands::{Bands, MAX_PERMUTATIONS};
use crate::normal::Form;

/// What an n-gram is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Words, as the normal form has them.
    Word,
    /// Characters (Unicode scalar values).
    Character,
}

/// Where the random permutations of a signature come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 32-bit affine permutations of the n-gram hashes: the fastest.
    Native,
    /// Those of `datasketch` 1.6 over SHA-1, for n-grams of characters.
    Datasketch,
    /// `(a * h + b) mod 2^64 mod (2^61 - 1)` with `datatrove`'s coefficients, over the n-gram hashes.
    Mersenne,
}

/// Parameters that decide which texts are duplicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What an n-gram is made of.
    pub unit: Unit,
    /// What is done to a text first.
    pub form: Form,
    /// Units per n-gram, at least 1.
    pub ngram: usize,
    /// Where the permutations come from.
    pub family: Family,
    /// Length of a signature, from 2 to 4096.
    pub num_perm: usize,
    /// Jaccard similarity from which texts are duplicates, from 0.0 to 1.0.
    pub threshold: f64,
    /// How the signature is cut into bands.
    pub bands: Bands,
    /// Whether candidates are compared by the true Jaccard similarity of their n-gram sets.
    pub verify: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unit: Unit::Word,
            form: Form::Words,
            ngram: 5,
            family: Family::Native,
            num_perm: 112,
            threshold: 0.8,
            bands: Bands { bands: 14, rows: 8 },
            verify: true,
        }
    }
}

impl Settings {
    /// Fails with a remedy when the parameters do not fit together.
    pub fn check(&self) -> Result<(), Error> {
        if !(2..=MAX_PERMUTATIONS).contains(&self.num_perm) {
            return Err(Error::NumPerm(self.num_perm));
        }
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(Error::Threshold(self.threshold));
        }
        if self.ngram == 0 {
            return Err(Error::Ngram);
        }
        let Bands { bands, rows } = self.bands;
        if bands == 0 || rows == 0 || bands.saturating_mul(rows) > self.num_perm {
            return Err(Error::Parameter(format!(
                "bands={bands} of rows={rows} need {} permutations, but num_perm is {}: raise num_perm, or leave bands \
                 and rows out, which chooses them for the threshold",
                bands.saturating_mul(rows),
                self.num_perm
            )));
        }
        let character_grams = (Unit::Character, Form::Exact);
        if self.family == Family::Datasketch && (self.unit, self.form) != character_grams {
            return Err(Error::Parameter(
                "the permutations of datasketch are for n-grams of characters of unchanged text: use the native ones \
                 for words or normalised text"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Everything that decides results, as one line.
    pub fn identity(&self) -> String {
        let Bands { bands, rows } = self.bands;
        format!(
            "unit={:?} form={:?} ngram={} family={:?} num_perm={} bands={bands}x{rows} threshold={} verify={}",
            self.unit,
            self.form,
            self.ngram,
            self.family,
            self.num_perm,
            self.threshold,
            self.verify
        )
        .to_lowercase()
    }
}
