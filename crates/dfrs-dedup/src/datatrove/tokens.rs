//! The words of simplified text as the English tokenizer of spaCy 3.8 has them: what stands between spaces, but
//! contractions that lost their apostrophe come apart (`cant` is `ca`, `nt`), and so do symbols, quotation marks and
//! currency signs at the edges, symbols inside, and units after a number (`0km`). Rules that need a punctuation mark that
//! simplified text does not have are left out.

use super::simplify::Ranges;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

static SYMBOLS: LazyLock<Ranges> = LazyLock::new(|| Ranges::parse(include_str!("symbols.txt")));

/// Word -> lengths in bytes of the parts that it has.
static EXCEPTIONS: LazyLock<HashMap<String, Vec<usize>>> = LazyLock::new(|| {
    let lines = include_str!("english_exceptions.txt").lines();
    lines
        .map(|line| {
            (
                line.replace(' ', ""),
                line.split(' ').map(str::len).collect(),
            )
        })
        .collect()
});

/// Punctuation and quotation marks that simplified text can still have; they stand apart at both edges of a word.
const MARKS: &str = "¿؟¡·।،۔؛٪‘‚『』〔〕〈〉⟦⟧<>;`";
/// Currency signs: apart at the beginning of a word, and at its end after a digit.
const CURRENCIES: &str = "£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿";
/// Units, apart at the end of a word after a digit.
const UNITS: [&str; 67] = [
    "km", "km²", "km³", "m", "m²", "m³", "dm", "dm²", "dm³", "cm", "cm²", "cm³", "mm", "mm²",
    "mm³", "ha", "µm", "nm", "yd", "in", "ft", "kg", "g", "mg", "µg", "t", "lb", "oz", "kmh",
    "mph", "mbar", "mb", "kb", "gb", "tb", "км", "км²", "км³", "м", "м²", "м³", "дм", "дм²", "дм³",
    "см", "см²", "см³", "мм", "мм²", "мм³", "нм", "кг", "г", "мг", "мбар", "кб", "мб", "гб",
    "тбكم", "كم²", "كم³", "م", "م²", "م³", "سم", "مم", "كم",
];
const ARABIC_UNITS: [&str; 11] = [
    "سم²",
    "سم³",
    "مم²",
    "مم³",
    "غرام",
    "جرام",
    "جم",
    "كغ",
    "ملغ",
    "كوب",
    "اكواب",
];

/// Appends the words of a simplified text, as byte ranges.
pub fn tokens(text: &str, out: &mut Vec<Range<usize>>) {
    let mut start = 0;
    for chunk in text.split(' ') {
        if !chunk.is_empty() {
            chunk_tokens(text, start..start + chunk.len(), out);
        }
        start += chunk.len() + 1;
    }
}

fn chunk_tokens(text: &str, chunk: Range<usize>, out: &mut Vec<Range<usize>>) {
    let word = &text[chunk.clone()];
    if word.is_ascii()
        && !word.starts_with('0')
        && word.bytes().all(|byte| byte.is_ascii_lowercase())
    {
        split_exception(word, chunk, out);
        return;
    }
    let mut rest = chunk;
    let mut suffixes = Vec::new();
    while !rest.is_empty() && !EXCEPTIONS.contains_key(&text[rest.clone()]) {
        let word = &text[rest.clone()];
        let prefix = prefix_len(word);
        if prefix > 0 && EXCEPTIONS.contains_key(&word[prefix..]) {
            out.push(rest.start..rest.start + prefix);
            rest.start += prefix;
            break;
        }
        let suffix = suffix_len(&word[prefix..]);
        if suffix > 0 && EXCEPTIONS.contains_key(&word[..word.len() - suffix]) {
            suffixes.push(rest.end - suffix..rest.end);
            rest.end -= suffix;
            break;
        }
        if prefix + suffix == 0 {
            break;
        }
        if prefix > 0 {
            out.push(rest.start..rest.start + prefix);
            rest.start += prefix;
        }
        if suffix > 0 {
            suffixes.push(rest.end - suffix..rest.end);
            rest.end -= suffix;
        }
    }
    if !rest.is_empty() {
        split_middle(text, rest, out);
    }
    out.extend(suffixes.into_iter().rev());
}

fn split_exception(word: &str, place: Range<usize>, out: &mut Vec<Range<usize>>) -> bool {
    let Some(parts) = EXCEPTIONS.get(word) else {
        out.push(place);
        return false;
    };
    let mut start = place.start;
    for len in parts {
        out.push(start..start + len);
        start += len;
    }
    true
}

/// Cuts what is left between prefixes and suffixes at the symbols inside.
fn split_middle(text: &str, place: Range<usize>, out: &mut Vec<Range<usize>>) {
    let word = &text[place.clone()];
    if word.is_ascii() || EXCEPTIONS.contains_key(word) {
        split_exception(word, place, out);
        return;
    }
    let mut start = 0;
    for (at, infix) in word.char_indices() {
        if at == 0 || !is_infix(word, at, infix) {
            continue;
        }
        if at > start {
            out.push(place.start + start..place.start + at);
        }
        start = at + infix.len_utf8();
        out.push(place.start + at..place.start + start);
    }
    if start < word.len() {
        out.push(place.start + start..place.end);
    }
}

fn is_infix(word: &str, at: usize, infix: char) -> bool {
    if SYMBOLS.contains(infix) {
        return true;
    }
    if !matches!(infix, '=' | '<' | '>') {
        return false;
    }
    let before = word[..at].chars().next_back();
    let after = word[at + 1..].chars().next();
    before.is_some_and(|char| char.is_alphabetic() || char.is_ascii_digit())
        && after.is_some_and(char::is_alphabetic)
}

fn prefix_len(word: &str) -> usize {
    let first = word.chars().next();
    let apart = |char: &char| {
        !char.is_ascii_alphanumeric()
            && (matches!(char, '§' | '=')
                || MARKS.contains(*char)
                || CURRENCIES.contains(*char)
                || SYMBOLS.contains(*char))
    };
    first.filter(apart).map_or(0, char::len_utf8)
}

fn suffix_len(word: &str) -> usize {
    let Some(last) = word.chars().next_back() else {
        return 0;
    };
    if !last.is_ascii() && (MARKS.contains(last) || SYMBOLS.contains(last))
        || matches!(last, '<' | '>' | ';' | '`')
    {
        return last.len_utf8();
    }
    let Some(digit) = word.rfind('0') else {
        return 0;
    };
    let after = &word[digit + 1..];
    let mut chars = after.chars();
    let currency =
        chars.next().is_some_and(|char| CURRENCIES.contains(char)) && chars.next().is_none();
    if currency || UNITS.contains(&after) || ARABIC_UNITS.contains(&after) {
        after.len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        tokens(text, &mut out);
        out.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn words_come_apart_as_the_tokenizer_has_them() {
        for (text, expected) in [
            ("i cant say  it cannot", "i ca nt say it can not"),
            ("qqfxo0m 0km in0", "qqfxo0 m 0 km in0"),
            ("¿que ‘never oracle® ♥♥♥", "¿ que ‘ never oracle ® ♥ ♥ ♥"),
            ("s0⋅sin0° £0 0£ a£", "s0⋅sin0 ° £ 0 0 £ a£"),
            ("government¡¦s enemies¡¦", "government¡ ¦ s enemies ¡ ¦"),
            (
                "0\u{2062}°c\u{2062} 0°\u{2062}",
                "0\u{2062} ° c\u{2062} 0 ° \u{2062}",
            ),
            ("हन। ‘cant", "हन । ‘ ca nt"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text:?}");
        }
    }
}
