//! Binding of `dfrs_storage`: text files in and out, batch by batch.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use dfrs_storage::{Compression, Error, Format, Options, Origin, Reader, Scan, Writer};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3_arrow::{PyRecordBatch, PySchema};

use crate::errors::{ExportError, MalformedInputError, ParameterError, StorageError};
use crate::threads;

/// File, line, column, message and text of a record that was left out.
type BadLine = (String, u64, u64, String, String);

/// Looks at every value of text files and returns the schema that holds them all.
#[pyfunction]
#[pyo3(signature = (files, format, *, given=None, columns=None, skip=false))]
pub fn text_schema(
    py: Python<'_>,
    files: Vec<String>,
    format: &str,
    given: Option<PySchema>,
    columns: Option<Vec<String>>,
    skip: bool,
) -> PyResult<PySchema> {
    let format = Format::named(format).map_err(|error| to_python(py, error))?;
    let mut options = Options::new(format);
    options.columns = columns;
    options.given = given.map(Into::into);
    options.skip = skip;
    let mut scan = Scan::new(files.into_iter().map(Origin::File).collect(), options);
    while threads::run(py, || scan.step())?.map_err(|error| to_python(py, error))? {
        py.check_signals()?;
    }
    let schema = scan.finish().map_err(|error| to_python(py, error))?;
    Ok(PySchema::new(schema))
}

/// The record batches of text files, all of one schema.
#[pyclass(module = "dataflow_rs._native")]
pub struct TextReader {
    /// Python may hand the object from thread to thread, but a decompressor can only be used by one at a time.
    reader: Mutex<Reader>,
}

impl TextReader {
    fn reader(&mut self) -> &mut Reader {
        self.reader
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl TextReader {
    #[new]
    #[pyo3(signature = (files, format, schema, *, columns=None, skip=false, batch_rows=8192, batch_bytes=1 << 20))]
    #[allow(clippy::too_many_arguments)] // named ones, in Python
    fn new(
        py: Python<'_>,
        files: Vec<String>,
        format: &str,
        schema: PySchema,
        columns: Option<Vec<String>>,
        skip: bool,
        batch_rows: usize,
        batch_bytes: usize,
    ) -> PyResult<Self> {
        let format = Format::named(format).map_err(|error| to_python(py, error))?;
        let options = Options {
            format,
            columns,
            given: None,
            skip,
            batch_rows,
            batch_bytes,
        };
        let files = files.into_iter().map(Origin::File).collect();
        let reader = Reader::new(files, &options, schema.into());
        let reader = reader.map_err(|error| to_python(py, error))?;
        Ok(Self {
            reader: Mutex::new(reader),
        })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<PyRecordBatch>> {
        py.check_signals()?;
        let reader = self.reader();
        let batch = threads::run(py, || reader.next())?.map_err(|error| to_python(py, error))?;
        Ok(batch.map(PyRecordBatch::new))
    }

    /// The records left out since the last call.
    fn take_bad_lines(&mut self) -> Vec<BadLine> {
        let bad = self.reader().take_bad().into_iter();
        bad.map(|bad| (bad.file, bad.line, bad.column, bad.message, bad.text))
            .collect()
    }

    /// Halves of surrogate pairs that became U+FFFD so far.
    #[getter]
    fn replaced_surrogates(&mut self) -> u64 {
        self.reader().replaced()
    }
}

/// A text file being written; it appears under its name with `finish`.
#[pyclass(module = "dataflow_rs._native")]
pub struct TextWriter {
    writer: Option<Writer>,
}

#[pymethods]
impl TextWriter {
    #[new]
    #[allow(clippy::needless_pass_by_value)] // extracted from Python
    fn new(
        py: Python<'_>,
        path: PathBuf,
        format: &str,
        schema: PySchema,
        compression: &str,
    ) -> PyResult<Self> {
        let create = || {
            let compression = Compression::named(compression)?;
            Writer::create(&path, Format::named(format)?, schema.into(), compression)
        };
        let writer = create().map_err(|error| to_python(py, error))?;
        Ok(Self {
            writer: Some(writer),
        })
    }

    /// Appends the rows of a batch.
    fn write(&mut self, py: Python<'_>, batch: PyRecordBatch) -> PyResult<()> {
        py.check_signals()?;
        let writer = self.writer.as_mut().ok_or_else(closed)?;
        let batch = batch.into_inner();
        py.detach(|| writer.write(&batch))
            .map_err(|error| to_python(py, error))
    }

    /// Gives the file its name and returns the number of rows.
    fn finish(&mut self, py: Python<'_>) -> PyResult<u64> {
        let writer = self.writer.take().ok_or_else(closed)?;
        py.detach(|| writer.finish())
            .map_err(|error| to_python(py, error))
    }

    /// Forgets the file; nothing is left of it.
    fn abort(&mut self) {
        self.writer = None;
    }
}

fn closed() -> PyErr {
    ParameterError::new_err("the file is finished already")
}

pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Malformed {
            file, line, column, ..
        } => MalformedInputError::new_err((text, file, line, column)),
        Error::Compressed { file, .. } => MalformedInputError::new_err((text, file)),
        Error::Parameter(_) => ParameterError::new_err(text),
        Error::Export(_) => ExportError::new_err(text),
        Error::Part { .. } => StorageError::new_err(text),
        Error::Io { file, source } => with_file(py, &source, file),
    }
}

/// Python's own error for an errno: `FileNotFoundError`, `PermissionError`, ...
fn with_file(py: Python<'_>, source: &std::io::Error, file: String) -> PyErr {
    let Some(code) = source.raw_os_error() else {
        return PyOSError::new_err(format!("{file}: {source}"));
    };
    let reason = source.to_string();
    let reason = reason
        .split(" (os error")
        .next()
        .unwrap_or(&reason)
        .to_owned();
    match py.get_type::<PyOSError>().call1((code, reason, file)) {
        Ok(error) => PyErr::from_value(error),
        Err(failure) => failure,
    }
}
