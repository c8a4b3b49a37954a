//! The two hot loops, compiled once per instruction set and chosen at run time.
//!
//! Both are plain loops over arrays that the compiler turns into SIMD instructions; a test holds
//! every level to the same result.
#![allow(unsafe_code)] // calling a function that is compiled for CPU features, after the features were detected

use crate::permutations::{BLOCK, Coefficients, MERSENNE_61};
use crate::sha1::{Blocks, LANES};

/// Largest hash value, and so the signature of the empty text.
const MAX_HASH: u64 = u32::MAX as u64;

/// Instruction sets that the kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What every processor of the target has.
    Baseline,
    /// x86-64 with AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The levels this processor can run, slowest first.
    pub fn available() -> Vec<Self> {
        std::iter::once(Self::Baseline)
            .chain(Self::detected())
            .collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn detected() -> impl Iterator<Item = Self> {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        let avx2 = is_x86_feature_detected!("avx2");
        avx2.then_some(Self::Avx2)
            .into_iter()
            .chain((avx2 && avx512).then_some(Self::Avx512))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detected() -> impl Iterator<Item = Self> {
        std::iter::empty()
    }
}

/// Proof that the processor has a level's features.
#[derive(Debug, Clone, Copy)]
pub struct Kernel(Level);

impl Kernel {
    /// The fastest level of this processor.
    pub fn fastest() -> Self {
        Self(Level::available().pop().unwrap_or(Level::Baseline))
    }

    /// A given level, or `None` when this processor cannot run it.
    pub fn at(level: Level) -> Option<Self> {
        Level::available().contains(&level).then_some(Self(level))
    }

    /// The level.
    pub const fn level(self) -> Level {
        self.0
    }

    /// Hashes the collected blocks into the front of `out`; returns their number.
    #[inline]
    pub fn hash(self, blocks: &mut Blocks, out: &mut [u32; LANES]) -> usize {
        match self.0 {
            Level::Baseline => blocks.finish::<4>(out),
            // SAFETY: a kernel holds a level only if `Level::available` found its features.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { hash_avx2(blocks, out) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { hash_avx512(blocks, out) },
        }
    }

    /// Lowers each of `minima` to the smallest value of its permutation over `hashes`.
    #[inline]
    pub fn minimise(self, block: &Coefficients, hashes: &[u32], minima: &mut [u32]) {
        match self.0 {
            Level::Baseline => minimise_one_by_one(block, hashes, minima),
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { minimise_avx2(block, hashes, minima) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { minimise_avx512(block, hashes, minima) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn hash_avx2(blocks: &mut Blocks, out: &mut [u32; LANES]) -> usize {
    blocks.finish::<16>(out)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn hash_avx512(blocks: &mut Blocks, out: &mut [u32; LANES]) -> usize {
    blocks.finish::<16>(out)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn minimise_avx2(block: &Coefficients, hashes: &[u32], minima: &mut [u32]) {
    minimise(block, hashes, minima);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn minimise_avx512(block: &Coefficients, hashes: &[u32], minima: &mut [u32]) {
    minimise(block, hashes, minima);
}

/// One permutation of one hash: `(a * hash + b) mod 2^64 mod (2^61 - 1) mod 2^32`, the modulus folded by a shift.
#[inline(always)]
#[allow(clippy::inline_always)] // compiled with the caller's CPU features
const fn permute(a: u64, b: u64, hash: u32) -> u64 {
    let value = a.wrapping_mul(hash as u64).wrapping_add(b);
    let folded = (value & MERSENNE_61) + (value >> 61);
    let reduced = if folded >= MERSENNE_61 {
        folded - MERSENNE_61
    } else {
        folded
    };
    reduced & MAX_HASH
}

/// All permutations of a block side by side, for wide registers.
#[inline(always)]
#[allow(clippy::inline_always, clippy::needless_range_loop)] // as above; an index over three arrays
fn minimise(block: &Coefficients, hashes: &[u32], minima: &mut [u32]) {
    let mut least = [MAX_HASH; BLOCK];
    for &hash in hashes {
        for i in 0..BLOCK {
            least[i] = least[i].min(permute(block.a[i], block.b[i], hash));
        }
    }
    for (minimum, value) in minima.iter_mut().zip(least) {
        *minimum = (*minimum).min(value as u32);
    }
}

/// One permutation after the other, for instruction sets without 64-bit products in vectors.
fn minimise_one_by_one(block: &Coefficients, hashes: &[u32], minima: &mut [u32]) {
    for ((minimum, &a), &b) in minima.iter_mut().zip(&block.a).zip(&block.b) {
        let least = hashes.iter().fold(u64::from(*minimum), |least, &hash| {
            least.min(permute(a, b, hash))
        });
        *minimum = least as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Products at the modulus, its multiples and the wrap of 64 bits, where a fold by shifts needs its correction.
    #[test]
    fn every_level_reduces_exactly_at_the_borders() {
        let hash = 0xdead_beef_u32;
        let mut near = Vec::new();
        for multiple in 0..8_u64 {
            let border = MERSENNE_61.wrapping_mul(multiple + 1);
            near.extend((0..20).map(|offset| border.wrapping_sub(10).wrapping_add(offset)));
        }
        near.extend((0..20).map(|offset| u64::MAX - offset));
        near.resize(near.len().next_multiple_of(BLOCK), 0);
        for level in Level::available() {
            let kernel = Kernel::at(level).expect("available");
            for values in near.chunks_exact(BLOCK) {
                let a = [1; BLOCK];
                let b = std::array::from_fn(|i| values[i].wrapping_sub(u64::from(hash)));
                let mut minima = [u32::MAX; BLOCK];
                kernel.minimise(&Coefficients { a, b }, &[hash], &mut minima);
                let expected: Vec<u32> = values
                    .iter()
                    .map(|value| (value % MERSENNE_61) as u32)
                    .collect();
                assert_eq!(minima.as_slice(), expected, "{level:?}");
            }
        }
    }
}
