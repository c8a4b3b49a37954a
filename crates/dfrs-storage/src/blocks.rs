//! Cuts a file into blocks of whole records, so that memory is bounded and the records of a block can be parsed in
//! parallel. Where a block ends depends only on the bytes and the two limits, not on how the bytes arrived.

use memchr::{memchr, memchr_iter, memrchr};

use crate::error::{Error, Fault, Parsed};
use crate::input::{Input, PIECE};

/// Longest record: offsets of Arrow strings have 31 bits.
const LONGEST: usize = i32::MAX as usize - 1;
/// Room that is made for a block at once, at most.
const ROOM: usize = 4 << 20;

/// A record inside its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// First byte.
    pub start: usize,
    /// One past the last byte, line end excluded.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: u64,
    /// Byte column of the first byte, from 1.
    pub column: u64,
}

impl Record {
    /// Line and byte column of an offset from the record's start.
    pub fn place(&self, bytes: &[u8], at: usize) -> (u64, u64) {
        let end = (self.start + at).min(bytes.len());
        place(&bytes[self.start..end], self.line, self.column)
    }
}

/// Where one gets from a line and column by reading `passed`.
fn place(passed: &[u8], line: u64, column: u64) -> (u64, u64) {
    match memrchr(b'\n', passed) {
        None => (line, column + passed.len() as u64),
        Some(last) => (
            line + memchr_iter(b'\n', passed).count() as u64,
            (passed.len() - last) as u64,
        ),
    }
}

/// Consecutive records of a file.
#[derive(Debug, Default)]
pub struct Block {
    /// The bytes that the records lie in.
    pub bytes: Vec<u8>,
    /// The records, in file order.
    pub records: Vec<Record>,
}

/// What a splitter found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A record from `start` to `end`; the search for the following one begins at `next`.
    Record {
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
        /// Where to go on.
        next: usize,
    },
    /// More bytes are needed to tell.
    More,
    /// There is no further record.
    End,
}

/// Finds records in bytes that arrive piece by piece.
pub trait Split: Send {
    /// Looks for a record in `bytes` from offset `at`; `last` says that no bytes will follow.
    ///
    /// After `More` it is called again with the same `at` and more bytes, and does not look at the same bytes twice.
    /// A fault's offset counts from `at`; it is one after which nothing can be read.
    fn next(&mut self, bytes: &[u8], at: usize, last: bool) -> Parsed<Found>;
}

/// Records that are lines.
#[derive(Debug, Default)]
pub struct Lines {
    looked: usize,
}

impl Split for Lines {
    fn next(&mut self, bytes: &[u8], at: usize, last: bool) -> Parsed<Found> {
        if let Some(length) = memchr(b'\n', &bytes[at + self.looked..]) {
            let end = at + self.looked + length;
            self.looked = 0;
            let next = end + 1;
            return Ok(Found::Record {
                start: at,
                end,
                next,
            });
        }
        let end = bytes.len();
        if !last {
            self.looked = end - at;
            return Ok(Found::More);
        }
        self.looked = 0;
        Ok(if end == at {
            Found::End
        } else {
            Found::Record {
                start: at,
                end,
                next: end,
            }
        })
    }
}

/// The blocks of one file.
pub struct Blocks {
    input: Input,
    split: Box<dyn Split>,
    rest: Vec<u8>,
    line: u64,
    column: u64,
    read_all: bool,
    ended: bool,
    failure: Option<Error>,
}

impl Blocks {
    /// Blocks of a file whose records `split` finds.
    pub fn new(input: Input, split: Box<dyn Split>) -> Self {
        Self {
            input,
            split,
            rest: Vec::new(),
            line: 1,
            column: 1,
            read_all: false,
            ended: false,
            failure: None,
        }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        self.input.file()
    }

    /// The next block: at most `max_rows` records, and no further record once `max_bytes` are reached.
    ///
    /// What was read before a failure is delivered first; the failure comes with the next call.
    pub fn next(&mut self, max_rows: usize, max_bytes: usize) -> Result<Option<Block>, Error> {
        if let Some(failure) = self.failure.take() {
            self.ended = true;
            return Err(failure);
        }
        let mut block = Block {
            bytes: std::mem::take(&mut self.rest),
            records: Vec::new(),
        };
        // Growing by doubling would take up to twice the memory.
        let room = max_bytes.min(ROOM) + PIECE;
        block
            .bytes
            .reserve_exact(room.saturating_sub(block.bytes.len()));
        let mut at = 0;
        while !self.ended && block.records.len() < max_rows && (at == 0 || at < max_bytes) {
            match self.step(&mut block, at) {
                Ok(next) => at = next,
                Err(failure) if block.records.is_empty() => {
                    self.ended = true;
                    return Err(failure);
                }
                Err(failure) => {
                    self.failure = Some(failure);
                    return Ok(Some(block));
                }
            }
        }
        self.rest = block.bytes.split_off(at);
        Ok((!block.records.is_empty()).then_some(block))
    }

    fn step(&mut self, block: &mut Block, at: usize) -> Result<usize, Error> {
        let found = self.split.next(&block.bytes, at, self.read_all);
        match found.map_err(|fault| self.malformed(&block.bytes[at..], &fault))? {
            Found::Record { start, end, next } => {
                (self.line, self.column) = place(&block.bytes[at..start], self.line, self.column);
                if end - start > LONGEST {
                    let fault = Fault::new(
                        0,
                        "this record is longer than 2 GiB, the limit for one record",
                    );
                    return Err(self.malformed(&[], &fault));
                }
                block.records.push(Record {
                    start,
                    end,
                    line: self.line,
                    column: self.column,
                });
                (self.line, self.column) = place(&block.bytes[start..next], self.line, self.column);
                Ok(next)
            }
            Found::More => {
                if block.bytes.len() - at > LONGEST {
                    let fault = Fault::new(
                        0,
                        "this record is longer than 2 GiB, the limit for one record",
                    );
                    return Err(self.malformed(&[], &fault));
                }
                self.read_all = !self.input.read(&mut block.bytes)?;
                Ok(at)
            }
            Found::End => {
                self.ended = true;
                Ok(at)
            }
        }
    }

    fn malformed(&self, bytes: &[u8], fault: &Fault) -> Error {
        let passed = &bytes[..fault.at.min(bytes.len())];
        let (line, column) = place(passed, self.line, self.column);
        Error::Malformed {
            file: self.file().to_owned(),
            line,
            column,
            message: fault.describe(),
        }
    }
}
