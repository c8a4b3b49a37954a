//! Tokens of the pattern `\w+|[^\w\s]+` as NLTK's `WordPunctTokenizer` finds them: runs of word characters and runs
//! of everything else that is not whitespace. NLTK uses the package `regex`, where combining marks are word
//! characters and whitespace is Unicode's, unlike Python's `re`.

use std::ops::Range;

use crate::unicode::{char_at, tables};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Word,
    Other,
}

/// Class of the ASCII character, if it is one.
static ASCII: [Class; 128] = classes();

const fn classes() -> [Class; 128] {
    let mut classes = [Class::Other; 128];
    let mut byte = 0;
    while byte < 128 {
        let char = byte as u8 as char;
        if char.is_whitespace() {
            classes[byte] = Class::Space;
        } else if char.is_ascii_alphanumeric() || char == '_' {
            classes[byte] = Class::Word;
        }
        byte += 1;
    }
    classes
}

/// Class and length of the character at a byte position.
#[inline]
fn class_at(text: &str, at: usize) -> (Class, usize) {
    let byte = text.as_bytes()[at];
    if byte.is_ascii() {
        return (ASCII[usize::from(byte)], 1);
    }
    let char = char_at(text, at);
    let class = if tables::WORD_OF_REGEX.contains(char) {
        Class::Word
    } else if char.is_whitespace() {
        Class::Space
    } else {
        Class::Other
    };
    (class, char.len_utf8())
}

/// The tokens of a text, as byte ranges.
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Starts at the beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let (start, class) = loop {
            if self.at == self.text.len() {
                return None;
            }
            let (class, length) = class_at(self.text, self.at);
            let start = self.at;
            self.at += length;
            if class != Class::Space {
                break (start, class);
            }
        };
        while self.at < self.text.len() {
            let (next, length) = class_at(self.text, self.at);
            if next != class {
                break;
            }
            self.at += length;
        }
        Some(start..self.at)
    }
}

/// Number of tokens.
pub fn count(text: &str) -> usize {
    let (mut count, mut last, mut at) = (0, Class::Space, 0);
    while at < text.len() {
        let (class, length) = class_at(text, at);
        count += usize::from(class != last && class != Class::Space);
        last = class;
        at += length;
    }
    count
}
