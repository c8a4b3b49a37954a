//! The words of a text as hashes, for n-grams of words: runs of letters and digits in lower case, whatever stands
//! between them. A Chinese character or a kana is a word of its own, and combining accents belong to their letter.
//!
//! ASCII goes through a table of 256 bytes; letters are collected eight at a time before they are mixed.

use dfrs_text::unicode::{is_ideograph_or_kana, is_word};

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
/// First byte of a longer character.
const LONG: u8 = 1;

/// Lower-case letters and digits; 0 where a word ends.
static LOWER: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let char = byte as u8;
        if char.is_ascii_alphanumeric() {
            table[byte] = char.to_ascii_lowercase();
        } else if byte >= 0x80 {
            table[byte] = LONG;
        }
        byte += 1;
    }
    table
}

/// Hash of a word while its bytes come in.
#[derive(Clone, Copy)]
struct Word {
    state: u64,
    eight: u64,
    len: u32,
}

impl Word {
    const START: Self = Self {
        state: MIX,
        eight: 0,
        len: 0,
    };

    #[inline]
    fn push(&mut self, byte: u8) {
        self.eight = self.eight << 8 | u64::from(byte);
        self.len += 1;
        if self.len.is_multiple_of(8) {
            self.state = fold(self.state ^ self.eight, MIX);
            self.eight = 0;
        }
    }

    #[inline]
    fn finish(self) -> u64 {
        fold(self.state ^ self.eight, MIX ^ u64::from(self.len))
    }
}

/// Upper and lower half of a product, together: a mix of both factors.
#[inline]
pub const fn fold(one: u64, other: u64) -> u64 {
    let product = (one as u128).wrapping_mul(other as u128);
    (product >> 64) as u64 ^ product as u64
}

/// Appends the hashes of the words of a text.
pub fn hash_words(text: &str, out: &mut Vec<u64>) {
    let bytes = text.as_bytes();
    let mut word = Word::START;
    let mut at = 0;
    while at < bytes.len() {
        let lower = LOWER[usize::from(bytes[at])];
        if lower > LONG {
            word.push(lower);
            at += 1;
        } else if lower == 0 {
            if word.len > 0 {
                out.push(word.finish());
                word = Word::START;
            }
            at += 1;
        } else {
            at += long_char(&text[at..], &mut word, out);
        }
    }
    if word.len > 0 {
        out.push(word.finish());
    }
}

/// Takes in the non-ASCII character that a text starts with and returns its length.
#[cold]
fn long_char(text: &str, word: &mut Word, out: &mut Vec<u64>) -> usize {
    let char = text.chars().next().expect("a character starts here");
    let accent = ('\u{300}'..='\u{36f}').contains(&char);
    let alone = is_ideograph_or_kana(char);
    if (alone || !accent && !is_word(char)) && word.len > 0 {
        out.push(word.finish());
        *word = Word::START;
    }
    if alone || is_word(char) || accent && word.len > 0 {
        let mut utf8 = [0; 4];
        for lower in char.to_lowercase() {
            for &byte in lower.encode_utf8(&mut utf8).as_bytes() {
                word.push(byte);
            }
        }
    }
    if alone {
        out.push(word.finish());
        *word = Word::START;
    }
    char.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<u64> {
        let mut out = Vec::new();
        hash_words(text, &mut out);
        out
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        let plain = hashes("the quick brown fox costs 3 14");
        assert_eq!(plain.len(), 7);
        assert_eq!(
            hashes("  The \"quick\"\u{2014}BROWN_fox\n(costs $3.14) "),
            plain
        );
        assert!(hashes(" \u{2014} ... \u{301}").is_empty());
    }

    #[test]
    fn words_of_other_scripts() {
        assert_eq!(
            hashes("CAF\u{c9} na\u{ef}ve"),
            hashes("caf\u{e9} na\u{ef}ve")
        );
        assert_eq!(hashes("e\u{301}t e\u{301}"), hashes("E\u{301}T - e\u{301}"));
        assert_ne!(hashes("e\u{301}t"), hashes("et"));
        assert_eq!(hashes("\u{6f22}\u{5b57}abc\u{6f22}").len(), 4);
        assert_eq!(hashes("\u{6f22}")[0], hashes("\u{6f22}\u{5b57}")[0]);
    }

    #[test]
    fn words_of_any_length_have_hashes_of_their_own() {
        let words: Vec<String> = (1..40)
            .map(|len| "a".repeat(len))
            .chain(["b".into(), "ab".into(), "ba".into()])
            .collect();
        let mut all = hashes(&words.join(" "));
        assert_eq!(all.len(), words.len());
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), words.len());
    }
}
