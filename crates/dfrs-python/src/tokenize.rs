//! Binding of `dfrs_tokenize`: counts and ids of whole columns.

use std::sync::Arc;

use arrow_array::builder::{LargeListBuilder, UInt32Builder};
use arrow_array::{ArrayRef, Float64Array, Int64Array, UInt64Array};
use arrow_schema::{DataType, Field};
use dfrs_columnar::{Texts, map_rows_with};
use dfrs_tokenize::{ENCODINGS, Encoder, Encoding, Error};
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use pyo3_arrow::input::AnyArray;

use crate::errors::{self, ParameterError};
use crate::threads;

/// A vocabulary with the rules that cut texts for it.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct Tokenizer {
    pub inner: Arc<dfrs_tokenize::Tokenizer>,
}

#[pymethods]
impl Tokenizer {
    /// Reads the content of a tiktoken file, of the encoding with this name.
    #[staticmethod]
    #[pyo3(signature = (file, encoding, special=false))]
    fn from_tiktoken(py: Python<'_>, file: &[u8], encoding: &str, special: bool) -> PyResult<Self> {
        let named = Encoding::named(encoding).ok_or_else(|| {
            let names: Vec<_> = ENCODINGS.iter().map(|encoding| encoding.name).collect();
            ParameterError::new_err(format!(
                "no published encoding is called '{encoding}'; known: {}",
                names.join(", ")
            ))
        })?;
        let read = || dfrs_tokenize::Tokenizer::from_tiktoken(file, named, special);
        Self::wrap(py.detach(read))
    }

    /// Reads the content of a tokenizer.json.
    #[staticmethod]
    #[pyo3(signature = (file, special=true))]
    fn from_json(py: Python<'_>, file: &[u8], special: bool) -> PyResult<Self> {
        Self::wrap(py.detach(|| dfrs_tokenize::Tokenizer::from_json(file, special)))
    }

    /// Number of tokens per row (int64); null stays null.
    #[allow(clippy::cast_possible_wrap)] // a text has fewer than 2^63 tokens
    fn count(&self, py: Python<'_>, column: AnyArray) -> PyResult<PyArray> {
        #[allow(clippy::redundant_closure_for_method_calls)] // lifetimes
        let counts = self.map(py, column, |encoder, text| encoder.count(text))?;
        let counts = counts
            .into_iter()
            .map(|count| count.map(|count| count as i64));
        let array: ArrayRef = Arc::new(counts.collect::<Int64Array>());
        Ok(PyArray::from_array_ref(array))
    }

    /// Tokens per row (large list of uint32); null stays null.
    fn encode(&self, py: Python<'_>, column: AnyArray) -> PyResult<PyArray> {
        let encode = |encoder: &mut Encoder<'_>, text: &str| {
            let mut ids = Vec::new();
            encoder.encode(text, &mut ids).map(|()| ids)
        };
        let rows = self.map(py, column, encode)?;
        let tokens = rows.iter().flatten().map(Vec::len).sum();
        let item = Arc::new(Field::new("item", DataType::UInt32, false));
        let values = UInt32Builder::with_capacity(tokens);
        let mut lists = LargeListBuilder::with_capacity(values, rows.len()).with_field(item);
        for row in rows {
            if let Some(ids) = &row {
                lists.values().append_slice(ids);
            }
            lists.append(row.is_some());
        }
        Ok(PyArray::from_array_ref(Arc::new(lists.finish())))
    }

    /// How often each token occurs in a column: one number per id (uint64), up to the highest id of the vocabulary.
    fn tally(&self, py: Python<'_>, column: AnyArray) -> PyResult<PyArray> {
        let encode = |encoder: &mut Encoder<'_>, text: &str| {
            let mut ids = Vec::new();
            encoder.encode(text, &mut ids).map(|()| ids)
        };
        let mut counts = vec![0_u64; self.inner.id_bound()];
        for id in self
            .map(py, column, encode)?
            .into_iter()
            .flatten()
            .flatten()
        {
            counts[id as usize] += 1;
        }
        Ok(PyArray::from_array_ref(Arc::new(UInt64Array::from(counts))))
    }

    /// The mean, over the tokens of each text, of a number per id (float64); null for null and texts without tokens.
    fn mean(&self, py: Python<'_>, column: AnyArray, numbers: Vec<f64>) -> PyResult<PyArray> {
        if numbers.len() < self.inner.id_bound() {
            return Err(ParameterError::new_err(format!(
                "{} numbers for {} token ids",
                numbers.len(),
                self.inner.id_bound()
            )));
        }
        let mean = |encoder: &mut Encoder<'_>, text: &str| {
            let mut ids = Vec::new();
            encoder.encode(text, &mut ids)?;
            let sum: f64 = ids.iter().map(|&id| numbers[id as usize]).sum();
            Ok((!ids.is_empty()).then(|| sum / ids.len() as f64))
        };
        let means = self.map(py, column, mean)?.into_iter().map(Option::flatten);
        Ok(PyArray::from_array_ref(Arc::new(
            means.collect::<Float64Array>(),
        )))
    }

    /// Number of tokens of one text.
    fn count_text(&self, py: Python<'_>, text: &str) -> PyResult<usize> {
        py.detach(|| self.inner.count(text))
            .map_err(|error| errors::from_tokenize(&error))
    }

    /// Tokens of one text.
    fn encode_text(&self, py: Python<'_>, text: &str) -> PyResult<Vec<u32>> {
        let mut ids = Vec::new();
        py.detach(|| self.inner.encode(text, &mut ids))
            .map_err(|error| errors::from_tokenize(&error))?;
        Ok(ids)
    }

    /// The bytes that some tokens stand for.
    fn decode_bytes(&self, ids: Vec<u32>) -> PyResult<Vec<u8>> {
        self.inner
            .decode(&ids)
            .map_err(|error| errors::from_tokenize(&error))
    }

    /// The id of a token, None if there is no such token.
    fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.id(token)
    }

    /// Number of tokens, special ones included.
    #[getter]
    fn vocabulary_size(&self) -> usize {
        self.inner.vocabulary_size()
    }

    /// Whether the vocabulary is encoded here, as opposed to by the general library, which is slower.
    #[getter]
    fn is_native(&self) -> bool {
        self.inner.is_native()
    }

    fn __repr__(&self) -> String {
        format!(
            "Tokenizer(vocabulary_size={})",
            self.inner.vocabulary_size()
        )
    }
}

impl Tokenizer {
    fn wrap(read: Result<dfrs_tokenize::Tokenizer, Error>) -> PyResult<Self> {
        let inner = Arc::new(read.map_err(|error| errors::from_tokenize(&error))?);
        Ok(Self { inner })
    }

    fn map<T: Send>(
        &self,
        py: Python<'_>,
        column: AnyArray,
        apply: impl Fn(&mut Encoder<'_>, &str) -> Result<T, Error> + Sync + Send,
    ) -> PyResult<Vec<Option<T>>> {
        let chunks = column.into_chunked_array()?;
        let mut results = Vec::new();
        for chunk in chunks.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let row = |encoder: &mut Encoder<'_>, text: Option<&str>| {
                    text.map(|text| apply(encoder, text)).transpose()
                };
                let state = || self.inner.encoder();
                let block = threads::run(py, || map_rows_with(&texts, rows, state, row))?;
                for result in block {
                    results.push(result.map_err(|error| errors::from_tokenize(&error))?);
                }
            }
        }
        Ok(results)
    }
}
