//! From collections to clusters: rows of equal digests are joined, rows that share a band key become candidates, and
//! candidates whose sets are similar enough are joined.
//!
//! Invariant: the clusters depend on the texts and the settings only. Candidates come from whole buckets, and joining a
//! pair that is connected already changes nothing, so that neither order, threads, memory nor the cut into collections
//! can be seen.

use super::candidates::pairs;
use super::collection::Collection;
use super::documents::Document;
use super::signer::jaccard;
use crate::Error;
use crate::clusters::{Member, Priority, members};
use crate::files::Folder;
use crate::spill::{Sorted, Sorter, ranges};
use crate::union_find::UnionFind;
use rayon::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Key ranges, which are searched in parallel.
const RANGES: usize = 64;
/// Pairs that are compared before any of them is joined.
const PAIRS: usize = 1 << 14;
/// Pairs that one task compares.
const PAIRS_PER_TASK: usize = 256;

/// A part of the search, for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Joining rows of equal digests; counts digests.
    Equal,
    /// Looking for rows that share a band; counts keys.
    Bands,
    /// Comparing candidates; counts pairs.
    Verify,
    /// Comparing cluster members with the row that stays; counts rows.
    Similarity,
}

impl Stage {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal texts",
            Self::Bands => "shared bands",
            Self::Verify => "candidates",
            Self::Similarity => "similarities",
        }
    }
}

/// Called with a stage, how much of it is done and how much it is; an error ends the search.
pub type Progress<'a> = &'a (dyn Fn(Stage, u64, u64) -> Result<(), Error> + Sync);

/// Two rows that were joined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The smaller row.
    pub one: u32,
    /// The larger row.
    pub other: u32,
    /// Their true Jaccard similarity; NaN when it was not computed.
    pub similarity: f64,
}

/// A row of a cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The row, its cluster, and the row that stays.
    pub member: Member,
    /// True Jaccard similarity to the row that stays; NaN when candidates are not verified.
    pub similarity: f64,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Number of rows searched.
    pub rows: u64,
    /// Rows of clusters of at least two, in row order.
    pub found: Vec<Found>,
    /// The pairs that joined clusters: a tree over each.
    pub edges: Vec<Edge>,
    /// Distinct pairs that share a band and are not equal.
    pub candidates: u64,
}

/// Searches collections as one.
pub struct Search<'a> {
    collections: &'a [Collection],
    starts: Vec<u64>,
    verify: Option<f64>,
    memory: usize,
    scratch: Folder,
}

impl<'a> Search<'a> {
    /// Prepares a search; candidates are joined from the similarity `verify` on, or without a look if it is `None`.
    pub fn new(
        collections: &'a [Collection],
        verify: Option<f64>,
        memory: usize,
        scratch: Folder,
    ) -> Self {
        let starts = collections
            .iter()
            .scan(0, |rows, collection| {
                let start = *rows;
                *rows += collection.documents.rows;
                Some(start)
            })
            .collect();
        Self {
            collections,
            starts,
            verify,
            memory,
            scratch,
        }
    }

    /// Finds the clusters and which row of each stays. `priorities` is empty or has one entry per row.
    pub fn run(&self, priorities: &[Priority], progress: Progress<'_>) -> Result<Outcome, Error> {
        let rows: u64 = self.collections.iter().map(|one| one.documents.rows).sum();
        let mut sets = UnionFind::new(rows as usize)?;
        let mut edges = Vec::new();
        self.join_equal(&mut sets, &mut edges, progress)?;
        let candidates = self.candidates(&sets, progress)?;
        let count = self.join_similar(&candidates, &mut sets, &mut edges, progress)?;
        let found = self.similarities(&members(sets, priorities), progress)?;
        Ok(Outcome {
            rows,
            found,
            edges,
            candidates: count,
        })
    }

    fn sorted(&self, part: impl Fn(&Collection) -> &Sorted) -> Sorted {
        let runs = self.collections.iter().flat_map(|one| part(one).runs());
        Sorted::of(runs.cloned().collect())
    }

    /// The collection of a row, and the row's number in it.
    fn place(&self, row: u32) -> (&Collection, u64) {
        let row = u64::from(row);
        let number = self.starts.partition_point(|&start| start <= row) - 1;
        (&self.collections[number], row - self.starts[number])
    }

    fn document(&self, row: u32) -> Result<Document, Error> {
        let (collection, row) = self.place(row);
        collection.documents.get(row)
    }

    fn read_set(&self, row: u32, out: &mut Vec<u64>) -> Result<(), Error> {
        let (collection, row) = self.place(row);
        collection.documents.read_set(row, out)
    }

    fn join_equal(
        &self,
        sets: &mut UnionFind,
        edges: &mut Vec<Edge>,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let digests = self.sorted(|one| &one.digests);
        let total = digests.records();
        let (mut done, mut said) = (0, 0);
        let mut firsts: Vec<(u64, u32)> = Vec::new();
        digests.range(0..=u64::MAX)?.for_each_group(|_, rows| {
            done += rows.len() as u64;
            if done - said >= 1 << 20 {
                said = done;
                progress(Stage::Equal, done, total)?;
            }
            if rows.len() < 2 {
                return Ok(());
            }
            firsts.clear();
            for &row in &*rows {
                let check = self.document(row)?.check;
                match firsts.iter().find(|first| first.0 == check) {
                    None => firsts.push((check, row)),
                    Some(&(_, first)) => {
                        sets.join(first, row);
                        edges.push(Edge {
                            one: first,
                            other: row,
                            similarity: 1.0,
                        });
                    }
                }
            }
            Ok(())
        })?;
        progress(Stage::Equal, total, total)
    }

