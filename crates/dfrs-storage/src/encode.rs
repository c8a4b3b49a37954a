//! Arrow values as the text of a format. An [`Encoder`] knows the type of one array and writes its values one by one.
//!
//! JSON: integers exact at any size, floats shortest, decimals and times as strings (a JSON number would be rounded by
//! most readers). CSV: the same without quotes, null as nothing, strings in quotes where a reader could mistake them.

use std::fmt::Write as _;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, BooleanArray, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::{DataType, Fields, TimeUnit};

use crate::csv::looks_typed;
use crate::json::plain;

/// The form of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// Separated values, by this delimiter.
    Separated(u8),
}

/// A value that the form cannot hold.
#[derive(Debug)]
pub struct Unwritable(pub String);

/// Writes the value of a row.
type Write<'a> = Box<dyn Fn(usize, &mut String) -> Result<(), Unwritable> + 'a>;

/// Writes the values of one array.
pub struct Encoder<'a> {
    nulls: Option<NullBuffer>,
    form: Form,
    write: Write<'a>,
}

/// Checks that a form can hold a type; the message says what to do where it cannot.
pub fn check(kind: &DataType, form: Form) -> Result<(), String> {
    use DataType as T;
    let separated = form != Form::Json;
    match kind {
        T::Null | T::Boolean | T::Float32 | T::Float64 | T::Utf8 | T::LargeUtf8 | T::Utf8View
        | T::Date32 | T::Time32(_) | T::Time64(_) | T::Timestamp(_, _)
        | T::Decimal128(_, _) | T::Decimal256(_, _) => Ok(()),
        kind if kind.is_integer() => Ok(()),
        T::Dictionary(_, values) => check(values, form),
        T::List(_) | T::LargeList(_) | T::FixedSizeList(_, _) | T::Struct(_) if separated => {
            Err("separated values hold no nested values; export to Parquet, Arrow IPC or JSON Lines".to_owned())
        }
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => check(item.data_type(), form),
        T::Struct(fields) => {
            if let Some(field) = repeated(fields) {
                return Err(format!("an object holds no two values named '{field}'; rename one"));
            }
            fields.iter().try_for_each(|field| {
                check(field.data_type(), form).map_err(|message| format!("field '{}': {message}", field.name()))
            })
        }
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => {
            Err("text formats hold no bytes; cast the column to string or export to Parquet or Arrow IPC".to_owned())
        }
        T::Float16 => Err("cast the column to float32, which holds every float16".to_owned()),
        T::Duration(_) => Err("cast the column to int64, or export to Parquet or Arrow IPC".to_owned()),
        T::Date64 => Err("cast the column to date32 or timestamp[ms]".to_owned()),
        _ => Err("text formats have no such type; export to Parquet or Arrow IPC".to_owned()),
    }
}

/// A field name that comes twice.
pub fn repeated(fields: &Fields) -> Option<&str> {
    let mut names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    names.sort_unstable();
    names
        .windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
}

impl<'a> Encoder<'a> {
    /// The encoder of an array whose type was checked.
    pub fn new(array: &'a dyn Array, form: Form) -> Self {
        Self {
            nulls: array.logical_nulls(),
            form,
            write: writer(array, form),
        }
    }

    /// Appends the value of a row.
    pub fn write(&self, row: usize, out: &mut String) -> Result<(), Unwritable> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            if self.form == Form::Json {
                out.push_str("null");
            }
            return Ok(());
        }
        (self.write)(row, out)
    }
}

