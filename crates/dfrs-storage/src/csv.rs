//! The values of a row of a CSV file, and the types that columns of such values have.
//!
//! An empty value is null, `""` is the empty string. Without a schema a column is a number or a boolean only if writing
//! it back gives the very same text ("007", "+1" and "0.50" stay text), and only if no value is in quotes: quotes say
//! that a value is text.

use std::borrow::Cow;

use arrow_schema::DataType;
use memchr::memchr;

use crate::column::Row;
use crate::error::{Fault, Parsed};
use crate::scalar::is_canonical_float;
use crate::shape::nul;

/// A value and how it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// The value without quotes.
    pub text: Cow<'a, str>,
    /// It stood in quotes.
    pub quoted: bool,
    /// Where it begins.
    pub at: usize,
}

/// Calls `each` with the values of a row, which is without its line end.
pub fn values<'a>(
    row: &'a str,
    delimiter: u8,
    mut each: impl FnMut(Value<'a>) -> Parsed<()>,
) -> Parsed<()> {
    let bytes = row.as_bytes();
    let mut at = 0;
    loop {
        let (value, end) = if bytes.get(at) == Some(&b'"') {
            quoted(row, at)?
        } else {
            let length = memchr(delimiter, &bytes[at..]).unwrap_or(bytes.len() - at);
            let text = Cow::Borrowed(&row[at..at + length]);
            (
                Value {
                    text,
                    quoted: false,
                    at,
                },
                at + length,
            )
        };
        each(value)?;
        match bytes.get(end) {
            None => return Ok(()),
            Some(&byte) if byte == delimiter => at = end + 1,
            Some(_) => {
                let message = "expected the delimiter or the end of the row after the closing quote; a quote inside \
                               a quoted value is written twice (\"\")";
                return Err(Fault::new(end, message));
            }
        }
    }
}

fn quoted(row: &str, start: usize) -> Parsed<(Value<'_>, usize)> {
    let bytes = row.as_bytes();
    let mut text = Cow::Borrowed("");
    let mut at = start + 1;
    loop {
        let Some(length) = memchr(b'"', &bytes[at..]) else {
            return Err(Fault::new(start, "a quote is opened here and never closed"));
        };
        let end = at + length;
        let double = bytes.get(end + 1) == Some(&b'"');
        let piece = &row[at..end + usize::from(double)];
        if text.is_empty() && !double {
            text = Cow::Borrowed(piece);
        } else {
            text.to_mut().push_str(piece);
        }
        at = end + 1 + usize::from(double);
        if !double {
            return Ok((
                Value {
                    text,
                    quoted: true,
                    at: start,
                },
                at,
            ));
        }
    }
}

/// A row without its line end.
pub fn without_line_end(row: &str) -> &str {
    row.strip_suffix('\r').unwrap_or(row)
}

/// The names of the columns.
pub fn header(row: &str, delimiter: u8) -> Parsed<Vec<String>> {
    let row = without_line_end(row);
    let mut names: Vec<String> = Vec::new();
    values(row, delimiter, |value| {
        if !value.quoted
            && let Some(at) = memchr(b'\r', value.text.as_bytes())
        {
            let message = "expected lines that end in LF or CRLF, found CR alone; convert the file";
            return Err(Fault::new(value.at + at, message));
        }
        if names.iter().any(|name| *name == value.text) {
            let message = format!("the header names the column '{}' twice", value.text);
            return Err(Fault::new(value.at, message));
        }
        if value.text.contains('\0') {
            return Err(nul(value.at));
        }
        names.push(value.text.into_owned());
        Ok(())
    })?;
    Ok(names)
}

/// Whether a row is an empty line, which stands for nothing; in a file of one column it is a null.
pub fn is_blank(row: &str, columns: usize) -> bool {
    columns > 1 && row.is_empty()
}

/// The fault of a row with too many or too few values, if it has.
pub fn check_width(found: usize, columns: usize, at: usize) -> Parsed<()> {
    if found == columns {
        return Ok(());
    }
    Err(Fault::new(
        at,
        format!("expected {columns} values as in the header, found {found}"),
    ))
}

/// What is known of the values of a column.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // four independent questions
pub struct Column {
    any: bool,
    boolean: bool,
    float: bool,
    integer: bool,
    least: i128,
    most: i128,
}

impl Default for Column {
    fn default() -> Self {
        Self {
            any: false,
            boolean: true,
            float: true,
            integer: true,
            least: 0,
            most: 0,
        }
    }
}

impl Column {
    /// Looks at a value.
    pub fn observe(&mut self, value: &Value) {
        if value.text.is_empty() && !value.quoted {
            return;
        }
        self.any = true;
        if value.quoted {
            (self.boolean, self.float, self.integer) = (false, false, false);
            return;
        }
        self.boolean = self.boolean && matches!(&*value.text, "true" | "false");
        self.float = self.float && is_canonical_float(&value.text);
        if self.integer {
            match canonical_integer(&value.text) {
                Some(found) => {
                    self.least = self.least.min(found);
                    self.most = self.most.max(found);
                }
                None => self.integer = false,
            }
        }
    }

    /// Adds what a later block knows.
    pub fn merge(&mut self, later: &Self) {
        self.any |= later.any;
        self.boolean &= later.boolean;
        self.float &= later.float;
        self.integer &= later.integer;
        self.least = self.least.min(later.least);
        self.most = self.most.max(later.most);
    }

    /// The type that holds every value.
    pub fn data_type(&self) -> DataType {
        if !self.any {
            DataType::Null
        } else if self.boolean {
            DataType::Boolean
        } else if self.float {
            DataType::Float64
        } else if self.integer && self.least >= i64::MIN.into() && self.most <= i64::MAX.into() {
            DataType::Int64
        } else if self.integer && self.least >= 0 && self.most <= u64::MAX.into() {
            DataType::UInt64
        } else {
            DataType::Utf8
        }
    }
}

fn canonical_integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty()
        && digits.len() <= 20
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = plain && (!digits.starts_with('0') || text == "0");
    if canonical { text.parse().ok() } else { None }
}

/// Whether a text would be taken for something else than a string if it stood without quotes.
pub fn looks_typed(text: &str) -> bool {
    text.is_empty()
        || matches!(text, "true" | "false")
        || canonical_integer(text).is_some()
        || is_canonical_float(text)
}

/// Reads a row into columns; `targets` says for each value of the row to which column it belongs.
pub fn fill(text: &str, delimiter: u8, targets: &[Option<usize>], row: &mut Row) -> Parsed<()> {
    let mut found = 0;
    values(text, delimiter, |value| {
        found += 1;
        let Some(Some(target)) = targets.get(found - 1) else {
            return Ok(());
        };
        let column = row.column(*target);
        let text_column = matches!(column.data_type(), DataType::Utf8 | DataType::LargeUtf8);
        if value.text.is_empty() && !(value.quoted && text_column) {
            column.null(value.at)
        } else {
            column.csv(&value.text, value.at)
        }
    })?;
    check_width(found, targets.len(), text.len())?;
    row.end(0)
}
