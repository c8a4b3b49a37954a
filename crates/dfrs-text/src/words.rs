//! Words as `str.split()` sees them: what stands between whitespace.

use crate::unicode::is_space;
use std::ops::Range;

const WORD: u8 = 0;
const SPACE: u8 = 1;
/// First byte of a longer character that may be whitespace.
const MAYBE: u8 = 2;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [WORD; 256];
    let mut byte = 0;
    while byte < 128 {
        if is_space(byte as u8 as char) {
            classes[byte] = SPACE;
        }
        byte += 1;
    }
    classes[0xc2] = MAYBE; // U+0085, U+00A0
    classes[0xe1] = MAYBE; // U+1680
    classes[0xe2] = MAYBE; // U+2000 to U+205F
    classes[0xe3] = MAYBE; // U+3000
    classes
}

/// Length in bytes of the whitespace character that starts at a byte position, 0 if none does.
#[inline]
pub fn space_len(bytes: &[u8], at: usize) -> usize {
    match CLASS[usize::from(bytes[at])] {
        WORD => 0,
        SPACE => 1,
        _ => long_space_len(&bytes[at..]),
    }
}

fn long_space_len(bytes: &[u8]) -> usize {
    match bytes {
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..]
        | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
        | [0xe2, 0x81, 0x9f, ..]
        | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// First position from `at` on where no whitespace starts.
#[inline]
pub fn skip_spaces(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match space_len(bytes, at) {
            0 => break,
            length => at += length,
        }
    }
    at
}

/// First position from `at` on where whitespace starts.
#[inline]
pub fn skip_word(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && space_len(bytes, at) == 0 {
        at += 1;
    }
    at
}

/// The words of a text, as byte ranges.
pub struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    /// Starts at the beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        let start = skip_spaces(self.bytes, self.at);
        if start == self.bytes.len() {
            self.at = start;
            return None;
        }
        self.at = skip_word(self.bytes, start);
        Some(start..self.at)
    }
}

/// `len(text.split())`.
pub fn count(text: &str) -> usize {
    Words::new(text).count()
}

/// Whether a text is empty or whitespace only.
pub fn is_blank(text: &str) -> bool {
    skip_spaces(text.as_bytes(), 0) == text.len()
}

/// `text.lstrip()`, as the position where the rest begins.
pub fn strip_start(text: &str) -> usize {
    skip_spaces(text.as_bytes(), 0)
}

/// `text.rstrip()`.
pub fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// `text.strip()`.
pub fn strip(text: &str) -> &str {
    strip_end(&text[strip_start(text)..])
}
