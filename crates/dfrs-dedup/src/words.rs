//! The words of a text by a named normalisation, each as a hash and the place where it stands.
//!
//! Two texts count as equal here when their sequences of words are: case, spacing and punctuation between words never
//! tell them apart. The place stays known, so that what was found can be shown and cut in the text as it was written.

use dfrs_text::lower::lower_into;
use dfrs_text::unicode::{is_ideograph_or_kana, is_space, is_word};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::mix;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordForm {
    /// Lower-cased runs of letters, digits and combining marks, composed (NFC); every Chinese character and kana is a
    /// word of its own.
    #[default]
    Words,
    /// What stands between whitespace, lower-cased, without ASCII punctuation: the rule of lm-evaluation-harness and
    /// `NeMo`, after GPT-3.
    Gpt3,
    /// What stands between whitespace, unchanged.
    Whitespace,
}

impl WordForm {
    /// Names, as users write them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("words", Self::Words),
        ("gpt3", Self::Gpt3),
        ("whitespace", Self::Whitespace),
    ];

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, form)| form)
    }
}

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Hash of the normalised word.
    pub hash: u64,
    /// Byte position of its first character in the text.
    pub start: usize,
    /// Byte position after its last character.
    pub end: usize,
}

/// Puts the words of a text into `words`, in order; what was there before is gone.
pub fn words_into(text: &str, form: WordForm, words: &mut Vec<Word>) {
    words.clear();
    match form {
        WordForm::Words => alphanumeric(text, words),
        WordForm::Gpt3 => spaced(text, words, true),
        WordForm::Whitespace => spaced(text, words, false),
    }
}

/// Calls `each` with every word of [`WordForm::Words`], normalised.
pub fn for_each_normal_word(text: &str, mut each: impl FnMut(&str)) {
    let (mut words, mut normal) = (Vec::new(), String::new());
    alphanumeric(text, &mut words);
    for word in words {
        let word = &text[word.start..word.end];
        if word.is_ascii() {
            normal.clear();
            normal.push_str(word);
            normal.make_ascii_lowercase();
        } else {
            normalise(word, &mut normal);
        }
        each(&normal);
    }
}

/// The number of characters before each of some ascending byte positions.
pub fn char_positions(text: &str, bytes: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let (mut at, mut chars) = (0, 0);
    let mut count = |byte: usize| {
        chars += text[at..byte].chars().count();
        at = byte;
        chars
    };
    bytes.into_iter().map(&mut count).collect()
}

fn alphanumeric(text: &str, words: &mut Vec<Word>) {
    let bytes = text.as_bytes();
    let mut normal = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
            at += 1;
        }
        if at == bytes.len() || bytes[at].is_ascii() {
            if at > start {
                words.push(Word {
                    hash: mix::hash_lower_ascii(&bytes[start..at]),
                    start,
                    end: at,
                });
            }
            at += 1;
        } else {
            at = beyond_ascii(text, start, at, &mut normal, words);
        }
    }
}

/// Goes on with a word that began at `start` and meets a character beyond ASCII at `at`; returns where to go on.
fn beyond_ascii(
    text: &str,
    start: usize,
    mut at: usize,
    normal: &mut String,
    words: &mut Vec<Word>,
) -> usize {
    let mut push = |start: usize, end: usize| {
        if end > start {
            words.push(Word {
                hash: hash_normal(&text[start..end], normal),
                start,
                end,
            });
        }
    };
    for char in text[at..].chars() {
        if is_ideograph_or_kana(char) {
            push(start, at);
            push(at, at + char.len_utf8());
            return at + char.len_utf8();
        }
        if !((is_word(char) && char != '_') || is_combining_mark(char)) {
            push(start, at);
            return at + char.len_utf8();
        }
        at += char.len_utf8();
    }
    push(start, at);
    at
}

fn hash_normal(word: &str, normal: &mut String) -> u64 {
    normalise(word, normal);
    mix::hash(normal.as_bytes())
}

fn normalise(word: &str, normal: &mut String) {
    normal.clear();
    let mut lower = String::with_capacity(word.len());
    lower_into(word, &mut lower);
    normal.extend(lower.nfc());
}

fn spaced(text: &str, words: &mut Vec<Word>, simplify: bool) {
    let mut normal = String::new();
    for (start, end) in spans(text) {
        let word = &text[start..end];
        let hash = if simplify {
            normal.clear();
            lower_into(word, &mut normal);
            normal.retain(|char| !char.is_ascii_punctuation());
            if normal.is_empty() {
                continue;
            }
            mix::hash(normal.as_bytes())
        } else {
            mix::hash(word.as_bytes())
        };
        words.push(Word { hash, start, end });
    }
}

/// Where the words between whitespace stand.
fn spans(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let start_of = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let words = text.split(is_space).filter(|word| !word.is_empty());
    words.map(move |word| (start_of(word), start_of(word) + word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, form: WordForm) -> Vec<&str> {
        let mut words = Vec::new();
        words_into(text, form, &mut words);
        words
            .iter()
            .map(|word| &text[word.start..word.end])
            .collect()
    }

    fn hashes(text: &str, form: WordForm) -> Vec<u64> {
        let mut words = Vec::new();
        words_into(text, form, &mut words);
        words.iter().map(|word| word.hash).collect()
    }

    #[test]
    fn places() {
        let cases: [(&str, WordForm, &[&str]); 9] = [
            ("", WordForm::Words, &[]),
            ("  . _ ", WordForm::Words, &[]),
            ("Don't stop", WordForm::Words, &["Don", "t", "stop"]),
            (
                "caf\u{e9}s, 3.5x",
                WordForm::Words,
                &["caf\u{e9}s", "3", "5x"],
            ),
            (
                "in漢字です2",
                WordForm::Words,
                &["in", "漢", "字", "で", "す", "2"],
            ),
            ("हिन्दी a", WordForm::Words, &["हिन्दी", "a"]),
            ("Don't -- stop", WordForm::Gpt3, &["Don't", "stop"]),
            ("a\u{3000}b\nc", WordForm::Whitespace, &["a", "b", "c"]),
            ("é-x", WordForm::Words, &["é", "x"]),
        ];
        for (text, form, expected) in cases {
            assert_eq!(found(text, form), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_equal() {
        let equal = [
            ("Caf\u{e9}", "cafe\u{301}", WordForm::Words),
            ("ÄRGER, 12", "ärger -- 12!", WordForm::Words),
            ("The \u{212a}elvin", "the kelvin", WordForm::Words),
            ("Don't", "dont", WordForm::Gpt3),
        ];
        for (one, other, form) in equal {
            assert_eq!(hashes(one, form), hashes(other, form), "{one:?}");
        }
        assert_ne!(
            hashes("A", WordForm::Whitespace),
            hashes("a", WordForm::Whitespace)
        );
        assert_ne!(
            hashes("ab c", WordForm::Words),
            hashes("a bc", WordForm::Words)
        );
    }

    proptest! {
        #[test]
        fn words_are_what_lies_between_separators(text in "[a-cA-C0-1é漢_., \u{301}\u{3000}]{0,40}") {
            let separator = |char: char| !(char.is_alphanumeric() || char == '\u{301}');
            let mut expected: Vec<String> = Vec::new();
            for run in text.split(separator) {
                for part in run.split_inclusive('漢') {
                    let (word, ideograph) = part.strip_suffix('漢').map_or((part, ""), |word| (word, "漢"));
                    expected.extend([word, ideograph].iter().filter(|part| !part.is_empty()).map(ToString::to_string));
                }
            }
            prop_assert_eq!(found(&text, WordForm::Words), expected);
        }
    }
}
