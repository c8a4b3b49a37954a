//! Record batches into a text file.

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::encode::{Encoder, Form, Object, Unwritable, check, repeated, separated};
use crate::error::Error;
use crate::format::Format;
use crate::output::{Compression, Output};

/// Text that is collected before it is handed on.
const FLUSH: usize = 1 << 17;

/// Writes batches to a file that appears when [`Writer::finish`] is called; dropped before, it leaves nothing.
pub struct Writer {
    output: Output,
    format: Format,
    schema: SchemaRef,
    text: String,
    rows: u64,
}

impl Writer {
    /// Begins a file. A type that the format cannot hold is an error before anything is written.
    pub fn create(
        path: &Path,
        format: Format,
        schema: SchemaRef,
        compression: Compression,
    ) -> Result<Self, Error> {
        check_schema(&schema, format)?;
        let mut text = String::new();
        match format {
            Format::JsonLines => {}
            Format::Json => text.push('['),
            Format::Csv(delimiter) => {
                for (position, field) in schema.fields().iter().enumerate() {
                    if position > 0 {
                        text.push(delimiter.into());
                    }
                    separated(field.name(), delimiter, &mut text);
                }
                text.push('\n');
            }
        }
        Ok(Self {
            output: Output::create(path, compression)?,
            format,
            schema,
            text,
            rows: 0,
        })
    }

    /// Appends the rows of a batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let expected = self
            .schema
            .fields()
            .iter()
            .map(|field| (field.name(), field.data_type()));
        let given = batch.schema();
        if !expected.eq(given
            .fields()
            .iter()
            .map(|field| (field.name(), field.data_type())))
        {
            return Err(Error::Parameter(format!(
                "a batch has the schema {given}, but the file was begun with {}",
                self.schema
            )));
        }
        match self.format {
            Format::Csv(delimiter) => self.rows_separated(batch, delimiter),
            Format::Json | Format::JsonLines => self.rows_json(batch),
        }
    }

    fn rows_json(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let columns = batch.columns().iter().map(AsRef::as_ref);
        let object = Object::new(self.schema.fields(), columns, Form::Json);
        for row in 0..batch.num_rows() {
            if self.format == Format::Json {
                self.text
                    .push_str(if self.rows == 0 { "\n" } else { ",\n" });
            }
            let written = object.write(row, &mut self.text);
            written.map_err(|(position, unwritable)| self.unwritable(position, &unwritable))?;
            if self.format == Format::JsonLines {
                self.text.push('\n');
            }
            self.end_row()?;
        }
        Ok(())
    }

    fn rows_separated(&mut self, batch: &RecordBatch, delimiter: u8) -> Result<(), Error> {
        let columns = batch.columns().iter();
        let columns: Vec<Encoder> = columns
            .map(|column| Encoder::new(column, Form::Separated(delimiter)))
            .collect();
        for row in 0..batch.num_rows() {
            for (position, column) in columns.iter().enumerate() {
                if position > 0 {
                    self.text.push(delimiter.into());
                }
                let written = column.write(row, &mut self.text);
                written.map_err(|unwritable| self.unwritable(position, &unwritable))?;
            }
            self.text.push('\n');
            self.end_row()?;
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Error> {
        self.rows += 1;
        if self.text.len() >= FLUSH {
            self.output.write(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }

    fn unwritable(&self, position: usize, value: &Unwritable) -> Error {
        let name = self.schema.field(position).name();
        Error::Export(format!("column '{name}', row {}: {}", self.rows, value.0))
    }

    /// Ends the file and returns the number of rows.
    pub fn finish(mut self) -> Result<u64, Error> {
        if self.format == Format::Json {
            self.text.push_str("\n]\n");
        }
        self.output.write(self.text.as_bytes())?;
        self.output.commit()?;
        Ok(self.rows)
    }
}

fn check_schema(schema: &SchemaRef, format: Format) -> Result<(), Error> {
    let form = match format {
        Format::Csv(delimiter) => Form::Separated(delimiter),
        Format::Json | Format::JsonLines => Form::Json,
    };
    if let Some(name) = repeated(schema.fields()) {
        return Err(Error::Export(format!(
            "column '{name}' comes twice; rename one of the two"
        )));
    }
    if form != Form::Json && schema.fields().is_empty() {
        let message =
            "a table without columns cannot be written as separated values; export to JSON Lines";
        return Err(Error::Export(message.to_owned()));
    }
    for field in schema.fields() {
        check(field.data_type(), form).map_err(|message| {
            Error::Export(format!(
                "column '{}' of type {}: {message}",
                field.name(),
                field.data_type()
            ))
        })?;
    }
    Ok(())
}
