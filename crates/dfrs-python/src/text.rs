//! Binding of `dfrs_text`: rules judge a column, refiners rewrite one.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use dfrs_columnar::{Rewrite, Texts, map_rows};
use dfrs_text::{Judge, Judgement, Refine, Refiner, Rule};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyArray;
use pyo3_arrow::{PyArray, PyChunkedArray, PyRecordBatch};

use crate::errors;
use crate::threads;

/// A rule with its parameters; judges columns of text.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct TextFilter {
    rule: Rule,
}

#[pymethods]
impl TextFilter {
    #[new]
    fn new(rule: &str, parameters_json: &str) -> PyResult<Self> {
        let rule =
            Rule::from_json(rule, parameters_json).map_err(|error| errors::from_text(&error))?;
        Ok(Self { rule })
    }

    /// Judges every row: keep (bool), value and threshold (float64), rule and detail (string) of dropped rows.
    fn judge(&self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let chunks = column.into_chunked_array()?;
        let mut verdicts = Verdicts::default();
        for chunk in chunks.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let first = rows.start;
                let judge = |text: Option<&str>| {
                    text.map_or_else(|| self.rule.judge_null(), |text| self.rule.judge(text))
                };
                let judged = threads::run(py, || map_rows(&texts, rows, judge))?;
                for (row, judgement) in judged.iter().enumerate() {
                    verdicts.push(judgement, texts.get(first + row));
                }
            }
        }
        Ok(PyRecordBatch::new(verdicts.finish()))
    }

    fn __repr__(&self) -> String {
        format!("TextFilter({:?})", self.rule.name())
    }
}

/// A refiner with its parameters; rewrites columns of text.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct TextRefiner {
    refiner: Refiner,
}

#[pymethods]
impl TextRefiner {
    #[new]
    fn new(refiner: &str, parameters_json: &str) -> PyResult<Self> {
        let refiner = Refiner::from_json(refiner, parameters_json)
            .map_err(|error| errors::from_text(&error))?;
        Ok(Self { refiner })
    }

    /// Returns the column with every text rewritten; type, nulls and chunks stay.
    fn refine<'py>(&self, py: Python<'py>, column: AnyArray) -> PyResult<Bound<'py, PyAny>> {
        match column {
            AnyArray::Array(array) => {
                let (array, field) = array.into_inner();
                PyArray::new(self.refine_array(py, &array)?, field).into_bound_py_any(py)
            }
            AnyArray::Stream(stream) => {
                let (chunks, field) = stream.into_chunked_array()?.into_inner();
                let refined = chunks.iter().map(|chunk| self.refine_array(py, chunk));
                PyChunkedArray::try_new(refined.collect::<PyResult<_>>()?, field)?
                    .into_bound_py_any(py)
            }
        }
    }

    fn __repr__(&self) -> String {
        format!("TextRefiner({:?})", self.refiner.name())
    }
}

impl TextRefiner {
    fn refine_array(&self, py: Python<'_>, array: &ArrayRef) -> PyResult<ArrayRef> {
        let mut rewrite = Rewrite::new(array).map_err(|error| errors::from_columnar(&error))?;
        for rows in rewrite.blocks() {
            py.check_signals()?;
            threads::run(py, || {
                rewrite.run(rows, |text, out| self.refiner.refine_into(text, out));
            })?;
        }
        py.detach(|| rewrite.finish())
            .map_err(|error| errors::from_columnar(&error))
    }
}

/// Judgements as columns.
#[derive(Default)]
struct Verdicts {
    keep: BooleanBuilder,
    value: Float64Builder,
    threshold: Float64Builder,
    rule: StringBuilder,
    detail: StringBuilder,
}

impl Verdicts {
    fn push(&mut self, judgement: &Judgement, text: Option<&str>) {
        self.keep.append_value(judgement.keep);
        self.value.append_option(judgement.value);
        self.threshold.append_option(judgement.threshold);
        self.rule
            .append_option((!judgement.keep).then_some(judgement.rule));
        self.detail
            .append_option(text.and_then(|text| judgement.excerpt(text)));
    }

    fn finish(mut self) -> RecordBatch {
        let columns: [(&str, ArrayRef, bool); 5] = [
            ("keep", Arc::new(self.keep.finish()), false),
            ("value", Arc::new(self.value.finish()), true),
            ("threshold", Arc::new(self.threshold.finish()), true),
            ("rule", Arc::new(self.rule.finish()), true),
            ("detail", Arc::new(self.detail.finish()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).expect("five columns of one length")
    }
}
