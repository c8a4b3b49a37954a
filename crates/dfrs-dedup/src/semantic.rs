//! Rows whose embeddings point in nearly the same direction.
//!
//! Vectors are scaled to length 1, so that a product is a cosine. Up to [`ALL_PAIRS`] rows every row is compared with
//! every row that stays. Beyond that, rows are put into the cells of a spherical k-means, and a row is compared with the
//! rows that stay in the `probes` cells nearest to it: pairs whose cells lie apart are missed, which more probes make
//! rarer. Rows are decided in order of priority, then of arrival: a row stays unless a row that stays is near, so no chain
//! of near rows removes what is far from all that is left.
//!
//! Deterministic: seeded, sums of fixed order without fused products, the same on every processor and for any number of
//! threads. Source: A. Abbas et al., "`SemDeDup`" (2023), which compares within one cell and keeps by distance to its
//! centre.
#![allow(unsafe_code)] // calling a function that is compiled for CPU features, after the features were detected

use std::cmp::Reverse;

use rayon::prelude::*;

use crate::Error;
use crate::clusters::Priority;
use crate::mix::finish;
use crate::simhash::NearDuplicate;

/// Rows up to which one cell holds all.
pub const ALL_PAIRS: usize = 4096;
/// Rows decided together: their comparison with what stays is parallel, that with each other is not.
const BLOCK: usize = 256;
/// Rows whose sum is taken in one piece; a constant, so that threads do not change the result.
const SUM_ROWS: usize = 4096;
const LANES: usize = 16;

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Cosine from which rows are duplicates, from -1 to 1.
    pub threshold: f64,
    /// Cells; `None`: one up to [`ALL_PAIRS`] rows, then about the square root of their number.
    pub cells: Option<usize>,
    /// Cells that a row is compared with, at least 1.
    pub probes: usize,
    /// Rounds of k-means.
    pub rounds: usize,
    /// Seed of the first centres.
    pub seed: u64,
    /// Decide as open-dataflow 1.0.13: a row goes if any earlier row is near, one that went itself included.
    pub chains: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threshold: 0.95,
            cells: None,
            probes: 2,
            rounds: 10,
            seed: 0,
            chains: false,
        }
    }
}

/// Embeddings of rows, in order of arrival.
#[derive(Debug)]
pub struct Semantic {
    options: Options,
    width: usize,
    vectors: Vec<f32>,
    /// Rows that have a direction, and the priority of each.
    rows: Vec<(u64, Priority)>,
    seen: u64,
}

impl Semantic {
    /// No rows yet.
    pub fn new(options: Options) -> Result<Self, Error> {
        if !(-1.0..=1.0).contains(&options.threshold) {
            return Err(Error::Parameter(format!(
                "the threshold is {}: a cosine lies between -1 and 1",
                options.threshold
            )));
        }
        if options.cells == Some(0) || options.probes == 0 {
            return Err(Error::Parameter("cells and probes are at least 1".into()));
        }
        Ok(Self {
            options,
            width: 0,
            vectors: Vec::new(),
            rows: Vec::new(),
            seen: 0,
        })
    }

    /// Takes the vector of the next row. A row without one, or with one of length 0, equals nothing.
    pub fn push(&mut self, vector: Option<&[f32]>, priority: Priority) -> Result<(), Error> {
        let row = self.seen;
        self.seen += 1;
        let Some(vector) = vector else { return Ok(()) };
        if self.width == 0 {
            self.width = vector.len();
        }
        if vector.len() != self.width {
            let text = format!(
                "row {row}: its embedding has {} numbers, those before have {}",
                vector.len(),
                self.width
            );
            return Err(Error::Parameter(text));
        }
        let length = vector
            .iter()
            .map(|&x| f64::from(x) * f64::from(x))
            .sum::<f64>()
            .sqrt();
        if !length.is_finite() {
            return Err(Error::Parameter(format!(
                "row {row}: its embedding holds a number that is not finite"
            )));
        }
        if length > 0.0 {
            self.rows.push((row, priority));
            self.vectors
                .extend(vector.iter().map(|&x| (f64::from(x) / length) as f32));
        }
        Ok(())
    }

    /// Number of cells that rows are put into.
    pub fn cells(&self) -> usize {
        let count = self.rows.len();
        #[allow(clippy::cast_sign_loss)] // a square root is positive
        let usual = if count <= ALL_PAIRS {
            1
        } else {
            (count as f64).sqrt().round() as usize
        };
        self.options.cells.unwrap_or(usual).clamp(1, count.max(1))
    }

