//! Number of lines that do not mention JavaScript, from a minimum on; texts of up to three lines always stay.
//!
//! A line is compared without ASCII punctuation, in lower case and decomposed (NFD), so `Java-Script` counts. Nothing
//! of that is built: the letters are matched in place.

use std::ops::Range;

use serde::Deserialize;

use crate::judgement::Judgement;
use crate::lines::{Lines, stripped};
use crate::rule::Judge;
use crate::unicode::{in_ranges, tables};
use crate::words::{skip_spaces, space_len};

const RULE: &str = "line_with_javascript";
const WORD: &[u8] = b"javascript";
/// Texts of so many lines stay whatever they say.
const FEW_LINES: usize = 3;

/// A lower bound, inclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineWithJavascript {
    /// Smallest number of other lines that stays.
    pub threshold: Option<u64>,
}

impl Judge for LineWithJavascript {
    fn judge(&self, text: &str) -> Judgement {
        let lines = Lines::new(text)
            .filter(|line| has_content(&text.as_bytes()[line.clone()]))
            .count();
        if lines == 0 {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let (mentions, first) = mentions(text);
        let others = (lines - mentions) as f64;
        let threshold = self.threshold.map(|threshold| threshold as f64);
        Judgement::by(RULE, others, threshold, |others, least| {
            lines <= FEW_LINES || others >= least
        })
        .or_else_detail(|| first)
    }
}

/// Whether anything but whitespace and ASCII punctuation is in the line.
fn has_content(line: &[u8]) -> bool {
    let mut at = 0;
    loop {
        at = skip_spaces(line, at);
        match line.get(at) {
            None => return false,
            Some(byte) if byte.is_ascii_punctuation() => at += 1,
            Some(_) => return true,
        }
    }
}

/// The line that holds a part of the text, stripped.
fn line_around(text: &str, part: Range<usize>) -> Range<usize> {
    let start = text[..part.start].rfind('\n').map_or(0, |feed| feed + 1);
    let end = text[part.end..]
        .find('\n')
        .map_or(text.len(), |feed| part.end + feed);
    stripped(text, start..end)
}

/// Number of lines with the word, and the first of them.
fn mentions(text: &str) -> (usize, Option<Range<usize>>) {
    let bytes = text.as_bytes();
    let (mut lines, mut first, mut at) = (0, None, 0);
    while let Some(offset) = memchr::memchr2(b'j', b'J', &bytes[at..]) {
        let start = at + offset;
        at = start + 1;
        if let Some(end) = match_word(text, start) {
            lines += 1;
            first.get_or_insert_with(|| line_around(text, start..end));
            let Some(feed) = memchr::memchr(b'\n', &bytes[end..]) else {
                break;
            };
            at = end + feed;
        }
    }
    (lines, first)
}

/// Where the word ends that starts at a byte position, if it is the one sought.
fn match_word(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    for (index, letter) in WORD.iter().enumerate() {
        if index > 0 {
            while bytes.get(at)?.is_ascii_punctuation() {
                at += 1;
            }
        }
        let byte = *bytes.get(at)?;
        if byte.to_ascii_lowercase() == *letter {
            at += 1;
        } else if index == WORD.len() - 1 && !byte.is_ascii() && space_len(bytes, at) == 0 {
            let char = text[at..].chars().next()?;
            return in_ranges(tables::NFD_STARTS_WITH_T, char).then_some(at + char.len_utf8());
        } else {
            return None;
        }
    }
    Some(at)
}
