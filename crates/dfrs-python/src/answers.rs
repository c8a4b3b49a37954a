//! Binding of `dfrs_text::answers`: columns of texts in, columns of answers or verdicts out.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, StringBuilder};
use dfrs_columnar::{Texts, map_rows};
use dfrs_text::answers;
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use rayon::prelude::*;

use crate::errors::{self, OperatorError};
use crate::threads;

/// The final answer of each reply; null where there is none.
#[pyfunction]
pub fn extract_answers(py: Python<'_>, replies: PyArray) -> PyResult<PyArray> {
    map_texts(py, &replies, answers::extract)
}

/// The answer that each text is or ends with; null where there is none.
#[pyfunction]
pub fn read_answers(py: Python<'_>, texts: PyArray) -> PyResult<PyArray> {
    map_texts(py, &texts, answers::read)
}

/// Each answer in one form: no wrappers, sizes and units, numbers in canonical form; null stays null.
#[pyfunction]
pub fn clean_answers(py: Python<'_>, answers: PyArray) -> PyResult<PyArray> {
    map_texts(py, &answers, |answer| {
        Some(dfrs_text::answers::clean(answer))
    })
}

/// Whether each answer is the same as its gold answer; null where that takes algebra or one of them is null.
#[pyfunction]
pub fn compare_answers(py: Python<'_>, golds: PyArray, answers: PyArray) -> PyResult<PyArray> {
    let (golds, answers) = (golds.array(), answers.array());
    if golds.len() != answers.len() {
        let message = format!("{} gold answers for {} answers", golds.len(), answers.len());
        return Err(OperatorError::new_err(message));
    }
    let golds = Texts::new(golds).map_err(|error| errors::from_columnar(&error))?;
    let answers = Texts::new(answers).map_err(|error| errors::from_columnar(&error))?;
    let mut verdicts = BooleanBuilder::with_capacity(golds.len());
    for rows in golds.blocks() {
        py.check_signals()?;
        let compared: Vec<Option<bool>> = threads::run(py, || {
            rows.into_par_iter()
                .map(|row| dfrs_text::answers::compare(golds.get(row)?, answers.get(row)?))
                .collect()
        })?;
        for verdict in compared {
            verdicts.append_option(verdict);
        }
    }
    Ok(PyArray::from_array_ref(Arc::new(verdicts.finish())))
}

fn map_texts(
    py: Python<'_>,
    column: &PyArray,
    apply: impl Fn(&str) -> Option<String> + Sync,
) -> PyResult<PyArray> {
    let texts = Texts::new(column.array()).map_err(|error| errors::from_columnar(&error))?;
    let mut out = StringBuilder::new();
    for rows in texts.blocks() {
        py.check_signals()?;
        let found = threads::run(py, || map_rows(&texts, rows, |text| text.and_then(&apply)))?;
        for answer in found {
            out.append_option(answer);
        }
    }
    Ok(PyArray::from_array_ref(Arc::new(out.finish())))
}
