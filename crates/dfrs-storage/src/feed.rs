//! The blocks of all files in order, a few at a time, and what the two passes share about records.

use std::sync::Arc;

use arrow_schema::SchemaRef;

use crate::blocks::{Block, Blocks, Record};
use crate::csv;
use crate::error::{Error, Fault, Parsed};
use crate::format::Format;
use crate::input::Input;

/// Blocks are read ahead for the threads until they have this many bytes.
const GROUP_BYTES: usize = 16 << 20;
/// Blocks that are worked on at once, at most.
const GROUP_BLOCKS: usize = 16;
/// Largest block that can be asked for.
const LARGEST_BATCH: usize = 1 << 30;

/// Where bytes come from: a path, or bytes in memory under a name.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A file.
    File(String),
    /// A name, bytes and the size of the pieces in which they arrive, for tests and fuzzing.
    Memory(String, Vec<u8>, usize),
}

impl Origin {
    /// The name for messages.
    pub fn name(&self) -> &str {
        match self {
            Self::File(name) | Self::Memory(name, _, _) => name,
        }
    }

    fn open(&self) -> Result<Input, Error> {
        match self {
            Self::File(name) => Input::open(name.as_ref()),
            Self::Memory(name, bytes, piece) => Ok(Input::memory(name, bytes.clone(), *piece)),
        }
    }
}

/// What to read and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The format of all files.
    pub format: Format,
    /// The columns wanted, in this order; None = all.
    pub columns: Option<Vec<String>>,
    /// Types that are given, not decided.
    pub given: Option<SchemaRef>,
    /// Bad records are left out and reported instead of ending the reading.
    pub skip: bool,
    /// Rows of a batch, at most.
    pub batch_rows: usize,
    /// Bytes of text after which a batch takes no further row.
    pub batch_bytes: usize,
}

impl Options {
    /// Options that read everything in batches of moderate size.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            columns: None,
            given: None,
            skip: false,
            batch_rows: 8192,
            batch_bytes: 1 << 20,
        }
    }
}

/// A block, and what its file's header says.
pub(crate) struct Part {
    pub(crate) file: usize,
    pub(crate) header: Option<Arc<[String]>>,
    pub(crate) block: Block,
}

/// The blocks of all files, in order.
pub(crate) struct Feed {
    files: Vec<Origin>,
    format: Format,
    rows: usize,
    bytes: usize,
    next: usize,
    current: Option<(Option<Arc<[String]>>, Blocks)>,
    failure: Option<Error>,
}

impl Feed {
    pub(crate) fn new(files: Vec<Origin>, format: Format, rows: usize, bytes: usize) -> Self {
        Self {
            files,
            format,
            rows: rows.max(1),
            bytes: bytes.clamp(1, LARGEST_BATCH),
            next: 0,
            current: None,
            failure: None,
        }
    }

    /// The blocks to work on next; what was read before a failure comes before it.
    pub(crate) fn group(&mut self) -> Result<Vec<Part>, Error> {
        if let Some(failure) = self.failure.take() {
            self.stop();
            return Err(failure);
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut bytes = 0;
        let most = rayon::current_num_threads().clamp(1, GROUP_BLOCKS);
        while parts.len() < most && bytes < GROUP_BYTES {
            match self.part() {
                Ok(Some(part)) => {
                    bytes += part.block.bytes.len();
                    parts.push(part);
                }
                Ok(None) => break,
                Err(failure) => {
                    self.current = None;
                    self.failure = Some(failure);
                    if parts.is_empty() {
                        return self.group();
                    }
                    break;
                }
            }
        }
        Ok(parts)
    }

    /// Ends the reading.
    pub(crate) fn stop(&mut self) {
        self.next = self.files.len();
        self.current = None;
        self.failure = None;
    }

    fn part(&mut self) -> Result<Option<Part>, Error> {
        loop {
            if let Some((header, blocks)) = &mut self.current {
                if let Some(block) = blocks.next(self.rows, self.bytes)? {
                    return Ok(Some(Part {
                        file: self.next - 1,
                        header: header.clone(),
                        block,
                    }));
                }
                self.current = None;
            }
            let Some(origin) = self.files.get(self.next) else {
                return Ok(None);
            };
            self.next += 1;
            let mut blocks = Blocks::new(origin.open()?, self.format.split());
            let header = match self.format {
                Format::Csv(delimiter) => Some(header(&mut blocks, delimiter)?),
                Format::JsonLines | Format::Json => None,
            };
            self.current = Some((header, blocks));
        }
    }
}

/// The first row of a CSV file; a file without one has no columns.
fn header(blocks: &mut Blocks, delimiter: u8) -> Result<Arc<[String]>, Error> {
    let Some(block) = blocks.next(1, 1)? else {
        return Ok(Arc::new([]));
    };
    let record = block.records[0];
    let names = text(&block, &record).and_then(|text| csv::header(text, delimiter));
    let names = names.map_err(|fault| malformed(blocks.file(), &block, &record, &fault))?;
    Ok(names.into())
}

pub(crate) fn text<'a>(block: &'a Block, record: &Record) -> Parsed<&'a str> {
    let bytes = &block.bytes[record.start..record.end];
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Fault::new(
            at,
            format!("expected UTF-8, found the byte 0x{:02x}", bytes[at]),
        )
    })
}

pub(crate) fn malformed(file: &str, block: &Block, record: &Record, fault: &Fault) -> Error {
    let (line, column) = record.place(&block.bytes, fault.at);
    Error::Malformed {
        file: file.to_owned(),
        line,
        column,
        message: fault.describe(),
    }
}

pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}
