//! External sorting of `(key, row)` records: a buffer of bounded size is sorted and written as a run whenever it is
//! full, and the runs are merged by key range while they are read. Ranges are independent of each other, so that they
//! can be merged by several threads, or several machines: the seam for a distributed run.
//!
//! A run is a file of blocks of [`BLOCK`] records of 12 bytes, each block with its checksum; the first key of every
//! block is kept in memory, to find a range. Invariant: what comes out is sorted by key, then by row, and contains every
//! record once, whatever the size of the buffer and however records came in.

use crate::Error;
use crate::files::{self, Store};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Records per block of a run.
const BLOCK: usize = 4096;
/// Bytes of a record in a file: the key and the row.
const RECORD: usize = 12;
/// Bytes of a block in a file, the checksum included.
const BLOCK_BYTES: usize = BLOCK * RECORD + 8;
/// Runs that are merged at a time; more are first merged into fewer.
const MAX_RUNS: usize = 256;
/// Smallest buffer, in records: one block.
const MIN_RECORDS: usize = BLOCK;

/// A key and a row with this key.
pub type Record = (u64, u32);

/// A sorted file of records.
#[derive(Debug, Clone)]
pub struct Run {
    file: Arc<Store>,
    records: u64,
    first_keys: Vec<u64>,
    /// Added to every row, so that the runs of several collections can be merged.
    base: u32,
}

impl Run {
    /// Writes sorted records.
    fn write(
        file: Store,
        records: impl Iterator<Item = Result<Record, Error>>,
    ) -> Result<Self, Error> {
        let mut run = Self {
            file: Arc::new(file),
            records: 0,
            first_keys: Vec::new(),
            base: 0,
        };
        let mut out = run.file.writer();
        let mut bytes = Vec::with_capacity(BLOCK_BYTES);
        for record in records {
            let (key, row) = record?;
            if bytes.is_empty() {
                run.first_keys.push(key);
            }
            bytes.extend_from_slice(&key.to_le_bytes());
            bytes.extend_from_slice(&row.to_le_bytes());
            run.records += 1;
            if bytes.len() == BLOCK * RECORD {
                out.write(seal(&mut bytes, run.first_keys.len() - 1))?;
                bytes.clear();
            }
        }
        if !bytes.is_empty() {
            out.write(seal(&mut bytes, run.first_keys.len() - 1))?;
        }
        let mut footer: Vec<u8> = run
            .first_keys
            .iter()
            .flat_map(|key| key.to_le_bytes())
            .collect();
        out.write(seal(&mut footer, run.first_keys.len()))?;
        out.finish()?;
        Ok(run)
    }

    /// Opens a run that was written before, by its number of records; its blocks are checked when they are read.
    pub fn open(file: Store, records: u64, base: u32) -> Result<Self, Error> {
        let blocks = records.div_ceil(BLOCK as u64);
        let start = records * RECORD as u64 + blocks * 8;
        file.expect_len(start + blocks * 8 + 8)?;
        let mut footer = vec![0; blocks as usize * 8 + 8];
        file.read_at(start, &mut footer)?;
        let (keys, sum) = footer.split_at(blocks as usize * 8);
        if files::checksum(keys, blocks).to_le_bytes() != sum {
            return Err(
                file.corrupt("its table of keys does not have the checksum it was written with")
            );
        }
        Ok(Self {
            file: Arc::new(file),
            records,
            first_keys: keys.chunks_exact(8).map(eight_bytes).collect(),
            base,
        })
    }

    /// Reads everything and checks it.
    pub fn check(&self) -> Result<(), Error> {
        let mut block = Vec::new();
        (0..self.first_keys.len()).try_for_each(|number| self.read_block(number, &mut block))
    }

    /// Number of records.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Makes the run survive a crash of the machine.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync()
    }

    fn read_block(&self, number: usize, out: &mut Vec<Record>) -> Result<(), Error> {
        let start = number as u64 * BLOCK as u64;
        let count = (self.records - start).min(BLOCK as u64) as usize;
        let mut bytes = vec![0; count * RECORD + 8];
        self.file
            .read_at(number as u64 * BLOCK_BYTES as u64, &mut bytes)?;
        let (records, sum) = bytes.split_at(count * RECORD);
        if files::checksum(records, number as u64).to_le_bytes() != sum {
            return Err(self.file.corrupt(&format!(
                "block {number} does not have the checksum it was written with"
            )));
        }
        out.clear();
        out.extend(records.chunks_exact(RECORD).map(|record| {
            let (key, row) = record.split_at(8);
            let row = u32::from_le_bytes(row.try_into().expect("4 bytes"));
            (eight_bytes(key), row.wrapping_add(self.base))
        }));
        Ok(())
    }
}

fn eight_bytes(eight: &[u8]) -> u64 {
    u64::from_le_bytes(eight.try_into().expect("8 bytes"))
}

