//! Bindings of the kernels of `dfrs_dedup` that take all rows and then say which of them repeat another one.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, UInt64Array};
use dfrs_dedup::exact::{Key, Occurrences, What};
use dfrs_dedup::normal::{Form, Hash};
use dfrs_dedup::records::Limits;
use dfrs_dedup::simhash::{self, NearDuplicate};
use dfrs_dedup::{Priority, chunks, overlap, semantic, words::WordForm};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use crate::errors::{self, ColumnError, OperatorError, ParameterError};
use crate::{priorities, threads};

/// The kernel, until its rows have been compared.
fn alive<T>(kernel: Option<T>) -> PyResult<T> {
    kernel.ok_or_else(|| OperatorError::new_err("the rows have been compared already"))
}

pub fn limits(memory: Option<usize>, folder: Option<PathBuf>) -> Limits {
    Limits { memory, folder }
}

pub fn form(name: &str) -> PyResult<Form> {
    Form::from_name(name)
        .ok_or_else(|| unknown("normalization", name, &Form::NAMES.map(|(known, _)| known)))
}

pub fn unknown(parameter: &str, name: &str, known: &[&str]) -> PyErr {
    ParameterError::new_err(format!(
        "{parameter}='{name}' is not known; there are: {}",
        known.join(", ")
    ))
}

/// Rows that repeat another: row and keeper (uint64), similarity (float64).
fn to_arrow(found: &[NearDuplicate]) -> PyRecordBatch {
    let rows = UInt64Array::from_iter_values(found.iter().map(|found| found.row));
    let keepers = UInt64Array::from_iter_values(found.iter().map(|found| found.keeper));
    let similarity = Float64Array::from_iter_values(found.iter().map(|found| found.similarity));
    let columns: [(&str, ArrayRef); 3] = [
        ("row", Arc::new(rows)),
        ("keeper", Arc::new(keepers)),
        ("similarity", Arc::new(similarity)),
    ];
    PyRecordBatch::new(RecordBatch::try_from_iter(columns).expect("three columns of one length"))
}

/// Exact duplicates, by a key of every row.
#[pyclass(module = "dataflow_rs._native")]
pub struct ExactDuplicates {
    key: Key,
    occurrences: Option<Occurrences>,
}

#[pymethods]
impl ExactDuplicates {
    #[new]
    #[pyo3(signature = (
        *, normalization="exact", url=false, bits=128, cryptographic=false, memory=None, folder=None
    ))]
    fn new(
        normalization: &str,
        url: bool,
        bits: u32,
        cryptographic: bool,
        memory: Option<usize>,
        folder: Option<PathBuf>,
    ) -> PyResult<Self> {
        let what = if url {
            What::Url
        } else {
            What::Text(form(normalization)?)
        };
        let hash = if cryptographic {
            Hash::Blake3
        } else {
            Hash::Xxh3
        };
        let key = Key::new(what, hash, bits).map_err(|error| errors::from_dedup(&error))?;
        Ok(Self {
            key,
            occurrences: Some(Occurrences::new(&limits(memory, folder))),
        })
    }

    /// Takes the next rows and their priorities (int64 or float64, larger is better).
    #[pyo3(signature = (column, priorities=None))]
    fn add(
        &mut self,
        py: Python<'_>,
        column: AnyArray,
        priorities: Option<AnyArray>,
    ) -> PyResult<()> {
        let key = self.key;
        let occurrences = alive(self.occurrences.as_mut())?;
        priorities::feed(py, column, priorities, |texts, ranks| {
            let ranks = ranks
                .iter()
                .copied()
                .chain(std::iter::repeat(Priority::NONE));
            occurrences.extend(key.of_all(texts).into_iter().zip(ranks))
        })?;
        Ok(())
    }

    /// The rows that repeat another one: row and keeper (uint64), similarity (float64), by row.
    fn finish(&mut self, py: Python<'_>) -> PyResult<PyRecordBatch> {
        let occurrences = alive(self.occurrences.take())?;
        let found = threads::run(py, || occurrences.duplicates())?
            .map_err(|error| errors::from_dedup(&error))?;
        let found = found.iter().map(|found| NearDuplicate {
            row: found.number,
            keeper: found.keeper,
            similarity: 1.0,
        });
        Ok(to_arrow(&found.collect::<Vec<_>>()))
    }
}

