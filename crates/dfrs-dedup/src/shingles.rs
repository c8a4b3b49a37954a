//! The character n-grams of a text, each at least once. Repeated n-grams cannot change a minimum, so a small table of
//! those seen last drops most of them before they are hashed; it forgets on collision, which costs time and never
//! changes a result. Its size is bounded, so a 100 MB line needs no more memory than a page.

/// Multiplier of Fibonacci hashing, 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
/// No n-gram: 0xff is no byte of UTF-8.
const VACANT: u64 = u64::MAX;
const MIN_BITS: u32 = 6;
const MAX_BITS: u32 = 14;

/// One n-gram.
pub enum Shingle<'a> {
    /// At most 15 bytes, as the little-endian number of them, and their count.
    Short(u128, usize),
    /// More than 15 bytes.
    Long(&'a [u8]),
}

/// The n-grams seen last in a document.
pub struct Seen {
    slots: Vec<u64>,
    shift: u32,
}

impl Seen {
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            shift: 0,
        }
    }

    /// Forgets everything and takes the size that suits a text of `len` bytes.
    fn reset(&mut self, len: usize) {
        let bits = (usize::BITS - len.leading_zeros()).clamp(MIN_BITS, MAX_BITS);
        self.slots.clear();
        self.slots.resize(1 << bits, VACANT);
        self.shift = u64::BITS - bits;
    }

    /// Remembers the n-gram and says whether it is new.
    #[inline]
    fn insert(&mut self, key: u64) -> bool {
        let slot = &mut self.slots[(key.wrapping_mul(SPREAD) >> self.shift) as usize];
        std::mem::replace(slot, key) != key
    }
}

/// Calls `each` for every n-gram of `n` characters, at least once for every distinct one.
///
/// A text of fewer than `n` characters is one n-gram, the empty text has none.
#[inline(always)]
#[allow(clippy::inline_always)] // `each` must be compiled with the caller's CPU features
pub fn for_each<'a>(text: &'a str, n: usize, seen: &mut Seen, mut each: impl FnMut(Shingle<'a>)) {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return;
    }
    seen.reset(bytes.len());
    let (mut start, mut end) = (0, 0);
    for _ in 0..n {
        if end == bytes.len() {
            break;
        }
        end += char_len(bytes[end]);
    }
    loop {
        let len = end - start;
        if len < 16 {
            let key = load(bytes, start, len);
            if len > 8 || seen.insert(key as u64) {
                each(Shingle::Short(key, len));
            }
        } else {
            each(Shingle::Long(&bytes[start..end]));
        }
        if end == bytes.len() {
            return;
        }
        start += char_len(bytes[start]);
        end += char_len(bytes[end]);
    }
}

/// Length of the UTF-8 sequence that starts with `lead`.
#[inline]
const fn char_len(lead: u8) -> usize {
    match lead {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

/// `len < 16` bytes from `start` on as a little-endian number.
#[inline]
fn load(bytes: &[u8], start: usize, len: usize) -> u128 {
    let mask = (1_u128 << (8 * len)) - 1;
    if let Some(sixteen) = bytes[start..].first_chunk() {
        return u128::from_le_bytes(*sixteen) & mask;
    }
    let mut padded = [0; 16];
    padded[..len].copy_from_slice(&bytes[start..start + len]);
    u128::from_le_bytes(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn collect(text: &str, n: usize) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for_each(text, n, &mut Seen::new(), |shingle| {
            found.push(match shingle {
                Shingle::Short(key, len) => key.to_le_bytes()[..len].to_vec(),
                Shingle::Long(bytes) => bytes.to_vec(),
            });
        });
        found
    }

    #[test]
    fn repeated_ngrams_are_left_out() {
        assert_eq!(collect("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5), [b"aaaaa"]);
        assert_eq!(collect("abcd", 5), [b"abcd"]);
        assert_eq!(collect("", 5), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_trailing_nul_is_another_ngram() {
        assert_eq!(collect("ab\0\0", 2), [b"ab", b"b\0", b"\0\0"]);
    }

    proptest! {
        #[test]
        fn all_ngrams_and_no_others(text in "[a-cé漢🎉\0 ]{0,60}", n in 1_usize..8) {
            let chars: Vec<char> = text.chars().collect();
            let expected: BTreeSet<Vec<u8>> = if chars.len() < n {
                (!chars.is_empty()).then(|| text.clone().into_bytes()).into_iter().collect()
            } else {
                chars.windows(n).map(|w| w.iter().collect::<String>().into_bytes()).collect()
            };
            prop_assert_eq!(collect(&text, n).into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}
