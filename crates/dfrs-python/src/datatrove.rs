//! Binding of `dfrs_dedup::datatrove`: signatures and removals as datatrove has them.

use dfrs_columnar::Texts;
use dfrs_dedup::datatrove::{Config, Signer, Work, removals};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3_arrow::input::AnyArray;
use rayon::prelude::*;

use crate::errors::{self, ParameterError};
use crate::threads;

/// Signatures of datatrove 0.10.1, fed with columns in row order.
#[pyclass(module = "dataflow_rs._native")]
pub struct DatatroveSignatures {
    signer: Signer,
    signatures: Vec<Vec<u64>>,
}

#[pymethods]
impl DatatroveSignatures {
    #[new]
    #[pyo3(signature = (*, n_grams=5, num_buckets=14, hashes_per_bucket=8, seed=1, precision=64))]
    fn new(
        n_grams: usize,
        num_buckets: usize,
        hashes_per_bucket: usize,
        seed: u32,
        precision: usize,
    ) -> PyResult<Self> {
        let config = Config {
            n_grams,
            num_buckets,
            hashes_per_bucket,
            seed,
            narrow: is_narrow(precision)?,
        };
        Ok(Self {
            signer: Signer::new(config).map_err(|error| errors::from_dedup(&error))?,
            signatures: Vec::new(),
        })
    }

    /// Takes the next rows; null is like a text without n-grams.
    fn add(&mut self, py: Python<'_>, column: AnyArray) -> PyResult<()> {
        for chunk in column.into_chunked_array()?.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let rows = texts.slice(rows);
                let signer = &self.signer;
                let signed = threads::run(py, || {
                    let sign = |work: &mut Work, text: Option<&str>| {
                        let mut out = Vec::new();
                        signer.sign(text.unwrap_or_default(), work, &mut out);
                        out
                    };
                    rows.into_par_iter()
                        .with_min_len(16)
                        .map_init(Work::default, sign)
                        .collect::<Vec<_>>()
                })?;
                self.signatures.extend(signed);
            }
        }
        Ok(())
    }

    /// The signatures so far, empty for rows without n-grams.
    fn signatures(&self) -> Vec<Vec<u64>> {
        self.signatures.clone()
    }

    /// The contents of the `.minhash.sig` files, one per bucket.
    fn files<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let files = threads::run(py, || self.signer.files(&self.signatures))?;
        Ok(files.iter().map(|bytes| PyBytes::new(py, bytes)).collect())
    }
}

/// The numbers that datatrove removes per file, from the signature files of every bucket.
#[pyfunction]
#[pyo3(signature = (buckets, *, hashes_per_bucket=8, precision=64))]
#[allow(clippy::needless_pass_by_value)] // PyO3 hands over owned lists
pub fn datatrove_removals(
    buckets: Vec<Vec<Vec<u8>>>,
    hashes_per_bucket: usize,
    precision: usize,
) -> PyResult<Vec<Vec<u32>>> {
    let config = Config {
        hashes_per_bucket,
        narrow: is_narrow(precision)?,
        ..Config::default()
    };
    let buckets: Vec<Vec<&[u8]>> = buckets
        .iter()
        .map(|files| files.iter().map(Vec::as_slice).collect())
        .collect();
    removals(&config, &buckets).map_err(|error| errors::from_dedup(&error))
}

fn is_narrow(precision: usize) -> PyResult<bool> {
    match precision {
        32 => Ok(true),
        64 => Ok(false),
        _ => Err(ParameterError::new_err(format!(
            "precision={precision}: hashes have 32 or 64 bits"
        ))),
    }
}
