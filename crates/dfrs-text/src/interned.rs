//! Words as numbers: equal words have equal numbers, counted from 0 in the order in which they first occur.

use std::ops::Range;

use hashbrown::HashTable;

use crate::hash;

/// The numbers of some stretches of a text, and how many different ones there are.
pub fn numbers(text: &str, words: impl Iterator<Item = Range<usize>>) -> (Vec<u32>, usize) {
    let bytes = text.as_bytes();
    let hash_of = |word: &(Range<usize>, u32)| hash::of_bytes(&bytes[word.0.clone()]);
    let mut seen: HashTable<(Range<usize>, u32)> = HashTable::new();
    let numbers = words.map(|word| {
        let same = |other: &(Range<usize>, u32)| bytes[other.0.clone()] == bytes[word.clone()];
        let hash = hash::of_bytes(&bytes[word.clone()]);
        if let Some(known) = seen.find(hash, same) {
            return known.1;
        }
        let number = seen.len() as u32;
        seen.insert_unique(hash, (word, number), hash_of);
        number
    });
    let numbers = numbers.collect();
    (numbers, seen.len())
}

/// The pieces of a text that were met so far.
pub struct Seen<'a> {
    text: &'a str,
    pieces: HashTable<Range<usize>>,
}

impl<'a> Seen<'a> {
    /// Begins with none.
    pub const fn new(text: &'a str) -> Self {
        Self {
            text,
            pieces: HashTable::new(),
        }
    }

    /// Whether an equal piece was met before; from now on this one was.
    pub fn before(&mut self, piece: Range<usize>) -> bool {
        let bytes = self.text.as_bytes();
        let hash_of = |piece: &Range<usize>| hash::of_bytes(&bytes[piece.clone()]);
        let hash = hash_of(&piece);
        let same = |other: &Range<usize>| bytes[other.clone()] == bytes[piece.clone()];
        if self.pieces.find(hash, same).is_some() {
            return true;
        }
        self.pieces.insert_unique(hash, piece, hash_of);
        false
    }
}
