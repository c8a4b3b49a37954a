//! Named normal forms: which texts count as equal although they are written differently.

use std::sync::LazyLock;

use dfrs_text::lower::lower_into;
use dfrs_text::unicode::is_space;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::words::for_each_normal_word;

/// What `CCNet` deletes besides control characters: its list of punctuation beyond ASCII.
const CCNET_DELETED: &str = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►";
/// Tells texts whose normal form is empty from those whose text is: they are compared as they are.
const AS_WRITTEN: u64 = 0x5eed;

/// The zeros of all scripts with decimal digits (`\d`), each followed by the other nine; Unicode 14.
static ZEROS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let lines = include_str!("decimal_zeros.txt").lines();
    lines
        .map(|line| u32::from_str_radix(line, 16).expect("a hexadecimal number"))
        .collect()
});

/// The hash that makes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hash {
    /// XXH3, at the speed of memory.
    #[default]
    Xxh3,
    /// The first half of BLAKE3, for texts that somebody may have made so that their keys collide.
    Blake3,
}

impl Hash {
    fn of(self, bytes: &[u8], seed: u64) -> u128 {
        match self {
            Self::Xxh3 => xxh3_128_with_seed(bytes, seed),
            Self::Blake3 => {
                let mut hasher = blake3::Hasher::new();
                hasher.update(&seed.to_le_bytes()).update(bytes);
                let digest = hasher.finalize();
                let (half, _) = digest
                    .as_bytes()
                    .split_first_chunk::<16>()
                    .expect("32 bytes");
                u128::from_be_bytes(*half)
            }
        }
    }
}

/// A normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The text as it is.
    #[default]
    Exact,
    /// One space for every run of whitespace, none at the ends.
    Whitespace,
    /// That, in lower case.
    Lower,
    /// Lower-cased words of letters and digits (NFC), one space between them: no punctuation, no symbols.
    Words,
    /// The normalisation of `CCNet`: lower case, every digit a 0, no control characters, none of some punctuation marks.
    Ccnet,
}

impl Form {
    /// Names, as users write them.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("exact", Self::Exact),
        ("whitespace", Self::Whitespace),
        ("lower", Self::Lower),
        ("words", Self::Words),
        ("ccnet", Self::Ccnet),
    ];

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, form)| form)
    }

    /// Appends the normal form of a text.
    pub fn apply(self, text: &str, out: &mut String) {
        match self {
            Self::Exact => out.push_str(text),
            Self::Whitespace => join(text, out),
            Self::Lower => {
                let mut lower = String::with_capacity(text.len());
                lower_into(text, &mut lower);
                join(&lower, out);
            }
            Self::Words => {
                let start = out.len();
                for_each_normal_word(text, |word| {
                    if out.len() > start {
                        out.push(' ');
                    }
                    out.push_str(word);
                });
            }
            Self::Ccnet => ccnet(text, out),
        }
    }

    /// The 128-bit key of a text: equal for texts of one normal form. A text without anything in its normal form is
    /// compared as it is, so that `!!!` and `???` are different. `normal` is working memory.
    pub fn key(self, text: &str, hash: Hash, normal: &mut String) -> u128 {
        if self == Self::Exact {
            return hash.of(text.as_bytes(), 0);
        }
        normal.clear();
        self.apply(text, normal);
        if normal.is_empty() {
            return hash.of(text.as_bytes(), AS_WRITTEN);
        }
        hash.of(normal.as_bytes(), 0)
    }
}

/// Whether the character is a decimal digit of any script.
pub fn is_decimal(char: char) -> bool {
    if char.is_ascii() {
        return char.is_ascii_digit();
    }
    let after = ZEROS.partition_point(|&zero| zero <= char as u32);
    after > 0 && char as u32 - ZEROS[after - 1] < 10
}

fn join(text: &str, out: &mut String) {
    let start = out.len();
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        if out.len() > start {
            out.push(' ');
        }
        out.push_str(word);
    }
}

fn ccnet(text: &str, out: &mut String) {
    let mut lower = String::with_capacity(text.len());
    lower_into(text.trim_matches(is_space), &mut lower);
    out.extend(lower.chars().filter_map(|char| match char {
        '0'..='9' => Some('0'),
        ' '..='~' => Some(char),
        '\0'..='\u{9f}' => None,
        _ if is_decimal(char) => Some('0'),
        _ if CCNET_DELETED.contains(char) => None,
        _ => Some(char),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(form: Form, text: &str) -> String {
        let mut out = String::new();
        form.apply(text, &mut out);
        out
    }

    #[test]
    fn forms() {
        let text = " Caf\u{e9} 12,\t٣½ \u{201c}X\u{201d} —\u{a0}y\u{7f} ";
        let cases = [
            (Form::Exact, text),
            (
                Form::Whitespace,
                "Caf\u{e9} 12, ٣½ \u{201c}X\u{201d} — y\u{7f}",
            ),
            (Form::Lower, "caf\u{e9} 12, ٣½ \u{201c}x\u{201d} — y\u{7f}"),
            (Form::Words, "caf\u{e9} 12 ٣½ x y"),
            (Form::Ccnet, "caf\u{e9} 00,0½ x \u{a0}y"),
        ];
        for (form, expected) in cases {
            assert_eq!(normal(form, text), expected, "{form:?}");
        }
    }

    #[test]
    fn keys() {
        let key = |form: Form, text: &str| {
            let keys =
                [Hash::Xxh3, Hash::Blake3].map(|hash| form.key(text, hash, &mut String::new()));
            assert_ne!(keys[0], keys[1]);
            keys
        };
        for (_, form) in Form::NAMES {
            assert_eq!(key(form, "a b"), key(form, "a b"));
            assert_ne!(
                key(form, ""),
                key(form, " "),
                "{form:?}: blank texts are compared as they are"
            );
            assert_ne!(key(form, "…"), key(form, "„"), "{form:?}");
        }
        assert_eq!(key(Form::Words, "A, b!"), key(Form::Words, "a (b)"));
        assert_ne!(key(Form::Words, "?!"), key(Form::Words, "!!"));
    }

    #[test]
    fn decimal_digits() {
        assert!("0٣9৪\u{1fbf9}".chars().all(is_decimal));
        assert!(!"aⅣ½²٪".chars().any(is_decimal));
    }
}
