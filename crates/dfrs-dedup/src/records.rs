//! Sorting of records that may not fit into memory: `W` numbers each, compared from the first to the last.
//!
//! A buffer of bounded size is sorted and written as a run whenever it is full; the runs are merged while they are read.
//! What comes out is the sorted sequence of all records, whatever the size of the buffer and the order of the input.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::Error;
use crate::files::{Folder, Store, Writer, checksum};

/// Records per block of a run; every block has a checksum.
const BLOCK: usize = 2048;
/// Runs that are merged at a time; more are first merged into fewer.
const MAX_RUNS: usize = 128;

/// A record.
pub type Record<const W: usize> = [u64; W];

/// Where a sorter may put its runs, and how much memory it may take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes for the buffer, at least one block; `None`: everything stays in memory.
    pub memory: Option<usize>,
    /// Folder for temporary files; `None`: the system's.
    pub folder: Option<PathBuf>,
}

/// Takes records in any order and gives them back sorted.
#[derive(Debug)]
pub struct Sorter<const W: usize> {
    limits: Limits,
    buffer: Vec<Record<W>>,
    capacity: usize,
    runs: Vec<Run>,
    folder: Option<Folder>,
}

#[derive(Debug)]
struct Run {
    store: Arc<Store>,
    records: u64,
}

impl<const W: usize> Sorter<W> {
    const BYTES: usize = 8 * W;

    /// An empty sorter.
    pub fn new(limits: &Limits) -> Self {
        let capacity = limits
            .memory
            .map_or(usize::MAX, |bytes| (bytes / Self::BYTES).max(BLOCK));
        Self {
            limits: limits.clone(),
            buffer: Vec::new(),
            capacity,
            runs: Vec::new(),
            folder: None,
        }
    }

    /// Takes records.
    pub fn extend(&mut self, records: impl IntoIterator<Item = Record<W>>) -> Result<(), Error> {
        for record in records {
            if self.buffer.len() == self.capacity {
                self.spill()?;
            }
            if self.buffer.len() == self.buffer.capacity() && self.limits.memory.is_some() {
                // Doubling would overshoot the limit.
                let more = self
                    .buffer
                    .len()
                    .max(BLOCK)
                    .min(self.capacity - self.buffer.len());
                self.buffer.reserve_exact(more);
            }
            self.buffer.push(record);
        }
        Ok(())
    }

    /// Number of files written so far.
    pub const fn spilled(&self) -> usize {
        self.runs.len()
    }

    /// Calls `each` with all records in order.
    pub fn finish(
        mut self,
        mut each: impl FnMut(Record<W>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.runs.is_empty() {
            self.buffer.par_sort_unstable();
            return self.buffer.into_iter().try_for_each(each);
        }
        self.spill()?;
        self.buffer = Vec::new();
        while self.runs.len() > MAX_RUNS {
            let rest = self.runs.split_off(MAX_RUNS);
            let mut writer = RunWriter::<W>::new(self.file()?);
            merge::<W>(&self.runs, |record| writer.push(record))?;
            self.runs = rest;
            self.runs.push(writer.finish()?);
        }
        merge::<W>(&self.runs, &mut each)
    }

    fn spill(&mut self) -> Result<(), Error> {
        self.buffer.par_sort_unstable();
        let mut writer = RunWriter::<W>::new(self.file()?);
        for &record in &self.buffer {
            writer.push(record)?;
        }
        self.runs.push(writer.finish()?);
        self.buffer.clear();
        Ok(())
    }

    fn file(&mut self) -> Result<Store, Error> {
        if self.folder.is_none() {
            self.folder = Some(match &self.limits.folder {
                Some(path) => Folder::temporary_in(path)?,
                None => Folder::temporary()?,
            });
        }
        self.folder.as_ref().expect("made above").unnamed()
    }
}

struct RunWriter<const W: usize> {
    store: Arc<Store>,
    writer: Writer,
    block: Vec<u8>,
    records: u64,
}

impl<const W: usize> RunWriter<W> {
    fn new(store: Store) -> Self {
        let store = Arc::new(store);
        Self {
            writer: store.writer(),
            store,
            block: Vec::with_capacity(BLOCK * 8 * W + 8),
            records: 0,
        }
    }

