//! Share of words in capitals, up to a bound: headlines and shouting.

use std::ops::Range;

use serde::Deserialize;

use super::share;
use crate::judgement::Judgement;
use crate::rule::Judge;
use crate::tokens::Tokens;
use crate::unicode::is_upper;
use crate::words::Words;

const RULE: &str = "capital_words";

/// An upper bound, inclusive, and what counts as a word; no bound is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapitalWords {
    /// Largest share that stays.
    pub threshold: Option<f64>,
    /// Words are runs of word characters or of punctuation, instead of what whitespace separates.
    #[serde(default)]
    pub use_tokenizer: bool,
}

impl Judge for CapitalWords {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let (words, capitals, first) = if self.use_tokenizer {
            tally(text, Tokens::new(text))
        } else {
            tally(text, Words::new(text))
        };
        let value = if words == 0 {
            0.0
        } else {
            share(capitals, words)
        };
        Judgement::by(RULE, value, self.threshold, |value, bound| value <= bound)
            .or_else_detail(|| first)
    }
}

/// Number of words, number of those in capitals, and the first of these.
fn tally(
    text: &str,
    words: impl Iterator<Item = Range<usize>>,
) -> (usize, usize, Option<Range<usize>>) {
    crate::lines::tally(words, |word| {
        // Most words show a small letter at once.
        !text.as_bytes()[word.start].is_ascii_lowercase() && is_upper(&text[word])
    })
}
