//! Bindings of the kernels of `dfrs_dedup` that cut repeated pieces out of texts, in several passes over the rows.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, LargeStringBuilder, ListBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use dfrs_columnar::Texts;
use dfrs_dedup::pieces::Split;
use dfrs_dedup::spans::{Options, SpanFinder, Spans};
use dfrs_dedup::substring::{AnchorPass, CutPass, Unit, WindowPass, without};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use crate::duplicates::{form, limits, unknown};
use crate::errors::{self, OperatorError};
use crate::{priorities, threads};

fn out_of_order() -> PyErr {
    OperatorError::new_err("the passes over the rows come in another order: see the class")
}

/// Repeated runs of lines, paragraphs or sentences: `add` all rows, `finish`, then `cut` all rows.
#[pyclass(module = "dataflow_rs._native")]
pub struct RepeatedSpans {
    finder: Option<SpanFinder>,
    spans: Option<Spans>,
}

#[pymethods]
impl RepeatedSpans {
    #[new]
    #[pyo3(signature = (*, unit, normalization, run=1, min_chars=0, min_words=0, memory=None, folder=None))]
    fn new(
        unit: &str,
        normalization: &str,
        run: usize,
        min_chars: usize,
        min_words: usize,
        memory: Option<usize>,
        folder: Option<PathBuf>,
    ) -> PyResult<Self> {
        let split = Split::from_name(unit)
            .ok_or_else(|| unknown("unit", unit, &Split::NAMES.map(|(known, _)| known)))?;
        let options = Options {
            split,
            form: form(normalization)?,
            run,
            min_chars,
            min_words,
        };
        let finder = SpanFinder::new(options, &limits(memory, folder))
            .map_err(|error| errors::from_dedup(&error))?;
        Ok(Self {
            finder: Some(finder),
            spans: None,
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
        let finder = self.finder.as_mut().ok_or_else(out_of_order)?;
        priorities::feed(py, column, priorities, |texts, ranks| {
            finder.extend(texts, ranks)
        })?;
        Ok(())
    }

    /// Compares; returns the number of runs, and of those that repeat another.
    fn finish(&mut self, py: Python<'_>) -> PyResult<(u64, u64)> {
        let finder = self.finder.take().ok_or_else(out_of_order)?;
        let spans =
            threads::run(py, || finder.finish())?.map_err(|error| errors::from_dedup(&error))?;
        let counts = (spans.runs(), spans.repeated());
        self.spans = Some(spans);
        Ok(counts)
    }

    /// Cuts the rows, given again in order: text (`large_string`), pieces removed and left (uint64).
    fn cut(&mut self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let spans = self.spans.as_mut().ok_or_else(out_of_order)?;
        let (mut text, mut removed, mut left) = (
            LargeStringBuilder::new(),
            UInt64Builder::new(),
            UInt64Builder::new(),
        );
        for chunk in column.into_chunked_array()?.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let rows = texts.slice(rows);
                let cuts = threads::run(py, || spans.cut_batch(&rows))?
                    .map_err(|error| errors::from_dedup(&error))?;
                for (cut, old) in cuts.iter().zip(rows) {
                    text.append_option(cut.as_ref().and_then(|cut| cut.text.as_deref()).or(old));
                    removed.append_value(cut.as_ref().map_or(0, |cut| cut.removed as u64));
                    left.append_value(cut.as_ref().map_or(0, |cut| cut.left as u64));
                }
            }
        }
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("text", Arc::new(text.finish()), true),
            ("removed", Arc::new(removed.finish()), false),
            ("left", Arc::new(left.finish()), false),
        ];
        Ok(PyRecordBatch::new(
            RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length"),
        ))
    }
}

enum Pass {
    Anchors(AnchorPass),
    Windows(WindowPass),
    Cut(CutPass),
}

