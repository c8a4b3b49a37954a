//! Words as numbers: equal words have equal numbers, counted from 0 in the order in which they first occur.

use std::ops::Range;

use hashbrown::HashTable;

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The numbers of some stretches of a text, and how many different ones there are.
pub fn numbers(text: &str, words: impl Iterator<Item = Range<usize>>) -> (Vec<u32>, usize) {
    let bytes = text.as_bytes();
    let hash_of = |word: &(Range<usize>, u32)| hash(&bytes[word.0.clone()]);
    let mut seen: HashTable<(Range<usize>, u32)> = HashTable::new();
    let numbers = words.map(|word| {
        let same = |other: &(Range<usize>, u32)| bytes[other.0.clone()] == bytes[word.clone()];
        let hash = hash(&bytes[word.clone()]);
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

/// Mixes eight bytes at a time; words of one hash are compared in full.
pub fn hash(word: &[u8]) -> u64 {
    let mut hash = word.len() as u64;
    let mut mix = |part: u64| {
        hash = (hash ^ part).wrapping_mul(SPREAD);
        hash ^= hash >> 32;
    };
    let (chunks, rest) = word.as_chunks::<8>();
    for chunk in chunks {
        mix(u64::from_le_bytes(*chunk));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(u64::from_le_bytes(last));
    hash
}
