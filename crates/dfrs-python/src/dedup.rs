//! Binding of `dfrs_dedup`: an index that is fed with Arrow columns and answers with Arrow columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, UInt64Array};
use dfrs_columnar::Texts;
use dfrs_dedup::bands::Bands;
use dfrs_dedup::{Index, Options, Verdict};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use crate::errors;
use crate::threads;

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
        let index = Index::new(&options).map_err(|error| errors::from_dedup(&error))?;
        Ok(Self { index })
    }

    /// Decides the rows of a column: keep (bool), `duplicate_of` (uint64), similarity (float64).
    fn insert(&mut self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let chunks = column.into_chunked_array()?;
        let mut verdicts = Vec::new();
        for chunk in chunks.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let rows = texts.slice(rows);
                let decided = threads::run(py, || self.index.insert_batch(&rows))?
                    .map_err(|error| errors::from_dedup(&error))?;
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
    let cut =
        Bands::for_threshold(threshold, num_perm).map_err(|error| errors::from_dedup(&error))?;
    Ok((cut.bands, cut.rows))
}

/// Probability that two texts of the given Jaccard similarity share a band.
#[pyfunction]
pub fn lsh_collision_probability(similarity: f64, bands: usize, rows: usize) -> f64 {
    Bands { bands, rows }.collision_probability(similarity)
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