/// Near-duplicates by `SimHash`.
#[pyclass(module = "dataflow_rs._native")]
pub struct SimHashDuplicates {
    kernel: Option<simhash::SimHash>,
}

#[pymethods]
impl SimHashDuplicates {
    #[new]
    #[pyo3(signature = (*, fingerprint_size=64, bound=0.1, as_published=false))]
    fn new(fingerprint_size: u32, bound: f64, as_published: bool) -> PyResult<Self> {
        let options = simhash::Options {
            bits: fingerprint_size,
            bound,
            as_published,
        };
        let kernel = simhash::SimHash::new(options).map_err(|error| errors::from_dedup(&error))?;
        Ok(Self {
            kernel: Some(kernel),
        })
    }

    /// Takes the next rows and their priorities (int64 or float64, larger is better).
    #[pyo3(signature = (column, priorities=None))]
    fn add(
        &mut self,
        py: Python<'_>,
        column: AnyArray,
        priorities: Option<AnyArray>,
    ) -> PyResult<()> {
        let kernel = alive(self.kernel.as_mut())?;
        priorities::feed(py, column, priorities, |texts, ranks| {
            kernel.extend(texts, ranks);
            Ok(())
        })?;
        Ok(())
    }

    /// The rows that are near another one: row and keeper (uint64), similarity (float64), by row.
    fn finish(&mut self, py: Python<'_>) -> PyResult<PyRecordBatch> {
        let kernel = alive(self.kernel.take())?;
        let found = threads::run(py, || kernel.duplicates())?
            .map_err(|error| errors::from_dedup(&error))?;
        Ok(to_arrow(&found))
    }
}

/// The `SimHash` fingerprint of a text, as the Python package `simhash` gives it.
#[pyfunction]
pub fn simhash_fingerprint(text: &str, bits: u32) -> PyResult<u128> {
    if bits == 0 || bits > 128 || !bits.is_multiple_of(8) {
        return Err(ParameterError::new_err(format!(
            "bits={bits} is no multiple of 8 from 8 to 128"
        )));
    }
    Ok(simhash::fingerprint_of(text, bits))
}

/// Rows that share parts of equal length.
#[pyclass(module = "dataflow_rs._native")]
pub struct ChunkDuplicates {
    kernel: Option<chunks::Chunks>,
}

#[pymethods]
impl ChunkDuplicates {
    #[new]
    #[pyo3(signature = (*, n_gram=3, diff_size=1, as_published=false))]
    fn new(n_gram: usize, diff_size: usize, as_published: bool) -> PyResult<Self> {
        let options = chunks::Options {
            parts: n_gram,
            shared: diff_size,
            as_published,
        };
        let kernel = chunks::Chunks::new(options).map_err(|error| errors::from_dedup(&error))?;
        Ok(Self {
            kernel: Some(kernel),
        })
    }

    /// Takes the next rows and their priorities (int64 or float64, larger is better).
    #[pyo3(signature = (column, priorities=None))]
    fn add(
        &mut self,
        py: Python<'_>,
        column: AnyArray,
        priorities: Option<AnyArray>,
    ) -> PyResult<()> {
        let kernel = alive(self.kernel.as_mut())?;
        priorities::feed(py, column, priorities, |texts, ranks| {
            kernel.extend(texts, ranks);
            Ok(())
        })?;
        Ok(())
    }

    /// The rows that share enough parts: row and keeper (uint64), number of shared parts (float64), by row.
    fn finish(&mut self, py: Python<'_>) -> PyResult<PyRecordBatch> {
        let kernel = alive(self.kernel.take())?;
        let found = threads::run(py, || kernel.duplicates())?;
        let found = found.iter().map(|(found, shared)| NearDuplicate {
            row: found.number,
            keeper: found.keeper,
            similarity: *shared as f64,
        });
        Ok(to_arrow(&found.collect::<Vec<_>>()))
    }
}

/// Rows whose embeddings are near.
#[pyclass(module = "dataflow_rs._native")]
pub struct SemanticDuplicates {
    kernel: Option<semantic::Semantic>,
}

