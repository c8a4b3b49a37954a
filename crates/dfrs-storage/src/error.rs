//! What can go wrong with a file, and where.

use std::io;

/// Characters of a bad record that are kept for the report.
const EXCERPT: usize = 500;

/// A fault inside one record: the byte offset from the record's start, and what was expected there.
///
/// It is turned into file, line and column by whoever knows where the record lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset from the start of the record.
    pub at: usize,
    /// What was expected and what was found.
    pub message: String,
    /// Names of the columns around the value, innermost first; empty where the syntax is at fault.
    pub path: Vec<String>,
}

impl Fault {
    /// A fault of syntax.
    pub fn new(at: usize, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            at,
            message: message.into(),
            path: Vec::new(),
        })
    }

    /// The same fault, seen from the column around it.
    #[must_use]
    pub fn within(mut self: Box<Self>, name: &str) -> Box<Self> {
        self.path.push(name.to_owned());
        self
    }

    /// The message with the column it is about.
    pub fn describe(&self) -> String {
        if self.path.is_empty() {
            return self.message.clone();
        }
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        format!("column '{}': {}", path.join("."), self.message)
    }
}

/// The result of reading something inside a record.
pub type Parsed<T> = Result<T, Box<Fault>>;

/// A record that could not be read and was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Byte column, from 1.
    pub column: u64,
    /// What was expected and what was found.
    pub message: String,
    /// The record's text, cut to 500 characters.
    pub text: String,
}

/// The first characters of a record, with replacement characters for what is no UTF-8.
pub fn excerpt(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(EXCERPT * 4)];
    String::from_utf8_lossy(head)
        .trim_end_matches(['\n', '\r'])
        .chars()
        .take(EXCERPT)
        .collect()
}

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A record, or the file as a whole, is not what its format demands.
    #[error("{file}, line {line}, column {column}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Byte column, from 1.
        column: u64,
        /// What was expected and what was found.
        message: String,
    },
    /// Compressed data are damaged or cut off.
    #[error(
        "{file}: the {kind} data are damaged or cut off ({source}); fetch or compress the file again"
    )]
    Compressed {
        /// The file.
        file: String,
        /// `gzip` or `zstd`.
        kind: &'static str,
        /// What the decoder said.
        source: io::Error,
    },
    /// A part of the step store that Arrow cannot write or read.
    #[error("{file}: {source}")]
    Part {
        /// The file.
        file: String,
        /// What Arrow said.
        source: arrow_schema::ArrowError,
    },
    /// A type that a text format cannot be read into, or an unknown option.
    #[error("{0}")]
    Parameter(String),
    /// A value or type that the output format cannot hold.
    #[error("{0}")]
    Export(String),
}
