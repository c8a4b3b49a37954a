//! Finds the rows of a CSV file: a line end inside a quoted value does not end the row.

use memchr::{memchr, memchr2};

use crate::blocks::{Found, Split};
use crate::error::{Fault, Parsed};

/// Records that are rows of separated values.
#[derive(Debug)]
pub struct Rows {
    delimiter: u8,
    state: State,
    /// Bytes from `at` that need no second look.
    looked: usize,
    /// Offset from `at` of the quote that was opened last.
    opened: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ValueStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted value: the value's end, or the first half of a doubled quote.
    Quote,
}

impl Rows {
    /// Rows whose values are separated by `delimiter`.
    pub fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: State::ValueStart,
            looked: 0,
            opened: 0,
        }
    }

    /// One step from `here`: where to go on, or None when a line end closes the row.
    fn step(&mut self, bytes: &[u8], here: usize) -> Option<usize> {
        match self.state {
            State::ValueStart | State::Quote if bytes[here] == b'"' => {
                self.state = State::Quoted;
                Some(here + 1)
            }
            State::ValueStart | State::Quote => {
                self.state = State::Plain;
                Some(here)
            }
            State::Quoted => match memchr(b'"', &bytes[here..]) {
                None => Some(bytes.len()),
                Some(length) => {
                    self.state = State::Quote;
                    Some(here + length + 1)
                }
            },
            State::Plain => match memchr2(self.delimiter, b'\n', &bytes[here..]) {
                None => Some(bytes.len()),
                Some(length) if bytes[here + length] == b'\n' => None,
                Some(length) => {
                    self.state = State::ValueStart;
                    Some(here + length + 1)
                }
            },
        }
    }
}

impl Split for Rows {
    fn next(&mut self, bytes: &[u8], at: usize, last: bool) -> Parsed<Found> {
        let mut here = at + self.looked;
        while here < bytes.len() {
            if self.state == State::ValueStart {
                self.opened = here - at;
            }
            let Some(next) = self.step(bytes, here) else {
                let length = memchr(b'\n', &bytes[here..]).unwrap_or(0);
                let end = here + length;
                *self = Self::new(self.delimiter);
                return Ok(Found::Record {
                    start: at,
                    end,
                    next: end + 1,
                });
            };
            here = next;
        }
        self.looked = here - at;
        if !last {
            return Ok(Found::More);
        }
        if self.state == State::Quoted {
            return Err(Fault::new(
                self.opened,
                "a quote is opened here and never closed: expected '\"' before the end of the file",
            ));
        }
        *self = Self::new(self.delimiter);
        Ok(if here == at {
            Found::End
        } else {
            Found::Record {
                start: at,
                end: here,
                next: here,
            }
        })
    }
}
