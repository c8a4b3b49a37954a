//! What comes after "the answer is": a formula, a number, a letter, a word.

use super::boxed;
use super::number::Number;
use super::units::{self, is_unit};

/// Words that may stand between the phrase and the answer.
const FILLERS: [&str; 16] = [
    "is",
    "are",
    "was",
    "be",
    "equals",
    "equal to",
    "would be",
    "will be",
    "should be",
    "therefore",
    "thus",
    "approximately",
    "about",
    "option",
    "choice",
    "simply",
];

/// The answer at the beginning of a text that follows an answer phrase.
pub(super) fn value(rest: &str) -> Option<&str> {
    let rest = skip_fillers(rest);
    if let Some(formula) = formula(rest) {
        return Some(formula);
    }
    let line = rest.split('\n').next().unwrap_or("");
    let segment = sentence(line);
    let trimmed = segment.trim().trim_matches('*').trim();
    if trimmed.is_empty() {
        return None;
    }
    Some(within(trimmed))
}

fn skip_fillers(text: &str) -> &str {
    let mut rest = text;
    loop {
        let before = rest;
        rest = rest.trim_start_matches(|char: char| {
            char.is_whitespace() || matches!(char, ':' | '*' | '：' | '=' | '_')
        });
        rest = rest.strip_prefix("- ").unwrap_or(rest);
        for filler in FILLERS {
            let head = rest.get(..filler.len()).unwrap_or("");
            let ends = rest
                .get(filler.len()..)
                .is_some_and(|end| end.starts_with([' ', ':', '\n', '*']));
            if head.eq_ignore_ascii_case(filler) && ends {
                rest = &rest[filler.len()..];
                break;
            }
        }
        if rest.len() == before.len() {
            return rest;
        }
    }
}

/// The formula that a text begins with, with the percent sign behind it.
fn formula(text: &str) -> Option<&str> {
    if text.starts_with("\\boxed") || text.starts_with("\\fbox") {
        let first = boxed::all(text.lines().next()?).into_iter().next()?;
        return text.get(first.content);
    }
    for (open, close) in [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")] {
        let Some(inside) = text.strip_prefix(open) else {
            continue;
        };
        let end = inside.find(close)?;
        let content = &inside[..end];
        if content.trim().is_empty()
            || (open == "$" && (content.contains('\n') || is_prose(content)))
        {
            return None;
        }
        let behind = &inside[end + close.len()..];
        if behind.trim_start_matches([' ', '\\']).starts_with('%') {
            let percent = behind.find('%').map_or(0, |place| place + 1);
            return Some(&text[..open.len() + end + close.len() + percent]);
        }
        return Some(content);
    }
    None
}

/// The first sentence of a line.
fn sentence(line: &str) -> &str {
    let bytes = line.as_bytes();
    for (at, byte) in line.bytes().enumerate() {
        let next = bytes.get(at + 1);
        let last_of_option = at == 1 && bytes[0].is_ascii_uppercase();
        if byte == b'.'
            && !last_of_option
            && next.is_none_or(|next| next.is_ascii_whitespace() || *next == b'*')
        {
            return &line[..at];
        }
    }
    line.split('。').next().unwrap_or(line)
}

/// The answer in a sentence: all of it, or its last number if the rest is prose.
fn within(text: &str) -> &str {
    if let Some((_, length)) = Number::prefix(text) {
        let rest = &text[length..];
        let separate = !rest.starts_with(|char: char| char.is_alphanumeric() || char == ':');
        let unit = rest.trim().is_empty() || is_unit(rest) || is_prose(rest);
        if unit && separate && !rest.contains('=') {
            return text[..length].trim();
        }
    }
    if let Some((_, right)) = text.rsplit_once("= ")
        && Number::prefix(right).is_some_and(|(_, length)| {
            right[length..].trim().is_empty() || is_unit(&right[length..])
        })
        && text.matches('=').count() == 1
        && !text.contains(',')
        && text.starts_with(|char: char| char.is_ascii_digit() || "$(".contains(char))
    {
        return right.trim();
    }
    if is_prose(text) {
        super::extract::last_value(text).unwrap_or(text)
    } else {
        text
    }
}

/// Whether a text holds several words, not only symbols, functions and units.
pub(super) fn is_prose(text: &str) -> bool {
    words(text, 3) >= 2
}

/// Number of words of so many letters and more that belong to no formula.
pub(super) fn words(text: &str, letters: usize) -> usize {
    let mut words = 0;
    let mut before = ' ';
    let mut word = 0;
    let mut start = 0;
    for (at, char) in text.char_indices().chain([(text.len(), ' ')]) {
        if char.is_alphabetic() && (word > 0 || before != '\\') {
            start = if word == 0 { at } else { start };
            word += 1;
        } else {
            let found = &text[start..at];
            words += usize::from(word >= letters && !units::is_name(found));
            word = 0;
        }
        if !(char.is_alphabetic() && before == '\\') {
            before = char;
        }
    }
    words
}
