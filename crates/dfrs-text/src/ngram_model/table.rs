//! N-grams by their hash, as in `KenLM`'s `probing` models, so that its files are read as they are.

/// The logarithms, base 10, of an n-gram's probability and of its back-off weight.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Weights {
    pub(super) log10: f32,
    pub(super) back_off: f32,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    /// 0 is an empty entry.
    pub(super) key: u64,
    pub(super) weights: Weights,
}

/// Open addressing: an n-gram stands at its key modulo the number of entries, or after it.
pub(super) struct Table {
    entries: Vec<Entry>,
}

impl Table {
    /// Of n-grams with the same key the first one counts.
    pub(super) fn new(ngrams: &[(u64, Weights)]) -> Self {
        let mut table = Self {
            entries: vec![Entry::default(); ngrams.len() + ngrams.len() / 2 + 1],
        };
        for &(key, weights) in ngrams {
            let place = table.place(key);
            if table.entries[place].key == 0 {
                table.entries[place] = Entry { key, weights };
            }
        }
        table
    }

    /// Takes entries as they stand in a file; none if they leave no entry empty.
    pub(super) fn from_entries(entries: Vec<Entry>) -> Option<Self> {
        let has_room = entries.iter().any(|entry| entry.key == 0);
        has_room.then_some(Self { entries })
    }

    #[inline]
    fn place(&self, key: u64) -> usize {
        let mut place = (key % self.entries.len() as u64) as usize;
        while self.entries[place].key != key && self.entries[place].key != 0 {
            place = if place + 1 == self.entries.len() {
                0
            } else {
                place + 1
            };
        }
        place
    }

    #[inline]
    pub(super) fn find(&self, key: u64) -> Option<Weights> {
        let entry = self.entries[self.place(key)];
        (entry.key != 0).then_some(entry.weights)
    }
}

/// The key of an n-gram with one more word before it; the key of a single word is its number.
#[inline]
pub(super) const fn extend(key: u64, word: u32) -> u64 {
    key.wrapping_mul(8_978_948_897_894_561_157)
        ^ (word as u64 + 1).wrapping_mul(17_894_857_484_156_487_943)
}

/// `MurmurHash64A` with the seed 0 (A. Appleby), by which `KenLM` knows words.
pub(super) fn hash(word: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;
    let mix = |value: u64| {
        let value = value.wrapping_mul(MULTIPLIER);
        (value ^ (value >> 47)).wrapping_mul(MULTIPLIER)
    };
    let (whole, rest) = word.as_chunks::<8>();
    let mut hash = (word.len() as u64).wrapping_mul(MULTIPLIER);
    for chunk in whole {
        hash = (hash ^ mix(u64::from_le_bytes(*chunk))).wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ (hash >> 47)).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 47)
}