#[pymethods]
impl SemanticDuplicates {
    #[new]
    #[pyo3(signature = (*, threshold=0.95, cells=None, probes=2, seed=0, chains=false))]
    fn new(
        threshold: f64,
        cells: Option<usize>,
        probes: usize,
        seed: u64,
        chains: bool,
    ) -> PyResult<Self> {
        let options = semantic::Options {
            threshold,
            cells,
            probes,
            seed,
            chains,
            ..semantic::Options::default()
        };
        let kernel =
            semantic::Semantic::new(options).map_err(|error| errors::from_dedup(&error))?;
        Ok(Self {
            kernel: Some(kernel),
        })
    }

    /// Takes the next embeddings (a list column of float32) and their priorities (int64 or float64, larger is better).
    #[pyo3(signature = (column, priorities=None))]
    fn add(&mut self, column: AnyArray, priorities: Option<AnyArray>) -> PyResult<()> {
        let kernel = alive(self.kernel.as_mut())?;
        let priorities = priorities::read(priorities)?;
        let mut ranks = priorities
            .into_iter()
            .chain(std::iter::repeat(Priority::NONE));
        for chunk in column.into_chunked_array()?.chunks() {
            let lists = chunk.as_list_opt::<i32>().ok_or_else(|| {
                ColumnError::new_err(format!(
                    "embeddings are a column of lists of float32, not {}",
                    chunk.data_type()
                ))
            })?;
            for row in lists.iter() {
                let numbers = row.as_ref().map(|row| {
                    let numbers = row.as_primitive_opt::<Float32Type>();
                    numbers
                        .filter(|numbers| numbers.null_count() == 0)
                        .ok_or_else(|| {
                            ColumnError::new_err("embeddings are lists of float32 without nulls")
                        })
                });
                let numbers = numbers.transpose()?;
                let vector = numbers.map(|numbers| numbers.values().as_ref());
                let rank = ranks.next().unwrap_or_default();
                kernel
                    .push(vector, rank)
                    .map_err(|error| errors::from_dedup(&error))?;
            }
        }
        Ok(())
    }

    /// The rows that are near another one: row and keeper (uint64), cosine (float64), by row.
    fn finish(&mut self, py: Python<'_>) -> PyResult<PyRecordBatch> {
        let kernel = alive(self.kernel.take())?;
        Ok(to_arrow(&threads::run(py, || kernel.duplicates())?))
    }
}

/// Word n-grams that were seen.
#[pyclass(module = "dataflow_rs._native")]
pub struct SeenNgrams {
    kernel: overlap::Overlap,
}

#[pymethods]
impl SeenNgrams {
    #[new]
    #[pyo3(signature = (*, ngram=13, threshold=0.8, normalization="words", expected=None, false_positives=1e-5))]
    fn new(
        ngram: usize,
        threshold: f64,
        normalization: &str,
        expected: Option<u64>,
        false_positives: f64,
    ) -> PyResult<Self> {
        let form = WordForm::from_name(normalization).ok_or_else(|| {
            unknown(
                "normalization",
                normalization,
                &WordForm::NAMES.map(|(known, _)| known),
            )
        })?;
        let memory = expected.map_or(overlap::Memory::Exact, |expected| overlap::Memory::Bloom {
            expected,
            false_positives,
        });
        let kernel = overlap::Overlap::new(overlap::Options {
            ngram,
            threshold,
            form,
            memory,
        })
        .map_err(|error| errors::from_dedup(&error))?;
        Ok(Self { kernel })
    }

    /// Shares of n-grams that earlier rows contain (float64); rows below the threshold join them.
    fn insert(&mut self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let kernel = &mut self.kernel;
        let shares = priorities::feed(py, column, None, |texts, _| Ok(kernel.insert_batch(texts)))?;
        let shares = Float64Array::from_iter_values(shares.into_iter().flatten());
        let columns: [(&str, ArrayRef); 1] = [("share", Arc::new(shares))];
        Ok(PyRecordBatch::new(
            RecordBatch::try_from_iter(columns).expect("one column"),
        ))
    }

    /// Bytes of the Bloom filter; None for the exact form, which grows.
    #[getter]
    fn filter_bytes(&self) -> Option<usize> {
        self.kernel.filter_bytes()
    }
}
