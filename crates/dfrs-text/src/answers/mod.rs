//! Final answers of worked solutions: find them, write them in one form, and compare the plain ones.
//!
//! [`extract`] finds the answer in a reply, [`clean`] brings it into one form, and [`compare`] decides about two
//! answers where that needs no algebra: numbers in any notation, letters of multiple choice, words, and equal texts.
//! What it cannot decide is left to a computer algebra system; what it decides, that system must decide alike.

mod boxed;
mod clean;
mod extract;
mod latex;
mod number;
mod phrase;
mod units;

pub use clean::clean;
pub use extract::{extract, read};
pub use number::Number;

/// Whether two answers are the same; none where that takes algebra.
///
/// # Examples
/// ```
/// use dfrs_text::answers::compare;
/// assert_eq!(compare("1,000", "$1000$ dollars"), Some(true));
/// assert_eq!(compare("3.5", "3\\frac{1}{2}"), Some(true));
/// assert_eq!(compare("(C) 24", "C"), Some(true));
/// assert_eq!(compare("x+1", "1+x"), None);
/// ```
pub fn compare(gold: &str, answer: &str) -> Option<bool> {
    let (gold, answer) = (clean(gold), clean(answer));
    match (choice(&gold), choice(&answer)) {
        (Some((one, _)), Some((other, _))) => Some(one == other),
        (None, Some((_, rest))) if !rest.is_empty() => decide(&gold, &clean(rest)),
        (Some((_, rest)), None) if !rest.is_empty() => decide(&clean(rest), &answer),
        _ => decide(&gold, &answer),
    }
}

/// Compares two cleaned answers that are not both letters of multiple choice.
fn decide(gold: &str, answer: &str) -> Option<bool> {
    if gold.is_empty() || answer.is_empty() {
        return Some(false);
    }
    if gold == answer {
        return Some(true);
    }
    if let (Some(one), Some(other)) = (Number::parse(gold), Number::parse(answer)) {
        return one.same_as(&other);
    }
    (is_words(gold) && is_words(answer)).then(|| same_words(gold, answer))
}

/// The letter of a multiple-choice answer (`C`, `(C)`, `C) 24`), and what is written behind it.
fn choice(answer: &str) -> Option<(char, &str)> {
    let opened = answer.strip_prefix('(').unwrap_or(answer);
    let letter = opened.chars().next().filter(char::is_ascii_uppercase)?;
    let rest = &opened[1..];
    if opened.len() != answer.len() {
        return rest.strip_prefix(')').map(|rest| (letter, rest.trim()));
    }
    if rest.is_empty() {
        return Some((letter, ""));
    }
    let rest = rest.strip_prefix([')', '.', ':'])?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| (letter, rest.trim()))
}

/// Whether an answer is made of words, one of which has three letters or more, and none of which is a function.
fn is_words(answer: &str) -> bool {
    let mut words = answer.split([' ', '-', '\'', '.']);
    words.clone().any(|word| word.chars().count() >= 3)
        && words.all(|word| word.chars().all(char::is_alphabetic) && !units::is_name(word))
}

fn same_words(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let plain = text.to_lowercase().replace(['-', '.'], " ");
        plain.split_whitespace().map(str::to_owned).collect()
    };
    words(one) == words(other)
}
