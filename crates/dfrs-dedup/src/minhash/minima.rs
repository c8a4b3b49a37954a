//! Signatures from n-gram hashes: per permutation the smallest value. Plain loops, compiled once per instruction set
//! and chosen at run time; a test holds every level to the same result.
#![allow(unsafe_code)] // calling a function that is compiled for CPU features, after the features were detected

use crate::kernel::{Kernel, Level};
use crate::mt19937::Mt19937;
use crate::permutations::MERSENNE_61;

/// Permutations advanced at a time.
const LANES: usize = 32;

/// Coefficients of affine permutations, padded to a multiple of [`LANES`].
#[derive(Debug, Clone)]
pub struct Affine<T> {
    a: Vec<[T; LANES]>,
    b: Vec<[T; LANES]>,
    len: usize,
}

impl Affine<u32> {
    /// Draws `len` permutations `x -> a * x + b mod 2^32` with odd `a`, by `SplitMix64` from seed 1.
    pub fn native(len: usize) -> Self {
        let mut state = 1_u64;
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let pairs: Vec<u64> = (0..len).map(|_| draw()).collect();
        Self::of(
            &pairs
                .iter()
                .map(|&pair| pair as u32 | 1)
                .collect::<Vec<_>>(),
            &pairs
                .iter()
                .map(|&pair| (pair >> 32) as u32)
                .collect::<Vec<_>>(),
        )
    }
}

impl Affine<u64> {
    /// Draws the `len` permutations of `datatrove`: numpy's generator with a seed, first all `a`, then all `b`.
    pub fn mersenne(len: usize, seed: u32) -> Self {
        let mut generator = Mt19937::new(seed);
        let a: Vec<u64> = (0..len).map(|_| generator.below(1, MERSENNE_61)).collect();
        let b: Vec<u64> = (0..len).map(|_| generator.below(0, MERSENNE_61)).collect();
        Self::of(&a, &b)
    }
}

impl<T: Copy + Default> Affine<T> {
    fn of(a: &[T], b: &[T]) -> Self {
        let padded = |values: &[T]| {
            values
                .chunks(LANES)
                .map(|chunk| {
                    let mut lanes = [T::default(); LANES];
                    lanes[..chunk.len()].copy_from_slice(chunk);
                    lanes
                })
                .collect()
        };
        Self {
            a: padded(a),
            b: padded(b),
            len: a.len(),
        }
    }

    /// The coefficients `(a, b)` of permutation `i`.
    #[cfg(test)]
    pub fn get(&self, i: usize) -> (T, T) {
        (self.a[i / LANES][i % LANES], self.b[i / LANES][i % LANES])
    }
}

/// Writes the signature of 32-bit hashes into `out`: all ones without hashes.
pub fn minima_32(kernel: Kernel, affine: &Affine<u32>, hashes: &[u32], out: &mut Vec<u32>) {
    out.clear();
    for (a, b) in affine.a.iter().zip(&affine.b) {
        out.extend_from_slice(&match kernel.level() {
            Level::Baseline => lanes_32(a, b, hashes),
            // SAFETY: a kernel holds a level only if its features were found.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { lanes_32_avx2(a, b, hashes) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { lanes_32_avx512(a, b, hashes) },
        });
    }
    out.truncate(affine.len);
}

