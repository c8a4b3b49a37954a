//! Best-fit-decreasing bin packing: the longest items first, each into the fullest bin that has room for it.
//!
//! Bins are found by the room they have left, with one bit for every room that some bin has; an item costs a look at a
//! few words of bits, whatever the number of bins. Source: H. Ding et al., "Fewer Truncations Improve Language Modeling"
//! (2024), who pack documents this way.

/// Packs items of these lengths into bins, and returns the items of each bin in ascending order. Of equal items the
/// first one is placed first, of equally full bins the last one used is filled first.
///
/// # Panics
/// If an item is longer than a bin.
pub fn best_fit(lengths: &[u32], capacity: u32) -> Vec<Vec<u32>> {
    let mut items: Vec<u32> = (0..lengths.len() as u32).collect();
    items.sort_by_key(|&item| std::cmp::Reverse(lengths[item as usize]));
    let mut bins: Vec<Vec<u32>> = Vec::new();
    let mut open = Rooms::new(capacity as usize);
    for item in items {
        let length = lengths[item as usize] as usize;
        assert!(length <= capacity as usize, "an item of {length} tokens");
        let (bin, room) = open.take(length).unwrap_or_else(|| {
            bins.push(Vec::new());
            (bins.len() - 1, capacity as usize)
        });
        bins[bin].push(item);
        open.put(bin, room - length);
    }
    for bin in &mut bins {
        bin.sort_unstable();
    }
    bins
}

/// Bins by the room they have.
struct Rooms {
    bins: Vec<Vec<usize>>,
    used: Vec<u64>,
}

impl Rooms {
    fn new(capacity: usize) -> Self {
        Self {
            bins: vec![Vec::new(); capacity + 1],
            used: vec![0; capacity / 64 + 1],
        }
    }

    /// Takes the fullest bin with at least this room.
    fn take(&mut self, least: usize) -> Option<(usize, usize)> {
        let mut word = least / 64;
        let mut bits = self.used[word] & (!0 << (least % 64));
        while bits == 0 {
            word += 1;
            bits = *self.used.get(word)?;
        }
        let room = word * 64 + bits.trailing_zeros() as usize;
        let bin = self.bins[room].pop();
        if self.bins[room].is_empty() {
            self.used[word] &= !(1 << (room % 64));
        }
        bin.map(|bin| (bin, room))
    }

    /// Puts a bin back; one without room is never looked for.
    fn put(&mut self, bin: usize, room: usize) {
        if room > 0 {
            self.bins[room].push(bin);
            self.used[room / 64] |= 1 << (room % 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, slowly: every bin is looked at.
    fn slow(lengths: &[u32], capacity: u32) -> Vec<Vec<u32>> {
        let mut items: Vec<u32> = (0..lengths.len() as u32).collect();
        items.sort_by_key(|&item| std::cmp::Reverse(lengths[item as usize]));
        let mut bins: Vec<(u32, usize, Vec<u32>)> = Vec::new();
        for (turn, item) in items.into_iter().enumerate() {
            let length = lengths[item as usize];
            let fits = bins.iter_mut().filter(|bin| bin.0 >= length && bin.0 > 0);
            match fits.min_by_key(|bin| (bin.0, std::cmp::Reverse(bin.1))) {
                Some(bin) => {
                    bin.0 -= length;
                    bin.1 = turn;
                    bin.2.push(item);
                }
                None => bins.push((capacity - length, turn, vec![item])),
            }
        }
        let sorted = bins.into_iter().map(|(_, _, mut bin)| {
            bin.sort_unstable();
            bin
        });
        sorted.collect()
    }

    #[test]
    fn full_bins() {
        assert_eq!(best_fit(&[3, 5, 2, 4, 6], 10), [vec![3, 4], vec![0, 1, 2]]);
        assert_eq!(best_fit(&[], 10), Vec::<Vec<u32>>::new());
        assert_eq!(best_fit(&[10, 10], 10), [vec![0], vec![1]]);
    }

    proptest! {
        #[test]
        fn equals_the_slow_search(lengths in prop::collection::vec(1u32..=200, 0..120)) {
            prop_assert_eq!(best_fit(&lengths, 200), slow(&lengths, 200));
        }
    }
}
