//! A fast hash of short byte strings and of pairs of numbers; only tables inside this crate depend on it.

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd6e8_feb8_6659_fd93;

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Hash of two words.
#[inline]
pub fn of_words(low: u64, high: u64) -> u64 {
    fold(low ^ FIRST, high ^ SECOND)
}

/// Hash of some bytes.
#[inline]
pub fn of_bytes(bytes: &[u8]) -> u64 {
    let mut hash = bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = fold(hash ^ u64::from_le_bytes(*word), FIRST);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(hash ^ u64::from_le_bytes(last), SECOND)
}

/// A hasher for small numbers, for the standard library's maps.
#[derive(Default)]
pub struct NumberHasher(u64);

impl std::hash::Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = fold(self.0 ^ of_bytes(bytes), SECOND);
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = fold(self.0 ^ u64::from(number) ^ FIRST, SECOND);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What builds it.
pub type BuildNumberHasher = std::hash::BuildHasherDefault<NumberHasher>;
