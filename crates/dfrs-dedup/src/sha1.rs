//! The base hash of the family `datasketch-1.6`: the first four bytes of SHA-1, read as a little-endian number.
//!
//! N-grams are a few bytes long, so each is one block, and a document has thousands of them: several are hashed side by
//! side, one per SIMD lane. The code is plain array arithmetic that compilers vectorise. Source: FIPS 180-4.

/// How many messages are hashed side by side.
pub const LANES: usize = 16;

/// The longest message that fits one block with its terminator and length.
pub const ONE_BLOCK: usize = 55;

type Lanes = [u32; LANES];

const START: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// Up to sixteen padded blocks, word by word. Invariant: every word that no message set is zero.
pub struct Blocks {
    words: [Lanes; 16],
    filled: usize,
    used_words: usize,
}

impl Blocks {
    pub const fn new() -> Self {
        Self {
            words: [[0; LANES]; 16],
            filled: 0,
            used_words: 0,
        }
    }

    pub const fn is_full(&self) -> bool {
        self.filled == LANES
    }

    /// Adds a message of at most 15 bytes, given as the little-endian number of its bytes with zeros behind.
    #[inline]
    pub fn push_short(&mut self, bytes: u128, len: usize) {
        debug_assert!(len < 16 && !self.is_full());
        let padded = bytes | 0x80 << (8 * len);
        for (i, word) in self.words.iter_mut().take(4).enumerate() {
            word[self.filled] = ((padded >> (32 * i)) as u32).swap_bytes();
        }
        self.words[15][self.filled] = 8 * len as u32;
        self.used_words = self.used_words.max(4);
        self.filled += 1;
    }

    /// Adds a message of at most [`ONE_BLOCK`] bytes.
    pub fn push(&mut self, message: &[u8]) {
        debug_assert!(message.len() <= ONE_BLOCK && !self.is_full());
        let words = message.len() / 4 + 1;
        for (word, four) in self.words.iter_mut().zip(message.chunks(4)) {
            word[self.filled] = big_endian(four);
        }
        self.words[words - 1][self.filled] |= 0x8000_0000 >> (8 * (message.len() % 4));
        self.words[15][self.filled] = 8 * message.len() as u32;
        self.used_words = self.used_words.max(words);
        self.filled += 1;
    }

    /// Hashes the messages into the front of `out`, forgets them and returns their number. `GROUP` messages, as many
    /// as the lanes of the instruction set, are hashed at a time.
    #[inline(always)]
    #[allow(clippy::inline_always)] // the body must be compiled with the caller's CPU features
    pub fn finish<const GROUP: usize>(&mut self, out: &mut Lanes) -> usize {
        for start in (0..self.filled).step_by(GROUP) {
            let mut words = [[0; GROUP]; 16];
            for (few, all) in words.iter_mut().zip(&self.words) {
                few.copy_from_slice(&all[start..start + GROUP]);
            }
            let mut state = START.map(|word| [word; GROUP]);
            compress(&mut state, &words);
            for (value, first) in out[start..start + GROUP].iter_mut().zip(state[0]) {
                *value = first.swap_bytes();
            }
        }
        self.words[..self.used_words].fill([0; LANES]);
        self.used_words = 0;
        std::mem::take(&mut self.filled)
    }
}

fn big_endian(bytes: &[u8]) -> u32 {
    let mut word = [0; 4];
    word[..bytes.len()].copy_from_slice(bytes);
    u32::from_be_bytes(word)
}

/// Hashes one message of any length.
pub fn hash_one(message: &[u8]) -> u32 {
    let mut state = START.map(|word| [word]);
    let blocks = message.chunks_exact(64);
    let rest = blocks.remainder();
    let mut tail = [0_u8; 128];
    tail[..rest.len()].copy_from_slice(rest);
    tail[rest.len()] = 0x80;
    let end = if rest.len() > ONE_BLOCK { 128 } else { 64 };
    tail[end - 8..end].copy_from_slice(&(8 * message.len() as u64).to_be_bytes());
    for block in blocks.chain(tail[..end].chunks_exact(64)) {
        let mut words = [[0]; 16];
        for (word, four) in words.iter_mut().zip(block.chunks_exact(4)) {
            word[0] = big_endian(four);
        }
        compress(&mut state, &words);
    }
    state[0][0].swap_bytes()
}

