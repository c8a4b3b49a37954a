//! Binding of `dfrs_dedup::minhash`: near-duplicates of a data set, and the index on disk.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::builder::{BooleanBuilder, Float64Builder, UInt32Builder, UInt64Builder};
use arrow_array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, UInt32Array, UInt64Array,
};
use dfrs_columnar::Texts;
use dfrs_dedup::bands::Bands;
use dfrs_dedup::files::Folder;
use dfrs_dedup::minhash::{
    self as kernel, Addition, Collector, Family, Form, Outcome, Search, Settings, Stage, Unit,
};
use dfrs_dedup::{Error, Priority};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyArray;

use crate::errors::{self, ColumnError, OperatorError, ParameterError};
use crate::threads;

const UNITS: [(&str, Unit); 2] = [("word", Unit::Word), ("character", Unit::Character)];
const FAMILIES: [(&str, Family); 3] = [
    ("native", Family::Native),
    ("datasketch-1.6", Family::Datasketch),
    ("mersenne-61", Family::Mersenne),
];

/// What two texts are compared by.
#[pyclass(module = "dataflow_rs._native", frozen)]
pub struct MinHashSettings {
    inner: Settings,
}

#[pymethods]
impl MinHashSettings {
    #[new]
    #[pyo3(signature = (*, shingle="word", normalization="words", ngram=5, family="native", num_perm=128, threshold=0.8,
                        bands=None, rows=None, recall=0.95, verify=true))]
    #[allow(clippy::too_many_arguments)] // keyword arguments of Python
    fn new(
        shingle: &str,
        normalization: &str,
        ngram: usize,
        family: &str,
        num_perm: usize,
        threshold: f64,
        bands: Option<usize>,
        rows: Option<usize>,
        recall: f64,
        verify: bool,
    ) -> PyResult<Self> {
        let cut = match (bands, rows) {
            (Some(bands), Some(rows)) => Ok(Bands { bands, rows }),
            (None, None) if verify => Bands::for_recall(threshold, num_perm, recall),
            (None, None) => Bands::for_threshold(threshold, num_perm),
            _ => Err(Error::Parameter(
                "bands and rows are given together, or both left out".to_owned(),
            )),
        };
        let inner = Settings {
            unit: known("shingle", shingle, &UNITS)?,
            form: known("normalization", normalization, &Form::NAMES)?,
            ngram,
            family: known("family", family, &FAMILIES)?,
            num_perm,
            threshold,
            bands: cut.map_err(|error| errors::from_dedup(&error))?,
            verify,
        };
        inner.check().map_err(|error| errors::from_dedup(&error))?;
        Ok(Self { inner })
    }

    /// Number of bands, b.
    #[getter]
    fn bands(&self) -> usize {
        self.inner.bands.bands
    }

    /// Signature positions per band, r.
    #[getter]
    fn rows(&self) -> usize {
        self.inner.bands.rows
    }

    /// Everything that decides results, as one line.
    #[getter]
    fn identity(&self) -> String {
        self.inner.identity()
    }
}

fn known<T: Copy>(parameter: &str, name: &str, names: &[(&str, T)]) -> PyResult<T> {
    names
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, value)| value)
        .ok_or_else(|| {
            let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            ParameterError::new_err(format!(
                "{parameter}='{name}' is not known; there are: {}",
                known.join(", ")
            ))
        })
}

/// Near-duplicates of a data set, fed with columns in row order.
#[pyclass(module = "dataflow_rs._native")]
pub struct MinHashSearch {
    settings: Settings,
    memory: usize,
    folder: Folder,
    collector: Option<Collector>,
    priorities: Vec<Priority>,
}

#[pymethods]
impl MinHashSearch {
    #[new]
    #[pyo3(signature = (settings, *, memory, folder=None))]
    fn new(
        settings: PyRef<'_, MinHashSettings>,
        memory: usize,
        folder: Option<PathBuf>,
    ) -> PyResult<Self> {
        let make = || {
            let folder = match folder {
                Some(parent) => Folder::temporary_in(&parent)?,
                None => Folder::temporary()?,
            };
            let collector = Collector::new(settings.inner.clone(), memory, &folder, None)?;
            Ok((folder, Some(collector)))
        };
        let (folder, collector) = make().map_err(|error| errors::from_dedup(&error))?;
        Ok(Self {
            settings: settings.inner.clone(),
            memory,
            folder,
            collector,
            priorities: Vec::new(),
        })
    }

    /// Takes the next rows and what they are worth (int64 or float64; larger is better).
    #[pyo3(signature = (column, priorities=None))]
    fn add(
        &mut self,
        py: Python<'_>,
        column: AnyArray,
        priorities: Option<AnyArray>,
    ) -> PyResult<()> {
        let collector = self.collector.as_mut().ok_or_else(ended)?;
        for_each_block(py, column, |texts| collector.add(texts))?;
        if let Some(priorities) = priorities {
            take_priorities(priorities, &mut self.priorities)?;
        }
        Ok(())
    }

