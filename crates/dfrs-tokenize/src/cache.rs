//! What frequent words come to: tables of fixed size, in which a new word takes the place of an old one.
//!
//! A word of at most 15 bytes is its own key: its bytes and its length in 16 bytes. Longer words are not kept.

use crate::hash;

/// Bytes of a word at most.
pub const LONGEST: usize = 15;

/// A word as a number: bytes below, length in bits 120 to 123, and room for a value in the highest four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u128);

const KEY_BITS: u128 = (1 << 124) - 1;

impl Key {
    /// The key of `text[start..end]`, if it is not too long. Empty words have none.
    #[inline]
    pub fn new(text: &[u8], start: usize, end: usize) -> Option<Self> {
        let len = end - start;
        if len == 0 || len > LONGEST {
            return None;
        }
        let bytes = if let Some(window) = text.get(start..start + 16) {
            let window: [u8; 16] = window.try_into().expect("16 bytes");
            u128::from_le_bytes(window) & ((1 << (8 * len)) - 1)
        } else {
            let mut window = [0; 16];
            window[..len].copy_from_slice(&text[start..end]);
            u128::from_le_bytes(window)
        };
        Some(Self(bytes | (len as u128) << 120))
    }

    #[inline]
    fn hash(self) -> u64 {
        hash::of_words(self.0 as u64, (self.0 >> 64) as u64)
    }
}

const WAYS: usize = 4;

#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line([u128; WAYS]);

/// Number of tokens per word.
pub struct Counts {
    lines: Vec<Line>,
}

impl Counts {
    /// A table of 2 to the power of `bits` lines, four words each.
    pub fn new(bits: u32) -> Self {
        Self {
            lines: vec![Line([0; WAYS]); 1 << bits],
        }
    }

    /// The number of tokens of a word, if it is known.
    #[inline]
    pub fn get(&self, key: Key) -> Option<u32> {
        let line = &self.lines[key.hash() as usize & (self.lines.len() - 1)];
        let found = line.0.iter().find(|&&entry| entry & KEY_BITS == key.0)?;
        Some((found >> 124) as u32)
    }

    /// Keeps a number from 1 to 15, in the place of the word that came first into its line.
    pub fn insert(&mut self, key: Key, tokens: u32) {
        debug_assert!((1..16).contains(&tokens), "a word of 15 bytes has from 1 to 15 tokens");
        let lines = self.lines.len();
        let line = &mut self.lines[key.hash() as usize & (lines - 1)].0;
        line.rotate_right(1);
        line[0] = key.0 | u128::from(tokens) << 124;
    }
}

#[derive(Clone, Copy, Default)]
struct Entry {
    key: u128,
    start: u32,
}

/// Tokens per word.
pub struct Ids {
    entries: Vec<[Entry; 2]>,
    /// Tokens of all words, one after the other.
    ids: Vec<u32>,
}

/// Tokens that are kept at most; then all words are forgotten.
const MAX_IDS: usize = 1 << 18;

impl Ids {
    /// A table of 2 to the power of `bits` lines, two words each.
    pub fn new(bits: u32) -> Self {
        Self {
            entries: vec![[Entry::default(); 2]; 1 << bits],
            ids: Vec::new(),
        }
    }

    /// The tokens of a word, if it is known.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&[u32]> {
        let line = &self.entries[key.hash() as usize & (self.entries.len() - 1)];
        let found = line.iter().find(|entry| entry.key & KEY_BITS == key.0)?;
        let tokens = (found.key >> 124) as usize;
        Some(&self.ids[found.start as usize..found.start as usize + tokens])
    }

    /// Keeps from 1 to 15 tokens.
    pub fn insert(&mut self, key: Key, tokens: &[u32]) {
        if self.ids.len() + tokens.len() > MAX_IDS {
            self.ids.clear();
            self.entries.fill([Entry::default(); 2]);
        }
        let lines = self.entries.len();
        let line = &mut self.entries[key.hash() as usize & (lines - 1)];
        line[1] = line[0];
        line[0] = Entry {
            key: key.0 | (tokens.len() as u128) << 124,
            start: self.ids.len() as u32,
        };
        self.ids.extend_from_slice(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_word_wherever_it_stands() {
        let text = b"0123456789abcdef and the 0123456789abcdef";
        assert_eq!(Key::new(text, 0, 15), Key::new(text, 25, 40));
        assert_eq!(Key::new(text, 36, 40), Key::new(b"bcde", 0, 4));
        assert_ne!(Key::new(b"a\0", 0, 2), Key::new(b"a\0", 0, 1));
        assert_eq!(Key::new(text, 0, 16), None);
        assert_eq!(Key::new(text, 3, 3), None);
    }

    #[test]
    fn words_are_kept_until_others_take_their_place() {
        let (mut counts, mut ids) = (Counts::new(0), Ids::new(0));
        let key = |word: u8| Key::new(&[word], 0, 1).expect("one byte");
        for word in 1..=5 {
            counts.insert(key(word), u32::from(word));
            ids.insert(key(word), &[7; 3][..usize::from(word % 3 + 1)]);
        }
        let known: Vec<_> = (0..=5).map(|word| counts.get(key(word))).collect();
        assert_eq!(known, [None, None, Some(2), Some(3), Some(4), Some(5)]);
        let known: Vec<_> = (3..=5).map(|word| ids.get(key(word)).map(<[u32]>::len)).collect();
        assert_eq!(known, [None, Some(2), Some(3)]);
    }
}
