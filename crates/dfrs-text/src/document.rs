//! A text with what several rules want to know about it, found out once.

use std::cell::OnceCell;

use crate::lower::lower_into;
use crate::segment::Segmentation;
use crate::vocabulary::Vocabulary;
use crate::words::count_with_spaces;

/// A text and its features; each is computed when the first rule asks for it.
pub struct Document<'a> {
    text: &'a str,
    lowered: OnceCell<String>,
    words: OnceCell<(usize, usize)>,
    chars: OnceCell<usize>,
    vocabularies: [OnceCell<Box<Vocabulary>>; 2],
}

impl<'a> Document<'a> {
    /// Begins with nothing computed.
    pub const fn new(text: &'a str) -> Self {
        Self {
            text,
            lowered: OnceCell::new(),
            words: OnceCell::new(),
            chars: OnceCell::new(),
            vocabularies: [const { OnceCell::new() }; 2],
        }
    }

    /// The text.
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// `text.lower()`.
    pub fn lowered(&self) -> &str {
        self.lowered.get_or_init(|| {
            let mut out = String::with_capacity(self.text.len());
            lower_into(self.text, &mut out);
            out
        })
    }

    /// `len(text)`.
    pub fn chars(&self) -> usize {
        *self.chars.get_or_init(|| self.text.chars().count())
    }

    /// The words by some segmentation, numbered.
    pub fn vocabulary(&self, segmentation: Segmentation) -> &Vocabulary {
        self.vocabularies[segmentation as usize]
            .get_or_init(|| Box::new(Vocabulary::new(self.text, segmentation)))
    }

    /// Number of words between whitespace.
    pub fn words(&self) -> usize {
        self.words_and_spaces().0
    }

    /// Number of words between whitespace, and of whitespace characters.
    pub fn words_and_spaces(&self) -> (usize, usize) {
        *self.words.get_or_init(|| count_with_spaces(self.text))
    }
}
