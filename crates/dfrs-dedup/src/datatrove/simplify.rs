//! `simplify_text` of datatrove 0.10: lower case, numbers to `0`, punctuation to spaces, one space at a time, letters
//! without their accents (NFD without non-spacing marks). The tables are facts about Unicode 14 and datatrove's set of
//! punctuation, one range per line.

use crate::normal::is_decimal;
use dfrs_text::lower::lower_into;
use dfrs_text::unicode::is_space;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Characters as sorted ranges.
pub struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    pub fn parse(text: &str) -> Self {
        let number = |field: &str| u32::from_str_radix(field, 16).expect("a hexadecimal number");
        let range = |line: &str| {
            let (first, last) = line.split_once(' ').expect("two numbers");
            (number(first), number(last))
        };
        Self(text.lines().map(range).collect())
    }

    pub fn contains(&self, char: char) -> bool {
        let char = char as u32;
        let after = self.0.partition_point(|&(first, _)| first <= char);
        after > 0 && char <= self.0[after - 1].1
    }
}

static PUNCTUATION: LazyLock<Ranges> =
    LazyLock::new(|| Ranges::parse(include_str!("punctuation.txt")));
static MARKS: LazyLock<Ranges> =
    LazyLock::new(|| Ranges::parse(include_str!("nonspacing_marks.txt")));

/// Separators of a decimal number.
const SEPARATORS: [char; 7] = ['.', ',', '،', '٫', '⎖', '⎗', '⎘'];

/// Working memory.
#[derive(Default)]
pub struct Simplifier {
    lower: String,
    spaced: String,
}

impl Simplifier {
    /// Puts the simplified text into `out`.
    pub fn simplify(&mut self, text: &str, out: &mut String) {
        out.clear();
        self.lower.clear();
        self.spaced.clear();
        lower_into(text, &mut self.lower);
        space_out(&self.lower, &mut self.spaced);
        if self.spaced.is_ascii() {
            out.push_str(&self.spaced);
        } else {
            out.extend(
                self.spaced
                    .nfd()
                    .filter(|&char| char.is_ascii() || !MARKS.contains(char)),
            );
            let end = out.trim_end_matches(is_space).len();
            out.truncate(end);
            let start = out.len() - out.trim_start_matches(is_space).len();
            out.drain(..start);
        }
    }
}

/// Appends the text with numbers as `0` and one space for every run of whitespace and punctuation, none at the ends.
fn space_out(text: &str, out: &mut String) {
    let mut chars = text.char_indices().peekable();
    let mut gap = false;
    while let Some((at, char)) = chars.next() {
        let blank = is_space(char) || PUNCTUATION.contains(char);
        if blank {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push(' ');
            gap = false;
        }
        if !is_decimal(char) {
            out.push(char);
            continue;
        }
        out.push('0');
        let end = number_end(text, at);
        while chars.next_if(|&(next, _)| next < end).is_some() {}
    }
}

/// Where the number that starts at a position ends: digits, and once a separator with more digits.
fn number_end(text: &str, start: usize) -> usize {
    let digits = |from: usize| {
        from + text[from..]
            .find(|char| !is_decimal(char))
            .unwrap_or(text.len() - from)
    };
    let whole = digits(start);
    match text[whole..].chars().next() {
        Some(separator) if SEPARATORS.contains(&separator) => {
            let fraction = whole + separator.len_utf8();
            let end = digits(fraction);
            if end > fraction { end } else { whole }
        }
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        for (text, expected) in [
            (
                "H\u{e9}llo, WORLD! 1,234.5 \u{2014} x|y",
                "hello world 0 0 x y",
            ),
            ("1|2|3", "0 0 0"),
            ("  3.14.15 ٣٫٤ 7. \t", "0 0 0 0"),
            ("", ""),
            (" ... ", ""),
            ("\u{2260}a \u{301} b", "=a  b"),
        ] {
            let mut out = String::new();
            Simplifier::default().simplify(text, &mut out);
            assert_eq!(out, expected, "{text:?}");
        }
    }
}
