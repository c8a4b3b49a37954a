//! How texts are cut into pieces before merging, without a regular expression engine.
//!
//! Published vocabularies share a handful of patterns. Each is one of three families with a few switches; the scanner
//! below matches what a backtracking engine would, in one pass. The pattern's text is looked up literally: an unknown
//! one is never guessed at.

use crate::classes::{
    BLANK, CASELESS, LETTER, LOWER, MARK, NEWLINE, NUMBER, UPPER, WHITE, class_at, run_of,
    run_without,
};

/// A known pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    family: Family,
    /// What a word is made of.
    letters: u8,
    /// Digits per piece at most.
    digits: usize,
    /// Whether `'s`, `'ll` and so on are pieces (or, in `Cased`, ends of words).
    contractions: bool,
    /// Whether slashes may follow symbols, as line ends do.
    slashes: bool,
    /// Whether white space at the end of the text stays in one piece, even if it contains line ends.
    whole_tail: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// A space belongs to what follows it: word, number or symbols.
    Spaced,
    /// Any character but a line end may begin a word; symbols take the line ends after them.
    Words,
    /// As `Words`, and a word ends where lower case is followed by upper case.
    Cased,
}

const UNLIMITED: usize = usize::MAX;

const SPACED: Pattern = Pattern {
    family: Family::Spaced,
    letters: LETTER,
    digits: UNLIMITED,
    contractions: true,
    slashes: false,
    whole_tail: false,
};
const WORDS: Pattern = Pattern {
    family: Family::Words,
    digits: 3,
    ..SPACED
};
const CASED: Pattern = Pattern {
    family: Family::Cased,
    slashes: true,
    ..WORDS
};
const SINGLE_DIGITS: Pattern = Pattern { digits: 1, ..WORDS };

macro_rules! cased {
    ($contraction:literal, $digits:literal) => {
        concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
            $contraction,
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
            $contraction,
            "|",
            $digits,
            r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        )
    };
}

macro_rules! words {
    ($contraction:literal, $letters:literal, $digits:literal, $symbols:literal) => {
        concat!(
            $contraction,
            r"|[^\r\n\p{L}\p{N}]?",
            $letters,
            "+|",
            $digits,
            "| ?",
            $symbols,
            r"+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        )
    };
}

/// The patterns as vocabularies state them, and what they mean.
const KNOWN: &[(&str, Pattern)] = &[
    (
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        SPACED,
    ),
    (
        r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        SPACED,
    ),
    (
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        SPACED,
    ),
    (
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
        SPACED,
    ),
    (
        words!(
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
            r"\p{L}",
            r"\p{N}{1,3}",
            r"[^\s\p{L}\p{N}]"
        ),
        WORDS,
    ),
    (
        words!(
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
            r"\p{L}",
            r"\p{N}",
            r"[^\s\p{L}\p{N}]"
        ),
        SINGLE_DIGITS,
    ),
    (
        words!(
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
            r"[\p{L}\p{M}]",
            r"\p{N}",
            r"[^\s\p{L}\p{M}\p{N}]"
        ),
        Pattern {
            letters: LETTER | MARK,
            ..SINGLE_DIGITS
        },
    ),
    (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        Pattern {
            whole_tail: true,
            ..WORDS
        },
    ),
    (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
        WORDS,
    ),
    (
        cased!("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", r"\p{N}{1,3}"),
        CASED,
    ),
    (
        cased!("", r"\p{N}"),
        Pattern {
            contractions: false,
            digits: 1,
            ..CASED
        },
    ),
];

impl Pattern {
    /// GPT-2's pattern, also that of `r50k_base` and `p50k_base`.
    pub const GPT2: Self = SPACED;
    /// The pattern of `cl100k_base` as tiktoken runs it.
    pub const CL100K: Self = Pattern {
        whole_tail: true,
        ..WORDS
    };
    /// The pattern of `o200k_base`.
    pub const O200K: Self = CASED;
    /// The pattern of the first Qwen models: as `cl100k_base` was published, with single digits.
    pub const QWEN: Self = SINGLE_DIGITS;

    /// The known pattern with this text, if there is one.
    pub fn known(text: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|(known, _)| *known == text);
        known.map(|(_, pattern)| *pattern)
    }

    /// The end of the piece that starts at a byte of a text.
    ///
    /// # Panics
    /// If no character starts there.
    #[inline]
    pub fn piece_end(&self, text: &[u8], at: usize) -> usize {
        match self.family {
            Family::Spaced => Self::spaced(text, at),
            Family::Words => self.words(text, at),
            Family::Cased => self.cased(text, at),
        }
    }

    #[inline]
    fn spaced(text: &[u8], at: usize) -> usize {
        if text[at] == b'\''
            && let Some(end) = contraction(text, at, false)
        {
            return end;
        }
        let start = at + usize::from(text[at] == b' ');
        if start < text.len() {
            let (class, len) = class_at(text, start);
            if class & LETTER != 0 {
                return run_of(text, start + len, LETTER);
            }
            if class & NUMBER != 0 {
                return run_of(text, start + len, NUMBER);
            }
            if class & WHITE == 0 {
                return run_without(text, start + len, LETTER | NUMBER | WHITE);
            }
        }
        blanks(text, at, run_of(text, at, WHITE))
    }

    #[inline]
    fn words(&self, text: &[u8], at: usize) -> usize {
        let (class, len) = class_at(text, at);
        if class & self.letters != 0 {
            return run_of(text, at + len, self.letters);
        }
        if text[at] == b'\''
            && let Some(end) = contraction(text, at, true)
        {
            return end;
        }
        if class & NUMBER != 0 {
            return self.numbers(text, at + len);
        }
        if class & NEWLINE == 0 {
            let end = run_of(text, at + len, self.letters);
            if end > at + len {
                return end;
            }
        }
        self.symbols(text, at)
            .unwrap_or_else(|| self.white(text, at))
    }

    #[inline]
    fn cased(&self, text: &[u8], at: usize) -> usize {
        let (class, len) = class_at(text, at);
        if class & NUMBER != 0 {
            return self.numbers(text, at + len);
        }
        if let Some(end) = cased_word(text, at, class, len) {
            if self.contractions && text.get(end) == Some(&b'\'') {
                return contraction(text, end, true).unwrap_or(end);
            }
            return end;
        }
        self.symbols(text, at)
            .unwrap_or_else(|| self.white(text, at))
    }

    /// The end of a number whose first digit ends at `at`.
    #[inline]
    fn numbers(&self, text: &[u8], mut at: usize) -> usize {
        let mut digits = 1;
        while digits < self.digits && at < text.len() {
            let (class, len) = class_at(text, at);
            if class & NUMBER == 0 {
                break;
            }
            at += len;
            digits += 1;
        }
        at
    }

    /// Symbols, a space before them, and the line ends after them.
    #[inline]
    fn symbols(&self, text: &[u8], at: usize) -> Option<usize> {
        let start = at + usize::from(text[at] == b' ');
        let end = run_without(text, start, LETTER | NUMBER | WHITE | (self.letters & MARK));
        if end == start {
            return None;
        }
        let after = |byte: &u8| matches!(byte, b'\r' | b'\n') || (self.slashes && *byte == b'/');
        Some(end + text[end..].iter().take_while(|byte| after(byte)).count())
    }

    /// White space: up to its last line end, else all but what belongs to the next piece.
    #[inline]
    fn white(&self, text: &[u8], at: usize) -> usize {
        let end = run_of(text, at, WHITE);
        if self.whole_tail && end == text.len() {
            return end;
        }
        let line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        match text[at..end].iter().rposition(line_end) {
            Some(last) => at + last + 1,
            None => blanks(text, at, end),
        }
    }
}

