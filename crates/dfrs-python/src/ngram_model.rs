//! Binding of `dfrs_text::ngram_model`: what a language model says about columns of text.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use dfrs_columnar::{Texts, map_rows};
use dfrs_text::ngram_model::{NgramModel as Model, Score};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use crate::errors::{self, ModelUnavailableError};
use crate::threads;

/// A back-off n-gram language model; scores columns of text.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct NgramModel {
    model: Model,
}

#[pymethods]
impl NgramModel {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let unavailable = |error: &dyn std::fmt::Display| {
            ModelUnavailableError::new_err(format!("{}: {error}", path.display()))
        };
        py.detach(|| {
            let file = File::open(&path).map_err(|error| unavailable(&error))?;
            let bytes = file.metadata().map_err(|error| unavailable(&error))?.len();
            let model = Model::read(std::io::BufReader::with_capacity(1 << 16, file), bytes);
            Ok(Self {
                model: model.map_err(|error| unavailable(&error))?,
            })
        })
    }

    /// Words of the longest n-grams.
    #[getter]
    fn order(&self) -> usize {
        self.model.order()
    }

    /// Scores the lines of every text as sentences: log10 (float64), words and unknown (int64), perplexity (float64).
    fn score(&self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let mut log10 = Float64Builder::new();
        let (mut words, mut unknown) = (Int64Builder::new(), Int64Builder::new());
        let mut perplexity = Float64Builder::new();
        for chunk in column.into_chunked_array()?.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let score = |text: Option<&str>| text.map(|text| self.model.score_lines(text));
                for found in threads::run(py, || map_rows(&texts, rows, score))? {
                    log10.append_option(found.map(|score| score.log10));
                    words.append_option(found.map(|score| score.words.cast_signed()));
                    unknown.append_option(found.map(|score| score.unknown.cast_signed()));
                    perplexity.append_option(found.as_ref().and_then(Score::perplexity));
                }
            }
        }
        let columns: [(&str, ArrayRef, bool); 4] = [
            ("log10", Arc::new(log10.finish()), true),
            ("words", Arc::new(words.finish()), true),
            ("unknown", Arc::new(unknown.finish()), true),
            ("perplexity", Arc::new(perplexity.finish()), true),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns);
        Ok(PyRecordBatch::new(
            batch.expect("four columns of one length"),
        ))
    }
}