    /// The pairs `smaller row << 32 | larger row` of rows that share a band, of equal texts only the first.
    fn candidates(&self, sets: &UnionFind, progress: Progress<'_>) -> Result<Sorted, Error> {
        let bands = self.sorted(|one| &one.bands);
        let total = bands.records();
        let folder = self.scratch.clone();
        let sorter = Sorter::new(self.memory / 2, move || folder.unnamed());
        let sorter = Mutex::new(sorter.on_one_thread());
        let done = AtomicU64::new(0);
        ranges(RANGES).into_par_iter().try_for_each(|keys| {
            let mut found = Vec::new();
            let mut seen = 0;
            bands.range(keys)?.for_each_group(|_, rows| {
                seen += rows.len() as u64;
                if rows.len() < 2 {
                    return Ok(());
                }
                rows.dedup();
                rows.retain(|&row| sets.is_root(row));
                let mut push = |one: u32, other: u32| {
                    found.push(u64::from(one) << 32 | u64::from(other));
                    if found.len() == PAIRS {
                        hand_over(&sorter, &mut found)?;
                    }
                    Ok(())
                };
                if self.verify.is_some() {
                    return pairs(rows, |row| Ok(self.document(row)?.check), push);
                }
                rows.windows(2).try_for_each(|two| push(two[0], two[1]))
            })?;
            hand_over(&sorter, &mut found)?;
            progress(
                Stage::Bands,
                done.fetch_add(seen, Ordering::Relaxed) + seen,
                total,
            )
        })?;
        let sorter = sorter.into_inner().expect("no thread panicked");
        sorter.finish()
    }

    fn join_similar(
        &self,
        candidates: &Sorted,
        sets: &mut UnionFind,
        edges: &mut Vec<Edge>,
        progress: Progress<'_>,
    ) -> Result<u64, Error> {
        let total = candidates.records();
        let mut merge = candidates.range(0..=u64::MAX)?;
        let (mut batch, mut last, mut distinct, mut read) = (Vec::with_capacity(PAIRS), None, 0, 0);
        loop {
            let record = merge.next().transpose()?;
            if let Some((pair, _)) = record {
                read += 1;
                if last != Some(pair) {
                    last = Some(pair);
                    distinct += 1;
                    batch.push(((pair >> 32) as u32, pair as u32));
                }
            }
            if batch.len() == PAIRS || record.is_none() {
                self.join_batch(&mut batch, sets, edges)?;
                progress(Stage::Verify, read, total)?;
            }
            if record.is_none() {
                return Ok(distinct);
            }
        }
    }

    fn join_batch(
        &self,
        batch: &mut Vec<(u32, u32)>,
        sets: &mut UnionFind,
        edges: &mut Vec<Edge>,
    ) -> Result<(), Error> {
        batch.retain(|&(one, other)| sets.root(one) != sets.root(other));
        let similar = match self.verify {
            None => vec![f64::NAN; batch.len()],
            Some(least) => self.compare(batch, least)?,
        };
        for (&(one, other), &similarity) in batch.iter().zip(&similar) {
            let joined = self.verify.is_none_or(|least| similarity >= least);
            if joined && sets.join(one, other) {
                edges.push(Edge {
                    one,
                    other,
                    similarity,
                });
            }
        }
        batch.clear();
        Ok(())
    }

    /// The Jaccard similarities of pairs, 0.0 for those that cannot reach `least`.
    fn compare(&self, batch: &[(u32, u32)], least: f64) -> Result<Vec<f64>, Error> {
        let chunks = batch.par_chunks(PAIRS_PER_TASK).map(|chunk| {
            let (mut one_set, mut other_set, mut table) = (Vec::new(), Vec::new(), Vec::new());
            let mut loaded = None;
            let mut out = Vec::with_capacity(chunk.len());
            for &(one, other) in chunk {
                if loaded != Some(one) {
                    self.read_set(one, &mut one_set)?;
                    loaded = Some(one);
                }
                self.read_set(other, &mut other_set)?;
                out.push(jaccard(&one_set, &other_set, least, &mut table));
            }
            Ok(out)
        });
        let parts: Vec<Vec<f64>> = chunks.collect::<Result<_, Error>>()?;
        Ok(parts.concat())
    }

    /// How similar the members of clusters are to the row that stays.
    fn similarities(
        &self,
        members: &[Member],
        progress: Progress<'_>,
    ) -> Result<Vec<Found>, Error> {
        let total = members.len() as u64;
        let mut found = Vec::with_capacity(members.len());
        for block in members.chunks(PAIRS) {
            let pairs: Vec<(u32, u32)> = block.iter().map(|one| (one.keeper, one.row)).collect();
            let similar = match self.verify {
                None => vec![f64::NAN; block.len()],
                Some(_) => self.compare(&pairs, 0.0)?,
            };
            for (&member, similarity) in block.iter().zip(similar) {
                // Texts without n-grams share a cluster only if they are equal.
                let equal = member.row == member.keeper
                    || self.verify.is_some() && self.document(member.row)?.len == 0;
                found.push(Found {
                    member,
                    similarity: if equal { 1.0 } else { similarity },
                });
            }
            progress(Stage::Similarity, found.len() as u64, total)?;
        }
        Ok(found)
    }
}

fn hand_over(sorter: &Mutex<Sorter>, pairs: &mut Vec<u64>) -> Result<(), Error> {
    let mut sorter = sorter.lock().expect("no thread panicked");
    for pair in pairs.drain(..) {
        sorter.push((pair, 0))?;
    }
    Ok(())
}
