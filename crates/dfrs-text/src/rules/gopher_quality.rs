//! The quality rules of Gopher (Rae et al. 2021, table A1) as datatrove 0.10 applies them: number and length of words,
//! symbols, bullets, ellipses, letters, stop words. The first that a text violates decides.

use serde::Deserialize;

use super::share;
use crate::document::Document;
use crate::judgement::Judgement;
use crate::lines::SplitLines;
use crate::rule::Judge;
use crate::segment::Segmentation;
use crate::unicode::{is_alpha, is_punctuation_of_datatrove};
use crate::vocabulary::Vocabulary;
use crate::words;

const RULE: &str = "gopher_quality";

/// Bounds; none is off, and so is 0, as in the tool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GopherQuality {
    /// Smallest number of words that are not punctuation only.
    pub min_doc_words: Option<f64>,
    /// Largest number of them.
    pub max_doc_words: Option<f64>,
    /// Smallest mean length of them in characters.
    pub min_avg_word_length: Option<f64>,
    /// Largest mean length of them.
    pub max_avg_word_length: Option<f64>,
    /// Most hashes, and most ellipses, per word.
    pub max_symbol_word_ratio: Option<f64>,
    /// Largest share of lines that begin with a bullet.
    pub max_bullet_lines_ratio: Option<f64>,
    /// Largest share of lines that end with an ellipsis.
    pub max_ellipsis_lines_ratio: Option<f64>,
    /// Smallest share of words with a letter; the tool's name for it is misleading.
    pub max_non_alpha_words_ratio: Option<f64>,
    /// Smallest number of distinct stop words.
    pub min_stop_words: Option<f64>,
    /// The stop words, case-sensitive.
    pub stop_words: Vec<String>,
    /// What a word is.
    pub segmentation: Segmentation,
}

impl Judge for GopherQuality {
    fn judge(&self, text: &str) -> Judgement {
        self.judge_document(&Document::new(text))
    }

    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        let words = document.vocabulary(self.segmentation);
        let kinds = Kinds::count(document.text(), words);
        self.by_words(&kinds)
            .or_else(|| {
                words
                    .is_empty()
                    .then(|| Judgement::unjudged(Judgement::BLANK))
            })
            .or_else(|| self.by_symbols(document.text(), words.len()))
            .or_else(|| self.by_lines(document.text()))
            .or_else(|| self.by_letters(&kinds, words.len()))
            .or_else(|| self.by_stop_words(document.text(), words))
            .unwrap_or_else(|| Judgement::kept_unmeasured(RULE))
    }
}

impl GopherQuality {
    fn by_words(&self, kinds: &Kinds) -> Option<Judgement> {
        let count = kinds.words as f64;
        below("gopher_short_doc", count, self.min_doc_words)
            .or_else(|| above("gopher_long_doc", count, self.max_doc_words))
            .or_else(|| {
                let mean = (kinds.words > 0).then(|| share(kinds.chars, kinds.words))?;
                below("gopher_below_avg_threshold", mean, self.min_avg_word_length)
                    .or_else(|| above("gopher_above_avg_threshold", mean, self.max_avg_word_length))
            })
    }

    fn by_symbols(&self, text: &str, words: usize) -> Option<Judgement> {
        let most = bound(self.max_symbol_word_ratio)?;
        let hashes = memchr::memchr_iter(b'#', text.as_bytes()).count();
        above("gopher_too_many_hashes", share(hashes, words), Some(most)).or_else(|| {
            let ellipses = ellipses(text);
            above(
                "gopher_too_many_ellipsis",
                share(ellipses, words),
                Some(most),
            )
        })
    }

    fn by_lines(&self, text: &str) -> Option<Judgement> {
        let (bullets, ellipses) = (
            bound(self.max_bullet_lines_ratio),
            bound(self.max_ellipsis_lines_ratio),
        );
        if bullets.is_none() && ellipses.is_none() {
            return None;
        }
        let (mut lines, mut with_bullet, mut with_ellipsis) = (0, 0, 0);
        for line in SplitLines::new(text) {
            let line = words::strip(&text[line]);
            lines += 1;
            with_bullet += usize::from(line.starts_with('•') || line.starts_with('-'));
            with_ellipsis += usize::from(line.ends_with("...") || line.ends_with('…'));
        }
        above(
            "gopher_too_many_bullets",
            share(with_bullet, lines),
            bullets,
        )
        .or_else(|| {
            above(
                "gopher_too_many_end_ellipsis",
                share(with_ellipsis, lines),
                ellipses,
            )
        })
    }

    fn by_letters(&self, kinds: &Kinds, words: usize) -> Option<Judgement> {
        let least = bound(self.max_non_alpha_words_ratio);
        below(
            "gopher_below_alpha_threshold",
            share(kinds.with_letter, words),
            least,
        )
    }

    fn by_stop_words(&self, text: &str, words: &Vocabulary) -> Option<Judgement> {
        let least = bound(self.min_stop_words)?;
        let longest = self.stop_words.iter().map(String::len).max().unwrap_or(0);
        let known = words.distinct().filter(|(span, _)| {
            span.len() <= longest
                && self
                    .stop_words
                    .iter()
                    .any(|word| *word == text[span.clone()])
        });
        below(
            "gopher_enough_stop_words",
            known.count() as f64,
            Some(least),
        )
    }
}

/// Occurrences of three full stops, which do not overlap, and of the ellipsis character.
fn ellipses(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut count = memchr::memmem::find_iter(bytes, "…").count();
    let mut at = 0;
    while let Some(dots) = memchr::memchr(b'.', &bytes[at..]) {
        let run = bytes[at + dots..]
            .iter()
            .take_while(|&&byte| byte == b'.')
            .count();
        count += run / 3;
        at += dots + run;
    }
    count
}

/// How many words have a character that is no punctuation, their characters, and how many words have a letter.
#[derive(Default)]
struct Kinds {
    words: usize,
    chars: usize,
    with_letter: usize,
}

impl Kinds {
    fn count(text: &str, words: &Vocabulary) -> Self {
        let mut kinds = Self::default();
        for (span, count) in words.distinct() {
            let word = &text[span];
            let count = count as usize;
            let letter = word.chars().any(is_alpha);
            if letter || !word.chars().all(is_punctuation_of_datatrove) {
                kinds.words += count;
                kinds.chars += count
                    * if word.is_ascii() {
                        word.len()
                    } else {
                        word.chars().count()
                    };
            }
            kinds.with_letter += if letter { count } else { 0 };
        }
        kinds
    }
}

/// A bound that is on.
fn bound(bound: Option<f64>) -> Option<f64> {
    bound.filter(|&bound| bound != 0.0)
}

/// A judgement if the value is below a bound that is on.
fn below(rule: &'static str, value: f64, least: Option<f64>) -> Option<Judgement> {
    let least = bound(least)?;
    (value < least).then(|| Judgement::dropped(rule, value, least))
}

/// A judgement if the value is above a bound that is on.
fn above(rule: &'static str, value: f64, most: Option<f64>) -> Option<Judgement> {
    let most = bound(most)?;
    (value > most).then(|| Judgement::dropped(rule, value, most))
}