    /// Ends the input and returns the rows of all clusters: row, cluster, keeper (uint64), size (uint32), similarity
    /// to the keeper (float64); with `every_row`, all rows: keep (bool), `duplicate_of` and cluster (uint64), size
    /// (uint32) and similarity (float64) or null. `progress(stage, done, total)` may raise.
    #[pyo3(signature = (progress=None, *, every_row=false))]
    fn run(
        &mut self,
        py: Python<'_>,
        progress: Option<Py<PyAny>>,
        every_row: bool,
    ) -> PyResult<PyRecordBatch> {
        let collector = self.collector.take().ok_or_else(ended)?;
        let (folder, memory, priorities) = (self.folder.clone(), self.memory, &self.priorities);
        let verify = self.settings.verify.then_some(self.settings.threshold);
        let outcome = watched(py, progress.as_ref(), |watch| {
            let collections = [collector.finish()?];
            Search::new(&collections, verify, memory, folder).run(priorities, watch)
        })?;
        let rows = if every_row { verdicts } else { clusters };
        Ok(PyRecordBatch::new(rows(&outcome)))
    }
}

/// Texts on disk that others are compared with.
#[pyclass(module = "dataflow_rs._native")]
pub struct DedupIndex {
    inner: kernel::DedupIndex,
    addition: Option<Addition>,
}

#[pymethods]
impl DedupIndex {
    #[new]
    fn new(path: PathBuf, settings: PyRef<'_, MinHashSettings>) -> PyResult<Self> {
        let inner = kernel::DedupIndex::open(&path, settings.inner.clone());
        Ok(Self {
            inner: inner.map_err(|error| errors::from_dedup(&error))?,
            addition: None,
        })
    }

    /// Number of documents, rows without a text included.
    fn __len__(&self) -> usize {
        self.inner.len() as usize
    }

    /// Number of additions that it consists of.
    #[getter]
    fn parts(&self) -> usize {
        self.inner.parts()
    }

    /// Takes over what another process has added since.
    fn refresh(&mut self) -> PyResult<()> {
        self.inner
            .refresh()
            .map_err(|error| errors::from_dedup(&error))
    }

    /// Takes the next texts of an addition, which counts from `commit` on.
    fn add(&mut self, py: Python<'_>, column: AnyArray, memory: usize) -> PyResult<()> {
        if self.addition.is_none() {
            let addition = self.inner.begin(memory);
            self.addition = Some(addition.map_err(|error| errors::from_dedup(&error))?);
        }
        let addition = self.addition.as_mut().ok_or_else(ended)?;
        for_each_block(py, column, |texts| addition.add(texts))
    }

    /// Makes the texts that were added part of the index.
    fn commit(&mut self, py: Python<'_>) -> PyResult<()> {
        match self.addition.take() {
            None => Ok(()),
            Some(addition) => threads::run(py, || self.inner.commit(addition))?
                .map_err(|error| errors::from_dedup(&error)),
        }
    }

    /// Forgets what was added and not committed.
    fn abandon(&mut self) {
        self.addition = None;
    }

    /// The most similar document of the index for every row: document (uint64) and similarity (float64), or null.
    fn query(&self, py: Python<'_>, column: AnyArray, memory: usize) -> PyResult<PyRecordBatch> {
        let asked = self.inner.ask(memory);
        let (mut asked, folder) = asked.map_err(|error| errors::from_dedup(&error))?;
        for_each_block(py, column, |texts| asked.add(texts))?;
        let found = threads::run(py, || self.inner.answer(asked, memory, &folder))?
            .map_err(|error| errors::from_dedup(&error))?;
        let document: UInt64Array = found
            .iter()
            .map(|one| one.map(|found| found.document))
            .collect();
        let similarity = found
            .iter()
            .map(|one| one.and_then(|found| number(found.similarity)));
        let similarity: Float64Array = similarity.collect();
        let columns: [(&str, ArrayRef, bool); 2] = [
            ("document", Arc::new(document), true),
            ("similarity", Arc::new(similarity), true),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns);
        Ok(PyRecordBatch::new(
            batch.expect("two columns of one length"),
        ))
    }

    /// Clusters of all its documents; see `MinHashSearch.run`.
    #[pyo3(signature = (memory, priorities=None, progress=None))]
    fn clusters(
        &self,
        py: Python<'_>,
        memory: usize,
        priorities: Option<AnyArray>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<PyRecordBatch> {
        let mut worth = Vec::new();
        if let Some(priorities) = priorities {
            take_priorities(priorities, &mut worth)?;
        }
        let outcome = watched(py, progress.as_ref(), |watch| {
            self.inner.clusters(&worth, memory, watch)
        })?;
        Ok(PyRecordBatch::new(clusters(&outcome)))
    }

    /// Takes over all documents of another index with the same settings.
    fn merge(&mut self, py: Python<'_>, other: PyRef<'_, Self>) -> PyResult<()> {
        let other = &other.inner;
        threads::run(py, || self.inner.merge(other))?.map_err(|error| errors::from_dedup(&error))
    }

    /// Reads all files and raises `CorruptStoreError` when one is not as it was written.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        threads::run(py, || self.inner.check())?.map_err(|error| errors::from_dedup(&error))
    }
}

