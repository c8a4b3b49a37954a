//! Columns under construction: values are appended one by one, and the last record can be taken back.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Int8Type, Int16Type, Int32Type, Time32MillisecondType, Time32SecondType, UInt8Type,
    UInt16Type, UInt32Type,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, Decimal128Array, Float32Array, Float64Array,
    Int64Array, LargeListArray, LargeStringArray, ListArray, NullArray, PrimitiveArray,
    StringArray, StructArray, Time64MicrosecondArray, Time64NanosecondArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array,
};
use arrow_buffer::{
    BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer,
};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, TimeUnit};

use crate::error::{Error, Fault, Parsed};
use crate::scalar;
use crate::shape::{duplicate, exact, too_large};

/// A column of one type.
pub struct Column {
    field: FieldRef,
    length: usize,
    valid: NullBufferBuilder,
    pub(crate) data: Data,
}

/// The values; integers of every width, dates and times are 64 bits wide until the column is finished.
pub(crate) enum Data {
    Null,
    Boolean(BooleanBufferBuilder),
    Integer(Vec<i64>),
    Unsigned(Vec<u64>),
    Float(Vec<f64>),
    Decimal(Vec<i128>),
    Text(Text),
    List(Vec<i32>, Box<Column>),
    Struct(Row),
}

/// Strings one after the other.
#[derive(Default)]
pub(crate) struct Text {
    pub(crate) values: String,
    offsets: Vec<i32>,
}

/// The columns of an object.
pub struct Row {
    columns: Vec<Column>,
    index: HashMap<String, usize>,
    rows: usize,
    next: usize,
    /// Keys without a column are passed over instead of being a fault.
    lenient: bool,
}

impl Column {
    /// An empty column; `path` leads to it, for messages.
    pub fn new(field: &FieldRef, path: &str) -> Result<Self, Error> {
        use DataType as T;
        let data = match field.data_type() {
            T::Null => Data::Null,
            T::Boolean => Data::Boolean(BooleanBufferBuilder::new(0)),
            kind if kind.is_signed_integer() => Data::Integer(Vec::new()),
            T::Date32 | T::Time32(_) | T::Time64(_) | T::Timestamp(_, _) => {
                Data::Integer(Vec::new())
            }
            T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => Data::Unsigned(Vec::new()),
            T::Float32 | T::Float64 => Data::Float(Vec::new()),
            T::Decimal128(_, scale) if *scale >= 0 => Data::Decimal(Vec::new()),
            T::Utf8 | T::LargeUtf8 => Data::Text(Text {
                values: String::new(),
                offsets: vec![0],
            }),
            T::List(item) | T::LargeList(item) => {
                Data::List(vec![0], Box::new(Self::new(item, &format!("{path}[]"))?))
            }
            T::Struct(fields) => Data::Struct(Row::new(fields, &format!("{path}."), false)?),
            other => {
                return Err(Error::Parameter(format!(
                    "schema: column '{path}': text formats cannot be read as {other}. Read it as string and cast it"
                )));
            }
        };
        Ok(Self {
            field: Arc::clone(field),
            length: 0,
            valid: NullBufferBuilder::new(0),
            data,
        })
    }

    /// The type of its values.
    pub fn data_type(&self) -> &DataType {
        self.field.data_type()
    }

    /// What a value looks like, for messages.
    pub fn expectation(&self) -> String {
        scalar::described(self.data_type())
    }

    /// Ends the value that was appended to `data`.
    pub(crate) fn end_value(&mut self) {
        self.length += 1;
        self.valid.append_non_null();
    }

    /// Appends null; in a column without nulls that is a fault.
    pub fn null(&mut self, at: usize) -> Parsed<()> {
        if self.field.is_nullable() {
            self.nothing();
            Ok(())
        } else {
            Err(Fault::new(
                at,
                format!("expected {}, found no value", self.expectation()),
            ))
        }
    }

