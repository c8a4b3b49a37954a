//! MD5 of very short messages, several side by side, one per SIMD lane: the base hash of published `SimHash` fingerprints.
//!
//! The code is plain array arithmetic that compilers vectorise; it runs once per character of a text, and all four words
//! of the result are wanted. Not for secrets. Source: RFC 1321.
#![allow(unsafe_code)] // calling a function that is compiled for CPU features, after the features were detected

use std::array::from_fn;

/// Messages that are hashed side by side.
pub const LANES: usize = 16;
/// Longest message, in bytes.
const LONGEST: usize = 19;

type Lanes = [u32; LANES];

const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
const SHIFTS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// Floor of 2^32 times the absolute sine of 1 to 64, as the standard defines them.
#[allow(clippy::cast_sign_loss)] // of positive numbers
static SINES: std::sync::LazyLock<[u32; 64]> = std::sync::LazyLock::new(|| {
    from_fn(|i| ((i as f64 + 1.0).sin().abs() * 4_294_967_296.0) as u32)
});

/// Up to [`LANES`] messages.
#[derive(Debug, Default)]
pub struct Messages {
    words: [Lanes; 6],
    lengths: Lanes,
    filled: usize,
}

impl Messages {
    /// Whether no message fits any more.
    pub const fn is_full(&self) -> bool {
        self.filled == LANES
    }

    /// Adds a message of at most [`LONGEST`] bytes.
    pub fn push(&mut self, message: &[u8]) {
        debug_assert!(message.len() <= LONGEST && !self.is_full());
        let mut padded = [0; 24];
        padded[..message.len()].copy_from_slice(message);
        padded[message.len()] = 0x80;
        let (words, _) = padded.as_chunks::<4>();
        for (lanes, word) in self.words.iter_mut().zip(words) {
            lanes[self.filled] = u32::from_le_bytes(*word);
        }
        self.lengths[self.filled] = 8 * message.len() as u32;
        self.filled += 1;
    }

    /// Calls `each` with the digests, as big-endian numbers, in order; forgets the messages.
    pub fn finish(&mut self, mut each: impl FnMut(u128)) {
        let state = digest(&self.words, &self.lengths);
        for lane in 0..self.filled {
            let words = state.map(|lanes| lanes[lane].to_le_bytes());
            each(u128::from_be_bytes(from_fn(|i| words[i / 4][i % 4])));
        }
        self.filled = 0;
    }
}

fn digest(words: &[Lanes; 6], lengths: &Lanes) -> [Lanes; 4] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { digest_avx2(words, lengths) };
    }
    compress(words, lengths)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn digest_avx2(words: &[Lanes; 6], lengths: &Lanes) -> [Lanes; 4] {
    compress(words, lengths)
}

#[inline(always)]
#[allow(clippy::inline_always, clippy::many_single_char_names)] // compiled with the caller's features; RFC 1321's names
fn compress(words: &[Lanes; 6], lengths: &Lanes) -> [Lanes; 4] {
    let sines = &*SINES;
    let [mut a, mut b, mut c, mut d] = START.map(|word| [word; LANES]);
    for i in 0..64 {
        let (mixed, at): (Lanes, usize) = match i / 16 {
            0 => (from_fn(|l| d[l] ^ (b[l] & (c[l] ^ d[l]))), i),
            1 => (from_fn(|l| c[l] ^ (d[l] & (b[l] ^ c[l]))), (5 * i + 1) % 16),
            2 => (from_fn(|l| b[l] ^ c[l] ^ d[l]), (3 * i + 5) % 16),
            _ => (from_fn(|l| c[l] ^ (b[l] | !d[l])), 7 * i % 16),
        };
        let word: Lanes = if at < 6 {
            words[at]
        } else if at == 14 {
            *lengths
        } else {
            [0; LANES]
        };
        let shift = SHIFTS[i / 16][i % 4];
        let next: Lanes = from_fn(|l| {
            let sum = a[l]
                .wrapping_add(mixed[l])
                .wrapping_add(sines[i])
                .wrapping_add(word[l]);
            b[l].wrapping_add(sum.rotate_left(shift))
        });
        (a, d, c, b) = (d, c, b, next);
    }
    let ends = [a, b, c, d];
    from_fn(|i| from_fn(|l| ends[i][l].wrapping_add(START[i])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_the_standard() {
        let cases: [(&[u8], u128); 4] = [
            (b"", 0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e),
            (b"a", 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661),
            (b"abc", 0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72),
            (b"message digest", 0xf96b_697d_7cb7_938d_525a_2f31_aaf1_61d0),
        ];
        let mut messages = Messages::default();
        for repeat in 0..4 {
            for (message, _) in cases {
                messages.push(message);
            }
            assert_eq!(messages.is_full(), repeat == 3);
        }
        let mut found = Vec::new();
        messages.finish(|digest| found.push(digest));
        assert_eq!(found, [cases.map(|case| case.1); 4].concat());
        messages.push(b"1234567890123456789");
        messages.finish(|digest| assert_eq!(digest, 0xd7cc_e89c_9208_b38e_dde4_14c3_eb02_e19b));
    }
}