/// Appends the checksum to the records of a block.
fn seal(bytes: &mut Vec<u8>, number: usize) -> &[u8] {
    let sum = files::checksum(bytes, number as u64);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Takes records in any order and gives them back sorted.
pub struct Sorter {
    files: Box<dyn Fn() -> Result<Store, Error> + Send + Sync>,
    buffer: Vec<Record>,
    capacity: usize,
    runs: Vec<Run>,
    parallel: bool,
}

impl Sorter {
    /// Starts with a buffer of about `memory` bytes; `files` makes the files of runs.
    pub fn new(
        memory: usize,
        files: impl Fn() -> Result<Store, Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            files: Box::new(files),
            buffer: Vec::new(),
            capacity: (memory / size_of::<Record>()).max(MIN_RECORDS),
            runs: Vec::new(),
            parallel: true,
        }
    }

    /// Sorts on one thread only. Needed where a lock is held: a thread that waits for others might take up work that
    /// waits for the lock.
    #[must_use]
    pub fn on_one_thread(self) -> Self {
        Self {
            parallel: false,
            ..self
        }
    }

    /// Takes a record.
    pub fn push(&mut self, record: Record) -> Result<(), Error> {
        if self.buffer.len() == self.capacity {
            self.spill()?;
        }
        if self.buffer.len() == self.buffer.capacity() {
            // Doubling would overshoot the limit by up to a factor of two.
            let more = self.buffer.len().clamp(MIN_RECORDS, self.capacity);
            self.buffer
                .reserve_exact(more.min(self.capacity - self.buffer.len()));
        }
        self.buffer.push(record);
        Ok(())
    }

    /// Writes what is buffered as a run.
    fn spill(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.parallel {
            self.buffer.par_sort_unstable();
        } else {
            self.buffer.sort_unstable();
        }
        let sorted = self.buffer.iter().copied().map(Ok);
        self.runs.push(Run::write((self.files)()?, sorted)?);
        self.buffer.clear();
        Ok(())
    }

    /// Ends the input and frees the buffer.
    pub fn finish(mut self) -> Result<Sorted, Error> {
        self.spill()?;
        self.buffer = Vec::new();
        let mut runs = std::mem::take(&mut self.runs);
        while runs.len() > MAX_RUNS {
            let rest = runs.split_off(MAX_RUNS);
            let merged = Sorted { runs }.into_one((self.files)()?)?;
            runs = rest;
            runs.push(merged);
        }
        Ok(Sorted { runs })
    }
}

/// Sorted records, in any number of runs.
#[derive(Debug, Clone, Default)]
pub struct Sorted {
    runs: Vec<Run>,
}

impl Sorted {
    /// Treats runs as one sorted sequence.
    pub const fn of(runs: Vec<Run>) -> Self {
        Self { runs }
    }

    /// The runs.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Reads everything and checks it.
    pub fn check(&self) -> Result<(), Error> {
        self.runs.iter().try_for_each(Run::check)
    }

    /// Number of records.
    pub fn records(&self) -> u64 {
        self.runs.iter().map(Run::records).sum()
    }

    /// Merges all runs into one file.
    pub fn into_one(&self, file: Store) -> Result<Run, Error> {
        Run::write(file, self.range(0..=u64::MAX)?)
    }

    /// The records whose keys lie in a range, in order; every one of `0..=u64::MAX` is in exactly one of some ranges
    /// that do not overlap and cover it.
    pub fn range(&self, keys: RangeInclusive<u64>) -> Result<Merge<'_>, Error> {
        let mut merge = Merge {
            heap: BinaryHeap::with_capacity(self.runs.len()),
            sources: Vec::with_capacity(self.runs.len()),
            last: *keys.end(),
        };
        for run in &self.runs {
            let mut source = Source::starting_at(run, *keys.start())?;
            if let Some(record) = source.next()? {
                merge.heap.push(Reverse((record, merge.sources.len())));
                merge.sources.push(source);
            }
        }
        Ok(merge)
    }
}

/// Cuts the keys into `count` ranges of equal width.
pub fn ranges(count: usize) -> Vec<RangeInclusive<u64>> {
    let count = count.max(1) as u128;
    let start = |i: u128| ((i << 64) / count) as u64;
    (0..count)
        .map(|i| {
            let end = if i + 1 == count {
                u64::MAX
            } else {
                start(i + 1) - 1
            };
            start(i)..=end
        })
        .collect()
}

/// Finds keys in a run; keys asked for in ascending order read every block at most once.
pub struct Lookup<'a> {
    run: &'a Run,
    loaded: Option<usize>,
    block: Vec<Record>,
}

impl<'a> Lookup<'a> {
    /// Starts with nothing read.
    pub const fn new(run: &'a Run) -> Self {
        Self {
            run,
            loaded: None,
            block: Vec::new(),
        }
    }

    /// Calls `each` with the rows of a key, in ascending order, until it returns false.
    pub fn rows(&mut self, key: u64, mut each: impl FnMut(u32) -> bool) -> Result<(), Error> {
        let keys = &self.run.first_keys;
        let mut number = keys.partition_point(|&start| start < key).saturating_sub(1);
        while number < keys.len() && keys[number] <= key {
            if self.loaded != Some(number) {
                self.run.read_block(number, &mut self.block)?;
                self.loaded = Some(number);
            }
            let from = self.block.partition_point(|record| record.0 < key);
            for record in &self.block[from..] {
                if record.0 != key || !each(record.1) {
                    return Ok(());
                }
            }
            number += 1;
        }
        Ok(())
    }
}

