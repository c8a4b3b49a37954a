//! What the values of a column look like, and the type that holds all of them.
//!
//! Shapes are collected per block and merged in file order, so that the result does not depend on the threads. Types
//! widen only where no value changes: integers become 64-bit floats only if every one of them is exact as a float.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields as ArrowFields};

use crate::blocks::Record;
use crate::error::{Error, Fault, Parsed};
use crate::json::{Cursor, Number};

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the file.
    pub file: usize,
    /// Line, from 1.
    pub line: u64,
    /// Byte column, from 1.
    pub column: u64,
}

/// The record that is being looked at; places are worked out only where they are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// Number of the file.
    pub file: usize,
    /// The record.
    pub record: &'a Record,
    /// The bytes of its block.
    pub bytes: &'a [u8],
}

impl Spot<'_> {
    fn place(&self, at: usize) -> Place {
        let (line, column) = self.record.place(self.bytes, at);
        Place {
            file: self.file,
            line,
            column,
        }
    }
}

/// Everything that is known of the values of a column; the places are those of the first value of each kind.
#[derive(Debug, Default)]
pub struct Shape {
    boolean: Option<Place>,
    string: Option<Place>,
    integer: Option<Place>,
    fraction: Option<Place>,
    least: i128,
    most: i128,
    /// The first integer that a 64-bit float cannot hold exactly.
    inexact: Option<(Place, String)>,
    list: Option<(Place, Box<Shape>)>,
    object: Option<(Place, Fields)>,
}

/// The keys of an object, in order of their first appearance.
#[derive(Debug, Default)]
pub struct Fields {
    known: Vec<Known>,
    index: HashMap<String, usize>,
    objects: u64,
    /// The field that most likely comes next.
    next: usize,
}

#[derive(Debug)]
struct Known {
    name: String,
    shape: Shape,
    /// The object that had this key last.
    object: u64,
}

impl Fields {
    /// Begins another object.
    pub fn begin(&mut self) {
        self.objects += 1;
        self.next = 0;
    }

    /// The shape of a key's values; a key that the object already had is a fault.
    pub fn enter(&mut self, name: &str, at: usize) -> Parsed<&mut Shape> {
        let position = match self.known.get(self.next) {
            Some(known) if known.name == name => self.next,
            _ => self.position(name).ok_or_else(|| nul(at))?,
        };
        self.next = position + 1;
        let known = &mut self.known[position];
        if known.object == self.objects {
            return Err(duplicate(name, at));
        }
        known.object = self.objects;
        Ok(&mut known.shape)
    }

    /// Where a field is, new or not; no Arrow field has a name with NUL, because names are passed on as C strings.
    fn position(&mut self, name: &str) -> Option<usize> {
        if let Some(&position) = self.index.get(name) {
            return Some(position);
        }
        if name.contains('\0') {
            return None;
        }
        self.index.insert(name.to_owned(), self.known.len());
        self.known.push(Known {
            name: name.to_owned(),
            shape: Shape::default(),
            object: 0,
        });
        Some(self.known.len() - 1)
    }

    /// Adds what a later block knows.
    pub fn merge(&mut self, later: Self) {
        for known in later.known {
            let position = self
                .position(&known.name)
                .expect("known names are without NUL");
            self.known[position].shape.merge(known.shape);
        }
    }

    /// Names and shapes, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Shape)> {
        self.known
            .iter()
            .map(|known| (known.name.as_str(), &known.shape))
    }
}

/// The fault of a name with a NUL character.
#[allow(clippy::unnecessary_box_returns)] // the error of `Parsed`
pub fn nul(at: usize) -> Box<Fault> {
    Fault::new(at, "a column name must not contain the character NUL")
}

/// The fault of a key that comes twice.
pub fn duplicate(name: &str, at: usize) -> Box<Fault> {
    let message =
        format!("the key '{name}' comes twice in one object; only one of the values could be kept");
    Fault::new(at, message)
}

impl Shape {
    /// Looks at the value under the cursor.
    pub fn observe(&mut self, cursor: &mut Cursor, spot: &Spot) -> Parsed<()> {
        let first = cursor.peek();
        let at = cursor.at();
        match first {
            Some(b'"') => {
                self.string.get_or_insert_with(|| spot.place(at));
                cursor.string(&mut ())
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = cursor.number()?;
                self.number(number, at, spot)
            }
            Some(b'{') => {
                let (_, fields) = self
                    .object
                    .get_or_insert_with(|| (spot.place(at), Fields::default()));
                fields.begin();
                cursor.object(|cursor, key, at| {
                    let shape = fields.enter(key, at)?;
                    shape
                        .observe(cursor, spot)
                        .map_err(|fault| fault.within(key))
                })
            }
            Some(b'[') => {
                let (_, items) = self
                    .list
                    .get_or_insert_with(|| (spot.place(at), Box::default()));
                cursor.array(|cursor| items.observe(cursor, spot))
            }
            _ => {
                if cursor.word()? != "null" {
                    self.boolean.get_or_insert_with(|| spot.place(at));
                }
                Ok(())
            }
        }
    }

