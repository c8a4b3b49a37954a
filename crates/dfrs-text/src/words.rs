//! Words as `str.split()` sees them: what stands between whitespace.

use crate::unicode::is_space;
use std::ops::Range;

const WORD: u8 = 0;
const SPACE: u8 = 1;
/// First byte of a longer character that may be whitespace.
const MAYBE: u8 = 2;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [WORD; 256];
    let mut byte = 0;
    while byte < 128 {
        if is_space(byte as u8 as char) {
            classes[byte] = SPACE;
        }
        byte += 1;
    }
    classes[0xc2] = MAYBE; // U+0085, U+00A0
    classes[0xe1] = MAYBE; // U+1680
    classes[0xe2] = MAYBE; // U+2000 to U+205F
    classes[0xe3] = MAYBE; // U+3000
    classes
}

/// Length in bytes of the whitespace character that starts at a byte position, 0 if none does.
#[inline]
pub fn space_len(bytes: &[u8], at: usize) -> usize {
    match CLASS[usize::from(bytes[at])] {
        WORD => 0,
        SPACE => 1,
        _ => long_space_len(&bytes[at..]),
    }
}

fn long_space_len(bytes: &[u8]) -> usize {
    match bytes {
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..]
        | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
        | [0xe2, 0x81, 0x9f, ..]
        | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// First position from `at` on where no whitespace starts.
#[inline]
pub fn skip_spaces(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match space_len(bytes, at) {
            0 => break,
            length => at += length,
        }
    }
    at
}

/// First position from `at` on where whitespace starts.
#[inline]
pub fn skip_word(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && space_len(bytes, at) == 0 {
        at += 1;
    }
    at
}

/// The words of a text, as byte ranges.
pub struct Words<'a> {
    spaces: SpaceMasks<'a>,
    /// Where the current mask begins, and the mask.
    start: usize,
    mask: u64,
    at: usize,
}

impl<'a> Words<'a> {
    /// Starts at the beginning of a text.
    pub const fn new(text: &'a str) -> Self {
        Self {
            spaces: SpaceMasks::new(text),
            start: 0,
            mask: u64::MAX,
            at: BITS,
        }
    }

    /// Goes to the next mask; false at the end.
    fn load(&mut self) -> bool {
        let start = self.spaces.at;
        let Some(mask) = self.spaces.next() else {
            return false;
        };
        (self.start, self.mask, self.at) = (start, mask, 0);
        true
    }

    /// The next position whose bit is set in the mask that `select` makes of the whitespace mask.
    #[inline]
    fn seek(&mut self, select: impl Fn(u64) -> u64) -> Option<usize> {
        loop {
            let rest = if self.at < BITS {
                select(self.mask) & (u64::MAX << self.at)
            } else {
                0
            };
            if rest != 0 {
                self.at = rest.trailing_zeros() as usize;
                return Some(self.start + self.at);
            }
            self.at = BITS;
            if !self.load() {
                return None;
            }
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.seek(|mask| !mask)?;
        let end = self.seek(|mask| mask).unwrap_or(self.spaces.bytes.len());
        Some(start..end)
    }
}

const BITS: usize = u64::BITS as usize;

/// Which bytes belong to whitespace, 64 at a time; what lies behind the end does.
struct SpaceMasks<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes of the next block that belong to a character of this one.
    spill: usize,
    /// Bytes of whitespace characters beyond their first.
    extra: usize,
}

impl<'a> SpaceMasks<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            spill: 0,
            extra: 0,
        }
    }
}

impl Iterator for SpaceMasks<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let mut padded = [b' '; BITS];
        let block = if let Some(block) = rest.first_chunk::<BITS>() {
            block
        } else {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        };
        let (mut spaces, mut long) = masks(block);
        spaces |= (1 << self.spill) - 1;
        self.spill = 0;
        while long != 0 {
            let at = long.trailing_zeros() as usize;
            long &= long - 1;
            if CLASS[usize::from(block[at])] == MAYBE {
                let length = long_space_len(&rest[at..]);
                spaces |= ((1 << length) - 1) << at;
                self.spill = self.spill.max((at + length).saturating_sub(BITS));
                self.extra += length.saturating_sub(1);
            }
        }
        self.at += BITS;
        Some(spaces)
    }
}

/// The ASCII whitespace and the bytes beyond ASCII of a block, one bit per byte.
fn masks(block: &[u8; BITS]) -> (u64, u64) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    /// Moves the high bits of eight bytes into the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let gather = |flags: u64| ((flags & HIGH) >> 7).wrapping_mul(GATHER) >> 56;
    let (mut spaces, mut long) = (0, 0);
    for (index, chunk) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let low = word & !HIGH;
        // The high bit of a byte says whether its low bits are at least `least`.
        let reaches = |least: u64| low + (0x80 - least) * EACH;
        let controls = reaches(0x09) & !reaches(0x0e);
        let separators = reaches(0x1c) & !reaches(0x21);
        spaces |= gather((controls | separators) & !word) << (8 * index);
        long |= gather(word) << (8 * index);
    }
    (spaces, long)
}

/// `len(text.split())`.
pub fn count(text: &str) -> usize {
    count_with_spaces(text).0
}

/// Number of words, and of whitespace characters.
pub fn count_with_spaces(text: &str) -> (usize, usize) {
    let mut masks = SpaceMasks::new(text);
    let (mut words, mut spaces, mut before) = (0, 0, 1);
    for mask in masks.by_ref() {
        words += (!mask & (mask << 1 | before)).count_ones() as usize;
        spaces += mask.count_ones() as usize;
        before = mask >> 63;
    }
    // What lies behind the end is no character, and bytes that were spilled there are not counted twice.
    (words, spaces - (masks.at - text.len()) - masks.extra)
}

/// Whether a text is empty or whitespace only.
pub fn is_blank(text: &str) -> bool {
    skip_spaces(text.as_bytes(), 0) == text.len()
}

/// `text.lstrip()`, as the position where the rest begins.
pub fn strip_start(text: &str) -> usize {
    skip_spaces(text.as_bytes(), 0)
}

/// `text.rstrip()`.
pub fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// `text.strip()`.
pub fn strip(text: &str) -> &str {
    strip_end(&text[strip_start(text)..])
}