    fn nothing(&mut self) {
        self.length += 1;
        self.valid.append_null();
        match &mut self.data {
            Data::Null => {}
            Data::Boolean(values) => values.append(false),
            Data::Integer(values) => values.push(0),
            Data::Unsigned(values) => values.push(0),
            Data::Float(values) => values.push(0.0),
            Data::Decimal(values) => values.push(0),
            Data::Text(text) => text.offsets.push(text.offsets[text.offsets.len() - 1]),
            Data::List(offsets, _) => offsets.push(offsets[offsets.len() - 1]),
            Data::Struct(row) => row.nothing(),
        }
    }

    /// Appends a boolean.
    pub fn boolean(&mut self, value: bool) -> bool {
        let Data::Boolean(values) = &mut self.data else {
            return false;
        };
        values.append(value);
        self.end_value();
        true
    }

    /// Appends the number of a text; `integer` says that it has neither fraction nor exponent.
    pub fn number(&mut self, text: &str, integer: bool, at: usize) -> Parsed<()> {
        let kind = self.field.data_type();
        let wrong = || {
            Fault::new(
                at,
                format!("expected {}, found {text}", scalar::described(kind)),
            )
        };
        match &mut self.data {
            Data::Integer(values) if kind.is_integer() => {
                let value = text.parse().ok().filter(|value| scalar::fits(*value, kind));
                values.push(value.ok_or_else(wrong)?);
            }
            Data::Unsigned(values) => values.push(unsigned(text, kind).ok_or_else(wrong)?),
            Data::Decimal(values) => values.push(decimal(text, kind).ok_or_else(wrong)?),
            Data::Float(values) => {
                let value = float(text, kind).ok_or_else(wrong)?;
                if value.is_infinite() {
                    return Err(too_large(text, at));
                }
                if integer
                    && !text
                        .parse()
                        .is_ok_and(|whole| exact_as(text, whole, value, kind))
                {
                    let message = format!(
                        "the integer {text} would lose digits as {kind}; read it as string"
                    );
                    return Err(Fault::new(at, message));
                }
                values.push(value);
            }
            _ => return Err(wrong()),
        }
        self.end_value();
        Ok(())
    }

    /// Appends the value that a text stands for, by the column's type.
    pub fn text(&mut self, text: &str, at: usize) -> Parsed<()> {
        let kind = self.field.data_type();
        let found = || -> String { text.chars().take(40).collect() };
        let wrong = |expected: String| Fault::new(at, format!("{expected}, found {:?}", found()));
        match &mut self.data {
            Data::Text(texts) => {
                texts.values.push_str(text);
                texts.end(at)?;
            }
            Data::Integer(values) => {
                values.push(scalar::parse_integer(text, kind).map_err(wrong)?);
            }
            Data::Decimal(values) => {
                let value = decimal(text, kind);
                values.push(
                    value.ok_or_else(|| wrong(format!("expected {}", scalar::described(kind))))?,
                );
            }
            _ => return Err(wrong(format!("expected {}", scalar::described(kind)))),
        }
        self.end_value();
        Ok(())
    }

    /// Appends a value of a CSV file, where everything is text.
    pub fn csv(&mut self, text: &str, at: usize) -> Parsed<()> {
        let wrong = |column: &Self| {
            let found: String = text.chars().take(40).collect();
            Fault::new(
                at,
                format!("expected {}, found {found:?}", column.expectation()),
            )
        };
        match &self.data {
            Data::Boolean(_) => {
                let value = text.eq_ignore_ascii_case("true");
                if !value && !text.eq_ignore_ascii_case("false") {
                    return Err(wrong(self));
                }
                self.boolean(value);
                Ok(())
            }
            Data::Unsigned(_) => self.number(text, true, at).map_err(|_| wrong(self)),
            Data::Float(_) => {
                let integer = text
                    .bytes()
                    .all(|byte| byte == b'-' || byte.is_ascii_digit());
                let value = float(text, self.field.data_type());
                let named = matches!(text, "inf" | "-inf");
                match (integer, value.filter(|value| named || !value.is_infinite())) {
                    (false, Some(value)) => {
                        let Data::Float(values) = &mut self.data else {
                            unreachable!("matched above")
                        };
                        values.push(value);
                        self.end_value();
                        Ok(())
                    }
                    (true, Some(_)) => self.number(text, true, at),
                    (_, None) => Err(wrong(self)),
                }
            }
            _ => self.text(text, at),
        }
    }

