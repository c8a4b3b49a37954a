//! Binding of `dfrs_columnar::rows`.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::DataType;
use dfrs_columnar::rows;
use pyo3::prelude::*;
use pyo3_arrow::PyArray;

use crate::errors::{self, OperatorError};

/// Positions of the rows that a mask keeps (int64) and of those that it drops (uint64); null counts as dropped.
#[pyfunction]
pub fn split(py: Python<'_>, keep: PyArray) -> PyResult<(PyArray, PyArray)> {
    let array = keep.array();
    let mask = array
        .as_boolean_opt()
        .ok_or_else(|| OperatorError::new_err("a mask is a boolean column"))?;
    let (kept, dropped) = py.detach(|| rows::split(mask));
    Ok((wrap(Arc::new(kept)), wrap(Arc::new(dropped))))
}

/// The values of a column at some positions, in a column of the same type.
#[pyfunction]
pub fn take(py: Python<'_>, values: PyArray, positions: PyArray) -> PyResult<PyArray> {
    let (values, field) = values.into_inner();
    let taken = py
        .detach(|| rows::take(&values, positions.array()))
        .map_err(|error| errors::from_columnar(&error))?;
    Ok(PyArray::new(taken, field))
}

/// How many of the ascending positions lie before `start`, and those up to `end`, counted from `start`.
#[pyfunction]
pub fn window(positions: PyArray, start: i64, end: i64) -> PyResult<(usize, PyArray)> {
    let array = positions.array();
    if *array.data_type() != DataType::Int64 {
        return Err(OperatorError::new_err("positions are an int64 column"));
    }
    let (before, inside) = rows::window(array.as_primitive::<Int64Type>(), start, end);
    Ok((before, wrap(Arc::new(inside))))
}

fn wrap(array: ArrayRef) -> PyArray {
    PyArray::from_array_ref(array)
}
