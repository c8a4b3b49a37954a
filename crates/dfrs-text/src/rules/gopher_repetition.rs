//! The repetition rules of Gopher (Rae et al. 2021, table A1) as datatrove 0.10 applies them: repeated paragraphs and
//! lines, most frequent and repeated sequences of words. The first that a text violates decides.
//!
//! Sequences of words are compared word by word. The tool compares words without anything in between, so that "ab c" and
//! "a bc" are one sequence for it.

use std::ops::Range;

use serde::Deserialize;

use super::share;
use crate::document::Document;
use crate::interned::Seen;
use crate::judgement::Judgement;
use crate::rule::Judge;
use crate::segment::Segmentation;
use crate::words::strip;

const RULE: &str = "gopher_repetition";
const TOP: [&str; 11] = [
    "top_0_gram",
    "top_1_gram",
    "top_2_gram",
    "top_3_gram",
    "top_4_gram",
    "top_5_gram",
    "top_6_gram",
    "top_7_gram",
    "top_8_gram",
    "top_9_gram",
    "top_10_gram",
];
const REPEATED: [&str; 11] = [
    "duplicated_0_n_grams",
    "duplicated_1_n_grams",
    "duplicated_2_n_grams",
    "duplicated_3_n_grams",
    "duplicated_4_n_grams",
    "duplicated_5_n_grams",
    "duplicated_6_n_grams",
    "duplicated_7_n_grams",
    "duplicated_8_n_grams",
    "duplicated_9_n_grams",
    "duplicated_10_n_grams",
];

/// Bounds, all of them shares that are still allowed; none is off, and so is 0 for lines and paragraphs, as in the tool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GopherRepetition {
    /// Repeated lines among all lines.
    pub dup_line_frac: Option<f64>,
    /// Repeated paragraphs among all paragraphs.
    pub dup_para_frac: Option<f64>,
    /// Characters of repeated lines among all characters.
    pub dup_line_char_frac: Option<f64>,
    /// Characters of repeated paragraphs among all characters.
    pub dup_para_char_frac: Option<f64>,
    /// For lengths from 1 to 10: characters of the most frequent sequence of so many words.
    pub top_n_grams: Vec<(usize, f64)>,
    /// For lengths from 2 to 10: characters of repeated sequences of so many words.
    pub dup_n_grams: Vec<(usize, f64)>,
    /// What a word is.
    pub segmentation: Segmentation,
}

impl Judge for GopherRepetition {
    fn judge(&self, text: &str) -> Judgement {
        self.judge_document(&Document::new(text))
    }

    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        if document.text().is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        self.by_paragraphs(document)
            .or_else(|| self.by_lines(document))
            .or_else(|| self.by_sequences(document))
            .unwrap_or_else(|| Judgement::kept_unmeasured(RULE))
    }
}

impl GopherRepetition {
    fn by_paragraphs(&self, document: &Document<'_>) -> Option<Judgement> {
        let (most, most_chars) = (self.dup_para_frac, self.dup_para_char_frac);
        let repeated = Repeated::count(strip(document.text()), 2);
        repeated.judge(
            "dup_para_frac",
            most,
            "dup_para_char_frac",
            most_chars,
            document.chars(),
        )
    }

    fn by_lines(&self, document: &Document<'_>) -> Option<Judgement> {
        let (most, most_chars) = (self.dup_line_frac, self.dup_line_char_frac);
        let repeated = Repeated::count(document.text(), 1);
        repeated.judge(
            "dup_line_frac",
            most,
            "dup_line_char_frac",
            most_chars,
            document.chars(),
        )
    }

    fn by_sequences(&self, document: &Document<'_>) -> Option<Judgement> {
        let words = document.vocabulary(self.segmentation);
        let chars = document.chars();
        let top = self.top_n_grams.iter().filter_map(|&(n, most)| {
            let (first, count) = words.most_frequent(n)?;
            let length = words.chars(first..first + n) + n - 1;
            Some((TOP.get(n).copied().unwrap_or(RULE), length * count, most))
        });
        let repeated = self.dup_n_grams.iter().map(|&(n, most)| {
            (
                REPEATED.get(n).copied().unwrap_or(RULE),
                words.repeated_chars(n),
                most,
            )
        });
        top.chain(repeated)
            .map(|(rule, found, most)| (rule, share(found, chars), most))
            .find(|&(_, value, most)| value > most)
            .map(|(rule, value, most)| Judgement::dropped(rule, value, most))
    }
}

/// Pieces of a text that occurred before.
struct Repeated {
    all: usize,
    met_before: usize,
    chars: usize,
}

impl Repeated {
    /// Cuts a text at line feeds of which at least so many follow each other, and counts.
    fn count(text: &str, line_feeds: usize) -> Self {
        let mut seen = Seen::new(text);
        let mut found = Self {
            all: 0,
            met_before: 0,
            chars: 0,
        };
        let pieces = Pieces {
            bytes: text.as_bytes(),
            line_feeds,
            at: Some(0),
        };
        for piece in pieces {
            found.all += 1;
            if seen.before(piece.clone()) {
                found.met_before += 1;
                found.chars += text[piece].chars().count();
            }
        }
        found
    }

    fn judge(
        &self,
        rule: &'static str,
        most: Option<f64>,
        chars_rule: &'static str,
        most_chars: Option<f64>,
        chars: usize,
    ) -> Option<Judgement> {
        let judge = |rule, value: f64, most: Option<f64>| {
            let most = most.filter(|&most| most != 0.0)?;
            (value > most).then(|| Judgement::dropped(rule, value, most))
        };
        judge(rule, share(self.met_before, self.all), most)
            .or_else(|| judge(chars_rule, share(self.chars, chars), most_chars))
    }
}

/// What stands between runs of line feeds, as a regular expression splits: also nothing, at both ends.
struct Pieces<'a> {
    bytes: &'a [u8],
    line_feeds: usize,
    at: Option<usize>,
}

impl Iterator for Pieces<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.at.take()?;
        let mut at = start;
        while let Some(found) = memchr::memchr(b'\n', &self.bytes[at..]) {
            let end = at + found;
            let run = self.bytes[end..]
                .iter()
                .take_while(|&&byte| byte == b'\n')
                .count();
            if run >= self.line_feeds {
                self.at = Some(end + run);
                return Some(start..end);
            }
            at = end + run;
        }
        Some(start..self.bytes.len())
    }
}