/// White space from `at` to `end` without its last character, which belongs to what follows, unless nothing is left.
fn blanks(text: &[u8], at: usize, end: usize) -> usize {
    if end == text.len() {
        return end;
    }
    let mut last = end - 1;
    while text[last] & 0xc0 == 0x80 {
        last -= 1;
    }
    if last > at { last } else { end }
}

/// The end of a contraction whose apostrophe is at `at`; without regard to case U+017F counts as an s.
fn contraction(text: &[u8], at: usize, any_case: bool) -> Option<usize> {
    let fold = |offset: usize| {
        let byte = *text.get(at + offset)?;
        Some(if any_case {
            byte.to_ascii_lowercase()
        } else {
            byte
        })
    };
    match (fold(1)?, fold(2)) {
        (b's' | b't' | b'm' | b'd', _) => Some(at + 2),
        (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => Some(at + 3),
        (0xc5, Some(0xbf)) if any_case => Some(at + 3),
        _ => None,
    }
}

/// A word of the family `Cased`: upper case, then lower case, after one character that is neither letter nor number.
///
/// Letters without case and marks count as both. What the two alternatives of the pattern match after backtracking:
/// upper and then lower case; else up to the last character that counts as both; else upper case alone. A mark may be
/// the character before the word or its beginning.
#[inline]
fn cased_word(text: &[u8], at: usize, class: u8, len: usize) -> Option<usize> {
    if class & LETTER != 0 {
        return mixed(text, at).or_else(|| capitals(text, at));
    }
    if class & NEWLINE != 0 {
        return None;
    }
    let end = mixed(text, at + len);
    if end.is_some() {
        end
    } else if class & MARK != 0 {
        mixed(text, at)
    } else {
        capitals(text, at + len)
    }
}

/// Some upper case and at least one character of lower case; the longest upper case that leaves one.
#[inline]
fn mixed(text: &[u8], start: usize) -> Option<usize> {
    const BOTH: u8 = CASELESS | MARK;
    let (mut at, mut last_of_both) = (start, None);
    while at < text.len() {
        let (class, len) = class_at(text, at);
        if class & LOWER != 0 {
            return Some(run_of(text, at + len, LOWER | BOTH));
        }
        if class & (UPPER | BOTH) == 0 {
            break;
        }
        at += len;
        if class & BOTH != 0 {
            last_of_both = Some(at);
        }
    }
    last_of_both
}

/// Upper case alone.
#[inline]
fn capitals(text: &[u8], start: usize) -> Option<usize> {
    let end = run_of(text, start, UPPER | CASELESS | MARK);
    (end > start).then_some(end)
}

const _: () = assert!(BLANK & NEWLINE == 0 && LETTER & (MARK | NUMBER | WHITE) == 0);
