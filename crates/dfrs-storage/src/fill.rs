//! JSON values into columns.

use crate::column::{Column, Data, Row};
use crate::error::{Fault, Parsed};
use crate::json::Cursor;

/// Reads an object into the columns of a row.
pub fn object(cursor: &mut Cursor, row: &mut Row, scratch: &mut String) -> Parsed<()> {
    let start = cursor.at();
    cursor.object(|cursor, key, at| match row.enter(key, at)? {
        Some(column) => value(cursor, column, scratch).map_err(|fault| fault.within(key)),
        None => cursor.skip(),
    })?;
    row.end(start)
}

/// Reads a value into a column; `scratch` is room for text that is no string in the end.
fn value(cursor: &mut Cursor, column: &mut Column, scratch: &mut String) -> Parsed<()> {
    let first = cursor.peek();
    let at = cursor.at();
    if first == Some(b'n') {
        cursor.word()?;
        return column.null(at);
    }
    let integer = column.data_type().is_integer();
    match (&mut column.data, first) {
        (Data::Text(text), Some(b'"')) => {
            cursor.string(&mut text.values)?;
            text.end(at)?;
            column.end_value();
            Ok(())
        }
        (Data::Text(_), _) => {
            cursor.skip()?; // the JSON text of any other value
            column.text(cursor.since(at), at)
        }
        (Data::List(..), Some(b'[')) => column.items(
            |item| cursor.array(|cursor| value(cursor, item, scratch)),
            at,
        ),
        (Data::Struct(row), Some(b'{')) => {
            object(cursor, row, scratch)?;
            column.end_value();
            Ok(())
        }
        (_, Some(b'-' | b'0'..=b'9')) => {
            let number = cursor.number()?;
            column.number(number.text, number.integer, at)
        }
        (_, Some(b't' | b'f')) => {
            let value = cursor.word()? == "true";
            if column.boolean(value) {
                Ok(())
            } else {
                Err(unexpected(column, "a boolean", at))
            }
        }
        (_, Some(b'"')) if integer => Err(unexpected(column, "a string", at)),
        (_, Some(b'"')) => {
            scratch.clear();
            cursor.string(scratch)?;
            column.text(scratch, at)
        }
        (_, Some(b'{')) => Err(unexpected(column, "an object", at)),
        (_, Some(b'[')) => Err(unexpected(column, "an array", at)),
        _ => Err(cursor.expected("a value")),
    }
}

#[allow(clippy::unnecessary_box_returns)] // the error of `Parsed`
fn unexpected(column: &Column, found: &str, at: usize) -> Box<Fault> {
    Fault::new(
        at,
        format!("expected {}, found {found}", column.expectation()),
    )
}
