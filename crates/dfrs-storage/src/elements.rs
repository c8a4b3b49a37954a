//! Finds the elements of one JSON array without parsing them: only strings and brackets matter for where one ends.

use crate::blocks::{Found, Split};
use crate::error::{Fault, Parsed};

/// Records that are the elements of one array.
#[derive(Debug, Default)]
pub struct Elements {
    state: State,
    /// Bytes from `at` that need no second look.
    looked: usize,
    start: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the opening bracket.
    #[default]
    Open,
    /// After the opening bracket.
    First,
    /// After an element.
    After,
    /// After a comma.
    Comma,
    /// Inside an element.
    Inside,
    /// After the closing bracket.
    Closed,
}

impl Split for Elements {
    fn next(&mut self, bytes: &[u8], at: usize, last: bool) -> Parsed<Found> {
        while self.state != State::Inside {
            let from = at + self.looked;
            let blank = bytes[from..]
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
                .count();
            self.looked += blank;
            let Some(&byte) = bytes.get(from + blank) else {
                return if last { self.end() } else { Ok(Found::More) };
            };
            self.enter(byte)?;
        }
        Ok(self.inside(bytes, at, last))
    }
}

impl Elements {
    /// Moves on by one byte that is no white space.
    fn enter(&mut self, byte: u8) -> Parsed<()> {
        let fault = |message: &str| Err(Fault::new(self.looked, message));
        self.state = match (self.state, byte) {
            (State::Open, b'[') => State::First,
            (State::Open, b'{') => {
                return fault(
                    "expected one array of objects ([{...}, ...]), found an object; a file with one object per line \
                     is JSON Lines: name it .jsonl or pass format=\"jsonl\"",
                );
            }
            (State::Open, _) => return fault("expected '[', the start of an array of objects"),
            (State::First | State::After, b']') => State::Closed,
            (State::After, b',') => State::Comma,
            (State::After, _) => return fault("expected ',' or ']' after an element of the array"),
            (State::Comma, b']') => return fault("expected an object after ',', found ']'"),
            (State::Closed, _) => {
                return fault("expected the end of the file after the array's ']'");
            }
            (State::First | State::Comma, _) => {
                self.start = self.looked;
                self.depth = 0;
                self.state = State::Inside;
                return Ok(());
            }
            (State::Inside, _) => unreachable!("the loop ends when an element begins"),
        };
        self.looked += 1;
        Ok(())
    }

    fn end(&self) -> Parsed<Found> {
        match self.state {
            State::Closed => Ok(Found::End),
            State::Open => Err(Fault::new(
                self.looked,
                "expected an array of objects, found an empty file",
            )),
            _ => Err(Fault::new(
                self.looked,
                "expected ']', found the end of the file; it seems to be cut off",
            )),
        }
    }

    /// Goes to the end of the element; a bracket too many or too few is for the parser to name.
    fn inside(&mut self, bytes: &[u8], at: usize, last: bool) -> Found {
        let mut here = at + self.looked;
        while let Some(&byte) = bytes.get(here) {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' {
                    self.escaped = true;
                } else if byte == b'"' {
                    self.in_string = false;
                }
                here += 1;
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return self.found(at, here + 1),
                b',' | b']' if self.depth == 0 => return self.found(at, here),
                _ => {}
            }
            here += 1;
        }
        if last {
            let found = self.found(at, here);
            self.state = State::Closed; // the parser names the cut; nothing follows it
            return found;
        }
        self.looked = here - at;
        Found::More
    }

    fn found(&mut self, at: usize, end: usize) -> Found {
        let start = at + self.start;
        *self = Self {
            state: State::After,
            ..Self::default()
        };
        Found::Record {
            start,
            end,
            next: end,
        }
    }
}