    fn push(&mut self, record: Record<W>) -> Result<(), Error> {
        for value in record {
            self.block.extend_from_slice(&value.to_le_bytes());
        }
        self.records += 1;
        if self.records.is_multiple_of(BLOCK as u64) {
            self.seal()
        } else {
            Ok(())
        }
    }

    fn seal(&mut self) -> Result<(), Error> {
        let number = (self.records - 1) / BLOCK as u64;
        let sum = checksum(&self.block, number);
        self.block.extend_from_slice(&sum.to_le_bytes());
        self.writer.write(&self.block)?;
        self.block.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Run, Error> {
        if !self.block.is_empty() {
            self.seal()?;
        }
        self.writer.finish()?;
        Ok(Run {
            store: self.store,
            records: self.records,
        })
    }
}

/// A run that is read block by block.
struct Source<'a, const W: usize> {
    run: &'a Run,
    read: u64,
    bytes: Vec<u8>,
    block: Vec<Record<W>>,
    at: usize,
}

impl<'a, const W: usize> Source<'a, W> {
    const fn new(run: &'a Run) -> Self {
        Self {
            run,
            read: 0,
            bytes: Vec::new(),
            block: Vec::new(),
            at: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Record<W>>, Error> {
        if self.at == self.block.len() {
            if self.read == self.run.records {
                return Ok(None);
            }
            self.load()?;
        }
        self.at += 1;
        Ok(Some(self.block[self.at - 1]))
    }

    fn load(&mut self) -> Result<(), Error> {
        let count = (self.run.records - self.read).min(BLOCK as u64) as usize;
        let number = self.read / BLOCK as u64;
        self.bytes.resize(count * 8 * W + 8, 0);
        self.run
            .store
            .read_at(number * (BLOCK * 8 * W + 8) as u64, &mut self.bytes)?;
        let (records, sum) = self.bytes.split_at(count * 8 * W);
        if checksum(records, number).to_le_bytes() != sum {
            return Err(self
                .run
                .store
                .corrupt(&format!("block {number} does not have its checksum")));
        }
        self.block.clear();
        self.block.extend(records.chunks_exact(8 * W).map(|record| {
            let (values, _) = record.as_chunks::<8>();
            std::array::from_fn(|i| u64::from_le_bytes(values[i]))
        }));
        self.read += count as u64;
        self.at = 0;
        Ok(())
    }
}

fn merge<const W: usize>(
    runs: &[Run],
    mut each: impl FnMut(Record<W>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut sources: Vec<Source<'_, W>> = runs.iter().map(Source::new).collect();
    let mut heap = BinaryHeap::with_capacity(sources.len());
    for (number, source) in sources.iter_mut().enumerate() {
        if let Some(record) = source.next()? {
            heap.push(Reverse((record, number)));
        }
    }
    while let Some(mut top) = heap.peek_mut() {
        let Reverse((record, number)) = *top;
        match sources[number].next()? {
            Some(next) => *top = Reverse((next, number)),
            None => drop(PeekMut::pop(top)),
        }
        each(record)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(records: &[Record<2>], memory: Option<usize>) -> (Vec<Record<2>>, usize) {
        let mut sorter = Sorter::new(&Limits {
            memory,
            folder: None,
        });
        sorter.extend(records.iter().copied()).expect("written");
        let (mut found, spilled) = (Vec::new(), sorter.spilled());
        sorter
            .finish(|record| {
                found.push(record);
                Ok(())
            })
            .expect("read");
        (found, spilled)
    }

    #[test]
    fn the_same_sequence_whatever_the_memory() {
        let records: Vec<Record<2>> = (0..300_000_u64)
            .map(|i| [crate::mix::finish(i) >> 44, i])
            .collect();
        let mut expected = records.clone();
        expected.sort_unstable();
        for (memory, files) in [
            (None, 0),
            (Some(0), 146),
            (Some(1 << 20), 4),
            (Some(1 << 30), 0),
        ] {
            let (found, spilled) = sorted(&records, memory);
            assert_eq!(spilled, files, "{memory:?}");
            assert!(found == expected, "{memory:?}");
        }
        assert!(sorted(&[], Some(0)).0.is_empty());
    }
}