/// One block for every lane.
#[inline(always)]
#[allow(clippy::inline_always)] // compiled with the caller's CPU features
fn compress<const L: usize>(state: &mut [[u32; L]; 5], message: &[[u32; L]; 16]) {
    let mut words = *message;
    let mut now = *state;
    rounds(&mut now, &mut words, 0, 0x5a82_7999, |b, c, d| {
        d ^ (b & (c ^ d))
    });
    rounds(&mut now, &mut words, 20, 0x6ed9_eba1, |b, c, d| b ^ c ^ d);
    rounds(&mut now, &mut words, 40, 0x8f1b_bcdc, |b, c, d| {
        (b & c) | (d & (b | c))
    });
    rounds(&mut now, &mut words, 60, 0xca62_c1d6, |b, c, d| b ^ c ^ d);
    for (sum, word) in state.iter_mut().zip(now) {
        for i in 0..L {
            sum[i] = sum[i].wrapping_add(word[i]);
        }
    }
}

/// Twenty rounds with one constant and one function; from round 16 on they extend the message as they go.
#[inline(always)]
#[allow(
    clippy::inline_always,
    clippy::many_single_char_names,
    clippy::needless_range_loop
)] // as above; the standard's names
fn rounds<const L: usize>(
    state: &mut [[u32; L]; 5],
    w: &mut [[u32; L]; 16],
    first: usize,
    k: u32,
    f: impl Fn(u32, u32, u32) -> u32,
) {
    for t in first..first + 20 {
        if t >= 16 {
            for i in 0..L {
                let mixed =
                    w[(t + 13) & 15][i] ^ w[(t + 8) & 15][i] ^ w[(t + 2) & 15][i] ^ w[t & 15][i];
                w[t & 15][i] = mixed.rotate_left(1);
            }
        }
        let [a, b, c, d, e] = *state;
        let mut next = [0; L];
        let mut turned = [0; L];
        for i in 0..L {
            let sum = a[i]
                .rotate_left(5)
                .wrapping_add(e[i])
                .wrapping_add(k)
                .wrapping_add(w[t & 15][i]);
            next[i] = sum.wrapping_add(f(b[i], c[i], d[i]));
            turned[i] = b[i].rotate_left(30);
        }
        *state = [next, a, turned, c, d];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First four bytes of the digests in FIPS 180 and RFC 3174, and of lengths around the block's edge.
    #[test]
    fn equals_published_digests() {
        let million = vec![b'a'; 1_000_000];
        let cases: [(&[u8], [u8; 4]); 5] = [
            (b"", [0xda, 0x39, 0xa3, 0xee]),
            (b"abc", [0xa9, 0x99, 0x3e, 0x36]),
            (
                b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                [0x84, 0x98, 0x3e, 0x44],
            ),
            (
                b"0123456701234567012345670123456701234567012345670123456701234567",
                [0xe0, 0xc0, 0x94, 0xe8],
            ),
            (&million, [0x34, 0xaa, 0x97, 0x3c]),
        ];
        for (message, digest) in cases {
            assert_eq!(
                hash_one(message),
                u32::from_le_bytes(digest),
                "{} bytes",
                message.len()
            );
        }
    }

    #[test]
    fn lanes_equal_one_message_at_a_time() {
        let bytes: Vec<u8> = (0..=255).cycle().take(400).collect();
        let mut blocks = Blocks::new();
        for round in 0..8 {
            let mut expected = Vec::new();
            for lane in 0..=round * 2 {
                let message =
                    &bytes[lane * 7..lane * 7 + (lane * 11 + round * 5) % (ONE_BLOCK + 1)];
                expected.push(hash_one(message));
                if message.len() < 16 && lane % 2 == 0 {
                    let mut padded = [0; 16];
                    padded[..message.len()].copy_from_slice(message);
                    blocks.push_short(u128::from_le_bytes(padded), message.len());
                } else {
                    blocks.push(message);
                }
            }
            let mut out = [0; LANES];
            let n = blocks.finish::<4>(&mut out);
            assert_eq!(&out[..n], expected, "round {round}");
        }
    }
}