    fn number(&mut self, number: Number, at: usize, spot: &Spot) -> Parsed<()> {
        let text = number.text;
        if !number.integer {
            self.fraction.get_or_insert_with(|| spot.place(at));
            let long = text.len() > 300 || text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
            return if long && text.parse().is_ok_and(f64::is_infinite) {
                Err(too_large(text, at))
            } else {
                Ok(())
            };
        }
        let fallback = if text.starts_with('-') {
            i128::MIN
        } else {
            i128::MAX
        };
        let value: i128 = text.parse().unwrap_or(fallback);
        if self.integer.is_none() {
            self.integer = Some(spot.place(at));
            (self.least, self.most) = (value, value);
        }
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        if self.inexact.is_none() && !exact(text, value) {
            self.inexact = Some((spot.place(at), text.to_owned()));
        }
        Ok(())
    }

    /// Adds what a later block knows.
    fn merge(&mut self, later: Self) {
        if later.integer.is_some() {
            let known = self.integer.is_some();
            self.least = if known {
                self.least.min(later.least)
            } else {
                later.least
            };
            self.most = if known {
                self.most.max(later.most)
            } else {
                later.most
            };
        }
        self.boolean = self.boolean.or(later.boolean);
        self.string = self.string.or(later.string);
        self.integer = self.integer.or(later.integer);
        self.fraction = self.fraction.or(later.fraction);
        self.inexact = self.inexact.take().or(later.inexact);
        match (&mut self.list, later.list) {
            (Some((_, items)), Some((_, more))) => items.merge(*more),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
        match (&mut self.object, later.object) {
            (Some((_, fields)), Some((_, more))) => fields.merge(more),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
    }

    /// The type that holds every value; `path` leads to the column, `files` are the names of the files.
    pub fn data_type(&self, path: &mut Vec<String>, files: &[String]) -> Result<DataType, Error> {
        let number = self.integer.or(self.fraction);
        let mut kinds: Vec<(Place, &str)> = [
            (self.boolean, "a boolean"),
            (self.string, "a string"),
            (number, "a number"),
            (self.list.as_ref().map(|(place, _)| *place), "an array"),
            (self.object.as_ref().map(|(place, _)| *place), "an object"),
        ]
        .into_iter()
        .filter_map(|(place, kind)| Some((place?, kind)))
        .collect();
        kinds.sort_by_key(|(place, _)| (place.file, place.line, place.column));
        if let [(first, one), (second, other), ..] = kinds[..] {
            let what = format!("{one} in {} and {other} here", named(first, second, files));
            return Err(no_common_type(path, second, &what, files));
        }
        if number.is_some() {
            return self.number_type(path, files);
        }
        Ok(if self.boolean.is_some() {
            DataType::Boolean
        } else if self.string.is_some() {
            DataType::Utf8
        } else if let Some((_, items)) = &self.list {
            path.push("[]".to_owned());
            let items = items.data_type(path, files)?;
            path.pop();
            DataType::List(Arc::new(Field::new_list_field(items, true)))
        } else if let Some((_, fields)) = &self.object {
            DataType::Struct(struct_fields(fields, path, files)?)
        } else {
            DataType::Null
        })
    }

    fn number_type(&self, path: &[String], files: &[String]) -> Result<DataType, Error> {
        if self.fraction.is_none() {
            if self.least >= i64::MIN.into() && self.most <= i64::MAX.into() {
                return Ok(DataType::Int64);
            }
            if self.least >= 0 && self.most <= u64::MAX.into() {
                return Ok(DataType::UInt64);
            }
        }
        match &self.inexact {
            None => Ok(DataType::Float64),
            Some((place, text)) => {
                let text: String = text.chars().take(40).collect();
                let what = format!(
                    "with the integer {text}, neither int64, uint64 nor float64 is exact for every value"
                );
                Err(no_common_type(path, *place, &what, files))
            }
        }
    }
}

fn struct_fields(
    fields: &Fields,
    path: &mut Vec<String>,
    files: &[String],
) -> Result<ArrowFields, Error> {
    let mut found = Vec::with_capacity(fields.known.len());
    for (name, shape) in fields.iter() {
        path.push(name.to_owned());
        found.push(Field::new(name, shape.data_type(path, files)?, true));
        path.pop();
    }
    Ok(found.into())
}

/// A place as another place in the same message names it.
fn named(place: Place, beside: Place, files: &[String]) -> String {
    if place.file == beside.file {
        format!("line {}", place.line)
    } else {
        format!("{}, line {}", files[place.file], place.line)
    }
}

fn no_common_type(path: &[String], place: Place, what: &str, files: &[String]) -> Error {
    let column = path.join(".").replace(".[]", "[]");
    let top = path.first().map_or("", String::as_str);
    Error::Malformed {
        file: files[place.file].clone(),
        line: place.line,
        column: place.column,
        message: format!(
            "column '{column}': {what}. No type holds all values unchanged; pass schema={{\"{top}\": \"string\"}} to \
             keep the JSON text of every value"
        ),
    }
}

/// The fault of a number that is no finite float.
pub fn too_large(text: &str, at: usize) -> Box<Fault> {
    let head: String = text.chars().take(40).collect();
    Fault::new(
        at,
        format!("the number {head} is larger than any 64-bit float"),
    )
}

/// Whether a 64-bit float holds an integer exactly.
pub fn exact(text: &str, value: i128) -> bool {
    if value.unsigned_abs() <= 1 << 53 {
        return true;
    }
    let float: f64 = text.parse().unwrap_or(f64::INFINITY);
    float.is_finite() && format!("{float:.0}") == text
}
