//! A string column made of texts.

use std::sync::Arc;

use arrow_array::builder::{GenericStringBuilder, StringViewBuilder};
use arrow_array::{ArrayRef, OffsetSizeTrait};
use arrow_schema::{ArrowError, DataType};

use crate::Error;

/// Makes a column of a string type.
///
/// `rows` and `bytes` are what to make room for.
pub fn text_array<'t>(
    data_type: &DataType,
    rows: usize,
    bytes: usize,
    texts: impl Iterator<Item = Option<&'t str>>,
) -> Result<ArrayRef, Error> {
    match data_type {
        DataType::Utf8 => with_offsets::<i32>(data_type, rows, bytes, texts),
        DataType::LargeUtf8 => with_offsets::<i64>(data_type, rows, bytes, texts),
        DataType::Utf8View => {
            let mut builder = StringViewBuilder::with_capacity(rows);
            texts.for_each(|text| builder.append_option(text));
            Ok(Arc::new(builder.finish()))
        }
        other => Err(Error::NoText(other.clone())),
    }
}

fn with_offsets<'t, O: OffsetSizeTrait>(
    data_type: &DataType,
    rows: usize,
    bytes: usize,
    texts: impl Iterator<Item = Option<&'t str>>,
) -> Result<ArrayRef, Error> {
    let mut builder = GenericStringBuilder::<O>::with_capacity(rows, bytes);
    let mut length = 0;
    for text in texts {
        length += text.map_or(0, str::len);
        if O::from_usize(length).is_none() {
            let source = ArrowError::OffsetOverflowError(length);
            return Err(Error::TooLong {
                data_type: data_type.clone(),
                source,
            });
        }
        builder.append_option(text);
    }
    Ok(Arc::new(builder.finish()))
}
