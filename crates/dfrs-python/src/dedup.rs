//! Binding of `dfrs_dedup`: an index that is fed with Arrow columns and answers with Arrow columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringViewArray, UInt64Array,
};
use arrow_schema::DataType;
use dfrs_dedup::bands::Bands;
use dfrs_dedup::{Index, Options, Verdict};
use pyo3::import_exception;
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

import_exception!(dataflow_rs.exceptions, ColumnError);
import_exception!(dataflow_rs.exceptions, OperatorError);
import_exception!(dataflow_rs.exceptions, ParameterError);

/// Rows between two looks at Ctrl-C.
const ROWS_PER_LOOK: usize = 16 * 1024;

/// Kept texts of a greedy near-duplicate search, fed with columns in row order.
#[pyclass(module = "dataflow_rs._native")]
pub struct MinHashIndex {
    index: Index,
}

#[pymethods]
impl MinHashIndex {
    #[new]
    #[pyo3(signature = (num_perm=128, threshold=0.9, ngram=5, use_n_gram=true, verify=false))]
    fn new(
        num_perm: usize,
        threshold: f64,
        ngram: usize,
        use_n_gram: bool,
        verify: bool,
    ) -> PyResult<Self> {
        let ngram = if use_n_gram { ngram } else { 1 };
        let options = Options {
            num_perm,
            threshold,
            ngram,
            verify,
        };
        let index = Index::new(&options).map_err(|error| to_python(&error))?;
        Ok(Self { index })
    }

    /// Decides the rows of a column: keep (bool), `duplicate_of` (uint64), similarity (float64).
    fn insert(&mut self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let chunks = column.into_chunked_array()?;
        let mut verdicts = Vec::new();
        for chunk in chunks.chunks() {
            let texts = texts(chunk)?;
            for rows in texts.chunks(ROWS_PER_LOOK) {
                py.check_signals()?;
                let decided = py
                    .detach(|| self.index.insert_batch(rows))
                    .map_err(|error| to_python(&error))?;
                verdicts.extend(decided);
            }
        }
        Ok(PyRecordBatch::new(to_arrow(&verdicts)))
    }

    /// Number of bands, b.
    #[getter]
    fn bands(&self) -> usize {
        self.index.bands().bands
    }

    /// Signature positions per band, r.
    #[getter]
    fn rows(&self) -> usize {
        self.index.bands().rows
    }

    /// Rows inserted so far; the next one gets this number.
    #[getter]
    fn seen(&self) -> u64 {
        self.index.seen()
    }

    /// Kept rows, without nulls.
    #[getter]
    fn kept(&self) -> usize {
        self.index.kept()
    }
}

/// Number of bands and positions per band that suit a similarity threshold.
#[pyfunction]
pub fn lsh_params(threshold: f64, num_perm: usize) -> PyResult<(usize, usize)> {
    let cut = Bands::for_threshold(threshold, num_perm).map_err(|error| to_python(&error))?;
    Ok((cut.bands, cut.rows))
}

/// Probability that two texts of the given Jaccard similarity share a band.
#[pyfunction]
pub fn lsh_collision_probability(similarity: f64, bands: usize, rows: usize) -> f64 {
    Bands { bands, rows }.collision_probability(similarity)
}

fn to_python(error: &dfrs_dedup::Error) -> PyErr {
    match error {
        dfrs_dedup::Error::Full(_) => OperatorError::new_err(error.to_string()),
        _ => ParameterError::new_err(error.to_string()),
    }
}

fn to_arrow(verdicts: &[Verdict]) -> RecordBatch {
    let keep: BooleanArray = verdicts
        .iter()
        .map(|verdict| Some(*verdict == Verdict::Kept))
        .collect();
    let of = |verdict: &Verdict| match *verdict {
        Verdict::Kept => None,
        Verdict::Duplicate { of, similarity } => Some((of, similarity)),
    };
    let duplicate_of: UInt64Array = verdicts
        .iter()
        .map(|verdict| of(verdict).map(|found| found.0))
        .collect();
    let similarity: Float64Array = verdicts
        .iter()
        .map(|verdict| of(verdict).map(|found| found.1))
        .collect();
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("keep", Arc::new(keep), false),
        ("duplicate_of", Arc::new(duplicate_of), true),
        ("similarity", Arc::new(similarity), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("three columns of one length")
}

/// The values of a string column, whatever its layout.
fn texts(array: &ArrayRef) -> PyResult<Vec<Option<&str>>> {
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().collect(),
        DataType::Utf8View => array
            .as_any()
            .downcast_ref::<StringViewArray>()
            .into_iter()
            .flatten()
            .collect(),
        DataType::Null => vec![None; array.len()],
        // Without values every key is null, and normalising them would fail.
        DataType::Dictionary(_, _) if array.as_any_dictionary().values().is_empty() => {
            vec![None; array.len()]
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let values = texts(dictionary.values())?;
            let keys = dictionary.normalized_keys();
            (0..array.len())
                .map(|row| {
                    if array.is_null(row) {
                        None
                    } else {
                        values[keys[row]]
                    }
                })
                .collect()
        }
        other => {
            return Err(ColumnError::new_err(format!(
                "the column has type {other}: near-duplicates are searched in string, large_string, string_view or \
                 dictionary columns of these. Cast it to string first."
            )));
        }
    })
}
