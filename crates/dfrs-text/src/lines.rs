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