fn writer(array: &dyn Array, form: Form) -> Write<'_> {
    use DataType as T;
    match array.data_type() {
        T::Boolean => {
            let values: &BooleanArray = array.as_boolean();
            Box::new(move |row, out| {
                out.push_str(if values.value(row) { "true" } else { "false" });
                Ok(())
            })
        }
        T::Int8 => number(array.as_primitive::<Int8Type>()),
        T::Int16 => number(array.as_primitive::<Int16Type>()),
        T::Int32 => number(array.as_primitive::<Int32Type>()),
        T::Int64 => number(array.as_primitive::<Int64Type>()),
        T::UInt8 => number(array.as_primitive::<UInt8Type>()),
        T::UInt16 => number(array.as_primitive::<UInt16Type>()),
        T::UInt32 => number(array.as_primitive::<UInt32Type>()),
        T::UInt64 => number(array.as_primitive::<UInt64Type>()),
        T::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Box::new(move |row, out| float(values.value(row), values.value(row).into(), form, out))
        }
        T::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Box::new(move |row, out| float(values.value(row), values.value(row), form, out))
        }
        T::Utf8 | T::LargeUtf8 | T::Utf8View => strings(array, form),
        T::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let values = Encoder::new(dictionary.values(), form);
            let keys = if dictionary.values().is_empty() {
                Vec::new()
            } else {
                dictionary.normalized_keys()
            };
            Box::new(move |row, out| values.write(keys[row], out))
        }
        T::List(_) | T::LargeList(_) | T::FixedSizeList(_, _) => lists(array, form),
        T::Struct(_) => object(array, form),
        T::Null => Box::new(|_, _| Ok(())), // every row is null
        _ => quoted(moment(array), form),
    }
}

fn number<T>(values: &PrimitiveArray<T>) -> Write<'_>
where
    T: arrow_array::ArrowPrimitiveType,
    T::Native: std::fmt::Display,
{
    Box::new(move |row, out| {
        write!(out, "{}", values.value(row)).expect("a String takes everything");
        Ok(())
    })
}

fn float<F: ryu::Float>(
    value: F,
    wide: f64,
    form: Form,
    out: &mut String,
) -> Result<(), Unwritable> {
    if wide.is_finite() {
        out.push_str(ryu::Buffer::new().format_finite(value));
    } else if form == Form::Json {
        let message =
            format!("JSON has no {wide}; replace it with null, or export to Parquet or Arrow IPC");
        return Err(Unwritable(message));
    } else {
        write!(out, "{wide}").expect("a String takes everything");
    }
    Ok(())
}

fn strings(array: &dyn Array, form: Form) -> Write<'_> {
    let put = move |text: &str, out: &mut String| {
        match form {
            Form::Json => json_string(text, out),
            Form::Separated(delimiter) => separated(text, delimiter, out),
        }
        Ok(())
    };
    match array.data_type() {
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            Box::new(move |row, out| put(values.value(row), out))
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            Box::new(move |row, out| put(values.value(row), out))
        }
        _ => {
            let values = array.as_string_view();
            Box::new(move |row, out| put(values.value(row), out))
        }
    }
}

/// Appends a JSON string.
pub fn json_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    loop {
        let length = plain(rest.as_bytes());
        out.push_str(&rest[..length]);
        let Some(&special) = rest.as_bytes().get(length) else {
            break;
        };
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => write!(out, "\\u{other:04x}").expect("a String takes everything"),
        }
        rest = &rest[length + 1..];
    }
    out.push('"');
}

/// Appends a string of a CSV file; a text that could be mistaken for a number, a boolean or null gets quotes.
pub fn separated(text: &str, delimiter: u8, out: &mut String) {
    let special = |byte: u8| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    if text.bytes().any(special) || text.starts_with('\u{feff}') || looks_typed(text) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

fn lists(array: &dyn Array, form: Form) -> Write<'_> {
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            items(list.values(), form, |row| {
                list.value_offsets()[row].as_usize()..list.value_offsets()[row + 1].as_usize()
            })
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            items(list.values(), form, |row| {
                list.value_offsets()[row].as_usize()..list.value_offsets()[row + 1].as_usize()
            })
        }
        _ => {
            let list = array.as_fixed_size_list();
            items(list.values(), form, |row| {
                list.value_offset(row).as_usize()..list.value_offset(row + 1).as_usize()
            })
        }
    }
}

fn items<'a>(
    values: &'a dyn Array,
    form: Form,
    range: impl Fn(usize) -> Range<usize> + 'a,
) -> Write<'a> {
    let items = Encoder::new(values, form);
    Box::new(move |row, out| {
        out.push('[');
        let range = range(row);
        for item in range.clone() {
            if item > range.start {
                out.push(',');
            }
            items.write(item, out)?;
        }
        out.push(']');
        Ok(())
    })
}

fn object(array: &dyn Array, form: Form) -> Write<'_> {
    let array = array.as_struct();
    let columns = array.columns().iter().map(AsRef::as_ref);
    let object = Object::new(array.fields(), columns, form);
    Box::new(move |row, out| object.write(row, out).map_err(|(_, unwritable)| unwritable))
}

