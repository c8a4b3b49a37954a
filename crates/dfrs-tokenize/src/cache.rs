//! What frequent words come to: tables of fixed size, in which a word that is seen again moves ahead and a new one takes
//! the last place.
//!
//! A word is its own key: its bytes and its length in one or two numbers of 16 bytes, whose highest bits are room for a
//! value. Words of more than 30 bytes are not kept.

use crate::hash;

/// A word as `W` numbers: `15 * W` bytes at most, then `4 * W` bits each for the length and for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<const W: usize>([u128; W]);

impl<const W: usize> Key<W> {
    const LONGEST: usize = 15 * W;
    const LENGTH_AT: usize = 128 - 8 * W;
    const VALUE_AT: usize = 128 - 4 * W;
    const KEY_BITS: u128 = (1 << Self::VALUE_AT) - 1;

    /// The key of `text[start..end]`; none for words that are empty or too long.
    #[inline]
    pub fn new(text: &[u8], start: usize, end: usize) -> Option<Self> {
        let len = end - start;
        if len == 0 || len > Self::LONGEST {
            return None;
        }
        let mut words = [0; W];
        for (index, word) in words.iter_mut().enumerate() {
            let from = start + 16 * index;
            *word = number(text, from, end.saturating_sub(from).min(16));
        }
        words[W - 1] |= (len as u128) << Self::LENGTH_AT;
        Some(Self(words))
    }

    #[inline]
    fn hash(self) -> u64 {
        let halves = |word: u128| hash::of_words(word as u64, (word >> 64) as u64);
        self.0.iter().fold(0, |hash, &word| hash ^ halves(word))
    }

    /// Whether an entry of a table is of this word.
    #[inline]
    fn is(self, entry: [u128; W]) -> bool {
        let mut word = entry;
        word[W - 1] &= Self::KEY_BITS;
        word == self.0
    }

    fn with(self, value: usize) -> [u128; W] {
        debug_assert!(
            value <= Self::LONGEST,
            "a word has at most as many tokens as bytes"
        );
        let mut entry = self.0;
        entry[W - 1] |= (value as u128) << Self::VALUE_AT;
        entry
    }
}

#[inline]
fn value_of<const W: usize>(entry: [u128; W]) -> usize {
    (entry[W - 1] >> Key::<W>::VALUE_AT) as usize
}

/// `len` bytes, at most 16, as a number.
#[inline]
fn number(text: &[u8], from: usize, len: usize) -> u128 {
    if let Some(window) = text.get(from..from + 16) {
        let window: [u8; 16] = window.try_into().expect("16 bytes");
        let number = u128::from_le_bytes(window);
        return if len == 16 {
            number
        } else {
            number & ((1 << (8 * len)) - 1)
        };
    }
    if len == 0 {
        return 0;
    }
    let mut window = [0; 16];
    window[..len].copy_from_slice(&text[from..from + len]);
    u128::from_le_bytes(window)
}

const WAYS: usize = 4;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line<const W: usize>([[u128; W]; WAYS]);

/// Number of tokens per word.
pub struct Counts<const W: usize> {
    lines: Vec<Line<W>>,
}

impl<const W: usize> Counts<W> {
    /// A table of 2 to the power of `bits` lines, four words each.
    pub fn new(bits: u32) -> Self {
        Self {
            lines: vec![Line([[0; W]; WAYS]); 1 << bits],
        }
    }

    /// The number of tokens of a word, if it is known.
    #[inline]
    pub fn get(&mut self, key: Key<W>) -> Option<usize> {
        let line = self.line(key);
        let way = line.iter().position(|&entry| key.is(entry))?;
        let tokens = value_of(line[way]);
        if way > 0 {
            line.swap(way, way - 1);
        }
        Some(tokens)
    }

    /// Keeps a number of tokens, in the last place of its line.
    pub fn insert(&mut self, key: Key<W>, tokens: usize) {
        self.line(key)[WAYS - 1] = key.with(tokens);
    }

