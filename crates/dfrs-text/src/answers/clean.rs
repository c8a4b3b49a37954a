//! One form for an answer that stands alone.

use super::boxed;
use super::latex;
use super::number::Number;
use super::units::is_unit;

/// Wrappers are taken off this often at most.
const MOST_WRAPPERS: usize = 16;
const WRAPPERS: [(&str, &str); 10] = [
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("**", "**"),
    ("__", "__"),
    ("`", "`"),
    ("\"", "\""),
    ("“", "”"),
    ("'", "'"),
];

/// Brings an answer into one form: no wrappers, sizes and units; numbers as digits, decimals or reduced fractions.
///
/// # Examples
/// ```
/// use dfrs_text::answers::clean;
/// assert_eq!(clean("$x = \\dfrac{10}{4}$."), "5/2");
/// assert_eq!(clean("**1,200 apples**"), "1200");
/// assert_eq!(clean("\\left[0, 1\\right)"), "[0, 1)");
/// assert_eq!(clean("a + b"), "a + b");
/// ```
pub fn clean(answer: &str) -> String {
    let text = latex::plain(unwrapped(answer));
    let text = single_spaced(unwrapped(&text));
    let text = letter(&text).unwrap_or(&text);
    let value = assigned(text).unwrap_or(text);
    number(value).unwrap_or_else(|| text.to_owned())
}

/// The number that an answer is, with or without a unit, in its canonical form.
fn number(text: &str) -> Option<String> {
    let (number, length) = Number::prefix(text)?;
    let rest = &text[length..];
    (rest.trim().is_empty() || is_unit(rest)).then(|| number.canonical())
}

/// Takes off what encloses the whole answer, and the punctuation at its end.
fn unwrapped(answer: &str) -> &str {
    let mut text = answer;
    for _ in 0..MOST_WRAPPERS {
        let before = text;
        text = text
            .trim()
            .trim_end_matches(['.', ',', ';', '。', '！', '!'])
            .trim_end();
        if before.ends_with('!')
            && text.ends_with(|char: char| char.is_ascii_digit() || char == ')')
        {
            text = before.trim(); // a factorial
        }
        for (open, close) in WRAPPERS {
            let inside = text
                .strip_prefix(open)
                .and_then(|inside| inside.strip_suffix(close));
            if let Some(inside) =
                inside.filter(|inside| !inside.contains(close) && !inside.is_empty())
            {
                text = inside;
                break;
            }
        }
        if let Some(inside) = boxed::whole(text) {
            text = inside;
        }
        if text == before {
            break;
        }
    }
    text
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `C` of `(C)`, `C.`, `C)`.
fn letter(text: &str) -> Option<&str> {
    let inside = text
        .strip_prefix('(')
        .and_then(|inside| inside.strip_suffix(')'));
    let inside = inside
        .or_else(|| text.strip_suffix([')', '.', ':']))?
        .trim();
    (inside.len() == 1 && inside.starts_with(|char: char| char.is_ascii_uppercase()))
        .then_some(inside)
}

/// What is assigned in `x = 5`, if it is a number; other equations stay.
fn assigned(text: &str) -> Option<&str> {
    let (name, value) = text
        .split_once('=')
        .or_else(|| text.split_once("\\approx"))?;
    let name = name.trim().trim_start_matches('\\');
    let short = !name.is_empty() && name.len() <= 24;
    let plain = name
        .chars()
        .all(|char| char.is_alphanumeric() || "_{}(), |".contains(char));
    (short && plain && name.starts_with(char::is_alphabetic) && number(value.trim()).is_some())
        .then(|| value.trim())
}
