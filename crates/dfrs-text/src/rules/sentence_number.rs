//! Number of sentences, between two bounds (both inclusive). A sentence is a stretch without full stop, exclamation or
//! question mark and line feed that holds at least one word character; abbreviations and decimals therefore count.

use serde::Deserialize;

use crate::judgement::{Judgement, Profile};
use crate::rule::Judge;
use crate::unicode::{char_at, is_word};

const RULE: &str = "sentence_number";

/// Bounds on the number of sentences; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentenceNumber {
    /// Smallest number that stays.
    pub min_sentences: Option<u64>,
    /// Largest number that stays.
    pub max_sentences: Option<u64>,
    /// With a profile, the full stops and marks of Chinese and Japanese end no sentence.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Judge for SentenceNumber {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let sentences = count(text, self.profile.is_none()) as f64;
        match (self.min_sentences, self.max_sentences) {
            (Some(min), _) if sentences < min as f64 => {
                Judgement::dropped(RULE, sentences, min as f64)
            }
            (_, Some(max)) if sentences > max as f64 => {
                Judgement::dropped(RULE, sentences, max as f64)
            }
            _ => Judgement::kept(RULE, sentences),
        }
    }
}

/// Number of stretches with a word character.
fn count(text: &str, east_asian: bool) -> usize {
    let bytes = text.as_bytes();
    let (mut count, mut open, mut at) = (0, false, 0);
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii() {
            at += 1;
            if matches!(byte, b'.' | b'!' | b'?' | b'\n') {
                open = false;
            } else if !open && (byte.is_ascii_alphanumeric() || byte == b'_') {
                open = true;
                count += 1;
            }
            continue;
        }
        let char = char_at(text, at);
        at += char.len_utf8();
        if east_asian && matches!(char, '\u{3002}' | '\u{ff01}' | '\u{ff1f}' | '\u{ff61}') {
            open = false;
        } else if !open && is_word(char) {
            open = true;
            count += 1;
        }
    }
    count
}
