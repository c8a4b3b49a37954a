//! LaTeX in one form: spacing and sizing commands gone, one kind of fraction, texts unwrapped.

use super::number::Number;
use super::units::is_text_unit;

/// Rewrites the commands of an answer; linear in its length.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        rest = match char {
            '\\' => command(rest, &mut out),
            '°' | '\u{200b}' => &rest['°'.len_utf8().max(char.len_utf8())..],
            _ => {
                let (from, to) = replacement(rest, char);
                if from > 1 && to == "," {
                    out.truncate(out.trim_end().len());
                }
                out.push_str(to);
                &rest[from..]
            }
        };
    }
    out.trim().to_owned()
}

/// How many bytes of the text become what.
fn replacement(rest: &str, char: char) -> (usize, &str) {
    for comma in ["{,}", "{, }"] {
        if rest.starts_with(comma) {
            return (comma.len(), ",");
        }
    }
    for degree in ["^\\circ", "^{\\circ}", "^{\\degree}", "^\\degree"] {
        if rest.starts_with(degree) {
            return (degree.len(), "");
        }
    }
    let length = char.len_utf8();
    match char {
        '\n' | '\r' | '\t' | '~' | '\u{a0}' | '\u{202f}' | '\u{2009}' => (length, " "),
        '−' | '–' => (length, "-"),
        '，' => (length, ","),
        '％' => (length, "%"),
        _ => (length, &rest[..length]),
    }
}

/// Rewrites the command that a text begins with, and returns what comes after it.
fn command<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let letters = rest[1..]
        .find(|char: char| !char.is_ascii_alphabetic())
        .unwrap_or(rest.len() - 1);
    if letters == 0 {
        let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        match &rest[1..length] {
            "!" => {}
            "," | ";" | ":" | " " | ">" => out.push(' '),
            "%" => out.push('%'),
            "$" => out.push('$'),
            _ => out.push_str(&rest[..length]),
        }
        return &rest[length..];
    }
    let (name, behind) = rest[1..].split_at(letters);
    match name {
        "dfrac" | "tfrac" | "cfrac" => out.push_str("\\frac"),
        "left" | "right" => return behind.strip_prefix('.').unwrap_or(behind),
        "displaystyle" | "textstyle" | "limits" | "big" | "Big" | "bigl" | "bigr" | "Bigl"
        | "Bigr" => {
            return behind.trim_start();
        }
        "degree" => {}
        "quad" | "qquad" => out.push(' '),
        "text" | "textbf" | "textit" | "textrm" | "textnormal" | "mathrm" | "mathbf" | "mbox"
        | "rm" | "mathit" => {
            return words(rest, behind, out);
        }
        _ => out.push_str(&rest[..=letters]),
    }
    behind
}

/// Unwraps `\text{...}`; behind a number it is the unit, and goes with its exponent.
fn words<'a>(rest: &'a str, behind: &'a str, out: &mut String) -> &'a str {
    let inside = behind
        .trim_start()
        .strip_prefix('{')
        .and_then(|inside| Some((inside, inside.find(['{', '}'])?)));
    let Some((inside, end)) = inside.filter(|(inside, end)| inside[*end..].starts_with('}')) else {
        out.push_str(&rest[..rest.len() - behind.len()]);
        return behind;
    };
    let (content, after) = (&inside[..end], &inside[end + 1..]);
    // A number is short: a long answer is not parsed again and again.
    let behind_number = out.len() < 64 && Number::parse(out.trim_end_matches(['/', ' '])).is_some();
    if behind_number && is_text_unit(content) {
        out.truncate(out.trim_end_matches(['/', ' ']).len());
        return exponent(after);
    }
    out.push_str(content);
    after
}

/// Skips `^2`, `^{3}`.
fn exponent(text: &str) -> &str {
    let Some(power) = text.trim_start().strip_prefix('^') else {
        return text;
    };
    let braced = power
        .strip_prefix('{')
        .and_then(|inside| inside.split_once('}'));
    match braced {
        Some((digits, after)) if digits.parse::<u8>().is_ok() => after,
        _ if power.starts_with(|char: char| char.is_ascii_digit()) => &power[1..],
        _ => text,
    }
}
