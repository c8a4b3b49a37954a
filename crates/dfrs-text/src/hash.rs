//! A fast hash for tables that compare in full what they find.

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
const fn mix(hash: u64, part: u64) -> u64 {
    let hash = (hash ^ part).wrapping_mul(SPREAD);
    hash ^ hash >> 32
}

/// Hash of some bytes, eight at a time.
#[inline]
pub fn of_bytes(bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut hash = bytes.len() as u64;
    for chunk in chunks {
        hash = mix(hash, u64::from_le_bytes(*chunk));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

/// Hash of some numbers.
#[inline]
pub fn of_numbers(numbers: &[u32]) -> u64 {
    let (pairs, rest) = numbers.as_chunks::<2>();
    let mut hash = 0;
    for &[low, high] in pairs {
        hash = mix(hash, u64::from(high) << 32 | u64::from(low));
    }
    match rest {
        [last] => mix(hash, u64::from(*last)),
        _ => hash,
    }
}
