//! The second pass: record batches of a schema that is known.
//!
//! A block becomes one batch, so the batches are the same for any number of threads.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use rayon::prelude::*;

use crate::blocks::Record;
use crate::column::Row;
use crate::csv;
use crate::error::{BadRecord, Error, Parsed, excerpt};
use crate::feed::{Feed, Options, Origin, Part, is_blank, malformed, text};
use crate::fill;
use crate::format::Format;
use crate::json::Cursor;

/// The pass that builds batches of a schema.
pub struct Reader {
    feed: Feed,
    builder: Builder,
    ready: VecDeque<RecordBatch>,
    failure: Option<Error>,
    bad: Vec<BadRecord>,
    replaced: u64,
}

/// What the threads need to know.
struct Builder {
    names: Vec<String>,
    schema: SchemaRef,
    format: Format,
    lenient: bool,
    skip: bool,
}

/// What one block became.
struct Built {
    batch: Option<RecordBatch>,
    bad: Vec<BadRecord>,
    replaced: u64,
    failure: Option<Error>,
}

impl Reader {
    /// Prepares the pass; the schema is that of [`Scan::finish`] or given by the user.
    pub fn new(files: Vec<Origin>, options: &Options, schema: SchemaRef) -> Result<Self, Error> {
        Row::new(schema.fields(), "", false)?;
        let csv = matches!(options.format, Format::Csv(_));
        if let Some(field) = schema
            .fields()
            .iter()
            .find(|field| csv && field.data_type().is_nested())
        {
            return Err(Error::Parameter(format!(
                "schema: column '{}': a CSV file holds no {}. Read it as string",
                field.name(),
                field.data_type()
            )));
        }
        let builder = Builder {
            names: files
                .iter()
                .map(|origin| origin.name().to_owned())
                .collect(),
            schema,
            format: options.format,
            lenient: options.columns.is_some(),
            skip: options.skip,
        };
        Ok(Self {
            feed: Feed::new(
                files,
                options.format,
                options.batch_rows,
                options.batch_bytes,
            ),
            builder,
            ready: VecDeque::new(),
            failure: None,
            bad: Vec::new(),
            replaced: 0,
        })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.builder.schema
    }

    /// The bad records since the last call.
    pub fn take_bad(&mut self) -> Vec<BadRecord> {
        std::mem::take(&mut self.bad)
    }

    /// Halves of surrogate pairs that became U+FFFD so far.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// The next batch; what comes before a bad record is delivered before the error.
    #[allow(clippy::should_implement_trait)] // an iterator of results goes on after an error
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if let Some(failure) = self.failure.take() {
                self.feed.stop();
                return Err(failure);
            }
            let parts = self.feed.group()?;
            if parts.is_empty() {
                return Ok(None);
            }
            let built: Vec<Built> = parts
                .into_par_iter()
                .map(|part| self.builder.build(&part))
                .collect();
            for built in built {
                self.ready.extend(built.batch);
                self.bad.extend(built.bad);
                self.replaced += built.replaced;
                if built.failure.is_some() {
                    self.failure = built.failure;
                    break;
                }
            }
        }
    }
}

impl Builder {
    fn build(&self, part: &Part) -> Built {
        let mut built = Built {
            batch: None,
            bad: Vec::new(),
            replaced: 0,
            failure: None,
        };
        let failed = |message| Some(Error::Parameter(message));
        let mut row = match Row::new(self.schema.fields(), "", self.lenient) {
            Ok(row) => row,
            Err(error) => {
                built.failure = Some(error);
                return built;
            }
        };
        match self.targets(part) {
            Ok(targets) => self.records(part, &targets, &mut row, &mut built),
            Err(error) => built.failure = Some(error),
        }
        let rows = row.rows();
        if rows == 0 {
            return built;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = row.finish().and_then(|(_, arrays)| {
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
        });
        match batch {
            Ok(batch) => built.batch = Some(batch),
            Err(error) => built.failure = failed(error.to_string()),
        }
        built
    }

    /// For each value of a CSV row the column it belongs to.
    fn targets(&self, part: &Part) -> Result<Vec<Option<usize>>, Error> {
        let Some(header) = &part.header else {
            return Ok(Vec::new());
        };
        let target = |name: &String| match self.schema.index_of(name) {
            Ok(position) => Ok(Some(position)),
            Err(_) if self.lenient => Ok(None),
            Err(_) => Err(Error::Malformed {
                file: self.names[part.file].clone(),
                line: 1,
                column: 1,
                message: format!(
                    "the column '{name}' is not in the schema; add it there or leave it out"
                ),
            }),
        };
        header.iter().map(target).collect()
    }

    fn records(&self, part: &Part, targets: &[Option<usize>], row: &mut Row, built: &mut Built) {
        let mut scratch = String::new();
        for record in &part.block.records {
            let before = row.rows();
            let outcome = self.record(part, record, targets, row, &mut scratch);
            match outcome {
                Ok(replaced) => built.replaced += replaced,
                Err(fault) => {
                    row.truncate(before);
                    let file = &self.names[part.file];
                    if !self.skip {
                        built.failure = Some(malformed(file, &part.block, record, &fault));
                        return;
                    }
                    let (line, column) = record.place(&part.block.bytes, fault.at);
                    built.bad.push(BadRecord {
                        file: file.clone(),
                        line,
                        column,
                        message: fault.describe(),
                        text: excerpt(&part.block.bytes[record.start..record.end]),
                    });
                }
            }
        }
    }

    fn record(
        &self,
        part: &Part,
        record: &Record,
        targets: &[Option<usize>],
        row: &mut Row,
        scratch: &mut String,
    ) -> Parsed<u64> {
        let text = text(&part.block, record)?;
        if let Format::Csv(delimiter) = self.format {
            let text = csv::without_line_end(text);
            if !csv::is_blank(text, targets.len()) {
                csv::fill(text, delimiter, targets, row)?;
            }
            return Ok(0);
        }
        if is_blank(text) {
            return Ok(0);
        }
        let mut cursor = Cursor::new(text);
        fill::object(&mut cursor, row, scratch)?;
        cursor.end()?;
        Ok(cursor.replaced)
    }
}