/// Bands and rows with the fewest candidates that find duplicates at the threshold with a probability.
#[pyfunction]
pub fn lsh_params_for_recall(
    threshold: f64,
    num_perm: usize,
    recall: f64,
) -> PyResult<(usize, usize)> {
    let cut = Bands::for_recall(threshold, num_perm, recall);
    let cut = cut.map_err(|error| errors::from_dedup(&error))?;
    Ok((cut.bands, cut.rows))
}

fn ended() -> PyErr {
    OperatorError::new_err("the search has ended: make a new one")
}

/// Gives the rows of a column to `take`, block by block, on the pool.
fn for_each_block(
    py: Python<'_>,
    column: AnyArray,
    mut take: impl FnMut(&[Option<&str>]) -> Result<(), Error> + Send,
) -> PyResult<()> {
    for chunk in column.into_chunked_array()?.chunks() {
        let texts = Texts::new(chunk.as_ref()).map_err(|error| errors::from_columnar(&error))?;
        for rows in texts.blocks() {
            py.check_signals()?;
            let rows = texts.slice(rows);
            threads::run(py, || take(&rows))?.map_err(|error| errors::from_dedup(&error))?;
        }
    }
    Ok(())
}

fn take_priorities(column: AnyArray, out: &mut Vec<Priority>) -> PyResult<()> {
    for chunk in column.into_chunked_array()?.chunks() {
        let any = chunk.as_any();
        if let Some(numbers) = any.downcast_ref::<Int64Array>() {
            out.extend(
                numbers
                    .iter()
                    .map(|number| number.map_or(Priority::NONE, Priority::of_integer)),
            );
        } else if let Some(numbers) = any.downcast_ref::<Float64Array>() {
            out.extend(
                numbers
                    .iter()
                    .map(|number| number.map_or(Priority::NONE, Priority::of_number)),
            );
        } else {
            return Err(ColumnError::new_err(format!(
                "priorities are int64 or float64, not {}",
                chunk.data_type()
            )));
        }
    }
    Ok(())
}

/// Runs a search on the pool; its progress goes to a Python function, whose exception ends it.
fn watched(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    search: impl FnOnce(kernel::Progress<'_>) -> Result<Outcome, Error> + Send,
) -> PyResult<Outcome> {
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let watch = |stage: Stage, done: u64, total: u64| {
        Python::attach(|py| {
            let told = py.check_signals().and_then(|()| match progress {
                None => Ok(()),
                Some(tell) => tell.call1(py, (stage.name(), done, total)).map(drop),
            });
            told.map_err(|error| {
                *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Error::Interrupted
            })
        })
    };
    let outcome = threads::run(py, || search(&watch))?;
    if let Some(error) = raised.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    outcome.map_err(|error| errors::from_dedup(&error))
}

fn number(similarity: f64) -> Option<f64> {
    (!similarity.is_nan()).then_some(similarity)
}

fn clusters(outcome: &Outcome) -> RecordBatch {
    let found = &outcome.found;
    let wide = |part: fn(&dfrs_dedup::Member) -> u32| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(
            found.iter().map(|one| u64::from(part(&one.member))),
        ))
    };
    let size = UInt32Array::from_iter_values(found.iter().map(|one| one.member.size));
    let similarity: Float64Array = found.iter().map(|one| number(one.similarity)).collect();
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("row", wide(|member| member.row), false),
        ("cluster", wide(|member| member.cluster), false),
        ("keeper", wide(|member| member.keeper), false),
        ("size", Arc::new(size), false),
        ("similarity", Arc::new(similarity), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("five columns of one length")
}

fn verdicts(outcome: &Outcome) -> RecordBatch {
    let rows = outcome.rows as usize;
    let mut keep = BooleanBuilder::with_capacity(rows);
    let (mut of, mut cluster) = (
        UInt64Builder::with_capacity(rows),
        UInt64Builder::with_capacity(rows),
    );
    let mut size = UInt32Builder::with_capacity(rows);
    let mut similarity = Float64Builder::with_capacity(rows);
    let mut found = outcome.found.iter().peekable();
    for row in 0..rows {
        let here = found.next_if(|one| one.member.row as usize == row);
        let dropped = here.filter(|one| one.member.keeper != one.member.row);
        keep.append_value(dropped.is_none());
        of.append_option(dropped.map(|one| u64::from(one.member.keeper)));
        similarity.append_option(dropped.and_then(|one| number(one.similarity)));
        cluster.append_option(here.map(|one| u64::from(one.member.cluster)));
        size.append_option(here.map(|one| one.member.size));
    }
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("keep", Arc::new(keep.finish()), false),
        ("duplicate_of", Arc::new(of.finish()), true),
        ("similarity", Arc::new(similarity.finish()), true),
        ("cluster", Arc::new(cluster.finish()), true),
        ("size", Arc::new(size.finish()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("five columns of one length")
}
