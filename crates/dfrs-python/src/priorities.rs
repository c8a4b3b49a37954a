//! Columns of priorities, and columns of texts block by block beside them.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_schema::DataType;
use dfrs_columnar::Texts;
use dfrs_dedup::Priority;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyArray;

use crate::errors::{self, ColumnError};
use crate::threads;

/// The priorities of some rows; none where there is no column.
pub fn read(column: Option<AnyArray>) -> PyResult<Vec<Priority>> {
    let Some(column) = column else {
        return Ok(Vec::new());
    };
    let mut priorities = Vec::new();
    for chunk in column.into_chunked_array()?.chunks() {
        match chunk.data_type() {
            DataType::Int64 => priorities.extend(
                chunk
                    .as_primitive::<Int64Type>()
                    .iter()
                    .map(|value| value.map_or(Priority::NONE, Priority::of_integer)),
            ),
            DataType::Float64 => priorities.extend(
                chunk
                    .as_primitive::<Float64Type>()
                    .iter()
                    .map(|value| value.map_or(Priority::NONE, Priority::of_number)),
            ),
            other => {
                return Err(ColumnError::new_err(format!(
                    "priorities are a column of int64 or float64, not {other}"
                )));
            }
        }
    }
    Ok(priorities)
}

/// Calls `take` on the threads of the kernels with blocks of texts and their priorities, in order.
pub fn feed<T: Send>(
    py: Python<'_>,
    column: AnyArray,
    priorities: Option<AnyArray>,
    mut take: impl FnMut(&[Option<&str>], &[Priority]) -> Result<T, dfrs_dedup::Error> + Send,
) -> PyResult<Vec<T>> {
    let priorities = read(priorities)?;
    let mut results = Vec::new();
    let mut first = 0;
    for chunk in column.into_chunked_array()?.chunks() {
        let texts = Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
        for rows in texts.blocks() {
            py.check_signals()?;
            let rows = texts.slice(rows);
            let end = (first + rows.len()).min(priorities.len());
            let here = &priorities[first.min(end)..end];
            first += rows.len();
            let result = threads::run(py, || take(&rows, here))?;
            results.push(result.map_err(|error| errors::from_dedup(&error))?);
        }
    }
    Ok(results)
}
