//! From a text to what it is compared by: its set of n-grams, a digest of the set, and one key per band.

use super::minima::{Affine, minima_32, minima_64};
use super::settings::{Family, Settings};
use super::shingles::Shingles;
use crate::Error;
use crate::kernel::{Kernel, Level};
use crate::mix::fold;
use crate::signature::{Scratch, Signer};
use xxhash_rust::xxh3::xxh3_128;

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
/// Tells digests of whole texts from those of sets.
const TEXT: u128 = 0x5bd1_e995_97f4_a7c1_4cf5_ad43_2745_937f;

/// Makes the keys of texts.
#[derive(Debug)]
pub struct Keyer {
    settings: Settings,
    permutations: Permutations,
    kernel: Kernel,
}

#[derive(Debug)]
enum Permutations {
    Native(Affine<u32>),
    Datasketch(Box<Signer>),
    Mersenne(Affine<u64>),
}

/// Working memory of one thread, and what it found out about one text.
#[derive(Default)]
pub struct Keys {
    shingles: Shingles,
    narrow: Vec<u32>,
    minima: Vec<u32>,
    wide: Vec<u64>,
    scratch: Option<Box<Scratch>>,
}

/// What a text is compared by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyed {
    /// Texts of equal digests are duplicates: those of equal n-gram sets, and equal texts that have no n-gram.
    pub digest: u128,
    /// Distinct n-gram hashes; none when the text is shorter than an n-gram.
    pub set: Vec<u64>,
    /// One key per band; none when there is no n-gram.
    pub bands: Vec<u64>,
}

impl Keyer {
    /// Draws the permutations.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        let num_perm = settings.num_perm;
        let permutations = match settings.family {
            Family::Native => Permutations::Native(Affine::native(num_perm)),
            Family::Datasketch => {
                Permutations::Datasketch(Box::new(Signer::new(num_perm, settings.ngram)?))
            }
            Family::Mersenne => Permutations::Mersenne(Affine::mersenne(num_perm, 1)),
        };
        Ok(Self {
            settings,
            permutations,
            kernel: Kernel::fastest(),
        })
    }

    /// The same on another level; `None` when this processor cannot run it.
    pub fn at_level(self, level: Level) -> Option<Self> {
        Some(Self {
            kernel: Kernel::at(level)?,
            ..self
        })
    }

    /// The parameters.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Finds out what a text is compared by.
    pub fn key(&self, text: &str, keys: &mut Keys, out: &mut Keyed) {
        out.set.clear();
        out.bands.clear();
        let set = keys.shingles.of(text, &self.settings);
        if set.is_empty() {
            out.digest = xxh3_128(text.as_bytes()) ^ TEXT;
            return;
        }
        out.digest = digest(set);
        out.set.extend_from_slice(set);
        let cut = self.settings.bands;
        let rows = cut.rows;
        match &self.permutations {
            Permutations::Native(affine) => {
                keys.narrow.clear();
                keys.narrow
                    .extend(set.iter().map(|hash| (hash >> 32 ^ hash) as u32));
                minima_32(self.kernel, affine, &keys.narrow, &mut keys.minima);
                fill_bands(&keys.minima, rows, cut.bands, &mut out.bands);
            }
            Permutations::Datasketch(signer) => {
                keys.minima.resize(signer.num_perm(), 0);
                let scratch = keys.scratch.get_or_insert_default();
                signer.sign(text, scratch, &mut keys.minima);
                fill_bands(&keys.minima, rows, cut.bands, &mut out.bands);
            }
            Permutations::Mersenne(affine) => {
                minima_64(self.kernel, affine, set, u64::MAX, &mut keys.wide);
                fill_bands(&keys.wide, rows, cut.bands, &mut out.bands);
            }
        }
    }
}

/// A digest of a set that does not depend on the order of its hashes.
fn digest(set: &[u64]) -> u128 {
    let (mut one, mut other) = (0_u64, set.len() as u64);
    for &hash in set {
        one = one.wrapping_add(fold(hash, MIX));
        other = other.wrapping_add(fold(hash ^ MIX, 0xd6e8_feb8_6659_fd93));
    }
    u128::from(one) << 64 | u128::from(other)
}

