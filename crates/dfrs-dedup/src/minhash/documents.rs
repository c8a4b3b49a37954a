//! What is kept of every text: a record of 32 bytes, and its set of n-gram hashes for the comparison of candidates.

use crate::Error;
use crate::files::{Folder, Store, Writer, checksum};
use std::sync::Arc;

/// Bytes of a record.
const RECORD: usize = 32;
/// File names in the folder of an index.
const TABLE: &str = "documents";
const SETS: &str = "sets";

/// What is known of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Where its set begins, in hashes and checksums.
    start: u64,
    /// Number of hashes in its set; 0 for a text without n-grams.
    pub len: u32,
    /// Whether the row has a text at all.
    pub present: bool,
    /// Lower half of its digest; the upper half is its key.
    pub check: u64,
}

impl Document {
    fn to_bytes(self, row: u64) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[..8].copy_from_slice(&self.start.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.len.to_le_bytes());
        bytes[12] = u8::from(self.present);
        bytes[16..24].copy_from_slice(&self.check.to_le_bytes());
        let sum = checksum(&bytes[..24], row);
        bytes[24..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD], row: u64) -> Option<Self> {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        (checksum(&bytes[..24], row) == number(24)).then(|| Self {
            start: number(0),
            len: number(8) as u32,
            present: bytes[12] == 1,
            check: number(16),
        })
    }
}

/// Appends documents.
pub struct DocumentsWriter {
    files: [Arc<Store>; 2],
    table: Writer,
    sets: Option<Writer>,
    rows: u64,
    words: u64,
    bytes: Vec<u8>,
}

impl DocumentsWriter {
    /// Starts with none; sets are kept if candidates are to be verified.
    pub fn new(folder: &Folder, lasting: bool, keep_sets: bool) -> Result<Self, Error> {
        let file = |name| {
            if lasting {
                folder.named(name)
            } else {
                folder.unnamed()
            }
        };
        let files = [Arc::new(file(TABLE)?), Arc::new(file(SETS)?)];
        Ok(Self {
            table: files[0].writer(),
            sets: keep_sets.then(|| files[1].writer()),
            files,
            rows: 0,
            words: 0,
            bytes: Vec::new(),
        })
    }

    /// Number of rows so far.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends a row without a text.
    pub fn push_missing(&mut self) -> Result<(), Error> {
        self.push_record(Document {
            start: self.words,
            len: 0,
            present: false,
            check: 0,
        })
    }

    /// Appends a text by the lower half of its digest and its set.
    pub fn push(&mut self, check: u64, set: &[u64]) -> Result<(), Error> {
        let document = Document {
            start: self.words,
            len: u32::try_from(set.len()).map_err(|_| Error::Full(set.len()))?,
            present: true,
            check,
        };
        if let Some(out) = self.sets.as_mut().filter(|_| !set.is_empty()) {
            self.bytes.clear();
            self.bytes
                .extend(set.iter().flat_map(|hash| hash.to_le_bytes()));
            let sum = checksum(&self.bytes, self.rows);
            self.bytes.extend_from_slice(&sum.to_le_bytes());
            out.write(&self.bytes)?;
            self.words += set.len() as u64 + 1;
        }
        self.push_record(document)
    }

    fn push_record(&mut self, document: Document) -> Result<(), Error> {
        self.table.write(&document.to_bytes(self.rows))?;
        self.rows += 1;
        Ok(())
    }

    /// Ends the input.
    pub fn finish(self) -> Result<Documents, Error> {
        self.table.finish()?;
        self.sets.map_or(Ok(()), Writer::finish)?;
        let [table, sets] = self.files;
        Ok(Documents {
            table,
            sets,
            rows: self.rows,
            words: self.words,
        })
    }
}

/// Documents that can be read in any order.
#[derive(Debug, Clone)]
pub struct Documents {
    table: Arc<Store>,
    sets: Arc<Store>,
    /// Number of rows.
    pub rows: u64,
    /// Hashes and checksums in the file of sets.
    pub words: u64,
}

impl Documents {
    /// Opens the documents of an index.
    pub fn open(folder: &Folder, rows: u64, words: u64) -> Result<Self, Error> {
        let (table, sets) = (folder.existing(TABLE)?, folder.existing(SETS)?);
        table.expect_len(rows * RECORD as u64)?;
        sets.expect_len(words * 8)?;
        Ok(Self {
            table: Arc::new(table),
            sets: Arc::new(sets),
            rows,
            words,
        })
    }

    /// Makes the files survive a crash of the machine.
    pub fn sync(&self) -> Result<(), Error> {
        self.table.sync()?;
        self.sets.sync()
    }

    /// What is known of a row.
    pub fn get(&self, row: u64) -> Result<Document, Error> {
        let mut bytes = [0; RECORD];
        self.table.read_at(row * RECORD as u64, &mut bytes)?;
        Document::from_bytes(&bytes, row).ok_or_else(|| {
            self.table.corrupt(&format!(
                "the record of row {row} does not have its checksum"
            ))
        })
    }

    /// Reads the set of a row into `out`.
    pub fn read_set(&self, row: u64, out: &mut Vec<u64>) -> Result<(), Error> {
        let document = self.get(row)?;
        out.clear();
        if document.len == 0 {
            return Ok(());
        }
        let mut bytes = vec![0; 8 * (document.len as usize + 1)];
        self.sets.read_at(document.start * 8, &mut bytes)?;
        let (set, sum) = bytes.split_at(8 * document.len as usize);
        if checksum(set, row).to_le_bytes() != sum {
            return Err(self
                .sets
                .corrupt(&format!("the set of row {row} does not have its checksum")));
        }
        out.extend(
            set.chunks_exact(8)
                .map(|eight| u64::from_le_bytes(eight.try_into().expect("8 bytes"))),
        );
        Ok(())
    }

    /// Reads everything and checks it.
    pub fn check(&self) -> Result<(), Error> {
        let mut set = Vec::new();
        for row in 0..self.rows {
            if self.words > 0 {
                self.read_set(row, &mut set)?;
            } else {
                self.get(row)?;
            }
        }
        Ok(())
    }
}
