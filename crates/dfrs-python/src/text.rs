//! Binding of `dfrs_text` and `dfrs_engine`: rules judge a column, refiners rewrite one, stages do both in one pass.

use std::sync::Arc;

use arrow_array::ArrayRef;
use dfrs_columnar::{Rewrite, Texts, map_rows};
use dfrs_engine::{Judged, Operator, Outcome, Pass, Stage};
use dfrs_text::{Judge, Refine, Refiner, Rule};
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
        let mut judged = Judged::default();
        for chunk in chunks.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let first = rows.start;
                let judge = |text: Option<&str>| {
                    text.map_or_else(|| self.rule.judge_null(), |text| self.rule.judge(text))
                };
                let judgements = threads::run(py, || map_rows(&texts, rows, judge))?;
                for (row, judgement) in judgements.iter().enumerate() {
                    judged.push(judgement, texts.get(first + row));
                }
            }
        }
        Ok(PyRecordBatch::new(judged.finish()))
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

/// Rules and refiners that follow each other on one column; every text goes through them once.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct TextStage {
    stage: Stage,
}

#[pymethods]
impl TextStage {
    /// Takes rules and refiners, in order.
    #[new]
    fn new(operators: Vec<StagePart<'_>>) -> Self {
        let operators = operators.iter().map(|part| match part {
            StagePart::Filter(filter) => Operator::Rule(filter.get().rule.clone()),
            StagePart::Refiner(refiner) => Operator::Refiner(refiner.get().refiner.clone()),
        });
        Self {
            stage: Stage {
                operators: operators.collect(),
            },
        }
    }

    /// Carries the texts of an array through all operators. Returns for each what `judge` or `refine` gives for the
    /// rows that reached it, and its share in the time.
    fn run<'py>(&self, py: Python<'py>, array: PyArray) -> PyResult<Vec<(Bound<'py, PyAny>, f64)>> {
        let (array, field) = array.into_inner();
        let mut pass =
            Pass::new(&self.stage, &array).map_err(|error| errors::from_columnar(&error))?;
        for rows in pass.blocks() {
            py.check_signals()?;
            threads::run(py, || pass.run(rows))?;
        }
        let outcomes = py
            .detach(|| pass.finish())
            .map_err(|error| errors::from_columnar(&error))?;
        let outcomes = outcomes.into_iter().map(|(outcome, share)| {
            let result = match outcome {
                Outcome::Judged(judged) => PyRecordBatch::new(judged).into_bound_py_any(py)?,
                Outcome::Refined(array) => {
                    PyArray::new(array, Arc::clone(&field)).into_bound_py_any(py)?
                }
            };
            Ok((result, share))
        });
        outcomes.collect()
    }

    fn __repr__(&self) -> String {
        format!("TextStage({} operators)", self.stage.operators.len())
    }
}

/// An operator of a stage.
#[derive(FromPyObject)]
pub enum StagePart<'py> {
    Filter(Bound<'py, TextFilter>),
    Refiner(Bound<'py, TextRefiner>),
}
