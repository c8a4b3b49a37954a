//! Binding of `dfrs_storage::part`, and digests of content.

use std::path::PathBuf;

use dfrs_storage::part;
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;

use crate::formats::to_python;
use crate::threads;

/// Writes a batch as an Arrow IPC file, complete or not at all; returns its size and CRC-32. Not yet synced.
#[pyfunction]
pub fn write_part(py: Python<'_>, path: PathBuf, batch: PyRecordBatch) -> PyResult<(u64, u32)> {
    let batch = batch.into_inner();
    py.detach(|| part::write(&path, &batch))
        .map_err(|error| to_python(py, error))
}

/// Waits until the disk has the files.
#[pyfunction]
pub fn sync_parts(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<()> {
    threads::run(py, || part::sync(&paths))?.map_err(|error| to_python(py, error))
}

/// Reads the batch of such a file, or some of its columns; None where size or CRC-32 differ.
#[pyfunction]
#[pyo3(signature = (path, size, checksum, columns=None))]
pub fn read_part(
    py: Python<'_>,
    path: PathBuf,
    size: u64,
    checksum: u32,
    columns: Option<Vec<String>>,
) -> PyResult<Option<PyRecordBatch>> {
    let batch = py
        .detach(|| part::read(&path, (size, checksum), columns.as_deref()))
        .map_err(|error| to_python(py, error))?;
    Ok(batch.map(PyRecordBatch::new))
}

/// The BLAKE3 digest of some bytes, 64 hexadecimal digits.
#[pyfunction]
pub fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// A BLAKE3 digest that is fed piece by piece.
#[pyclass(module = "dataflow_rs._native")]
pub struct Digest {
    hasher: blake3::Hasher,
}

#[pymethods]
impl Digest {
    #[new]
    fn new() -> Self {
        Self {
            hasher: blake3::Hasher::new(),
        }
    }

    /// Adds bytes.
    fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The digest of all bytes so far, 64 hexadecimal digits.
    fn hexdigest(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}
