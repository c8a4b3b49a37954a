//! Find the final answer of a worked solution.
//!
//! Signs of a final answer, strongest first: `<answer>` tags, then whichever comes last of `\boxed{...}`, `#### ...` and
//! "final answer is", then the last "answer is" (or "answer:", "option", "答案"), then the last formula or number.

use super::boxed;
use super::clean::clean;
use super::number::Number;
use super::phrase;

/// Phrases that announce an answer, in lower case; the first of each group counts as a sure sign.
const FINAL: [&str; 3] = ["final answer", "最终答案", "#### "];
const WEAK: [&str; 9] = [
    "answer",
    "correct option",
    "correct choice",
    "option is",
    "choice is",
    "答案是",
    "答案为",
    "答案：",
    "答案:",
];
/// Longer texts are no answers that stand alone.
const LONGEST_ALONE: usize = 1024;
/// A longer run of digits and their like is no number that anybody meant.
const LONGEST_NUMBER: usize = 96;
/// Characters of a number, with what may stand around and in it.
const NUMBER: &str = "0123456789.,/%-$€£\\{}";

/// The final answer of a reply in one form (see [`super::clean`]); none where there is nothing like an answer.
///
/// # Examples
/// ```
/// use dfrs_text::answers::extract;
/// let found = |text| extract(text).unwrap();
/// assert_eq!(found("So it is $\\boxed{\\frac{1}{2}}$."), "1/2");
/// assert_eq!(found("5 + 7 = 12\n#### 12"), "12");
/// assert_eq!(found("Therefore, the answer is (C)."), "C");
/// assert_eq!(found("She has 3 and buys 4, which makes 7 apples."), "7");
/// assert_eq!(extract("I do not know."), None);
/// ```
pub fn extract(text: &str) -> Option<String> {
    let text = tagged(after_thinking(text));
    let found = sure(text)
        .or_else(|| announced(text, &WEAK))
        .or_else(|| last_value(text).map(str::to_owned))?;
    Some(clean(&found)).filter(|answer| !answer.is_empty())
}

/// The answer that a text is or ends with: an answer that stands alone is cleaned, anything longer is searched.
///
/// # Examples
/// ```
/// use dfrs_text::answers::read;
/// assert_eq!(read("$x = 5$").unwrap(), "5");
/// assert_eq!(read("x^2 + 3").unwrap(), "x^2 + 3");
/// assert_eq!(read("I add 2 and 3.\n#### 5").unwrap(), "5");
/// ```
pub fn read(text: &str) -> Option<String> {
    let line = text.trim();
    let formula_inside = line.contains('$') || line.contains("\\(");
    let words = phrase::words(line, 3);
    let prose = words >= 2
        || phrase::words(line, 2) >= 3
        || (words == 1 && formula_inside && !line.starts_with(['$', '\\']));
    let alone = !line.contains('\n') && line.len() <= LONGEST_ALONE && !prose;
    let marked = [
        "####", "\\boxed", "\\fbox", "<answer>", "nswer", "NSWER", "答案",
    ];
    if alone && !marked.iter().any(|mark| line.contains(mark)) {
        return Some(clean(line)).filter(|answer| !answer.is_empty());
    }
    extract(text).or_else(|| alone.then(|| clean(line)))
}

/// The text behind the reasoning block.
fn after_thinking(text: &str) -> &str {
    let opened = text.trim_start().starts_with("<think");
    match text.rfind("</think>").or_else(|| text.rfind("</thinking>")) {
        Some(end) if opened => text[end..].split_once('>').map_or("", |(_, rest)| rest),
        _ => text,
    }
}

/// What stands between the last answer tags, if there are any.
fn tagged(text: &str) -> &str {
    let Some(start) = text.rfind("<answer>") else {
        return text;
    };
    let inside = &text[start + "<answer>".len()..];
    inside
        .find("</answer>")
        .map_or(inside, |end| &inside[..end])
}

/// The answer with the sure sign that comes last.
fn sure(text: &str) -> Option<String> {
    let boxed = boxed::last(text);
    let spoken = last_announced(text, &FINAL, |rest| !rest.trim_start().starts_with('\n'));
    match (boxed, spoken) {
        (Some((end, _)), Some((place, value))) if place > end => Some(value),
        (Some((_, content)), _) => Some(content),
        (None, Some((_, value))) => Some(value),
        (None, None) => None,
    }
}

