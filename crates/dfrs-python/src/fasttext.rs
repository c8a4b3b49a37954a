//! Binding of `dfrs_text::fasttext`: a model's predictions for columns of text.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use dfrs_columnar::{Texts, map_rows_with};
use dfrs_text::fasttext::{Model, Prediction, Scratch};
use dfrs_text::prepare::Preparation;
use dfrs_text::scripts::Scripts;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyArray;
use pyo3_arrow::{PyArray, PyRecordBatch};

use crate::errors::{self, ModelUnavailableError, ParameterError};
use crate::threads;

/// A fastText classifier; predicts labels for columns of text.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct FastTextModel {
    model: Model,
    scripts: Scripts,
    /// What threads that are done left behind for the next ones.
    idle: Mutex<Vec<Worker>>,
}

/// What a thread keeps between texts.
struct Worker {
    scratch: Scratch,
    text: String,
}

/// A worker that goes back when it is dropped.
struct Lent<'a> {
    model: &'a FastTextModel,
    worker: Option<Worker>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = (self.model.idle.lock()).unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.worker.take());
    }
}

#[pymethods]
impl FastTextModel {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let unavailable = |error: &dyn std::fmt::Display| {
            ModelUnavailableError::new_err(format!("{}: {error}", path.display()))
        };
        py.detach(|| {
            let file = File::open(&path).map_err(|error| unavailable(&error))?;
            let bytes = file.metadata().map_err(|error| unavailable(&error))?.len();
            let reader = std::io::BufReader::new(file);
            let model = Model::read(reader, bytes).map_err(|error| unavailable(&error))?;
            Ok(Self {
                scripts: Scripts::new(model.labels()),
                model,
                idle: Mutex::default(),
            })
        })
    }

    /// The labels without their prefix `__label__`.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.model.labels().to_vec()
    }

    /// Predicts the likeliest label of each text: label (string) and probability (float64).
    fn classify(
        &self,
        py: Python<'_>,
        column: AnyArray,
        preparation_json: &str,
    ) -> PyResult<PyRecordBatch> {
        let (mut labels, mut probabilities) = (StringBuilder::new(), Float64Builder::new());
        let preparation = prepared(preparation_json)?;
        let top = |text: &str, worker: &mut Worker| self.top(text, &preparation, worker);
        self.for_each(py, column, top, |found| {
            labels.append_option(found.map(|&found| self.label(found)));
            probabilities.append_option(found.map(|found| f64::from(found.probability)));
        })?;
        Ok(batch([
            ("label", Arc::new(labels.finish())),
            ("probability", Arc::new(probabilities.finish())),
        ]))
    }

    /// Predicts several labels of each text, best first: labels (list of string) and probabilities (list of float64).
    fn predict(
        &self,
        py: Python<'_>,
        column: AnyArray,
        labels: usize,
        preparation_json: &str,
    ) -> PyResult<PyRecordBatch> {
        let mut names = ListBuilder::new(StringBuilder::new());
        let mut probabilities = ListBuilder::new(Float64Builder::new());
        let preparation = prepared(preparation_json)?;
        let best = |text: &str, worker: &mut Worker| {
            let text = preparation.apply(text, &mut worker.text)?;
            let found = self.model.predict(text, labels, &mut worker.scratch);
            (!found.is_empty()).then_some(found)
        };
        self.for_each(py, column, best, |found: Option<&Vec<Prediction>>| {
            for &prediction in found.into_iter().flatten() {
                let probability = f64::from(prediction.probability);
                names.values().append_value(self.label(prediction));
                probabilities.values().append_value(probability);
            }
            names.append(found.is_some());
            probabilities.append(found.is_some());
        })?;
        Ok(batch([
            ("labels", Arc::new(names.finish())),
            ("probabilities", Arc::new(probabilities.finish())),
        ]))
    }

    /// The probability of one label for each text (float64).
    fn probability(
        &self,
        py: Python<'_>,
        column: AnyArray,
        label: &str,
        preparation_json: &str,
    ) -> PyResult<PyArray> {
        let number = (self.model.labels().iter())
            .position(|name| name == label)
            .ok_or_else(|| ParameterError::new_err(format!("the model has no label '{label}'")))?;
        let preparation = prepared(preparation_json)?;
        let mut values = Float64Builder::new();
        let one = |text: &str, worker: &mut Worker| {
            let text = preparation.apply(text, &mut worker.text)?;
            self.model
                .probability(text, number as u32, &mut worker.scratch)
        };
        self.for_each(py, column, one, |found| {
            values.append_option(found.map(|&value| f64::from(value)));
        })?;
        let values: Float64Array = values.finish();
        Ok(PyArray::from_array_ref(Arc::new(values)))
    }

    fn __repr__(&self) -> String {
        let (labels, columns) = (self.model.labels().len(), self.model.columns());
        format!("FastTextModel({labels} labels, {columns} columns)")
    }
}

impl FastTextModel {
    fn label(&self, prediction: Prediction) -> &str {
        &self.model.labels()[prediction.label as usize]
    }

    /// The likeliest label, read off the script where that is asked for and possible.
    fn top(
        &self,
        text: &str,
        preparation: &Preparation,
        worker: &mut Worker,
    ) -> Option<Prediction> {
        let text = preparation.apply(text, &mut worker.text)?;
        if preparation.by_script
            && let Some((label, share)) = self.scripts.decide(text)
        {
            return Some(Prediction {
                label,
                probability: share as f32,
            });
        }
        self.model.predict(text, 1, &mut worker.scratch).pop()
    }

    fn worker(&self) -> Lent<'_> {
        let idle = (self.idle.lock())
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let worker = idle.unwrap_or_else(|| Worker {
            scratch: self.model.scratch(),
            text: String::new(),
        });
        Lent {
            model: self,
            worker: Some(worker),
        }
    }

    /// Computes something from every text on all threads, and passes it on in row order; none for null.
    fn for_each<T: Send>(
        &self,
        py: Python<'_>,
        column: AnyArray,
        compute: impl Fn(&str, &mut Worker) -> Option<T> + Sync + Send,
        mut take: impl FnMut(Option<&T>),
    ) -> PyResult<()> {
        for chunk in column.into_chunked_array()?.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let read =
                    |lent: &mut Lent<'_>, text: Option<&str>| compute(text?, lent.worker.as_mut()?);
                let found =
                    threads::run(py, || map_rows_with(&texts, rows, || self.worker(), read))?;
                for found in &found {
                    take(found.as_ref());
                }
            }
        }
        Ok(())
    }
}

fn prepared(json: &str) -> PyResult<Preparation> {
    Preparation::from_json(json).map_err(|error| errors::from_text(&error))
}

fn batch(columns: [(&str, ArrayRef); 2]) -> PyRecordBatch {
    let columns = columns.map(|(name, values)| (name, values, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns);
    PyRecordBatch::new(batch.expect("two columns of one length"))
}