/// Writes the signature of 64-bit hashes into `out`, each value `(a * h + b) mod 2^64 mod (2^61 - 1) & mask`.
pub fn minima_64(
    kernel: Kernel,
    affine: &Affine<u64>,
    hashes: &[u64],
    mask: u64,
    out: &mut Vec<u64>,
) {
    out.clear();
    for (a, b) in affine.a.iter().zip(&affine.b) {
        out.extend_from_slice(&match kernel.level() {
            Level::Baseline => lanes_64_one_by_one(a, b, hashes, mask),
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { lanes_64_avx2(a, b, hashes, mask) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { lanes_64_avx512(a, b, hashes, mask) },
        });
    }
    out.truncate(affine.len);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn lanes_32_avx2(a: &[u32; LANES], b: &[u32; LANES], hashes: &[u32]) -> [u32; LANES] {
    lanes_32(a, b, hashes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn lanes_32_avx512(a: &[u32; LANES], b: &[u32; LANES], hashes: &[u32]) -> [u32; LANES] {
    lanes_32(a, b, hashes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn lanes_64_avx2(a: &[u64; LANES], b: &[u64; LANES], hashes: &[u64], mask: u64) -> [u64; LANES] {
    lanes_64(a, b, hashes, mask)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn lanes_64_avx512(a: &[u64; LANES], b: &[u64; LANES], hashes: &[u64], mask: u64) -> [u64; LANES] {
    lanes_64(a, b, hashes, mask)
}

#[inline(always)]
#[allow(clippy::inline_always, clippy::needless_range_loop)] // compiled with the caller's features; three arrays
fn lanes_32(a: &[u32; LANES], b: &[u32; LANES], hashes: &[u32]) -> [u32; LANES] {
    let mut least = [u32::MAX; LANES];
    for &hash in hashes {
        for i in 0..LANES {
            least[i] = least[i].min(a[i].wrapping_mul(hash).wrapping_add(b[i]));
        }
    }
    least
}

#[inline(always)]
#[allow(clippy::inline_always, clippy::needless_range_loop)] // as above
fn lanes_64(a: &[u64; LANES], b: &[u64; LANES], hashes: &[u64], mask: u64) -> [u64; LANES] {
    let mut least = [u64::MAX; LANES];
    for &hash in hashes {
        for i in 0..LANES {
            least[i] = least[i].min(reduce(a[i].wrapping_mul(hash).wrapping_add(b[i])) & mask);
        }
    }
    least
}

/// One permutation after the other, for instruction sets without 64-bit products in vectors.
fn lanes_64_one_by_one(
    a: &[u64; LANES],
    b: &[u64; LANES],
    hashes: &[u64],
    mask: u64,
) -> [u64; LANES] {
    std::array::from_fn(|i| {
        hashes.iter().fold(u64::MAX, |least, &hash| {
            least.min(reduce(a[i].wrapping_mul(hash).wrapping_add(b[i])) & mask)
        })
    })
}

/// The value modulo 2^61 - 1, folded by a shift.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
const fn reduce(value: u64) -> u64 {
    let folded = (value & MERSENNE_61) + (value >> 61);
    if folded >= MERSENNE_61 {
        folded - MERSENNE_61
    } else {
        folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_level_equals_the_formula(
            hashes in proptest::collection::vec(any::<u64>(), 0..40), len in 1_usize..100, mask in any::<bool>(),
        ) {
            let mask = if mask { u64::from(u32::MAX) } else { u64::MAX };
            let (wide, narrow) = (Affine::mersenne(len, 1), Affine::native(len));
            let short: Vec<u32> = hashes.iter().map(|&hash| hash as u32).collect();
            let expected_64: Vec<u64> = (0..len).map(|i| {
                let (a, b) = wide.get(i);
                let value = |h: &u64| (a.wrapping_mul(*h).wrapping_add(b) % MERSENNE_61) & mask;
                hashes.iter().map(value).min().unwrap_or(u64::MAX)
            }).collect();
            let expected_32: Vec<u32> = (0..len).map(|i| {
                let (a, b) = narrow.get(i);
                short.iter().map(|&h| a.wrapping_mul(h).wrapping_add(b)).min().unwrap_or(u32::MAX)
            }).collect();
            for level in Level::available() {
                let kernel = Kernel::at(level).expect("available");
                let (mut found_64, mut found_32) = (Vec::new(), Vec::new());
                minima_64(kernel, &wide, &hashes, mask, &mut found_64);
                minima_32(kernel, &narrow, &short, &mut found_32);
                prop_assert_eq!(&found_64, &expected_64);
                prop_assert_eq!(&found_32, &expected_32);
            }
        }
    }

    /// The coefficients that numpy draws for datatrove's 14 x 8 signature, seed 1.
    #[test]
    fn published_coefficients() {
        let affine = Affine::mersenne(112, 1);
        let found = [0, 1, 2].map(|i| affine.get(i));
        let a = [
            775_169_054_918_279_404,
            1_758_426_461_858_698_313,
            2_109_959_069_025_162,
        ];
        let b = [
            1_062_448_801_025_099_917,
            1_324_811_268_927_594_100,
            1_217_488_311_597_731_462,
        ];
        assert_eq!(found, [(a[0], b[0]), (a[1], b[1]), (a[2], b[2])]);
    }
}
