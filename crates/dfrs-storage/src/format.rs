//! The text formats.

use crate::blocks::{Lines, Split};
use crate::csv_rows::Rows;
use crate::elements::Elements;
use crate::error::Error;

/// A text format; compression is told from the file's first bytes, not from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object per line.
    JsonLines,
    /// One array of JSON objects.
    Json,
    /// Values separated by this byte, the first row names the columns.
    Csv(u8),
}

impl Format {
    /// The format of a name: `jsonl`, `json`, `csv` or `tsv`.
    pub fn named(name: &str) -> Result<Self, Error> {
        match name {
            "jsonl" => Ok(Self::JsonLines),
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv(b',')),
            "tsv" => Ok(Self::Csv(b'\t')),
            other => Err(Error::Parameter(format!(
                "'{other}' is no text format: jsonl, json, csv or tsv"
            ))),
        }
    }

    /// What finds the records of this format.
    pub fn split(self) -> Box<dyn Split> {
        match self {
            Self::JsonLines => Box::new(Lines::default()),
            Self::Json => Box::new(Elements::default()),
            Self::Csv(delimiter) => Box::new(Rows::new(delimiter)),
        }
    }
}