/// Writes rows as JSON objects.
pub struct Object<'a> {
    /// For each column what comes before its value.
    columns: Vec<(String, Encoder<'a>)>,
}

impl<'a> Object<'a> {
    /// Writes the rows of columns.
    pub fn new(fields: &Fields, columns: impl Iterator<Item = &'a dyn Array>, form: Form) -> Self {
        let mut before = String::from("{");
        let columns = fields.iter().zip(columns).map(|(field, column)| {
            json_string(field.name(), &mut before);
            before.push(':');
            (
                std::mem::replace(&mut before, ",".to_owned()),
                Encoder::new(column, form),
            )
        });
        Self {
            columns: columns.collect(),
        }
    }

    /// Appends a row; an error names the position of the column.
    pub fn write(&self, row: usize, out: &mut String) -> Result<(), (usize, Unwritable)> {
        if self.columns.is_empty() {
            out.push('{');
        }
        for (position, (before, encoder)) in self.columns.iter().enumerate() {
            out.push_str(before);
            encoder
                .write(row, out)
                .map_err(|unwritable| (position, unwritable))?;
        }
        out.push('}');
        Ok(())
    }
}

/// A value in quotes where the form is JSON.
fn quoted(write: Write<'_>, form: Form) -> Write<'_> {
    if form != Form::Json {
        return write;
    }
    Box::new(move |row, out| {
        out.push('"');
        write(row, out)?;
        out.push('"');
        Ok(())
    })
}

/// Dates, times, timestamps and decimals.
fn moment(array: &dyn Array) -> Write<'_> {
    use crate::scalar::{write_date, write_time};
    use TimeUnit as U;
    macro_rules! values {
        ($kind:ty, |$value:ident, $out:ident| $write:expr) => {{
            let values = array.as_primitive::<$kind>();
            Box::new(move |row, $out| {
                let $value = i64::from(values.value(row));
                $write;
                Ok(())
            })
        }};
    }
    match array.data_type() {
        DataType::Date32 => values!(Date32Type, |value, out| write_date(value, out)),
        DataType::Time32(U::Second) => values!(Time32SecondType, |value, out| write_time(
            value,
            U::Second,
            out
        )),
        DataType::Time32(_) => values!(Time32MillisecondType, |value, out| write_time(
            value,
            U::Millisecond,
            out
        )),
        DataType::Time64(U::Microsecond) => {
            values!(Time64MicrosecondType, |value, out| write_time(
                value,
                U::Microsecond,
                out
            ))
        }
        DataType::Time64(_) => values!(Time64NanosecondType, |value, out| write_time(
            value,
            U::Nanosecond,
            out
        )),
        DataType::Timestamp(_, _) => timestamps(array),
        DataType::Decimal128(_, _) => {
            let values = array.as_primitive::<Decimal128Type>();
            Box::new(move |row, out| {
                out.push_str(&values.value_as_string(row));
                Ok(())
            })
        }
        DataType::Decimal256(_, _) => {
            let values = array.as_primitive::<Decimal256Type>();
            Box::new(move |row, out| {
                out.push_str(&values.value_as_string(row));
                Ok(())
            })
        }
        other => unreachable!("{other} was refused before"),
    }
}

fn timestamps(array: &dyn Array) -> Write<'_> {
    fn of<T: arrow_array::ArrowPrimitiveType<Native = i64>>(
        values: &PrimitiveArray<T>,
        unit: TimeUnit,
        zoned: bool,
    ) -> Write<'_> {
        Box::new(move |row, out| {
            crate::scalar::write_timestamp(values.value(row), unit, zoned, out);
            Ok(())
        })
    }
    let DataType::Timestamp(unit, zone) = array.data_type() else {
        unreachable!("the caller saw a timestamp");
    };
    let (unit, zoned) = (*unit, zone.is_some());
    match unit {
        TimeUnit::Second => of(array.as_primitive::<TimestampSecondType>(), unit, zoned),
        TimeUnit::Millisecond => of(
            array.as_primitive::<TimestampMillisecondType>(),
            unit,
            zoned,
        ),
        TimeUnit::Microsecond => of(
            array.as_primitive::<TimestampMicrosecondType>(),
            unit,
            zoned,
        ),
        TimeUnit::Nanosecond => of(array.as_primitive::<TimestampNanosecondType>(), unit, zoned),
    }
}
