//! Reading texts from a column, row by row, whatever its layout.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::DataType;

use crate::Error;

/// Rows of a block at most.
const BLOCK_ROWS: usize = 16 * 1024;
/// Bytes after which a block ends.
const BLOCK_BYTES: usize = 8 << 20;

/// The texts of one array.
pub struct Texts<'a> {
    layout: Layout<'a>,
    len: usize,
}

enum Layout<'a> {
    Utf8(&'a StringArray),
    LargeUtf8(&'a LargeStringArray),
    Utf8View(&'a StringViewArray),
    Dictionary {
        array: &'a dyn Array,
        keys: Vec<usize>,
        values: Box<Texts<'a>>,
    },
    Null,
}

impl<'a> Texts<'a> {
    /// Opens an array.
    pub fn new(array: &'a dyn Array) -> Result<Self, Error> {
        let layout = match array.data_type() {
            DataType::Utf8 => Layout::Utf8(array.as_string()),
            DataType::LargeUtf8 => Layout::LargeUtf8(array.as_string()),
            DataType::Utf8View => Layout::Utf8View(array.as_string_view()),
            DataType::Null => Layout::Null,
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                let values = Box::new(Self::new(dictionary.values().as_ref())?);
                if values.len == 0 {
                    Layout::Null // every key is null, and normalising them would fail
                } else {
                    let keys = dictionary.normalized_keys();
                    Layout::Dictionary {
                        array,
                        keys,
                        values,
                    }
                }
            }
            other => return Err(Error::NoText(other.clone())),
        };
        Ok(Self {
            layout,
            len: array.len(),
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The text of a row, none for null.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        match &self.layout {
            Layout::Utf8(array) => array.is_valid(row).then(|| array.value(row)),
            Layout::LargeUtf8(array) => array.is_valid(row).then(|| array.value(row)),
            Layout::Utf8View(array) => array.is_valid(row).then(|| array.value(row)),
            Layout::Dictionary {
                array,
                keys,
                values,
            } => {
                if array.is_null(row) {
                    None
                } else {
                    values.get(keys[row])
                }
            }
            Layout::Null => {
                assert!(row < self.len, "row {row} of {}", self.len);
                None
            }
        }
    }

    /// The texts of a range of rows.
    pub fn slice(&self, rows: Range<usize>) -> Vec<Option<&'a str>> {
        rows.map(|row| self.get(row)).collect()
    }

    /// The rows in blocks that take a moment each, so that the caller can look at signals in between.
    pub fn blocks(&self) -> Blocks<'_, 'a> {
        Blocks { texts: self, at: 0 }
    }
}

/// Consecutive ranges of rows.
pub struct Blocks<'t, 'a> {
    texts: &'t Texts<'a>,
    at: usize,
}

impl Iterator for Blocks<'_, '_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let (start, mut bytes) = (self.at, 0);
        while self.at < self.texts.len && self.at - start < BLOCK_ROWS && bytes < BLOCK_BYTES {
            bytes += self.texts.get(self.at).map_or(0, str::len);
            self.at += 1;
        }
        (start < self.at).then_some(start..self.at)
    }
}