fn announced(text: &str, phrases: &[&str]) -> Option<String> {
    last_announced(text, phrases, phrase_continues).map(|(_, value)| value)
}

/// Whether what follows a weak phrase makes it one: "answer is 5", "answer: 5", "Answer - A", not "answers the call".
fn phrase_continues(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['*', '_', ' ']);
    let lower = rest.get(..3).unwrap_or(rest).to_ascii_lowercase();
    lower.starts_with("is ")
        || lower.starts_with("is:")
        || lower.starts_with("is\n")
        || rest.starts_with([':', '=', '-', '：', '$'])
        || rest.starts_with(|char: char| {
            char.is_ascii_digit() || char.is_alphabetic() && !char.is_ascii()
        })
        || alone(rest)
}

/// Whether a text begins with a single capital letter: the choice in "Answer D".
fn alone(rest: &str) -> bool {
    let rest = rest.strip_prefix('(').unwrap_or(rest).as_bytes();
    rest.first().is_some_and(u8::is_ascii_uppercase)
        && rest.get(1).is_none_or(|next| !next.is_ascii_alphanumeric())
}

/// Where the last phrase with an answer stands, and that answer. Looks at the last few places only.
fn last_announced(text: &str, phrases: &[&str], fits: fn(&str) -> bool) -> Option<(usize, String)> {
    let lower = text.to_ascii_lowercase();
    let mut end = lower.len();
    for _ in 0..8 {
        let found = phrases
            .iter()
            .filter_map(|phrase| Some((lower[..end].rfind(phrase)?, phrase.len())));
        let (start, length) = found.max()?;
        let rest = &text[start + length..];
        let window = &rest[..rest
            .char_indices()
            .nth(4096)
            .map_or(rest.len(), |(place, _)| place)];
        if fits(window)
            && let Some(value) = phrase::value(window)
        {
            return Some((start, value.to_owned()));
        }
        end = start;
    }
    None
}

/// The last formula or number of a text.
pub(super) fn last_value(text: &str) -> Option<&str> {
    let number = last_number(text);
    let formula = last_formula(text);
    match (number, formula) {
        (Some((start, number)), Some((end, formula))) => {
            Some(if start >= end { number } else { formula })
        }
        (number, formula) => number.or(formula).map(|(_, found)| found),
    }
}

/// The last formula in dollars or `\(...\)` on one line: where it ends, and its content.
fn last_formula(text: &str) -> Option<(usize, &str)> {
    for (open, close) in [("\\(", "\\)"), ("\\[", "\\]"), ("$", "$")] {
        let Some(end) = text.rfind(close) else {
            continue;
        };
        let Some(start) = text[..end].trim_end_matches('$').rfind(open) else {
            continue;
        };
        let content = text[start + open.len()..end].trim_matches('$').trim();
        if content.is_empty()
            || content.contains("\n\n")
            || (open == "$" && phrase::is_prose(content))
        {
            continue;
        }
        return Some((end, right_side(content)));
    }
    None
}

/// What a chain of equations ends with; relations such as `<=` and `!=` are no equations.
fn right_side(formula: &str) -> &str {
    let Some((left, right)) = formula.rsplit_once('=') else {
        return formula;
    };
    let relation = left.ends_with(['<', '>', '!', ':', '&']) || right.trim().is_empty();
    if relation || right.contains(',') {
        formula
    } else {
        right.trim()
    }
}

/// The last number of a text that is no part of a word: where it begins, and the number.
fn last_number(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while let Some(digit) = bytes[..end].iter().rposition(u8::is_ascii_digit) {
        let start = text[..digit]
            .rfind(|char| !NUMBER.contains(char))
            .map_or(0, |place| {
                place + text[place..].chars().next().map_or(1, char::len_utf8)
            });
        let before = text[..start].chars().next_back();
        let sensible = digit - start < LONGEST_NUMBER;
        if sensible
            && !before.is_some_and(|char| char.is_alphabetic() || char == '_')
            && let Some(found) = number_in(&text[start..], digit - start)
        {
            return Some((start, found));
        }
        end = start;
    }
    None
}

/// The number that reaches up to a digit of a run of number characters.
fn number_in(run: &str, digit: usize) -> Option<&str> {
    for (at, _) in run.char_indices().take_while(|(at, _)| *at <= digit) {
        if let Some((_, length)) = Number::prefix(&run[at..])
            && at + length > digit
        {
            return Some(run[at..at + length].trim());
        }
    }
    None
}