    /// Decides all rows; returns those that go, in order.
    pub fn duplicates(self) -> Vec<NearDuplicate> {
        let Self {
            options,
            width,
            vectors,
            rows,
            ..
        } = &self;
        let vector = |at: usize| &vectors[at * width..(at + 1) * width];
        let probes = self.probes();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.cells()];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&at| Reverse(rows[at].1));
        let mut found = Vec::new();
        for block in order.chunks(BLOCK) {
            let near = |at: usize| {
                let candidates = probes[at].iter().flat_map(|&cell| &members[cell as usize]);
                best(
                    candidates.map(|&other| (dot(vector(at), vector(other)), other)),
                    options.threshold,
                )
            };
            let before: Vec<Option<(f32, usize)>> = block.par_iter().map(|&at| near(at)).collect();
            let mut here: Vec<usize> = Vec::new();
            for (&at, before) in block.iter().zip(before) {
                let within = best(
                    here.iter()
                        .filter(|&&other| probes[at].contains(&probes[other][0]))
                        .map(|&other| (dot(vector(at), vector(other)), other)),
                    options.threshold,
                );
                let nearest = before
                    .filter(|before| within.is_none_or(|within| within.0 <= before.0))
                    .or(within);
                if let Some((cosine, other)) = nearest {
                    let (row, keeper) = (rows[at].0, rows[other].0);
                    found.push(NearDuplicate {
                        row,
                        keeper,
                        similarity: f64::from(cosine),
                    });
                }
                if nearest.is_none() || options.chains {
                    here.push(at);
                }
            }
            for at in here {
                members[probes[at][0] as usize].push(at);
            }
        }
        found.sort_unstable_by_key(|duplicate| duplicate.row);
        found
    }

    /// The nearest cells of every row, the nearest first.
    fn probes(&self) -> Vec<Vec<u32>> {
        let cells = self.cells();
        if cells == 1 {
            return vec![vec![0]; self.rows.len()];
        }
        let centres = self.centres(cells);
        let rows = self.vectors.par_chunks_exact(self.width);
        rows.map(|vector| {
            let mut cosines: Vec<(f32, u32)> = centres
                .chunks_exact(self.width)
                .zip(0..)
                .map(|(centre, cell)| (dot(vector, centre), cell))
                .collect();
            cosines
                .sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
            cosines
                .iter()
                .take(self.options.probes)
                .map(|&(_, cell)| cell)
                .collect()
        })
        .collect()
    }

    /// Spherical k-means: centres of length 1. A cell that loses all rows keeps its centre.
    fn centres(&self, cells: usize) -> Vec<f32> {
        let width = self.width;
        let mut draw: Vec<(u64, usize)> = (0..self.rows.len())
            .map(|at| (finish(self.options.seed ^ finish(at as u64)), at))
            .collect();
        draw.sort_unstable();
        let chosen = draw[..cells]
            .iter()
            .flat_map(|&(_, at)| &self.vectors[at * width..(at + 1) * width]);
        let mut centres: Vec<f32> = chosen.copied().collect();
        for _ in 0..self.options.rounds {
            let nearest: Vec<usize> = self
                .vectors
                .par_chunks_exact(width)
                .map(|vector| {
                    let cosines = centres
                        .chunks_exact(width)
                        .map(|centre| dot(vector, centre))
                        .enumerate();
                    cosines
                        .fold((0, f32::NEG_INFINITY), |best, (cell, cosine)| {
                            if cosine > best.1 {
                                (cell, cosine)
                            } else {
                                best
                            }
                        })
                        .0
                })
                .collect();
            let updated = self.means(&nearest, &centres);
            if updated == centres {
                break;
            }
            centres = updated;
        }
        centres
    }

    fn means(&self, nearest: &[usize], centres: &[f32]) -> Vec<f32> {
        let width = self.width;
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); centres.len() / width];
        for (at, &cell) in nearest.iter().enumerate() {
            members[cell].push(at);
        }
        let mean = |(members, centre): (&Vec<usize>, &[f32])| {
            let mut sum = vec![0.0_f64; width];
            for part in members.chunks(SUM_ROWS) {
                for &at in part {
                    for (sum, &x) in sum
                        .iter_mut()
                        .zip(&self.vectors[at * width..(at + 1) * width])
                    {
                        *sum += f64::from(x);
                    }
                }
            }
            let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 {
                sum.iter().map(|x| (x / length) as f32).collect()
            } else {
                centre.to_vec()
            }
        };
        let means: Vec<Vec<f32>> = members
            .par_iter()
            .zip(centres.par_chunks_exact(width))
            .map(mean)
            .collect();
        means.concat()
    }
}

/// The largest cosine that reaches the threshold, the first of equals.
fn best(cosines: impl Iterator<Item = (f32, usize)>, threshold: f64) -> Option<(f32, usize)> {
    cosines
        .filter(|(cosine, _)| f64::from(*cosine) >= threshold)
        .fold(None, |best: Option<(f32, usize)>, found| match best {
            Some(best) if found.0 <= best.0 => Some(best),
            _ => Some(found),
        })
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { dot_avx2(one, other) };
    }
    dot_in_lanes(one, other)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(one: &[f32], other: &[f32]) -> f32 {
    dot_in_lanes(one, other)
}

/// Sixteen sums side by side, added up in one order: every instruction set gives the same result.
#[inline(always)]
#[allow(clippy::inline_always)] // compiled with the caller's CPU features
fn dot_in_lanes(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((one, one_rest), (other, other_rest)) =
        (one.as_chunks::<LANES>(), other.as_chunks::<LANES>());
    for (a, b) in one.iter().zip(other) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + rest
}
