//! Binding of the measures of `dfrs_text`: numbers per text of a column.

use std::sync::Arc;

use arrow_array::builder::Float64Builder;
use arrow_array::{ArrayRef, RecordBatch};
use dfrs_columnar::{Texts, map_rows};
use dfrs_text::{AnyMeasure, Measure};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use crate::errors;
use crate::threads;

/// Numbers of a measure at most.
const MOST: usize = 2;

/// A measure with its parameters; describes texts by numbers.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct TextMeasure {
    measure: AnyMeasure,
}

#[pymethods]
impl TextMeasure {
    #[new]
    fn new(measure: &str, parameters_json: &str) -> PyResult<Self> {
        let measure = AnyMeasure::from_json(measure, parameters_json)
            .map_err(|error| errors::from_text(&error))?;
        Ok(Self { measure })
    }

    /// Names of the numbers.
    #[getter]
    fn names(&self) -> Vec<&'static str> {
        self.measure.names().to_vec()
    }

    /// One float64 column per name, one row per text; null where there is nothing to measure.
    fn measure(&self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let names = self.measure.names();
        let mut builders: Vec<_> = names.iter().map(|_| Float64Builder::new()).collect();
        let chunks = column.into_chunked_array()?;
        for chunk in chunks.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let describe = |text: Option<&str>| {
                    let mut values = [None; MOST];
                    if let Some(text) = text {
                        self.measure.measure(text, &mut values[..names.len()]);
                    }
                    values
                };
                for values in threads::run(py, || map_rows(&texts, rows, describe))? {
                    let columns = builders.iter_mut().zip(values);
                    columns.for_each(|(builder, value)| builder.append_option(value));
                }
            }
        }
        let columns = names.iter().zip(builders);
        let columns = columns.map(|(name, mut builder)| {
            let column: ArrayRef = Arc::new(builder.finish());
            (*name, column, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns);
        Ok(PyRecordBatch::new(batch.expect("columns of one length")))
    }
}
