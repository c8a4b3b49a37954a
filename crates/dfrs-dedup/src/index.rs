//! The index of kept texts: fed with batches in row order, it says for every row whether it repeats a kept one.
//!
//! The first of several near-duplicates stays; a row is a duplicate if it shares a band with a row that was kept.
//! Verdicts therefore depend on the order of rows and on nothing else: signatures are computed in parallel, decisions
//! are made one after the other, and neither the batch boundaries nor the number of threads can be seen in the result.
//! Memory grows with the kept rows only: their signatures (4 bytes per permutation) and about 8 bytes per band.

use crate::Error;
use crate::bands::Bands;
use crate::kept::Kept;
use crate::signature::{Scratch, Signer, estimated_jaccard};
use hashbrown::HashTable;
use rayon::prelude::*;

/// Rows whose signatures are computed before any of them is decided.
const CHUNK: usize = 1024;
/// Fewer rows than this are not worth moving to another thread.
const MIN_ROWS_PER_TASK: usize = 8;

/// Parameters of an index, named as in the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Length of a signature, from 2 to 4096.
    pub num_perm: usize,
    /// Jaccard similarity from which texts count as duplicates, from 0.0 to 1.0.
    pub threshold: f64,
    /// Characters per n-gram; 1 compares sets of characters.
    pub ngram: usize,
    /// Whether a shared band counts only if the estimated similarity reaches the threshold as well.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            num_perm: 128,
            threshold: 0.9,
            ngram: 5,
            verify: false,
        }
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The row is the first of its kind, or null.
    Kept,
    /// The row repeats a kept one.
    Duplicate {
        /// Number of the kept row: of those that share a band the most similar, of equally similar ones the first.
        of: u64,
        /// Estimated Jaccard similarity to it, from 0.0 to 1.0.
        similarity: f64,
    },
}

/// Kept texts, searchable by the bands of their signatures.
pub struct Index {
    signer: Signer,
    cut: Bands,
    verify: Option<f64>,
    kept: Kept,
    /// Per band, the newest kept text for every distinct content of the band.
    tables: Vec<HashTable<u32>>,
    seen: u64,
}

impl Index {
    /// Makes an empty index.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let cut = Bands::for_threshold(options.threshold, options.num_perm)?;
        Ok(Self {
            signer: Signer::new(options.num_perm, options.ngram)?,
            cut,
            verify: options.verify.then_some(options.threshold),
            kept: Kept::new(options.num_perm, if options.verify { cut.bands } else { 0 }),
            tables: vec![HashTable::new(); cut.bands],
            seen: 0,
        })
    }

    /// How signatures are cut.
    pub fn bands(&self) -> Bands {
        self.cut
    }

    /// Number of rows inserted so far; the next row gets this number.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Number of rows that can be collided with: those kept, without nulls.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Decides the next rows, in order. Null is kept and equals nothing; the empty text equals the empty text only.
    pub fn insert_batch(&mut self, texts: &[Option<&str>]) -> Result<Vec<Verdict>, Error> {
        let width = self.signer.num_perm();
        let mut verdicts = Vec::with_capacity(texts.len());
        let mut signatures = vec![0; width * texts.len().min(CHUNK)];
        for chunk in texts.chunks(CHUNK) {
            let signatures = &mut signatures[..width * chunk.len()];
            let signer = &self.signer;
            signatures
                .par_chunks_mut(width)
                .zip(chunk)
                .with_min_len(MIN_ROWS_PER_TASK)
                .for_each_init(Scratch::default, |scratch, (signature, text)| {
                    if let Some(text) = text {
                        signer.sign(text, scratch, signature);
                    }
                });
            for (signature, text) in signatures.chunks_exact(width).zip(chunk) {
                verdicts.push(if text.is_some() {
                    self.decide(signature)?
                } else {
                    Verdict::Kept
                });
                self.seen += 1;
            }
        }
        Ok(verdicts)
    }

    /// Finds a duplicate of the signature, or keeps it.
    fn decide(&mut self, signature: &[u32]) -> Result<Verdict, Error> {
        let hashes: Vec<u64> = self.band_slices(signature).map(hash_band).collect();
        if let Some((slot, similarity)) = self.best_match(signature, &hashes)
            && self.verify.is_none_or(|threshold| similarity >= threshold)
        {
            return Ok(Verdict::Duplicate {
                of: self.kept.row(slot),
                similarity,
            });
        }
        let slot = self.kept.push(self.seen, signature)?;
        for (band, &hash) in hashes.iter().enumerate() {
            let (kept, rows) = (&self.kept, self.cut.rows);
            let content = |&slot: &u32| &kept.signature(slot)[band * rows..(band + 1) * rows];
            let wanted = &signature[band * rows..(band + 1) * rows];
            match self.tables[band].find_mut(hash, |other| content(other) == wanted) {
                Some(newest) => {
                    let older = std::mem::replace(newest, slot);
                    self.kept.link(slot, band, older);
                }
                None => {
                    self.tables[band].insert_unique(hash, slot, |other| hash_band(content(other)));
                }
            }
        }
        Ok(Verdict::Kept)
    }

    /// The most similar kept text that shares a band; the first one of equals.
    fn best_match(&self, signature: &[u32], hashes: &[u64]) -> Option<(u32, f64)> {
        let rows = self.cut.rows;
        let mut best: Option<(u32, f64)> = None;
        for (band, wanted) in self.band_slices(signature).enumerate() {
            let same =
                |&slot: &u32| self.kept.signature(slot)[band * rows..(band + 1) * rows] == *wanted;
            let mut next = self.tables[band].find(hashes[band], same).copied();
            while let Some(slot) = next {
                let similarity = estimated_jaccard(signature, self.kept.signature(slot));
                if best.is_none_or(|(first, most)| {
                    similarity > most || (similarity >= most && slot < first)
                }) {
                    best = Some((slot, similarity));
                }
                next = self.kept.older(slot, band);
            }
        }
        best
    }

    fn band_slices<'a>(&self, signature: &'a [u32]) -> impl Iterator<Item = &'a [u32]> + use<'a> {
        signature.chunks_exact(self.cut.rows).take(self.cut.bands)
    }
}

/// Mixes the values of a band; equal hashes are compared in full, so that no collision decides a verdict.
fn hash_band(values: &[u32]) -> u64 {
    let mut hash = 0_u64;
    for &value in values {
        hash = (hash ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    hash
}