    /// Takes back everything beyond a number of values.
    pub fn truncate(&mut self, length: usize) {
        if let Data::Struct(row) = &mut self.data {
            row.truncate(length); // a fault inside an object leaves its columns longer than this one
        }
        if let Data::List(offsets, item) = &mut self.data {
            item.truncate(usize_of(offsets[length.min(offsets.len() - 1)]));
        }
        if let Data::Text(text) = &mut self.data {
            text.offsets.truncate(length + 1);
            text.values
                .truncate(usize_of(text.offsets[text.offsets.len() - 1]));
        }
        match &mut self.data {
            Data::Null | Data::Text(_) | Data::Struct(_) => {}
            Data::Boolean(values) => values.truncate(length.min(values.len())),
            Data::Integer(values) => values.truncate(length),
            Data::Unsigned(values) => values.truncate(length),
            Data::Float(values) => values.truncate(length),
            Data::Decimal(values) => values.truncate(length),
            Data::List(offsets, _) => offsets.truncate(length + 1),
        }
        if self.length > length {
            self.valid.truncate(length);
            self.length = length;
        }
    }

    /// The finished array.
    pub fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let valid = self.valid.finish();
        let kind = self.field.data_type();
        Ok(match self.data {
            Data::Null => Arc::new(NullArray::new(self.length)),
            Data::Boolean(mut values) => Arc::new(BooleanArray::new(values.finish(), valid)),
            Data::Integer(values) => integers(values, valid, kind),
            Data::Unsigned(values) => match kind {
                DataType::UInt8 => narrowed::<UInt8Type, _>(values, valid),
                DataType::UInt16 => narrowed::<UInt16Type, _>(values, valid),
                DataType::UInt32 => narrowed::<UInt32Type, _>(values, valid),
                _ => Arc::new(UInt64Array::new(values.into(), valid)),
            },
            Data::Float(values) if *kind == DataType::Float32 => {
                let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
                Arc::new(Float32Array::new(values.into(), valid))
            }
            Data::Float(values) => Arc::new(Float64Array::new(values.into(), valid)),
            Data::Decimal(values) => {
                Arc::new(Decimal128Array::new(values.into(), valid).with_data_type(kind.clone()))
            }
            Data::Text(text) => text.finish(valid, *kind == DataType::LargeUtf8)?,
            Data::List(offsets, item) => list(offsets, *item, valid, kind)?,
            Data::Struct(row) => {
                let (fields, arrays) = row.finish()?;
                if fields.is_empty() {
                    Arc::new(StructArray::new_empty_fields(self.length, valid))
                } else {
                    Arc::new(StructArray::try_new(fields, arrays, valid)?)
                }
            }
        })
    }
}

impl Text {
    /// Ends the string that was appended to the values.
    pub(crate) fn end(&mut self, at: usize) -> Parsed<()> {
        let Ok(end) = i32::try_from(self.values.len()) else {
            return Err(Fault::new(
                at,
                "the strings of one batch exceed 2 GiB; lower batch_bytes",
            ));
        };
        self.offsets.push(end);
        Ok(())
    }

