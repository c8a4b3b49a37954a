//! `MinHash` signatures: per permutation the smallest value over the n-grams of a text.

use crate::Error;
use crate::kernel::{Kernel, Level};
use crate::permutations::{BLOCK, Permutations};
use crate::sha1::{self, Blocks, LANES};
use crate::shingles::{self, Seen, Shingle};

/// Hashes collected before the permutations run over them; 2 KB, so they stay in the first-level cache.
const PENDING: usize = 512;

/// Makes signatures with one set of parameters.
#[derive(Debug)]
pub struct Signer {
    permutations: Permutations,
    ngram: usize,
    kernel: Kernel,
}

/// Working memory of one thread, about 130 KB.
pub struct Scratch {
    seen: Seen,
    blocks: Blocks,
    hashes: [u32; PENDING],
    pending: usize,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            seen: Seen::new(),
            blocks: Blocks::new(),
            hashes: [0; PENDING],
            pending: 0,
        }
    }
}

impl Signer {
    /// Draws the permutations and picks the fastest kernel of this processor.
    pub fn new(num_perm: usize, ngram: usize) -> Result<Self, Error> {
        if !(2..=crate::bands::MAX_PERMUTATIONS).contains(&num_perm) {
            return Err(Error::NumPerm(num_perm));
        }
        if ngram == 0 {
            return Err(Error::Ngram);
        }
        Ok(Self {
            permutations: Permutations::datasketch_1_6(num_perm),
            ngram,
            kernel: Kernel::fastest(),
        })
    }

    /// The same signer on another level; `None` when this processor cannot run it.
    pub fn at_level(self, level: Level) -> Option<Self> {
        Some(Self {
            kernel: Kernel::at(level)?,
            ..self
        })
    }

    /// Length of a signature.
    pub fn num_perm(&self) -> usize {
        self.permutations.len()
    }

    /// Writes the signature of `text` into `out`: all ones for the empty text.
    ///
    /// # Panics
    /// When `out` is not [`Self::num_perm`] long.
    pub fn sign(&self, text: &str, scratch: &mut Scratch, out: &mut [u32]) {
        assert_eq!(out.len(), self.num_perm(), "one value per permutation");
        out.fill(u32::MAX);
        let Scratch {
            seen,
            blocks,
            hashes,
            pending,
        } = scratch;
        shingles::for_each(text, self.ngram, seen, |shingle| {
            match shingle {
                Shingle::Short(bytes, len) => blocks.push_short(bytes, len),
                Shingle::Long(bytes) if bytes.len() <= sha1::ONE_BLOCK => blocks.push(bytes),
                Shingle::Long(bytes) => {
                    hashes[*pending] = sha1::hash_one(bytes);
                    *pending += 1;
                }
            }
            if blocks.is_full() {
                self.drain(blocks, hashes, pending);
            }
            if *pending > PENDING - LANES {
                self.minimise(&hashes[..*pending], out);
                *pending = 0;
            }
        });
        self.drain(blocks, hashes, pending);
        self.minimise(&hashes[..*pending], out);
        *pending = 0;
    }

    /// Puts the hashes of the collected blocks behind the pending ones.
    fn drain(&self, blocks: &mut Blocks, hashes: &mut [u32; PENDING], pending: &mut usize) {
        let mut fresh = [0; LANES];
        let count = self.kernel.hash(blocks, &mut fresh);
        hashes[*pending..*pending + count].copy_from_slice(&fresh[..count]);
        *pending += count;
    }

    fn minimise(&self, hashes: &[u32], out: &mut [u32]) {
        for (block, minima) in self.permutations.blocks().iter().zip(out.chunks_mut(BLOCK)) {
            self.kernel.minimise(block, hashes, minima);
        }
    }
}

/// The share of equal positions, an unbiased estimate of the Jaccard similarity of two texts' n-gram sets.
pub fn estimated_jaccard(one: &[u32], other: &[u32]) -> f64 {
    let equal = one.iter().zip(other).filter(|(a, b)| a == b).count();
    equal as f64 / one.len() as f64
}