/// One key per band, of its number and its values.
fn fill_bands<T: Copy + Into<u64>>(signature: &[T], rows: usize, bands: usize, out: &mut Vec<u64>) {
    for (values, band) in signature.chunks_exact(rows).take(bands).zip(1..) {
        let hash = values.iter().fold(band, |hash: u64, &value| {
            fold(hash ^ MIX, value.into() ^ 0xd6e8_feb8_6659_fd93)
        });
        out.push(fold(hash, MIX));
    }
}

/// The Jaccard similarity of two sets of distinct hashes, or 0.0 when it cannot reach `least`.
pub fn jaccard(one: &[u64], other: &[u64], least: f64, table: &mut Vec<u64>) -> f64 {
    let (small, large) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if small.is_empty() || (small.len() as f64 / large.len() as f64) < least {
        return 0.0;
    }
    let mask = fill(small, table);
    let shared = large
        .iter()
        .filter(|&&hash| contains(table, mask, hash))
        .count();
    shared as f64 / (one.len() + other.len() - shared) as f64
}

fn fill(set: &[u64], table: &mut Vec<u64>) -> usize {
    let size = (2 * set.len()).next_power_of_two();
    table.clear();
    table.resize(size, 0);
    for &hash in set {
        let mut place = (hash >> 20) as usize & (size - 1);
        while table[place] != 0 {
            place = (place + 1) & (size - 1);
        }
        table[place] = hash;
    }
    size - 1
}

#[inline]
fn contains(table: &[u64], mask: usize, hash: u64) -> bool {
    let mut place = (hash >> 20) as usize & mask;
    loop {
        match table[place] {
            0 => return false,
            found if found == hash => return true,
            _ => place = (place + 1) & mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn keyed(text: &str, settings: &Settings) -> Keyed {
        let keyer = Keyer::new(settings.clone()).expect("valid");
        let mut out = Keyed::default();
        keyer.key(text, &mut Keys::default(), &mut out);
        out
    }

    #[test]
    fn equal_sets_have_equal_keys_whatever_the_order() {
        let settings = Settings {
            ngram: 1,
            ..Settings::default()
        };
        let one = keyed("a b c", &settings);
        let other = keyed("C, b; A -- a", &settings);
        assert_eq!((one.digest, &one.bands), (other.digest, &other.bands));
        assert_eq!((one.set.len(), one.bands.len()), (3, 14));
        assert_ne!(one.digest, keyed("a b", &settings).digest);
    }

    #[test]
    fn texts_without_ngrams_have_the_digest_of_their_bytes() {
        let settings = Settings::default();
        let texts = ["", " ", "\n", "one two three four", "One two three four"];
        let digests: BTreeSet<u128> = texts
            .iter()
            .map(|text| {
                let found = keyed(text, &settings);
                assert!(found.set.is_empty() && found.bands.is_empty(), "{text:?}");
                found.digest
            })
            .collect();
        assert_eq!(digests.len(), texts.len());
    }

    proptest! {
        #[test]
        fn jaccard_is_that_of_the_sets(
            one in proptest::collection::btree_set(1_u64..40, 0..20),
            other in proptest::collection::btree_set(1_u64..40, 0..20),
        ) {
            let flat = |set: &BTreeSet<u64>| set.iter().copied().collect::<Vec<_>>();
            let shared = one.intersection(&other).count();
            let all = one.union(&other).count();
            let expected = if all == 0 { 0.0 } else { shared as f64 / all as f64 };
            let found = jaccard(&flat(&one), &flat(&other), 0.0, &mut Vec::new());
            prop_assert!((found - expected).abs() < 1e-15);
            let least = jaccard(&flat(&one), &flat(&other), 0.5, &mut Vec::new());
            prop_assert!(expected < 0.5 && least < 0.5 || (least - expected).abs() < 1e-15);
        }
    }
}
