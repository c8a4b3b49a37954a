//! `str.lower()`, with the final sigma and the one letter that becomes two.

use crate::unicode::{NonAscii, tables};

const SIGMA: char = '\u{3a3}';
const I_WITH_DOT: char = '\u{130}';

/// Appends the lower-cased text to `out`.
pub fn lower_into(text: &str, out: &mut String) {
    let mut done = 0;
    let start = out.len();
    for (at, char) in NonAscii::new(text) {
        if char == SIGMA {
            out.push_str(&text[done..at]);
            let after = at + char.len_utf8();
            out.push(if is_final(&text[..at], &text[after..]) {
                '\u{3c2}'
            } else {
                '\u{3c3}'
            });
            done = after;
        } else if char == I_WITH_DOT {
            out.push_str(&text[done..at]);
            out.push_str("i\u{307}");
            done = at + char.len_utf8();
        } else if let Some(lowered) = lower_char(char) {
            out.push_str(&text[done..at]);
            out.push(lowered);
            done = at + char.len_utf8();
        }
    }
    out.push_str(&text[done..]);
    out[start..].make_ascii_lowercase();
}

/// `text.lower()`.
pub fn lower(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    lower_into(text, &mut out);
    out
}

/// The other character that a character beyond ASCII becomes.
fn lower_char(char: char) -> Option<char> {
    let code = char as u32;
    let after = tables::LOWER.partition_point(|&(first, ..)| first <= code);
    let &(first, last, step, distance) = tables::LOWER.get(after.checked_sub(1)?)?;
    if code > last || !(code - first).is_multiple_of(step) {
        return None;
    }
    char::from_u32(code.wrapping_add_signed(distance))
}

/// Whether a sigma between two texts ends a word.
fn is_final(before: &str, after: &str) -> bool {
    starts_cased(before.chars().rev()) && !starts_cased(after.chars())
}

/// Whether the first character that is not case-ignorable is cased.
fn starts_cased(mut chars: impl Iterator<Item = char>) -> bool {
    let neighbour = chars.find(|&char| !tables::CASE_IGNORABLE.contains(char));
    neighbour.is_some_and(|char| tables::CASED.contains(char))
}

/// Position in the original text of a byte position in the lower-cased one.
pub(crate) fn original_position(text: &str, lowered: usize) -> usize {
    let mut length = 0;
    for (at, char) in text.char_indices() {
        if length >= lowered {
            return at;
        }
        length += match char {
            I_WITH_DOT => 3,
            char => lower_char(char).unwrap_or(char).len_utf8(),
        };
    }
    text.len()
}
