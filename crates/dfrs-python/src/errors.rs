//! The exception classes of `dataflow_rs.exceptions` and which kernel error becomes which.

use pyo3::import_exception;
use pyo3::prelude::*;

import_exception!(dataflow_rs.exceptions, ColumnError);
import_exception!(dataflow_rs.exceptions, CorruptStoreError);
import_exception!(dataflow_rs.exceptions, ExportError);
import_exception!(dataflow_rs.exceptions, MalformedInputError);
import_exception!(dataflow_rs.exceptions, ModelUnavailableError);
import_exception!(dataflow_rs.exceptions, OperatorError);
import_exception!(dataflow_rs.exceptions, ParameterError);
import_exception!(dataflow_rs.exceptions, StorageError);

pub fn from_dedup(error: &dfrs_dedup::Error) -> PyErr {
    match error {
        dfrs_dedup::Error::Full(_) | dfrs_dedup::Error::TooManyRuns(_) => {
            OperatorError::new_err(error.to_string())
        }
        dfrs_dedup::Error::File { .. } => StorageError::new_err(error.to_string()),
        dfrs_dedup::Error::Corrupt { .. } => CorruptStoreError::new_err(error.to_string()),
        _ => ParameterError::new_err(error.to_string()),
    }
}

pub fn from_columnar(error: &dfrs_columnar::Error) -> PyErr {
    match error {
        dfrs_columnar::Error::NoText(_) => ColumnError::new_err(error.to_string()),
        dfrs_columnar::Error::TooLong { .. } | dfrs_columnar::Error::Take(_) => {
            OperatorError::new_err(error.to_string())
        }
    }
}

pub fn from_text(error: &dfrs_text::Error) -> PyErr {
    ParameterError::new_err(error.to_string())
}

pub fn from_tokenize(error: &dfrs_tokenize::Error) -> PyErr {
    match error {
        dfrs_tokenize::Error::Refused(_) => OperatorError::new_err(error.to_string()),
        _ => ParameterError::new_err(error.to_string()),
    }
}
