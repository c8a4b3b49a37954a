//! The first pass: what the values of every column look like, and the schema that holds them all.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};
use rayon::prelude::*;

use crate::blocks::Record;
use crate::csv;
use crate::error::{Error, Parsed};
use crate::feed::{Feed, Options, Origin, Part, is_blank, malformed, text};
use crate::format::Format;
use crate::json::Cursor;
use crate::shape::{Fields, Spot};

/// Bytes of a block in the pass that decides the types.
const SCAN_BYTES: usize = 1 << 20;
/// Records of a block in that pass.
const SCAN_ROWS: usize = 1 << 16;
/// The pass that decides the types.
pub struct Scan {
    feed: Feed,
    look: Look,
    shapes: Shapes,
}

/// What the threads need to know.
struct Look {
    names: Vec<String>,
    delimiter: Option<u8>,
    wanted: Option<HashSet<String>>,
    given: HashSet<String>,
    skip: bool,
    options: Options,
}

/// What is known of the columns.
#[derive(Default)]
struct Shapes {
    fields: Fields,
    csv: Vec<(String, csv::Column)>,
}

impl Scan {
    /// Prepares the pass.
    pub fn new(files: Vec<Origin>, options: Options) -> Self {
        let given = options
            .given
            .iter()
            .flat_map(|schema| schema.fields().iter());
        let look = Look {
            names: files
                .iter()
                .map(|origin| origin.name().to_owned())
                .collect(),
            delimiter: match options.format {
                Format::Csv(delimiter) => Some(delimiter),
                Format::JsonLines | Format::Json => None,
            },
            wanted: options
                .columns
                .as_ref()
                .map(|names| names.iter().cloned().collect()),
            given: given.map(|field| field.name().clone()).collect(),
            skip: options.skip,
            options,
        };
        Self {
            feed: Feed::new(files, look.options.format, SCAN_ROWS, SCAN_BYTES),
            look,
            shapes: Shapes::default(),
        }
    }

    /// Looks at some more blocks; false when everything has been seen.
    pub fn step(&mut self) -> Result<bool, Error> {
        let parts = self.feed.group()?;
        let found: Vec<Result<Shapes, Error>> = parts
            .into_par_iter()
            .map(|part| self.look.shapes(&part))
            .collect();
        let more = !found.is_empty();
        for shapes in found {
            self.shapes.merge(shapes?);
        }
        Ok(more)
    }

    /// The schema that holds every value.
    pub fn finish(self) -> Result<SchemaRef, Error> {
        let Self { look, shapes, .. } = self;
        let mut found: Vec<Field> = Vec::new();
        let given = |name: &str| {
            let schema = look.options.given.as_ref()?;
            Some(schema.field_with_name(name).ok()?.clone())
        };
        for (name, shape) in shapes.fields.iter() {
            found.push(match given(name) {
                Some(field) => field,
                None => Field::new(
                    name,
                    shape.data_type(&mut vec![name.to_owned()], &look.names)?,
                    true,
                ),
            });
        }
        for (name, column) in &shapes.csv {
            found.push(given(name).unwrap_or_else(|| Field::new(name, column.data_type(), true)));
        }
        let known: HashSet<&str> = found.iter().map(|field| field.name().as_str()).collect();
        let absent = look
            .options
            .given
            .iter()
            .flat_map(|schema| schema.fields().iter());
        let absent: Vec<Field> = absent
            .filter(|field| !known.contains(field.name().as_str()))
            .map(|field| field.as_ref().clone())
            .collect();
        found.extend(absent);
        let found = match &look.options.columns {
            None => found,
            Some(columns) => selected(&found, columns)?,
        };
        Ok(Arc::new(Schema::new(found)))
    }
}

fn selected(found: &[Field], columns: &[String]) -> Result<Vec<Field>, Error> {
    let mut wanted = Vec::with_capacity(columns.len());
    for name in columns {
        let Some(field) = found.iter().find(|field| field.name() == name) else {
            return Err(Error::Parameter(format!(
                "columns: no file has the column '{name}'"
            )));
        };
        wanted.push(field.clone());
    }
    Ok(wanted)
}

impl Shapes {
    fn merge(&mut self, later: Self) {
        self.fields.merge(later.fields);
        for (name, column) in later.csv {
            match self.csv.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.merge(&column),
                None => self.csv.push((name, column)),
            }
        }
    }
}

impl Look {
    fn shapes(&self, part: &Part) -> Result<Shapes, Error> {
        let mut bad: Vec<usize> = Vec::new();
        loop {
            let before = bad.len();
            let shapes = self.shapes_without(part, &mut bad)?;
            if bad.len() == before {
                return Ok(shapes);
            }
            // A bad record has left traces in the shapes: look at the others alone.
        }
    }

    fn shapes_without(&self, part: &Part, bad: &mut Vec<usize>) -> Result<Shapes, Error> {
        let mut shapes = Shapes::default();
        if let Some(header) = &part.header {
            shapes.csv = header
                .iter()
                .map(|name| (name.clone(), csv::Column::default()))
                .collect();
        }
        let known = bad.len();
        for (number, record) in part.block.records.iter().enumerate() {
            if bad[..known].binary_search(&number).is_ok() {
                continue;
            }
            if let Err(fault) = self.record(part, record, &mut shapes) {
                if !self.skip {
                    return Err(malformed(
                        &self.names[part.file],
                        &part.block,
                        record,
                        &fault,
                    ));
                }
                bad.push(number);
            }
        }
        if let Some(wanted) = &self.wanted {
            shapes.csv.retain(|(name, _)| wanted.contains(name));
        }
        Ok(shapes)
    }

    fn record(&self, part: &Part, record: &Record, shapes: &mut Shapes) -> Parsed<()> {
        let text = text(&part.block, record)?;
        if let Some(delimiter) = self.delimiter {
            return row(text, delimiter, &mut shapes.csv);
        }
        if is_blank(text) {
            return Ok(());
        }
        let spot = Spot {
            file: part.file,
            record,
            bytes: &part.block.bytes,
        };
        let mut cursor = Cursor::new(text);
        shapes.fields.begin();
        cursor.object(|cursor, key, at| {
            if self
                .wanted
                .as_ref()
                .is_some_and(|wanted| !wanted.contains(key))
            {
                return cursor.skip();
            }
            let shape = shapes.fields.enter(key, at)?;
            if self.given.contains(key) {
                return cursor.skip();
            }
            shape
                .observe(cursor, &spot)
                .map_err(|fault| fault.within(key))
        })?;
        cursor.end()
    }
}

fn row(text: &str, delimiter: u8, columns: &mut [(String, csv::Column)]) -> Parsed<()> {
    let text = csv::without_line_end(text);
    if csv::is_blank(text, columns.len()) {
        return Ok(());
    }
    let mut found = 0;
    csv::values(text, delimiter, |value| {
        if let Some((_, column)) = columns.get_mut(found) {
            column.observe(&value);
        }
        found += 1;
        Ok(())
    })?;
    csv::check_width(found, columns.len(), text.len())
}
