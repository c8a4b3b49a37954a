//! Removes emoji, whole sequences of them: skin tones, joined families, flags, keycaps.
//!
//! Joiners and variation selectors go only with the emoji they belong to, because other scripts need them.

use serde::Deserialize;

use crate::judgement::Profile;
use crate::refiner::Refine;
use crate::unicode::{NonAscii, in_ranges, tables};

const JOINER: char = '\u{200d}';
const TEXT_STYLE: char = '\u{fe0e}';
const PICTURE_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// Which characters are emoji.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveEmoji {
    /// With a profile, only the five ranges of the published rule are removed, character by character.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Refine for RemoveEmoji {
    fn refine_into(&self, text: &str, out: &mut String) -> bool {
        // The text up to `done` is in `out` or removed.
        let mut done = 0;
        for (at, char) in NonAscii::new(text) {
            if at < done {
                continue;
            }
            let found = if self.profile.is_some() {
                is_published(char).then(|| at..at + char.len_utf8())
            } else {
                emoji_at(text, done, at, char)
            };
            if let Some(emoji) = found {
                out.push_str(&text[done..emoji.start]);
                done = emoji.end;
            }
        }
        if done == 0 {
            return false;
        }
        out.push_str(&text[done..]);
        true
    }
}

/// The bytes of the emoji sequence that the character at `at` begins or reveals; nothing before `done` is in it.
fn emoji_at(text: &str, done: usize, at: usize, char: char) -> Option<std::ops::Range<usize>> {
    let after = at + char.len_utf8();
    if is_emoji(char) {
        return Some(at..sequence_end(text, after));
    }
    if char != PICTURE_STYLE && char != KEYCAP {
        return None;
    }
    let base = text[done..at].chars().next_back()?;
    let is_key = matches!(base, '0'..='9' | '#' | '*');
    let is_picture = if char == KEYCAP {
        is_key
    } else {
        in_ranges(tables::EMOJI_ON_REQUEST, base) || (is_key && text[after..].starts_with(KEYCAP))
    };
    is_picture.then(|| at - base.len_utf8()..sequence_end(text, after))
}

/// Where the sequence ends whose first character ends at `at`.
fn sequence_end(text: &str, mut at: usize) -> usize {
    let mut joined = false;
    for char in text[at..].chars() {
        let belongs = match char {
            TEXT_STYLE
            | PICTURE_STYLE
            | KEYCAP
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0020}'..='\u{e007f}' => true,
            JOINER => {
                joined = true;
                at += char.len_utf8();
                continue;
            }
            char => joined && (is_emoji(char) || in_ranges(tables::EMOJI_ON_REQUEST, char)),
        };
        if !belongs {
            break;
        }
        joined = false;
        at += char.len_utf8();
    }
    at
}

/// The ranges of the published rule.
const fn is_published(char: char) -> bool {
    matches!(
        char,
        '\u{1f600}'..='\u{1f64f}'
            | '\u{1f300}'..='\u{1f5ff}'
            | '\u{1f680}'..='\u{1f6ff}'
            | '\u{1f1e0}'..='\u{1f1ff}'
            | '\u{2702}'..='\u{27b0}'
    )
}

/// The published ranges, the blocks it misses, and every other character that is shown as a picture.
fn is_emoji(char: char) -> bool {
    is_published(char)
        || matches!(char, '\u{2600}'..='\u{26ff}' | '\u{1f900}'..='\u{1faff}')
        || in_ranges(tables::EMOJI_PRESENTATION, char)
}
