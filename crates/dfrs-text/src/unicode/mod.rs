//! What Python's `str` and `re` believe about characters, from tables frozen at one Unicode version.

#[allow(clippy::unreadable_literal)] // bit masks
pub(crate) mod tables;

/// A set of characters: pages of 256, equal pages stored once.
pub struct Set {
    pages: &'static [u8],
    leaves: &'static [[u64; 4]],
}

impl Set {
    /// Whether the character is in the set.
    #[inline]
    pub fn contains(&self, char: char) -> bool {
        let code = char as usize;
        self.pages.get(code >> 8).is_some_and(|&leaf| {
            self.leaves[usize::from(leaf)][(code >> 6) & 3] & (1 << (code & 63)) != 0
        })
    }
}

/// Whether a sorted list of ranges, both ends included, holds the character.
pub(crate) fn in_ranges(ranges: &[(u32, u32)], char: char) -> bool {
    let code = char as u32;
    let after = ranges.partition_point(|&(first, _)| first <= code);
    after > 0 && code <= ranges[after - 1].1
}

/// `str.isspace`, which is also `\s` and what `str.split` and `str.strip` go by.
pub const fn is_space(char: char) -> bool {
    matches!(
        char,
        '\t'..='\r'
            | '\x1c'..=' '
            | '\u{85}'
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
    )
}

/// `\w`: letters, digits, numerals and the underscore; no combining marks.
#[inline]
pub fn is_word(char: char) -> bool {
    tables::WORD.contains(char)
}

/// `str.isalpha` of one character.
#[inline]
pub fn is_alpha(char: char) -> bool {
    char.is_ascii_alphabetic() || (!char.is_ascii() && tables::ALPHA.contains(char))
}

/// Whether the character ends a sentence in some script.
#[inline]
pub fn is_terminal(char: char) -> bool {
    tables::TERMINAL.contains(char)
}

/// Whether the character is punctuation or a control character as datatrove 0.10 lists them.
#[inline]
pub fn is_punctuation_of_datatrove(char: char) -> bool {
    let listed = matches!(
        char,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}' // control characters
            | '!'..='/' | ':'..='@' | '['..='`' | '{'..='~'
            | '«' | '´' | '»' | '–' | '—' | '’' | '“' | '”' | '„' | '…' | '∶' | '━' | '►'
            | '、' | '〈' | '〉' | '《' | '》' | '「' | '」' | '【' | '】'
            | '％' | '（' | '）' | '，' | '１' | '：' | '；' | '～'
    );
    listed || is_terminal(char)
}

/// `str.isupper`: some character is upper case, none lower or title case.
pub fn is_upper(text: &str) -> bool {
    let mut upper = false;
    for char in text.chars() {
        if tables::LOWER_OR_TITLE.contains(char) {
            return false;
        }
        upper |= tables::UPPER.contains(char);
    }
    upper
}

/// Whether the character belongs to a script that is written without spaces and with its own punctuation: Chinese
/// characters and kana.
pub const fn is_ideograph_or_kana(char: char) -> bool {
    matches!(
        char,
        '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{3096}'
            | '\u{309d}'..='\u{309f}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{30fc}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9d}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// Whether words of the character's script stand side by side without spaces: Chinese, Japanese, Thai, Lao, Burmese,
/// Khmer.
pub const fn is_unspaced(char: char) -> bool {
    is_ideograph_or_kana(char)
        || matches!(
            char,
            '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        )
}

/// The character that starts at a byte position, which must be a character boundary before the end.
#[inline]
pub(crate) fn char_at(text: &str, at: usize) -> char {
    text[at..]
        .chars()
        .next()
        .expect("a character boundary before the end")
}

/// The characters beyond ASCII with their byte positions; runs of ASCII are passed over eight bytes at a time.
pub struct NonAscii<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> NonAscii<'a> {
    /// Starts at the beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for NonAscii<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
        let bytes = self.text.as_bytes();
        while let Some(chunk) = bytes[self.at..].first_chunk::<8>() {
            let high = u64::from_le_bytes(*chunk) & HIGH_BITS;
            if high != 0 {
                self.at += high.trailing_zeros() as usize / 8;
                break;
            }
            self.at += 8;
        }
        self.at += bytes[self.at..].iter().position(|byte| !byte.is_ascii())?;
        let found = (self.at, char_at(self.text, self.at));
        self.at += found.1.len_utf8();
        Some(found)
    }
}
