//! Where a text can be cut without changing its tokens: between two symbols that stand side by side in no token.
//!
//! A merge makes a token of the vocabulary, and a token that spans a place contains the two symbols around it. Where no
//! token does, nothing is ever merged across, and both sides can be merged on their own.

use std::collections::HashSet;

use crate::hash::BuildNumberHasher;

/// Pairs of neighbouring symbols that occur inside tokens.
pub enum Joins {
    /// Symbols are bytes: a bit per pair.
    Bytes(Box<[u64; 1024]>),
    /// Symbols are characters.
    Chars(HashSet<(char, char), BuildNumberHasher>),
}

impl Joins {
    /// The pairs of bytes inside some tokens.
    pub fn of_bytes<'a>(tokens: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut bits = Box::new([0; 1024]);
        for token in tokens {
            for pair in token.windows(2) {
                let index = index(pair[0], pair[1]);
                bits[index >> 6] |= 1 << (index & 63);
            }
        }
        Self::Bytes(bits)
    }

    /// The pairs of characters inside some tokens.
    pub fn of_chars<'a>(tokens: impl Iterator<Item = &'a str>) -> Self {
        let pairs = tokens.flat_map(|token| token.chars().zip(token.chars().skip(1)));
        Self::Chars(pairs.collect())
    }

    /// The end of the part that starts at `at`: where a cut changes nothing, or the end of the text.
    #[inline]
    pub fn part_end(&self, text: &str, at: usize) -> usize {
        match self {
            Self::Bytes(bits) => {
                let bytes = text.as_bytes();
                let mut end = at + 1;
                while end < bytes.len() {
                    let index = index(bytes[end - 1], bytes[end]);
                    if bits[index >> 6] & (1 << (index & 63)) == 0 {
                        break;
                    }
                    end += 1;
                }
                end
            }
            Self::Chars(pairs) => {
                let mut chars = text[at..].char_indices();
                let Some((_, mut previous)) = chars.next() else {
                    return at;
                };
                for (offset, char) in chars {
                    if !pairs.contains(&(previous, char)) {
                        return at + offset;
                    }
                    previous = char;
                }
                text.len()
            }
        }
    }
}

#[inline]
fn index(left: u8, right: u8) -> usize {
    usize::from(left) << 8 | usize::from(right)
}
