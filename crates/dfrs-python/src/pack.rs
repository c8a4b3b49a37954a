//! Binding of `dfrs_pack`: columns of token lists in, columns of sequences out.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, Int64Builder, ListBuilder, UInt32Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::DataType;
use dfrs_pack::{Error, Method, Mixture, Packer as Inner, Parameters, TooLong};
use pyo3::prelude::*;
use pyo3_arrow::{PyArray, PyRecordBatch};

use crate::errors::{OperatorError, ParameterError, StorageError};

/// Packs documents into sequences of one length, which wait in a file.
#[pyclass(module = "dataflow_rs._native")]
pub struct Packer {
    packer: Inner,
    length: u32,
}

#[pymethods]
impl Packer {
    #[new]
    #[pyo3(signature = (path, length, method, too_long, separator=None, window_tokens=1 << 24))]
    fn new(
        path: PathBuf,
        length: u32,
        method: &str,
        too_long: &str,
        separator: Option<u32>,
        window_tokens: usize,
    ) -> PyResult<Self> {
        let method = match method {
            "documents" => Method::Documents,
            "concatenate" => Method::Concatenate,
            "best_fit" => Method::BestFit,
            other => return Err(unknown("method", other)),
        };
        let too_long = match too_long {
            "split" => TooLong::Split,
            "truncate" => TooLong::Truncate,
            "drop" => TooLong::Drop,
            "error" => TooLong::Refuse,
            other => return Err(unknown("too_long", other)),
        };
        let parameters = Parameters {
            length,
            method,
            separator,
            too_long,
            window_tokens,
        };
        let packer = Inner::new(&path, parameters).map_err(|error| to_python(&error))?;
        Ok(Self { packer, length })
    }

    /// Adds documents to the present source: their rows (int64) and tokens (large list of uint32).
    fn add(&mut self, py: Python<'_>, rows: PyArray, tokens: PyArray) -> PyResult<()> {
        let (rows, tokens) = (rows.into_inner().0, tokens.into_inner().0);
        let (Some(rows), Some(lists)) = (
            rows.as_primitive_opt::<Int64Type>(),
            tokens.as_list_opt::<i64>(),
        ) else {
            return Err(OperatorError::new_err(
                "rows are an int64 column, tokens a large_list<uint32> column",
            ));
        };
        if *lists.values().data_type() != DataType::UInt32 {
            return Err(OperatorError::new_err("tokens are uint32"));
        }
        if rows.len() != lists.len() {
            return Err(OperatorError::new_err("rows and tokens differ in length"));
        }
        let add_all = || {
            for row in 0..lists.len() {
                let tokens = lists.value(row);
                let tokens = tokens.as_primitive::<UInt32Type>().values();
                let is_there = lists.is_valid(row);
                let document = if is_there { &tokens[..] } else { &[] };
                self.packer.add(rows.value(row), document)?;
            }
            Ok(())
        };
        py.detach(add_all).map_err(|error| to_python(&error))
    }

    /// Ends the present source; what is added next belongs to another one.
    fn end_source(&mut self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.packer.end_source())
            .map_err(|error| to_python(&error))
    }

    /// For every source that ended: documents, empty and dropped ones, lost tokens, tokens, sequences.
    fn counts(&self) -> Vec<(u64, u64, u64, u64, u64, u64)> {
        let counts = self.packer.counts().iter().map(|counts| {
            (
                counts.documents,
                counts.empty,
                counts.dropped,
                counts.lost_tokens,
                counts.tokens,
                counts.sequences,
            )
        });
        counts.collect()
    }

    /// The largest token of all finished sequences.
    #[getter]
    fn largest_token(&self) -> u32 {
        self.packer.largest_token()
    }

    /// The numbers of the sequences in the order of training (uint32).
    #[pyo3(signature = (seed=None, weights=None, epochs=1.0))]
    fn order(
        &self,
        seed: Option<u64>,
        weights: Option<Vec<f64>>,
        epochs: f64,
    ) -> PyResult<PyArray> {
        let mixture = weights.map(|weights| Mixture { weights, epochs });
        let order = dfrs_pack::order(self.packer.sources(), seed, mixture.as_ref())
            .map_err(|error| to_python(&error))?;
        Ok(PyArray::from_array_ref(Arc::new(UInt32Array::from(order))))
    }

    /// Sequences by number: their tokens (list), filled up with `pad`; and lengths, rows and starts of their pieces
    /// (lists), and source. The two do not share memory.
    #[pyo3(signature = (numbers, pad=None))]
    fn read(
        &mut self,
        py: Python<'_>,
        numbers: PyArray,
        pad: Option<u32>,
    ) -> PyResult<(PyArray, PyRecordBatch)> {
        let numbers = numbers.into_inner().0;
        let numbers = numbers.as_primitive_opt::<UInt32Type>();
        let numbers = numbers.ok_or_else(|| OperatorError::new_err("numbers are uint32"))?;
        let sequences = self.packer.sources().len();
        if numbers
            .values()
            .iter()
            .any(|&number| number as usize >= sequences)
        {
            return Err(OperatorError::new_err(format!(
                "there are {sequences} sequences"
            )));
        }
        let (tokens, pieces) = py
            .detach(|| self.batch(numbers.values(), pad))
            .map_err(|error| to_python(&error))?;
        Ok((PyArray::from_array_ref(tokens), PyRecordBatch::new(pieces)))
    }
}

impl Packer {
    fn batch(
        &mut self,
        numbers: &[u32],
        pad: Option<u32>,
    ) -> Result<(ArrayRef, RecordBatch), Error> {
        let mut tokens = ListBuilder::new(UInt32Builder::new());
        let mut lengths = ListBuilder::new(Int32Builder::new());
        let mut rows = ListBuilder::new(Int64Builder::new());
        let mut starts = ListBuilder::new(Int64Builder::new());
        let mut sources = Int32Builder::new();
        for &number in numbers {
            let sequence = self.packer.read(number as usize)?;
            tokens.values().append_slice(&sequence.tokens);
            if let Some(pad) = pad {
                let missing = (self.length as usize).saturating_sub(sequence.tokens.len());
                (0..missing).for_each(|_| tokens.values().append_value(pad));
            }
            for piece in &sequence.pieces {
                lengths.values().append_value(piece.length.cast_signed());
                rows.values().append_value(piece.row);
                starts.values().append_value(piece.start.cast_signed());
            }
            tokens.append(true);
            lengths.append(true);
            rows.append(true);
            starts.append(true);
            sources.append_value(self.packer.sources()[number as usize].cast_signed());
        }
        let columns: [(&str, ArrayRef, bool); 4] = [
            ("lengths", Arc::new(lengths.finish()), false),
            ("rows", Arc::new(rows.finish()), false),
            ("starts", Arc::new(starts.finish()), false),
            ("source", Arc::new(sources.finish()), false),
        ];
        let pieces = RecordBatch::try_from_iter_with_nullable(columns);
        let pieces = pieces.expect("four columns of one length");
        Ok((Arc::new(tokens.finish()), pieces))
    }
}

fn unknown(what: &str, value: &str) -> PyErr {
    ParameterError::new_err(format!("there is no {what} '{value}'"))
}

fn to_python(error: &Error) -> PyErr {
    match error {
        Error::Spill { .. } => StorageError::new_err(error.to_string()),
        Error::Parameter(_) => ParameterError::new_err(error.to_string()),
        Error::TooLong { .. } => OperatorError::new_err(error.to_string()),
    }
}
