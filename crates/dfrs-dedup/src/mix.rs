//! A fast 64-bit hash of short byte strings, the same on every platform. It is for tables that compare what they find;
//! where a hash alone decides, 128 bits are used.

/// Odd constants without structure: digits of pi.
const KEYS: [u64; 3] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
];
/// Makes ASCII letters lower case and leaves digits alone.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// The two halves of a product, folded.
#[inline]
pub const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Spreads a sum over all bits.
#[inline]
pub const fn finish(value: u64) -> u64 {
    fold(value ^ KEYS[1], KEYS[2])
}

/// The hash of some bytes.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    hash_with(bytes, 0)
}

/// The hash of the lower-cased bytes, all of which must be ASCII letters or digits.
#[inline]
pub fn hash_lower_ascii(bytes: &[u8]) -> u64 {
    hash_with(bytes, LOWER)
}

#[inline]
fn hash_with(bytes: &[u8], set: u64) -> u64 {
    // Spread, because the difference of two lengths could undo that of two last bytes.
    let mut state = KEYS[0] ^ (bytes.len() as u64).wrapping_mul(KEYS[2] | 1);
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        state = fold(state ^ (u64::from_le_bytes(*chunk) | set), KEYS[1]);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let used = u64::MAX >> (64 - 8 * rest.len());
        state = fold(state ^ (u64::from_le_bytes(last) | (set & used)), KEYS[2]);
    }
    finish(state)
}

/// The hash of a sequence of hashes that slides: drops the first, takes one more, in constant time.
#[derive(Debug, Clone)]
pub struct Rolling {
    length: usize,
    /// The base to the power `length - 1`.
    top: u64,
    sum: u64,
}

impl Rolling {
    const BASE: u64 = 0x9fb2_1c65_1e98_df25;

    /// Over `length` hashes, at least one.
    pub fn new(length: usize) -> Self {
        let top = (1..length).fold(1_u64, |power, _| power.wrapping_mul(Self::BASE));
        Self {
            length,
            top,
            sum: 0,
        }
    }

    /// Calls `each` with the position and the hash of every run of `length` hashes.
    #[inline]
    pub fn over(
        mut self,
        hashes: impl Fn(usize) -> u64,
        count: usize,
        mut each: impl FnMut(usize, u64),
    ) {
        for at in 0..count {
            if at >= self.length {
                let gone = hashes(at - self.length).wrapping_mul(self.top);
                self.sum = self.sum.wrapping_sub(gone);
            }
            self.sum = self.sum.wrapping_mul(Self::BASE).wrapping_add(hashes(at));
            if at + 1 >= self.length {
                each(at + 1 - self.length, finish(self.sum));
            }
        }
    }
}

/// The hash of a whole sequence, as [`Rolling`] gives it for a run of its length.
pub fn sequence(hashes: &[u64]) -> u64 {
    let sum = hashes.iter().fold(0_u64, |sum, hash| {
        sum.wrapping_mul(Rolling::BASE).wrapping_add(*hash)
    });
    finish(sum)
}

/// A hasher for keys that are hashes already: it passes them on.
#[derive(Debug, Default, Clone, Copy)]
pub struct KeyHasher(u64);

impl std::hash::Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = fold(self.0 ^ hash(bytes), KEYS[0]);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// A hash map by keys that are hashes already. Nothing may depend on the order of its entries.
pub type KeyMap<K, V> = std::collections::HashMap<K, V, std::hash::BuildHasherDefault<KeyHasher>>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn length_and_trailing_zeros_count() {
        let texts: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"a", b"a\0", b"aaaaaaaa\0"];
        let mut hashes = texts.map(hash);
        hashes.sort_unstable();
        assert!(hashes.windows(2).all(|pair| pair[0] != pair[1]));
    }

    proptest! {
        #[test]
        fn ascii_is_lowered_on_the_way(text in "[a-zA-Z0-9]{0,40}") {
            prop_assert_eq!(hash_lower_ascii(text.as_bytes()), hash(text.to_ascii_lowercase().as_bytes()));
        }

        #[test]
        fn sliding_is_hashing_each_run(hashes in proptest::collection::vec(any::<u64>(), 0..40), length in 1_usize..12) {
            let mut found = Vec::new();
            Rolling::new(length).over(|at| hashes[at], hashes.len(), |at, hash| found.push((at, hash)));
            let expected: Vec<_> = hashes.windows(length).enumerate().map(|(at, run)| (at, sequence(run))).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
