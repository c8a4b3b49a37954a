//! Walks over JSON text without building a tree: the caller says what it wants with each value.
//!
//! The grammar is that of RFC 8259 with the limits of `serde_json`: no control characters in strings, at most 128
//! levels. One thing is repaired, because text from the web is full of it: half a surrogate pair (`\ud83d` without its
//! second half) is no character, so U+FFFD takes its place, and the replacement is counted.

use std::borrow::Cow;

use crate::error::{Fault, Parsed};

/// Levels of nesting; the recursion of whoever walks is as deep.
const DEEPEST: usize = 128;

/// A place in the text of one record.
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Halves of surrogate pairs that were replaced.
    pub replaced: u64,
}

/// The text of a number.
#[derive(Debug, Clone, Copy)]
pub struct Number<'a> {
    /// The number as it is written.
    pub text: &'a str,
    /// Neither a fraction nor an exponent.
    pub integer: bool,
}

/// Where the characters of a string go.
pub trait Characters {
    /// Takes a piece of text.
    fn text(&mut self, text: &str);
    /// Takes one character.
    fn character(&mut self, character: char);
}

impl Characters for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }
    fn character(&mut self, character: char) {
        self.push(character);
    }
}

/// Nobody wants the characters.
impl Characters for () {
    fn text(&mut self, _: &str) {}
    fn character(&mut self, _: char) {}
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            replaced: 0,
        }
    }

    /// Byte offset from the start.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The text from an earlier offset to here.
    pub fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// The next byte that is no white space.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// A fault here: what was expected, and what stands in the text.
    pub fn expected(&self, what: &str) -> Box<Fault> {
        let rest = &self.text[self.at..];
        let found = rest.chars().next().map_or_else(
            || "the end of the record; it seems to be cut off".to_owned(),
            |character| format!("{character:?}"),
        );
        let hint = if rest.trim_start_matches('-').starts_with(['N', 'I']) {
            " (NaN, Infinity and None are no JSON; null is)"
        } else {
            ""
        };
        Fault::new(self.at, format!("expected {what}, found {found}{hint}"))
    }

    /// Checks that nothing follows.
    pub fn end(&mut self) -> Parsed<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the record")),
        }
    }

    /// Reads an object; `each` gets the key and where it stands, and must read the value.
    pub fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &str, usize) -> Parsed<()>,
    ) -> Parsed<()> {
        if self.peek() != Some(b'{') {
            return Err(self.expected("an object ({...})"));
        }
        self.deeper()?;
        if self.peek() == Some(b'}') {
            return self.leave();
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let start = self.at;
            let key = self.key()?;
            if self.peek() != Some(b':') {
                return Err(self.expected("':' after the key"));
            }
            self.at += 1;
            each(self, &key, start)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.leave(),
                _ => return Err(self.expected("',' or '}' after a value of the object")),
            }
        }
    }

    /// Reads an array; `each` must read one element.
    pub fn array(&mut self, mut each: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        if self.peek() != Some(b'[') {
            return Err(self.expected("an array ([...])"));
        }
        self.deeper()?;
        if self.peek() == Some(b']') {
            return self.leave();
        }
        loop {
            each(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.leave(),
                _ => return Err(self.expected("',' or ']' after an element of the array")),
            }
        }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth >= DEEPEST {
            return Err(Fault::new(
                self.at,
                format!("values are nested deeper than {DEEPEST} levels"),
            ));
        }
        self.at += 1;
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps)] // the last step of functions that can fail
    fn leave(&mut self) -> Parsed<()> {
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Parsed<Cow<'a, str>> {
        let start = self.at + 1;
        let length = plain(&self.text.as_bytes()[start..]);
        if self.text.as_bytes().get(start + length) == Some(&b'"') {
            self.at = start + length + 1;
            return Ok(Cow::Borrowed(&self.text[start..start + length]));
        }
        let mut key = String::new();
        self.string(&mut key)?;
        Ok(Cow::Owned(key))
    }

    /// Reads a string; the cursor must stand on its opening quote.
    pub fn string(&mut self, out: &mut impl Characters) -> Parsed<()> {
        self.at += 1;
        loop {
            let length = plain(&self.text.as_bytes()[self.at..]);
            out.text(&self.text[self.at..self.at + length]);
            self.at += length;
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    out.character(character);
                }
                Some(_) => {
                    return Err(self.expected("an escape such as \\n or \\u0000 in a string"));
                }
                None => return Err(self.expected("'\"' at the end of the string")),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        let kind = self.text.as_bytes().get(start + 1).copied();
        self.at += 2;
        let character = match kind {
            Some(kind @ (b'"' | b'\\' | b'/')) => char::from(kind),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unit_or_pair(start),
            _ => {
                self.at = start;
                let what = "expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX in a string";
                return Err(Fault::new(start, what));
            }
        };
        Ok(character)
    }

    fn unit_or_pair(&mut self, start: usize) -> Parsed<char> {
        let first = self.unit(start)?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let low = self.at;
        if first < 0xdc00 && self.text[low..].starts_with("\\u") {
            self.at += 2;
            let second = self.unit(low)?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).expect("a pair of surrogates is a character"));
            }
            self.at = low; // what follows stands for itself
        }
        self.replaced += 1;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// Four hexadecimal digits.
    fn unit(&mut self, start: usize) -> Parsed<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.text.as_bytes().get(self.at).copied();
            let Some(digit) = digit.and_then(|digit| char::from(digit).to_digit(16)) else {
                return Err(Fault::new(
                    start,
                    "expected four hexadecimal digits after \\u",
                ));
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }

    /// Reads a number.
    pub fn number(&mut self) -> Parsed<Number<'a>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.expected("a value")),
        }
        let mut integer = true;
        if bytes.get(self.at) == Some(&b'.') {
            integer = false;
            self.at += 1;
            self.some_digits("a digit after the decimal point")?;
        }
        if matches!(bytes.get(self.at), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if matches!(bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("a digit of the exponent")?;
        }
        if matches!(bytes.get(self.at), Some(b'0'..=b'9')) {
            return Err(Fault::new(start, "a number must not begin with zeros"));
        }
        let text = self.since(start);
        Ok(Number { text, integer })
    }

    fn digits(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    }

    fn some_digits(&mut self, what: &str) -> Parsed<()> {
        let before = self.at;
        self.digits();
        if self.at == before {
            return Err(self.expected(what));
        }
        Ok(())
    }

    /// Reads one of `true`, `false` and `null`.
    pub fn word(&mut self) -> Parsed<&'static str> {
        for word in ["true", "false", "null"] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(word);
            }
        }
        Err(self.expected("a value"))
    }

    /// Reads any value and forgets it.
    pub fn skip(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(b'{') => self.object(|cursor, _, _| cursor.skip()),
            Some(b'[') => self.array(Self::skip),
            Some(b'"') => self.string(&mut ()),
            Some(b'-' | b'0'..=b'9') => self.number().map(|_| ()),
            _ => self.word().map(|_| ()),
        }
    }
}

/// Number of leading bytes that stand for themselves in a JSON string: no quote, backslash or control character.
pub fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    for chunk in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c)) | control;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8; // exact for the lowest byte
        }
        at += 8;
    }
    let special = |&byte: &u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    bytes[at..]
        .iter()
        .position(special)
        .map_or(bytes.len(), |found| at + found)
}
