//! Binding of `dfrs_dedup::decontamination`: items in, then columns judged row by row.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, UInt32Builder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use dfrs_columnar::Texts;
use dfrs_dedup::decontamination::{Contamination, DecontaminationIndex as Kernel, Options};
use dfrs_dedup::words::WordForm;
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use crate::errors::{self, ParameterError};
use crate::threads;

/// Evaluation items, searchable by runs of their words.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct DecontaminationIndex {
    kernel: Kernel,
}

#[pymethods]
impl DecontaminationIndex {
    #[new]
    #[pyo3(signature = (items, *, ngram=13, min_words=8, normalization="words", max_items=None))]
    fn new(
        py: Python<'_>,
        items: AnyArray,
        ngram: usize,
        min_words: usize,
        normalization: &str,
        max_items: Option<usize>,
    ) -> PyResult<Self> {
        let form = WordForm::from_name(normalization).ok_or_else(|| {
            let known: Vec<&str> = WordForm::NAMES.iter().map(|(name, _)| *name).collect();
            ParameterError::new_err(format!(
                "normalization='{normalization}' is not known; there are: {}",
                known.join(", ")
            ))
        })?;
        let options = Options {
            ngram,
            min_words,
            form,
            max_items,
        };
        let chunks = items.into_chunked_array()?;
        let mut texts = Vec::new();
        for chunk in chunks.chunks() {
            let rows = Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            texts.extend((0..rows.len()).map(|row| rows.get(row).map(Cow::Borrowed)));
        }
        let kernel = threads::run(py, || Kernel::new(&options, &texts))?
            .map_err(|error| errors::from_dedup(&error))?;
        Ok(Self { kernel })
    }

    /// Judges a column: ngrams (uint64), text and item share (float64), and of rows where something was found the item
    /// (uint32), start and end of its longest span (uint64, characters) and the text of the span.
    fn check(&self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let chunks = column.into_chunked_array()?;
        let mut found = Found::default();
        for chunk in chunks.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let rows = texts.slice(rows);
                for row in threads::run(py, || self.kernel.check_batch(&rows))? {
                    found.push(row.as_ref());
                }
            }
        }
        Ok(PyRecordBatch::new(found.finish()))
    }

    /// Runs that are looked up.
    #[getter]
    fn runs(&self) -> usize {
        self.kernel.runs()
    }

    fn __len__(&self) -> usize {
        self.kernel.len()
    }
}

#[derive(Default)]
struct Found {
    ngrams: UInt64Builder,
    text_share: Float64Builder,
    item_share: Float64Builder,
    item: UInt32Builder,
    start: UInt64Builder,
    end: UInt64Builder,
    quote: StringBuilder,
}

impl Found {
    fn push(&mut self, row: Option<&Contamination>) {
        self.ngrams
            .append_value(row.map_or(0, |row| row.ngrams as u64));
        self.text_share
            .append_value(row.map_or(0.0, |row| row.text_share));
        self.item_share
            .append_value(row.map_or(0.0, |row| row.item_share));
        self.item.append_option(row.map(|row| row.item));
        self.start
            .append_option(row.map(|row| row.span.start as u64));
        self.end.append_option(row.map(|row| row.span.end as u64));
        self.quote.append_option(row.map(|row| &row.quote));
    }

    fn finish(mut self) -> RecordBatch {
        let columns: [(&str, ArrayRef, bool); 7] = [
            ("ngrams", Arc::new(self.ngrams.finish()), false),
            ("text", Arc::new(self.text_share.finish()), false),
            ("item", Arc::new(self.item_share.finish()), false),
            ("number", Arc::new(self.item.finish()), true),
            ("start", Arc::new(self.start.finish()), true),
            ("end", Arc::new(self.end.finish()), true),
            ("quote", Arc::new(self.quote.finish()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
    }
}