/// A run that is read from a key on.
struct Source<'a> {
    run: &'a Run,
    next_block: usize,
    block: Vec<Record>,
    at: usize,
}

impl<'a> Source<'a> {
    fn starting_at(run: &'a Run, key: u64) -> Result<Self, Error> {
        // Records with the key may begin in the block before the first one that starts with it.
        let first = run.first_keys.partition_point(|&start| start < key);
        let mut source = Self {
            run,
            next_block: first.saturating_sub(1),
            block: Vec::new(),
            at: 0,
        };
        while source.load()? {
            source.at = source.block.partition_point(|record| record.0 < key);
            if source.at < source.block.len() {
                break;
            }
        }
        Ok(source)
    }

    fn load(&mut self) -> Result<bool, Error> {
        if self.next_block == self.run.first_keys.len() {
            self.block.clear();
            self.at = 0;
            return Ok(false);
        }
        self.run.read_block(self.next_block, &mut self.block)?;
        self.next_block += 1;
        self.at = 0;
        Ok(true)
    }

    fn next(&mut self) -> Result<Option<Record>, Error> {
        if self.at == self.block.len() && !self.load()? {
            return Ok(None);
        }
        self.at += 1;
        Ok(Some(self.block[self.at - 1]))
    }
}

/// Sorted records of several runs.
pub struct Merge<'a> {
    heap: BinaryHeap<Reverse<(Record, usize)>>,
    sources: Vec<Source<'a>>,
    last: u64,
}

impl Iterator for Merge<'_> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut top = self.heap.peek_mut()?;
        let Reverse((record, source)) = *top;
        if record.0 > self.last {
            return None;
        }
        match self.sources[source].next() {
            Ok(Some(following)) => *top = Reverse((following, source)),
            Ok(None) => drop(PeekMut::pop(top)),
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(record))
    }
}

impl Merge<'_> {
    /// Calls `each` with every key and its rows, in ascending order.
    pub fn for_each_group(
        mut self,
        mut each: impl FnMut(u64, &mut Vec<u32>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rows = Vec::new();
        let mut current = None;
        for record in &mut self {
            let (key, row) = record?;
            if let Some(before) = current
                && before != key
            {
                each(before, &mut rows)?;
                rows.clear();
            }
            current = Some(key);
            rows.push(row);
        }
        current.map_or(Ok(()), |key| each(key, &mut rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorter(memory: usize) -> (Sorter, files::Folder) {
        let folder = files::Folder::temporary().expect("a temporary folder");
        let place = folder.clone();
        (Sorter::new(memory, move || place.unnamed()), folder)
    }

    fn sorted(records: &[Record], memory: usize, parts: usize) -> Vec<Record> {
        let (mut sorter, _folder) = sorter(memory);
        for &record in records {
            sorter.push(record).expect("written");
        }
        let sorted = sorter.finish().expect("written");
        assert_eq!(sorted.records(), records.len() as u64);
        ranges(parts)
            .into_iter()
            .flat_map(|keys| {
                sorted
                    .range(keys)
                    .expect("readable")
                    .collect::<Result<Vec<_>, _>>()
                    .expect("whole")
            })
            .collect()
    }

    #[test]
    fn many_runs_are_one_sequence_in_any_number_of_parts() {
        let mut key = 1_u64;
        let records: Vec<Record> = (0..60_000)
            .map(|row| {
                key = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (key >> 31);
                (
                    if row % 3 == 0 {
                        u64::from(row % 7) << 61
                    } else {
                        key
                    },
                    row,
                )
            })
            .collect();
        let mut expected = records.clone();
        expected.sort_unstable();
        for (memory, parts) in [(0, 1), (0, 5), (200_000, 3), (1 << 30, 2)] {
            assert_eq!(
                sorted(&records, memory, parts),
                expected,
                "{memory} {parts}"
            );
        }
    }

    proptest! {
        #[test]
        fn groups_are_those_of_a_sort(keys in proptest::collection::vec(0_u64..6, 0..50)) {
            let records: Vec<Record> = keys.iter().zip(0..).map(|(&key, row)| (key << 62, row)).collect();
            let (mut sorter, _folder) = sorter(0);
            for &record in records.iter().rev() {
                sorter.push(record).expect("written");
            }
            let sorted = sorter.finish().expect("written");
            let mut found = Vec::new();
            sorted.range(0..=u64::MAX).expect("readable").for_each_group(|key, rows| {
                found.extend(rows.iter().map(|&row| (key, row)));
                Ok(())
            }).expect("whole");
            let mut expected = records;
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn ranges_cover_all_keys_once() {
        for count in [1, 2, 3, 7, 64] {
            let ranges = ranges(count);
            assert_eq!(
                (*ranges[0].start(), *ranges[count - 1].end()),
                (0, u64::MAX)
            );
            assert!(
                ranges
                    .windows(2)
                    .all(|two| two[0].end() + 1 == *two[1].start())
            );
        }
    }
}
