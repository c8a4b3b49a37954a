//! Which two neighbours become one token, and how early.

use crate::hash;

/// What a pair becomes: the lower the rank, the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// Place in the order of merges.
    pub rank: u32,
    /// The token that the pair becomes.
    pub id: u32,
}

impl Merge {
    /// No merge; later than all.
    pub const NEVER: Self = Self {
        rank: u32::MAX,
        id: u32::MAX,
    };
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    pair: u64,
    merge: Merge,
}

const EMPTY: Slot = Slot {
    pair: u64::MAX,
    merge: Merge::NEVER,
};

/// A table of pairs of token ids.
#[derive(Debug)]
pub struct Pairs {
    slots: Vec<Slot>,
    /// What pairs of the first 256 ids become, without searching: in byte-level vocabularies these are mostly the bytes.
    first: Vec<Merge>,
    len: usize,
}

const FIRST: u32 = 256;

impl Pairs {
    /// A table with room for some pairs.
    pub fn with_capacity(pairs: usize) -> Self {
        Self {
            slots: vec![EMPTY; (pairs * 2).next_power_of_two().max(2)],
            first: vec![Merge::NEVER; (FIRST * FIRST) as usize],
            len: 0,
        }
    }

    /// What a pair becomes.
    #[inline]
    pub fn get(&self, left: u32, right: u32) -> Merge {
        if left < FIRST && right < FIRST {
            return self.first[(left * FIRST + right) as usize];
        }
        self.slots[self.find(key(left, right))].merge
    }

    /// Sets what a pair becomes; the last word counts.
    pub fn insert(&mut self, left: u32, right: u32, merge: Merge) {
        if left < FIRST && right < FIRST {
            self.first[(left * FIRST + right) as usize] = merge;
            return;
        }
        let slot = self.find(key(left, right));
        if self.slots[slot].merge == Merge::NEVER {
            self.len += 1;
            assert!(
                self.len < self.slots.len(),
                "the table has room for all pairs"
            );
        }
        self.slots[slot] = Slot {
            pair: key(left, right),
            merge,
        };
    }

    #[inline]
    fn find(&self, pair: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash::of_words(pair, 0) as usize & mask;
        while self.slots[slot].pair != pair && self.slots[slot].pair != EMPTY.pair {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

#[inline]
fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}