    fn finish(mut self, valid: Option<NullBuffer>, large: bool) -> Result<ArrayRef, ArrowError> {
        self.values.shrink_to_fit();
        let values = Buffer::from_vec(self.values.into_bytes());
        Ok(if large {
            let offsets: Vec<i64> = self.offsets.into_iter().map(i64::from).collect();
            let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
            Arc::new(LargeStringArray::try_new(offsets, values, valid)?)
        } else {
            let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
            Arc::new(StringArray::try_new(offsets, values, valid)?)
        })
    }
}

impl Row {
    /// Columns for the fields of an object; `prefix` stands before their names in messages.
    pub fn new(fields: &Fields, prefix: &str, lenient: bool) -> Result<Self, Error> {
        let mut columns = Vec::with_capacity(fields.len());
        let mut index = HashMap::with_capacity(fields.len());
        for (position, field) in fields.iter().enumerate() {
            let path = format!("{prefix}{}", field.name());
            columns.push(Column::new(field, &path)?);
            if index.insert(field.name().clone(), position).is_some() {
                let message = format!("schema: the column '{path}' comes twice");
                return Err(Error::Parameter(message));
            }
        }
        Ok(Self {
            columns,
            index,
            rows: 0,
            next: 0,
            lenient,
        })
    }

    /// Number of complete rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column of a key, or None where it is to be passed over.
    pub fn enter(&mut self, name: &str, at: usize) -> Parsed<Option<&mut Column>> {
        let position = match self.columns.get(self.next) {
            Some(column) if column.field.name() == name => self.next,
            _ => match self.index.get(name) {
                Some(&position) => position,
                None if self.lenient => return Ok(None),
                None => {
                    let message = format!(
                        "the key '{name}' is not in the schema; add it there or leave it out"
                    );
                    return Err(Fault::new(at, message));
                }
            },
        };
        self.next = position + 1;
        let column = &mut self.columns[position];
        if column.length > self.rows {
            return Err(duplicate(name, at));
        }
        Ok(Some(column))
    }

    /// The column at a position.
    pub fn column(&mut self, position: usize) -> &mut Column {
        &mut self.columns[position]
    }

    /// Ends the row; columns that got no value get null.
    pub fn end(&mut self, at: usize) -> Parsed<()> {
        for column in &mut self.columns {
            if column.length == self.rows {
                column
                    .null(at)
                    .map_err(|fault| fault.within(column.field.name()))?;
            }
        }
        self.rows += 1;
        self.next = 0;
        Ok(())
    }

    fn nothing(&mut self) {
        self.columns.iter_mut().for_each(Column::nothing);
        self.rows += 1;
    }

    /// Takes back everything beyond a number of rows.
    pub fn truncate(&mut self, rows: usize) {
        for column in &mut self.columns {
            column.truncate(rows);
        }
        self.rows = self.rows.min(rows);
        self.next = 0;
    }

    /// The finished arrays.
    pub fn finish(self) -> Result<(Fields, Vec<ArrayRef>), ArrowError> {
        let fields: Fields = self
            .columns
            .iter()
            .map(|column| Arc::clone(&column.field))
            .collect();
        let arrays = self
            .columns
            .into_iter()
            .map(Column::finish)
            .collect::<Result<_, _>>()?;
        Ok((fields, arrays))
    }
}

fn usize_of(offset: i32) -> usize {
    usize::try_from(offset).expect("offsets are lengths")
}

fn unsigned(text: &str, kind: &DataType) -> Option<u64> {
    let limit = match kind {
        DataType::UInt8 => u8::MAX.into(),
        DataType::UInt16 => u16::MAX.into(),
        DataType::UInt32 => u32::MAX.into(),
        _ => u64::MAX,
    };
    let text = if text == "-0" { "0" } else { text };
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| begins && *value <= limit)
}

fn decimal(text: &str, kind: &DataType) -> Option<i128> {
    let DataType::Decimal128(precision, scale) = kind else {
        return None;
    };
    scalar::parse_decimal(text, *precision, *scale)
}

