//! The tokens of a vocabulary: bytes to id and back.

use crate::error::Error;
use crate::hash;

const NONE: u32 = u32::MAX;

/// Bytes of a short token at most; with its length (4 bits) and its id (28 bits) it fills 16 bytes.
const SHORT: usize = 12;
const KEY_BITS: u32 = 100;
const KEY_MASK: u128 = (1 << KEY_BITS) - 1;

#[inline]
fn short_key(bytes: &[u8]) -> Option<u128> {
    if bytes.is_empty() || bytes.len() > SHORT {
        return None;
    }
    let mut window = [0; 16];
    window[..bytes.len()].copy_from_slice(bytes);
    Some(u128::from_le_bytes(window) | (bytes.len() as u128) << (8 * SHORT))
}

/// Tokens with their ids. Ids may have gaps; bytes are unique.
pub struct Vocabulary {
    bytes: Vec<u8>,
    /// Per id, where its bytes are.
    spans: Vec<(u32, u32)>,
    /// Open addressing by hash: ids, `NONE` where empty.
    slots: Vec<u32>,
    /// The same for short tokens, which are in the slots themselves: one look into memory instead of three.
    short: Vec<u128>,
    longest: usize,
    len: usize,
}

impl Vocabulary {
    /// Collects tokens.
    pub fn new(tokens: &[(Vec<u8>, u32)]) -> Result<Self, Error> {
        let size = tokens.iter().map(|(_, id)| *id as usize + 1).max();
        if size.is_some_and(|size| size > 1 << 26) {
            return Err(Error::IdTooLarge(size.unwrap_or(0) - 1));
        }
        let slots = (tokens.len() * 2).next_power_of_two().max(2);
        let mut vocabulary = Self {
            bytes: Vec::new(),
            spans: vec![(NONE, NONE); size.unwrap_or(0)],
            slots: vec![NONE; slots],
            short: vec![0; slots],
            longest: 0,
            len: tokens.len(),
        };
        for (bytes, id) in tokens {
            vocabulary.insert(bytes, *id)?;
        }
        Ok(vocabulary)
    }

    fn insert(&mut self, bytes: &[u8], id: u32) -> Result<(), Error> {
        let twice = || Error::Twice {
            token: String::from_utf8_lossy(bytes).into_owned(),
            id,
        };
        if self.spans[id as usize].0 != NONE {
            return Err(twice());
        }
        let slot = self.find(bytes);
        if self.slots[slot] != NONE {
            return Err(twice());
        }
        self.slots[slot] = id;
        if let Some(key) = short_key(bytes) {
            let slot = self.find_short(key);
            self.short[slot] = key | u128::from(id) << KEY_BITS;
        }
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        self.spans[id as usize] = (start, self.bytes.len() as u32);
        self.longest = self.longest.max(bytes.len());
        Ok(())
    }

    /// The slot of a token, or the empty one where it would be.
    #[inline]
    fn find(&self, bytes: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash::of_bytes(bytes) as usize & mask;
        while self.slots[slot] != NONE && self.known(self.slots[slot]) != bytes {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[inline]
    fn find_short(&self, key: u128) -> usize {
        let mask = self.short.len() - 1;
        let mut slot = hash::of_words(key as u64, (key >> 64) as u64) as usize & mask;
        while self.short[slot] != 0 && self.short[slot] & KEY_MASK != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[inline]
    fn known(&self, id: u32) -> &[u8] {
        let (start, end) = self.spans[id as usize];
        &self.bytes[start as usize..end as usize]
    }

    /// The id of a token.
    #[inline]
    pub fn id(&self, bytes: &[u8]) -> Option<u32> {
        if let Some(key) = short_key(bytes) {
            let entry = self.short[self.find_short(key)];
            return (entry != 0).then_some((entry >> KEY_BITS) as u32);
        }
        if bytes.len() > self.longest {
            return None;
        }
        let id = self.slots[self.find(bytes)];
        (id != NONE).then_some(id)
    }

    /// The bytes of a token.
    pub fn token(&self, id: u32) -> Option<&[u8]> {
        let (start, _) = *self.spans.get(id as usize)?;
        (start != NONE).then(|| self.known(id))
    }

    /// One more than the highest id.
    pub fn id_bound(&self) -> usize {
        self.spans.len()
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.len
    }

    /// All tokens by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0..self.spans.len() as u32).filter_map(|id| Some((id, self.token(id)?)))
    }
}