/// Repeated substrings: `add` all rows, `next_pass`, `add` all rows again, `next_pass`, then `cut` all rows.
#[pyclass(module = "dataflow_rs._native")]
pub struct RepeatedSubstrings {
    pass: Option<Pass>,
}

#[pymethods]
impl RepeatedSubstrings {
    #[new]
    #[pyo3(signature = (*, min_length, unit="characters", memory=None, folder=None))]
    fn new(
        min_length: usize,
        unit: &str,
        memory: Option<usize>,
        folder: Option<PathBuf>,
    ) -> PyResult<Self> {
        let unit = Unit::from_name(unit)
            .ok_or_else(|| unknown("unit", unit, &Unit::NAMES.map(|(known, _)| known)))?;
        let pass = AnchorPass::new(unit, min_length, &limits(memory, folder));
        Ok(Self {
            pass: Some(Pass::Anchors(
                pass.map_err(|error| errors::from_dedup(&error))?,
            )),
        })
    }

    /// Takes the next rows of a pass and their priorities (int64 or float64, larger is better).
    #[pyo3(signature = (column, priorities=None))]
    fn add(
        &mut self,
        py: Python<'_>,
        column: AnyArray,
        priorities: Option<AnyArray>,
    ) -> PyResult<()> {
        let pass = self.pass.as_mut().ok_or_else(out_of_order)?;
        priorities::feed(py, column, priorities, |texts, ranks| match pass {
            Pass::Anchors(pass) => pass.extend(texts),
            Pass::Windows(pass) => pass.extend(texts, ranks),
            Pass::Cut(_) => Ok(()),
        })?;
        Ok(())
    }

    /// Ends a pass.
    fn next_pass(&mut self, py: Python<'_>) -> PyResult<()> {
        let pass = self.pass.take().ok_or_else(out_of_order)?;
        let next = threads::run(py, || match pass {
            Pass::Anchors(pass) => pass.finish().map(Pass::Windows),
            Pass::Windows(pass) => pass.finish().map(Pass::Cut),
            Pass::Cut(pass) => Ok(Pass::Cut(pass)),
        })?;
        self.pass = Some(next.map_err(|error| errors::from_dedup(&error))?);
        Ok(())
    }

    /// Cuts the rows, given again in order: text (`large_string`), and the spans that are gone as starts and ends in
    /// characters (list of int64).
    fn cut(&mut self, py: Python<'_>, column: AnyArray) -> PyResult<PyRecordBatch> {
        let Some(Pass::Cut(pass)) = self.pass.as_mut() else {
            return Err(out_of_order());
        };
        let mut text = LargeStringBuilder::new();
        let mut starts = ListBuilder::new(Int64Builder::new());
        let mut ends = ListBuilder::new(Int64Builder::new());
        for chunk in column.into_chunked_array()?.chunks() {
            let texts =
                Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
            for rows in texts.blocks() {
                py.check_signals()?;
                let rows = texts.slice(rows);
                let spans = threads::run(py, || pass.spans(&rows))?
                    .map_err(|error| errors::from_dedup(&error))?;
                for (spans, old) in spans.iter().zip(rows) {
                    match old {
                        Some(old) if !spans.is_empty() => text.append_value(without(old, spans)),
                        _ => text.append_option(old),
                    }
                    append(&mut starts, spans, |span| span.start);
                    append(&mut ends, spans, |span| span.end);
                }
            }
        }
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("text", Arc::new(text.finish()), true),
            ("starts", Arc::new(starts.finish()), false),
            ("ends", Arc::new(ends.finish()), false),
        ];
        Ok(PyRecordBatch::new(
            RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length"),
        ))
    }
}

#[allow(clippy::cast_possible_wrap)] // positions in a text
fn append(
    list: &mut ListBuilder<Int64Builder>,
    spans: &[Range<usize>],
    edge: impl Fn(&Range<usize>) -> usize,
) {
    for span in spans {
        list.values().append_value(edge(span) as i64);
    }
    list.append(true);
}