    #[inline]
    fn line(&mut self, key: Key<W>) -> &mut [[u128; W]; WAYS] {
        let index = key.hash() as usize & (self.lines.len() - 1);
        &mut self.lines[index].0
    }
}

#[derive(Clone, Copy)]
struct Entry<const W: usize> {
    word: [u128; W],
    start: u32,
}

/// Tokens per word.
pub struct Ids<const W: usize> {
    lines: Vec<[Entry<W>; 2]>,
    /// Tokens of all words, one after the other.
    ids: Vec<u32>,
}

/// Tokens that are kept at most; then all words are forgotten.
const MAX_IDS: usize = 1 << 18;

impl<const W: usize> Ids<W> {
    const EMPTY: Entry<W> = Entry {
        word: [0; W],
        start: 0,
    };

    /// A table of 2 to the power of `bits` lines, two words each.
    pub fn new(bits: u32) -> Self {
        Self {
            lines: vec![[Self::EMPTY; 2]; 1 << bits],
            ids: Vec::new(),
        }
    }

    /// The tokens of a word, if it is known.
    #[inline]
    pub fn get(&mut self, key: Key<W>) -> Option<&[u32]> {
        let line = self.line(key);
        let way = line.iter().position(|entry| key.is(entry.word))?;
        let Entry { word, start } = line[way];
        line.swap(way, 0);
        let start = start as usize;
        Some(&self.ids[start..start + value_of(word)])
    }

    /// Keeps the tokens of a word, in the last place of its line.
    pub fn insert(&mut self, key: Key<W>, tokens: &[u32]) {
        if self.ids.len() + tokens.len() > MAX_IDS {
            self.ids.clear();
            self.lines.fill([Self::EMPTY; 2]);
        }
        let start = self.ids.len() as u32;
        self.line(key)[1] = Entry {
            word: key.with(tokens.len()),
            start,
        };
        self.ids.extend_from_slice(tokens);
    }

    #[inline]
    fn line(&mut self, key: Key<W>) -> &mut [Entry<W>; 2] {
        let index = key.hash() as usize & (self.lines.len() - 1);
        &mut self.lines[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_word_wherever_it_stands() {
        let text = b"0123456789abcdef and the 0123456789abcdef";
        assert_eq!(Key::<1>::new(text, 0, 15), Key::new(text, 25, 40));
        assert_eq!(Key::<1>::new(text, 36, 40), Key::new(b"bcde", 0, 4));
        assert_ne!(Key::<1>::new(b"a\0", 0, 2), Key::new(b"a\0", 0, 1));
        assert_eq!(Key::<1>::new(text, 0, 16), None);
        assert_eq!(Key::<1>::new(text, 3, 3), None);
        assert_eq!(Key::<2>::new(text, 0, 31), None);
        for len in 1..=16 {
            assert_eq!(
                Key::<2>::new(text, 0, len),
                Key::new(text, 25, 25 + len),
                "{len}"
            );
        }
        assert_ne!(Key::<2>::new(text, 0, 30), Key::new(text, 0, 29));
    }

    #[test]
    fn words_seen_again_move_ahead_and_the_last_place_is_taken() {
        let (mut counts, mut ids) = (Counts::<1>::new(0), Ids::<2>::new(0));
        let one = |word: u8| Key::new(&[word], 0, 1).expect("one byte");
        let two = |word: u8| Key::new(&[word], 0, 1).expect("one byte");
        for word in 1..=5 {
            counts.insert(one(word), usize::from(word % 2));
            ids.insert(two(word), &[7; 3][..usize::from(word % 3 + 1)]);
            assert_eq!(counts.get(one(word)), Some(usize::from(word % 2)));
            assert_eq!(
                ids.get(two(word)).map(<[u32]>::len),
                Some(usize::from(word % 3 + 1))
            );
        }
        let known: Vec<_> = (1..=5).map(|word| counts.get(one(word))).collect();
        assert_eq!(known, [None, None, None, Some(0), Some(1)]);
        let known: Vec<_> = (3..=5).map(|word| ids.get(two(word)).is_some()).collect();
        assert_eq!(known, [false, true, true]);
    }
}
