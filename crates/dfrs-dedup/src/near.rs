//! Fingerprints within a Hamming distance, without a missed pair.
//!
//! A fingerprint is cut into `k + r` blocks. Two that differ in at most `k` bits agree in at least `r` whole blocks, so
//! with one table for every choice of `r` blocks the pair meets in one of them; every meeting is then checked by counting
//! bits. Source: G. Manku, A. Jain, A. Das Sarma, "Detecting near-duplicates for web crawling" (WWW 2007).

use crate::Error;
use crate::mix::{KeyMap, finish, fold};

/// No older fingerprint with the same key.
const NONE: u32 = u32::MAX;
/// A table whose keys have fewer bits holds too many fingerprints per key to be of use.
const MIN_KEY_BITS: u32 = 12;
const MAX_TABLES: usize = 128;

/// Fingerprints, searchable by distance.
#[derive(Debug)]
pub struct NearIndex {
    tables: Vec<Table>,
    kept: Vec<u128>,
}

#[derive(Debug)]
struct Table {
    mask: u128,
    newest: KeyMap<u64, u32>,
    older: Vec<u32>,
}

impl Table {
    const fn key(&self, fingerprint: u128) -> u64 {
        let chosen = fingerprint & self.mask;
        finish(
            fold(
                chosen as u64 ^ 0x9e37_79b9_7f4a_7c15,
                (chosen >> 64) as u64 ^ 0x1319_8a2e_0370_7345,
            ) ^ chosen as u64,
        )
    }
}

impl NearIndex {
    /// For fingerprints of `bits` bits (1 to 128) that differ in at most `distance` bits.
    pub fn new(bits: u32, distance: u32) -> Self {
        let masks = masks(bits, distance).unwrap_or_default();
        let table = |mask| Table {
            mask,
            newest: KeyMap::default(),
            older: Vec::new(),
        };
        Self {
            tables: masks.into_iter().map(table).collect(),
            kept: Vec::new(),
        }
    }

    /// Calls `each` with the slot and the distance of all fingerprints that may be near, some more than once: at least of
    /// all within the distance that the index is for.
    pub fn candidates(&self, fingerprint: u128, mut each: impl FnMut(u32, u32)) {
        let distance = |slot: u32| (self.kept[slot as usize] ^ fingerprint).count_ones();
        if self.tables.is_empty() {
            (0..self.kept.len() as u32).for_each(|slot| each(slot, distance(slot)));
        }
        for table in &self.tables {
            let mut next = table
                .newest
                .get(&table.key(fingerprint))
                .copied()
                .unwrap_or(NONE);
            while next != NONE {
                each(next, distance(next));
                next = table.older[next as usize];
            }
        }
    }

    /// Adds a fingerprint, under the next slot.
    pub fn push(&mut self, fingerprint: u128) -> Result<(), Error> {
        let slot = u32::try_from(self.kept.len())
            .ok()
            .filter(|&slot| slot != NONE);
        let slot = slot.ok_or(Error::Full(self.kept.len()))?;
        self.kept.push(fingerprint);
        for table in &mut self.tables {
            let key = table.key(fingerprint);
            table
                .older
                .push(table.newest.insert(key, slot).unwrap_or(NONE));
        }
        Ok(())
    }
}

/// One mask for every choice of blocks; `None` where comparing with everything is as good.
fn masks(bits: u32, distance: u32) -> Option<Vec<u128>> {
    let fits = |chosen: u32| {
        let blocks = distance + chosen;
        let tables = choices(blocks, chosen).count();
        (chosen * bits / blocks >= MIN_KEY_BITS.min(bits) && blocks <= bits && tables <= MAX_TABLES)
            .then_some(blocks)
    };
    // Distances beyond this have no table of use, and counting the choices would take for ever.
    let (chosen, blocks) = (distance < 32)
        .then(|| (1..4).find_map(|chosen| fits(chosen).map(|blocks| (chosen, blocks))))??;
    let edge = |block: u32| block * bits / blocks;
    let block =
        |number: u32| (edge(number)..edge(number + 1)).fold(0_u128, |mask, bit| mask | 1 << bit);
    let mask = |numbers: u64| {
        (0..blocks)
            .filter(|number| numbers >> number & 1 == 1)
            .fold(0, |mask, number| mask | block(number))
    };
    Some(choices(blocks, chosen).map(mask).collect())
}

/// The sets of `chosen` out of `blocks`, as bits.
fn choices(blocks: u32, chosen: u32) -> Box<dyn Iterator<Item = u64>> {
    if chosen == 0 {
        return Box::new(std::iter::once(0));
    }
    Box::new(
        (chosen - 1..blocks)
            .flat_map(move |last| choices(last, chosen - 1).map(move |rest| rest | 1 << last)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tables() {
        assert_eq!(masks(64, 0).map(|masks| masks.len()), Some(1));
        assert_eq!(masks(64, 3).map(|masks| masks.len()), Some(4));
        assert_eq!(masks(64, 6).map(|masks| masks.len()), Some(28));
        assert_eq!(masks(64, 20), None);
        assert_eq!(masks(8, 0).map(|masks| masks.len()), Some(1));
        assert!(masks(128, 12).is_some());
    }

    proptest! {
        #[test]
        fn no_pair_is_missed(
            distance in 0_u32..14,
            bits in prop::sample::select(vec![8_u32, 32, 64, 128]),
            stored in any::<u128>(),
            flips in prop::collection::vec(0_u32..128, 0..14),
        ) {
            let all = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
            let mut index = NearIndex::new(bits, distance);
            index.push(stored & all).expect("one");
            let other = flips.iter().take(distance as usize).fold(stored & all, |value, bit| value ^ 1 << (bit % bits));
            let mut found = None;
            index.candidates(other, |slot, distance| found = Some((slot, distance)));
            prop_assert_eq!(found, Some((0, (stored & all ^ other).count_ones())));
        }
    }
}
