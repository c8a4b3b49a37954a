//! What a word is: every published rule set has a notion of its own, and it decides verdicts more than thresholds do.

use std::ops::Range;

use serde::Deserialize;

use crate::tokens;
use crate::words;

/// How a text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Segmentation {
    /// `str.split`: what stands between whitespace, punctuation included. Contractions and numbers stay whole.
    #[default]
    Whitespace,
    /// NLTK's `WordPunctTokenizer`, `\w+|[^\w\s]+`: punctuation stands apart, contractions and decimals fall apart.
    WordPunct,
}

impl Segmentation {
    /// Calls `each` with every word, in order, as a byte range.
    pub fn for_each(self, text: &str, each: impl FnMut(Range<usize>)) {
        match self {
            Self::Whitespace => words::Words::new(text).for_each(each),
            Self::WordPunct => tokens::Tokens::new(text).for_each(each),
        }
    }
}
