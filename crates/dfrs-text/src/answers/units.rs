//! Words behind a number that are its unit, and words that are not.

use std::collections::HashSet;
use std::sync::LazyLock;

static SHORT: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("units.txt").lines();
    lines
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect()
});
/// Words that change what the number says, or that join it with something else.
const NO_UNITS: [&str; 34] = [
    "and",
    "or",
    "to",
    "mod",
    "million",
    "billion",
    "trillion",
    "thousand",
    "hundred",
    "dozen",
    "dozens",
    "half",
    "halves",
    "third",
    "thirds",
    "quarter",
    "quarters",
    "times",
    "over",
    "plus",
    "minus",
    "than",
    "pm",
    "am",
    "is",
    "if",
    "if and only if",
    "where",
    "for",
    "when",
    "not",
    "but",
    "with",
    "base",
];
/// Names of functions, and of what else LaTeX writes in letters.
const NAMES: [&str; 34] = [
    "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp", "sqrt", "max", "min", "gcd",
    "lcm", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "inf", "infty", "det", "matrix",
    "pmatrix", "bmatrix", "vmatrix", "array", "cases", "aligned", "align", "begin", "end", "and",
];

/// Whether a word belongs to a formula: the name of a function, of infinity, of an environment.
pub(super) fn is_name(word: &str) -> bool {
    NAMES.contains(&word)
}

/// Whether what follows a number is its unit: words such as `apples`, `km/h`, `square feet`, `m²`.
pub(super) fn is_unit(rest: &str) -> bool {
    let rest = rest.trim_end_matches(['.', ',', ' ']);
    let attached = rest.trim_start().len() == rest.len();
    let words: Vec<&str> = rest
        .split([' ', '-'])
        .filter(|word| !word.is_empty())
        .take(9)
        .collect();
    let per = |parts: &str| {
        parts
            .split('/')
            .all(|part| part.chars().all(char::is_alphabetic))
    };
    !words.is_empty()
        && words.len() <= 8
        && words.iter().enumerate().all(|(place, word)| {
            let (unit, divisor) = word.split_once('/').unwrap_or((word, ""));
            is_unit_word(unit, attached && place == 0) && per(divisor)
        })
}

fn is_unit_word(word: &str, attached: bool) -> bool {
    let superscript = word.ends_with(['²', '³']);
    let base = word.trim_end_matches(['²', '³', '.']);
    let letters = base.chars().count();
    if base.is_empty()
        || !base.chars().all(char::is_alphabetic)
        || NO_UNITS.contains(&base.to_lowercase().as_str())
    {
        return false;
    }
    if SHORT.contains(base) || (superscript && letters == 1) {
        return true;
    }
    !attached && letters >= 3 && !is_name(base)
        || (!attached && matches!(base, "in" | "a" | "of" | "he" | "we"))
}

/// Whether the words in `\text{...}` behind a number are its unit.
pub(super) fn is_text_unit(words: &str) -> bool {
    let words = words.trim().trim_end_matches('.');
    let known = |word: &str| !word.is_empty() && !NO_UNITS.contains(&word.to_lowercase().as_str());
    !words.is_empty()
        && words
            .chars()
            .all(|char| char.is_alphabetic() || matches!(char, ' ' | '/' | '.' | '-' | '²' | '³'))
        && words.split([' ', '/', '-']).all(known)
}