/// A float of the type's width; Rust rounds to the nearest one.
fn float(text: &str, kind: &DataType) -> Option<f64> {
    if *kind == DataType::Float32 {
        text.parse::<f32>().ok().map(f64::from)
    } else {
        text.parse().ok()
    }
}

fn exact_as(text: &str, whole: i128, value: f64, kind: &DataType) -> bool {
    if *kind == DataType::Float32 {
        format!("{value:.0}") == text || whole == 0
    } else {
        exact(text, whole)
    }
}

fn narrowed<T, W>(values: Vec<W>, valid: Option<NullBuffer>) -> ArrayRef
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<W>,
{
    let narrow = |value| T::Native::try_from(value).unwrap_or_default(); // in range: checked when appended
    let values: Vec<T::Native> = values.into_iter().map(narrow).collect();
    Arc::new(PrimitiveArray::<T>::new(values.into(), valid))
}

fn integers(values: Vec<i64>, valid: Option<NullBuffer>, kind: &DataType) -> ArrayRef {
    use TimeUnit as U;
    match kind {
        DataType::Int8 => narrowed::<Int8Type, _>(values, valid),
        DataType::Int16 => narrowed::<Int16Type, _>(values, valid),
        DataType::Int32 => narrowed::<Int32Type, _>(values, valid),
        DataType::Date32 => narrowed::<Date32Type, _>(values, valid),
        DataType::Time32(U::Second) => narrowed::<Time32SecondType, _>(values, valid),
        DataType::Time32(_) => narrowed::<Time32MillisecondType, _>(values, valid),
        DataType::Time64(U::Microsecond) => {
            Arc::new(Time64MicrosecondArray::new(values.into(), valid))
        }
        DataType::Time64(_) => Arc::new(Time64NanosecondArray::new(values.into(), valid)),
        DataType::Timestamp(unit, zone) => {
            let (values, zone) = (values.into(), zone.clone());
            match unit {
                U::Second => {
                    Arc::new(TimestampSecondArray::new(values, valid).with_timezone_opt(zone))
                }
                U::Millisecond => {
                    Arc::new(TimestampMillisecondArray::new(values, valid).with_timezone_opt(zone))
                }
                U::Microsecond => {
                    Arc::new(TimestampMicrosecondArray::new(values, valid).with_timezone_opt(zone))
                }
                U::Nanosecond => {
                    Arc::new(TimestampNanosecondArray::new(values, valid).with_timezone_opt(zone))
                }
            }
        }
        _ => Arc::new(Int64Array::new(values.into(), valid)),
    }
}

fn list(
    offsets: Vec<i32>,
    item: Column,
    valid: Option<NullBuffer>,
    kind: &DataType,
) -> Result<ArrayRef, ArrowError> {
    let field: &Arc<Field> = match kind {
        DataType::List(field) | DataType::LargeList(field) => field,
        other => unreachable!("{other} is no list"),
    };
    let (field, values) = (Arc::clone(field), item.finish()?);
    Ok(if matches!(kind, DataType::LargeList(_)) {
        let offsets: Vec<i64> = offsets.into_iter().map(i64::from).collect();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Arc::new(LargeListArray::try_new(field, offsets, values, valid)?)
    } else {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Arc::new(ListArray::try_new(field, offsets, values, valid)?)
    })
}

impl Column {
    /// Begins and ends a list: `each` must append the items.
    pub(crate) fn items(
        &mut self,
        each: impl FnOnce(&mut Column) -> Parsed<()>,
        at: usize,
    ) -> Parsed<()> {
        let Data::List(offsets, item) = &mut self.data else {
            unreachable!("the caller saw a list");
        };
        each(item)?;
        let Ok(end) = i32::try_from(item.length) else {
            return Err(Fault::new(
                at,
                "the lists of one batch have more than 2^31 items; lower batch_bytes",
            ));
        };
        offsets.push(end);
        self.end_value();
        Ok(())
    }
}
