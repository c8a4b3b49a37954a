//! Lines: what stands between line feeds. No other character ends a line.

use std::ops::Range;

use crate::words::{is_blank, strip_end, strip_start};

/// The lines of a text without their line feeds, as byte ranges; a line feed at the end starts no further line.
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// Starts at the beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let start = self.at;
        self.at += length + 1;
        Some(start..start + length)
    }
}

/// The lines as `str.splitlines` sees them: line feeds, carriage returns, both together, and eight rarer characters
/// end a line. A text that ends with one of them starts no further line.
pub struct SplitLines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> SplitLines<'a> {
    /// Starts at the beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for SplitLines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        if self.at == bytes.len() {
            return None;
        }
        let start = self.at;
        let mut at = start;
        while at < bytes.len() {
            let length = match bytes[at..] {
                [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
                [b'\n'..=b'\r' | 0x1c..=0x1e, ..] => 1,
                [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
                _ => {
                    at += 1;
                    continue;
                }
            };
            self.at = at + length;
            return Some(start..at);
        }
        self.at = at;
        Some(start..at)
    }
}

/// The lines that are not blank.
pub fn filled(text: &str) -> impl Iterator<Item = Range<usize>> {
    Lines::new(text).filter(|line| !is_blank(&text[line.clone()]))
}

/// The line without whitespace around it.
pub fn stripped(text: &str, line: Range<usize>) -> Range<usize> {
    let part = &text[line.clone()];
    let start = strip_start(part);
    line.start + start..line.start + start + strip_end(&part[start..]).len()
}

/// Number of lines, number of those that `counts` accepts, and the first of these.
pub(crate) fn tally(
    lines: impl Iterator<Item = Range<usize>>,
    mut counts: impl FnMut(Range<usize>) -> bool,
) -> (usize, usize, Option<Range<usize>>) {
    let (mut all, mut counted, mut first) = (0, 0, None);
    for line in lines {
        all += 1;
        if counts(line.clone()) {
            counted += 1;
            first.get_or_insert(line);
        }
    }
    (all, counted, first)
}
