//! The family of random permutations named `datasketch-1.6`: `h -> ((a * h + b) mod 2^64 mod (2^61 - 1)) mod 2^32`.
//! The product wraps at 64 bits before it is reduced, which is no property of universal hashing but of the reference's
//! numpy arithmetic; signatures would differ without it. Coefficients come from numpy's generator with seed 1, `a` and
//! `b` drawn in turns.

use crate::mt19937::Mt19937;

/// The modulus, a Mersenne prime.
pub const MERSENNE_61: u64 = (1 << 61) - 1;

/// How many permutations a kernel advances at once; coefficients are padded to a multiple.
pub const BLOCK: usize = 32;

/// Coefficients of the permutations.
#[derive(Debug, Clone)]
pub struct Permutations {
    blocks: Vec<Coefficients>,
    len: usize,
}

/// `a` and `b` of [`BLOCK`] permutations.
#[derive(Debug, Clone)]
pub struct Coefficients {
    pub a: [u64; BLOCK],
    pub b: [u64; BLOCK],
}

impl Permutations {
    /// Draws `len` permutations of the family `datasketch-1.6`.
    pub fn datasketch_1_6(len: usize) -> Self {
        let mut generator = Mt19937::new(1);
        let mut blocks = Vec::with_capacity(len.div_ceil(BLOCK));
        for start in (0..len).step_by(BLOCK) {
            let mut block = Coefficients {
                a: [0; BLOCK],
                b: [0; BLOCK],
            };
            for i in 0..BLOCK.min(len - start) {
                block.a[i] = generator.below(1, MERSENNE_61);
                block.b[i] = generator.below(0, MERSENNE_61);
            }
            blocks.push(block);
        }
        Self { blocks, len }
    }

    /// Number of permutations.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The coefficients `(a, b)` of permutation `i`.
    pub fn get(&self, i: usize) -> Option<(u64, u64)> {
        let block = self.blocks.get(i / BLOCK).filter(|_| i < self.len)?;
        Some((block.a[i % BLOCK], block.b[i % BLOCK]))
    }

    pub(crate) fn blocks(&self) -> &[Coefficients] {
        &self.blocks
    }
}
