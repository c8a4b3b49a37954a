//! Length of the longest stretch without punctuation, in words, up to a bound: keyword lists and machine output.

use std::ops::Range;

use serde::Deserialize;

use crate::judgement::{Judgement, Profile};
use crate::rule::Judge;
use crate::unicode::{char_at, is_ideograph_or_kana};
use crate::words::space_len;

const RULE: &str = "no_punc";

/// An upper bound, inclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoPunc {
    /// Largest number of words that stays.
    pub threshold: Option<u64>,
    /// With a profile, only the ten separators of the published rule count, and only whitespace separates words.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Judge for NoPunc {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let (words, piece) = longest_piece(text, self.profile.is_none());
        let threshold = self.threshold.map(|threshold| threshold as f64);
        Judgement::by(RULE, words as f64, threshold, |words, most| words <= most)
            .or_else_detail(|| Some(crate::lines::stripped(text, piece)))
    }
}

enum Part {
    Separator,
    Space,
    /// A character that is a word of its own.
    Word,
    Letter,
}

/// What the character at a byte position is, and its length.
#[inline]
fn part_at(text: &str, at: usize, east_asian: bool) -> (Part, usize) {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'\n' | b'.' | b'!' | b'?' | b',' | b';' | b'/' | b'|' => return (Part::Separator, 1),
        b':' if east_asian => return (Part::Separator, 1),
        byte if byte.is_ascii() => {
            return (
                if space_len(bytes, at) == 0 {
                    Part::Letter
                } else {
                    Part::Space
                },
                1,
            );
        }
        _ => {}
    }
    let char = char_at(text, at);
    let part = match char {
        '\u{2013}' | '\u{2022}' | '\u{2026}' => Part::Separator,
        '\u{3001}' | '\u{3002}' | '\u{ff01}' | '\u{ff0c}' | '\u{ff1a}' | '\u{ff1b}'
        | '\u{ff1f}' | '\u{ff61}' | '\u{ff64}'
            if east_asian =>
        {
            Part::Separator
        }
        _ if space_len(bytes, at) > 0 => Part::Space,
        char if east_asian && is_ideograph_or_kana(char) => Part::Word,
        _ => Part::Letter,
    };
    (part, char.len_utf8())
}

/// Words of the longest piece between separators, and where it is; of equally long ones the first.
fn longest_piece(text: &str, east_asian: bool) -> (usize, Range<usize>) {
    let (mut longest, mut piece) = (0, 0..0);
    let (mut words, mut start, mut in_word, mut at) = (0, 0, false, 0);
    while at < text.len() {
        let (part, length) = part_at(text, at, east_asian);
        at += length;
        match part {
            Part::Separator => {
                (words, start, in_word) = (0, at, false);
                continue;
            }
            Part::Space => {
                in_word = false;
                continue;
            }
            Part::Word => {
                words += 1;
                in_word = false;
            }
            Part::Letter => {
                words += usize::from(!in_word);
                in_word = true;
            }
        }
        if words > longest {
            (longest, piece) = (words, start..at);
        }
    }
    (longest, piece)
}
