//! Signatures of datatrove 0.10.1, bit for bit, for its language "en": word n-grams of simplified text, xxHash, and
//! `(a * h + b) mod 2^64 mod (2^61 - 1)`; with a precision of 32 bits the low half of it. They can be mixed with those
//! that datatrove wrote: the records of its `.minhash.sig` files come out as well.

mod removal;
mod simplify;
mod tokens;

pub use removal::removals;
pub use simplify::Simplifier;
pub use tokens::tokens;

use crate::Error;
use crate::kernel::Kernel;
use crate::minhash::{Affine, minima_64};
use std::ops::Range;
use xxhash_rust::xxh32::xxh32;
use xxhash_rust::xxh64::xxh64;

/// Parameters, with datatrove's names and defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Words per n-gram.
    pub n_grams: usize,
    /// Number of bands.
    pub num_buckets: usize,
    /// Values per band.
    pub hashes_per_bucket: usize,
    /// Seed of the permutations.
    pub seed: u32,
    /// Whether hashes have 32 bits instead of 64.
    pub narrow: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            n_grams: 5,
            num_buckets: 14,
            hashes_per_bucket: 8,
            seed: 1,
            narrow: false,
        }
    }
}

/// Makes signatures.
#[derive(Debug)]
pub struct Signer {
    config: Config,
    affine: Affine<u64>,
    kernel: Kernel,
}

/// Working memory of one thread.
#[derive(Default)]
pub struct Work {
    simplifier: Simplifier,
    simple: String,
    words: Vec<Range<usize>>,
    joined: String,
    ends: Vec<Range<usize>>,
    shingles: Vec<u64>,
}

impl Signer {
    /// Draws the permutations.
    pub fn new(config: Config) -> Result<Self, Error> {
        let num_perm = config.num_buckets.saturating_mul(config.hashes_per_bucket);
        if !(1..=crate::bands::MAX_PERMUTATIONS).contains(&num_perm) {
            return Err(Error::NumPerm(num_perm));
        }
        if config.n_grams == 0 {
            return Err(Error::Ngram);
        }
        Ok(Self {
            affine: Affine::mersenne(num_perm, config.seed),
            config,
            kernel: Kernel::fastest(),
        })
    }

    /// The parameters.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The hashes of all n-grams of a text, in order.
    pub fn shingles<'a>(&self, text: &str, work: &'a mut Work) -> &'a [u64] {
        work.simplifier.simplify(text, &mut work.simple);
        work.words.clear();
        tokens(&work.simple, &mut work.words);
        work.joined.clear();
        work.ends.clear();
        for word in &work.words {
            if !work.joined.is_empty() {
                work.joined.push(' ');
            }
            let start = work.joined.len();
            work.joined.push_str(&work.simple[word.clone()]);
            work.ends.push(start..work.joined.len());
        }
        let joined = work.joined.as_bytes();
        let hash = |words: &[Range<usize>]| {
            let gram = &joined[words[0].start..words[words.len() - 1].end];
            if self.config.narrow {
                u64::from(xxh32(gram, 0))
            } else {
                xxh64(gram, 0)
            }
        };
        work.shingles.clear();
        work.shingles
            .extend(work.ends.windows(self.config.n_grams).map(hash));
        &work.shingles
    }

    /// Puts the signature of a text into `out`, nothing for a text without n-grams.
    pub fn sign(&self, text: &str, work: &mut Work, out: &mut Vec<u64>) {
        self.shingles(text, work);
        out.clear();
        if !work.shingles.is_empty() {
            // Repeated n-grams change no minimum.
            let mask = if self.config.narrow {
                u64::from(u32::MAX)
            } else {
                u64::MAX
            };
            minima_64(self.kernel, &self.affine, &work.shingles, mask, out);
        }
    }

    /// The contents of the `.minhash.sig` files of one task, one per bucket: of every text that has a signature the values
    /// of the bucket and its number, little-endian, sorted. `signatures` are those of all texts, empty where there is none.
    pub fn files(&self, signatures: &[Vec<u64>]) -> Vec<Vec<u8>> {
        let width = self.config.hashes_per_bucket;
        let bucket = |number: usize| {
            let mut records: Vec<(&[u64], u32)> = signatures
                .iter()
                .zip(0..)
                .filter(|(signature, _)| !signature.is_empty())
                .map(|(signature, row)| (&signature[number * width..(number + 1) * width], row))
                .collect();
            records.sort_unstable();
            let mut bytes = Vec::with_capacity(records.len() * (8 * width + 4));
            for (values, row) in records {
                for value in values {
                    if self.config.narrow {
                        bytes.extend_from_slice(&(*value as u32).to_le_bytes());
                    } else {
                        bytes.extend_from_slice(&value.to_le_bytes());
                    }
                }
                bytes.extend_from_slice(&u32::to_le_bytes(row));
            }
            bytes
        };
        (0..self.config.num_buckets).map(bucket).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The quick brown fox jumps over the lazy dog 3.14 times";

    /// Values that datatrove 0.10.1 gives for this text.
    #[test]
    fn published_signature() {
        let signer = Signer::new(Config::default()).expect("valid");
        let (mut work, mut signature) = (Work::default(), Vec::new());
        let shingles = signer.shingles(TEXT, &mut work);
        assert_eq!(
            shingles[..2],
            [7_797_000_677_988_824_208, 4_793_414_983_259_776_074]
        );
        signer.sign(TEXT, &mut work, &mut signature);
        assert_eq!(
            signature[..8],
            [
                85_330_943_174_081_874,
                184_339_147_761_722_157,
                302_227_827_184_868_053,
                34_440_879_854_629_237,
                351_192_510_441_881_045,
                117_899_488_208_280_896,
                6_902_592_715_498_867,
                204_404_170_303_891_102
            ]
        );
    }

    #[test]
    fn short_texts_have_no_signature() {
        let signer = Signer::new(Config::default()).expect("valid");
        let mut signature = vec![1];
        for text in ["", "one two three four", "!!! ... ???"] {
            signer.sign(text, &mut Work::default(), &mut signature);
            assert!(signature.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn files_are_sorted_by_their_values() {
        let config = Config {
            num_buckets: 2,
            hashes_per_bucket: 1,
            ..Config::default()
        };
        let wide = Signer::new(config.clone()).expect("valid");
        let signatures = [vec![9, 1], vec![], vec![3, 2]];
        let record = |value: u64, row: u32| [&value.to_le_bytes()[..], &row.to_le_bytes()].concat();
        assert_eq!(
            wide.files(&signatures),
            [
                [record(3, 2), record(9, 0)].concat(),
                [record(1, 0), record(2, 2)].concat()
            ]
        );
        let narrow = Signer::new(Config {
            narrow: true,
            ..config
        })
        .expect("valid");
        assert_eq!(
            narrow.files(&signatures)[0],
            [3, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]
        );
    }
}
