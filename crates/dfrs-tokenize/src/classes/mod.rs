//! Classes of characters, as the patterns of byte-pair vocabularies see them: one bit each, letters three.

mod tables;

/// Upper-case and title-case letters, `\p{Lu}` and `\p{Lt}`.
pub const UPPER: u8 = 1;
/// Lower-case letters, `\p{Ll}`.
pub const LOWER: u8 = 2;
/// Letters without case and modifiers, `\p{Lo}` and `\p{Lm}`.
pub const CASELESS: u8 = 4;
/// All letters, `\p{L}`.
pub const LETTER: u8 = UPPER | LOWER | CASELESS;
/// Combining marks, `\p{M}`.
pub const MARK: u8 = 8;
/// Digits and numerals, `\p{N}`.
pub const NUMBER: u8 = 16;
/// White space on a line: `\s` without CR and LF.
pub const BLANK: u8 = 32;
/// CR and LF.
pub const NEWLINE: u8 = 64;
/// White space, `\s`.
pub const WHITE: u8 = BLANK | NEWLINE;

static ASCII: [u8; 128] = ascii();

const fn ascii() -> [u8; 128] {
    let mut bits = [0; 128];
    let mut code = 0;
    while code < 128 {
        bits[code] = tables::LEAVES[tables::PAGES[0] as usize][code];
        code += 1;
    }
    bits
}

/// The class of the character that starts at a byte, and its length in bytes.
///
/// # Panics
/// If no character of valid UTF-8 starts there.
#[inline]
pub fn class_at(text: &[u8], at: usize) -> (u8, usize) {
    let first = text[at];
    if first < 0x80 {
        (ASCII[usize::from(first)], 1)
    } else {
        wide_class_at(text, at)
    }
}

#[inline(never)] // most texts are ASCII, and the callers should stay small
fn wide_class_at(text: &[u8], at: usize) -> (u8, usize) {
    let bits = |offset: usize| usize::from(text[at + offset] & 0x3f);
    let first = usize::from(text[at]);
    let (code, len) = if first < 0xe0 {
        ((first & 0x1f) << 6 | bits(1), 2)
    } else if first < 0xf0 {
        ((first & 0x0f) << 12 | bits(1) << 6 | bits(2), 3)
    } else {
        (
            (first & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3),
            4,
        )
    };
    let leaf = usize::from(tables::PAGES[code >> 8]);
    (tables::LEAVES[leaf][code & 0xff], len)
}

/// The end of the characters from `at` on that are in one of the classes.
#[inline]
pub fn run_of(text: &[u8], mut at: usize, classes: u8) -> usize {
    while at < text.len() {
        let (class, len) = class_at(text, at);
        if class & classes == 0 {
            break;
        }
        at += len;
    }
    at
}

/// The end of the characters from `at` on that are in none of the classes.
#[inline]
pub fn run_without(text: &[u8], mut at: usize, classes: u8) -> usize {
    while at < text.len() {
        let (class, len) = class_at(text, at);
        if class & classes != 0 {
            break;
        }
        at += len;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_of_each_class() {
        let cases = [
            ('A', UPPER),
            ('\u{1c5}', UPPER),
            ('z', LOWER),
            ('\u{df}', LOWER),
            ('\u{4e2d}', CASELESS),
            ('\u{2b0}', CASELESS),
            ('\u{301}', MARK),
            ('7', NUMBER),
            ('\u{bd}', NUMBER),
            (' ', BLANK),
            ('\u{3000}', BLANK),
            ('\u{85}', BLANK),
            ('\r', NEWLINE),
            ('\n', NEWLINE),
            ('!', 0),
            ('\u{1f600}', 0),
            ('\0', 0),
            ('\u{10ffff}', 0),
        ];
        for (char, class) in cases {
            let mut bytes = [0; 4];
            let text = char.encode_utf8(&mut bytes).as_bytes();
            assert_eq!(class_at(text, 0), (class, text.len()), "{char:?}");
        }
    }
}
