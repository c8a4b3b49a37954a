//! Binding of `dfrs_dedup::vectors`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float32Array, Int64Array};
use dfrs_dedup::vectors;
use pyo3::prelude::*;
use pyo3_arrow::PyArray;

use crate::errors::OperatorError;
use crate::threads;

/// Positions of `count` vectors chosen greedily (int64), and every vector's distance to the nearest of them (float32).
#[pyfunction]
pub fn k_center(
    py: Python<'_>,
    vectors: PyArray,
    count: usize,
    start: usize,
) -> PyResult<(PyArray, PyArray)> {
    let (values, size) = floats(&vectors)?;
    if start >= vectors.array().len().max(1) {
        return Err(OperatorError::new_err(format!(
            "start={start}: there are {} vectors",
            vectors.array().len()
        )));
    }
    let found = threads::run(py, || {
        vectors::k_center(values.values(), size, count, start)
    })?;
    Ok((
        wrap(Arc::new(positions(found.chosen))),
        wrap(Arc::new(Float32Array::from(found.distances))),
    ))
}

/// For each query the `count` vectors of greatest cosine (all, where there are fewer), best first, one query after the
/// other: positions (int64) and cosines (float32).
#[pyfunction]
pub fn nearest(
    py: Python<'_>,
    queries: PyArray,
    vectors: PyArray,
    count: usize,
) -> PyResult<(PyArray, PyArray)> {
    let (asked, own) = floats(&queries)?;
    let (values, size) = floats(&vectors)?;
    if own != size {
        return Err(OperatorError::new_err(format!(
            "the queries have {own} numbers each, the vectors {size}"
        )));
    }
    let found = threads::run(py, || {
        vectors::nearest(asked.values(), values.values(), size, count)
    })?;
    let (cosines, rows): (Vec<f32>, Vec<usize>) = found.into_iter().flatten().unzip();
    Ok((
        wrap(Arc::new(positions(rows))),
        wrap(Arc::new(Float32Array::from(cosines))),
    ))
}

/// The numbers of vectors without nulls, and the numbers per vector.
fn floats(vectors: &PyArray) -> PyResult<(Float32Array, usize)> {
    let wrong =
        || OperatorError::new_err("vectors are a fixed-size list of float32, without nulls");
    let array = vectors.array();
    let lists = array.as_fixed_size_list_opt().ok_or_else(wrong)?;
    if lists.null_count() > 0 {
        return Err(wrong());
    }
    let size = usize::try_from(lists.value_length()).map_err(|_| wrong())?;
    if size == 0 && !lists.is_empty() {
        return Err(wrong());
    }
    let values = lists
        .values()
        .as_primitive_opt::<Float32Type>()
        .ok_or_else(wrong)?;
    if values.null_count() > 0 {
        return Err(wrong());
    }
    // `values()` of a sliced list is already cut to its rows.
    Ok((values.clone(), size))
}

fn positions(rows: Vec<usize>) -> Int64Array {
    rows.into_iter()
        .map(|row| i64::try_from(row).expect("a position fits"))
        .collect()
}

fn wrap(array: ArrayRef) -> PyArray {
    PyArray::from_array_ref(array)
}
