//! Byte-pair merging: again and again, the pair of neighbours with the lowest rank becomes one token, the leftmost first.
//!
//! Short sequences look through all ranks for every merge, which is quadratic and fastest. Long ones keep the places of
//! each rank in a list and work through the lists by ascending rank, each from left to right: every merge makes at most
//! two new pairs, so that a run of millions of equal letters costs as much per byte as any other text.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::hash::BuildNumberHasher;

use crate::pairs::{Merge, Pairs};

/// Tokens up to which looking through all of them is fastest.
const SHORT: usize = 64;
const NONE: u32 = u32::MAX;

/// Room for merging, used again for every sequence.
#[derive(Default)]
pub struct Merger {
    /// Tokens before and after merging.
    pub ids: Vec<u32>,
    merges: Vec<Merge>,
    /// Per place, the places before and after.
    links: Vec<(u32, u32)>,
    long: Long,
}

impl Merger {
    /// Merges the tokens of `ids`, in place.
    pub fn run(&mut self, pairs: &Pairs) {
        if self.ids.len() <= SHORT {
            self.run_short(pairs);
        } else {
            self.long.run(&mut self.ids, pairs);
        }
    }

    /// A token that was merged with the one before it stays in its place with a rank that never comes; `next` leads
    /// around it. Moving the tokens after it would cost more.
    fn run_short(&mut self, pairs: &Pairs) {
        let Self {
            ids, merges, links, ..
        } = self;
        let len = ids.len();
        if len < 2 {
            return;
        }
        merges.clear();
        merges.extend(ids.windows(2).map(|pair| pairs.get(pair[0], pair[1])));
        links.clear();
        links.extend((0..len as u32).map(|place| (place.wrapping_sub(1), place + 1)));
        while let Some(at) = lowest(merges) {
            let id = merges[at].id;
            ids[at] = id;
            let right = links[at].1 as usize;
            ids[right] = NONE;
            let after = links[right].1 as usize;
            links[at].1 = after as u32;
            if right < len - 1 {
                merges[right] = Merge::NEVER;
            }
            merges[at] = if after < len {
                links[after].0 = at as u32;
                pairs.get(id, ids[after])
            } else {
                Merge::NEVER
            };
            if at > 0 {
                let before = links[at].0 as usize;
                merges[before] = pairs.get(ids[before], id);
            }
        }
        ids.retain(|&id| id != NONE);
    }
}

/// The place of the merge with the lowest rank, the leftmost of several; none if there is nothing to merge.
#[inline]
fn lowest(merges: &[Merge]) -> Option<usize> {
    let (mut at, mut rank) = (0, Merge::NEVER.rank);
    for (place, merge) in merges.iter().enumerate() {
        if merge.rank < rank {
            (at, rank) = (place, merge.rank);
        }
    }
    (rank != Merge::NEVER.rank).then_some(at)
}

/// Merging of long sequences.
#[derive(Default)]
struct Long {
    /// Per place, the places before and after; a place whose token is `NONE` is gone.
    before: Vec<u32>,
    after: Vec<u32>,
    /// Ranks that have places, and for each of them the places of its left halves, not always in order.
    ranks: BinaryHeap<Reverse<u32>>,
    places: HashMap<u32, Vec<u32>, BuildNumberHasher>,
    spare: Vec<Vec<u32>>,
}

impl Long {
    fn run(&mut self, ids: &mut Vec<u32>, pairs: &Pairs) {
        let len = ids.len() as u32;
        self.before.clear();
        self.before
            .extend((0..len).map(|place| place.wrapping_sub(1)));
        self.after.clear();
        self.after.extend(1..len);
        self.after.push(NONE);
        for place in 0..len - 1 {
            let merge = pairs.get(ids[place as usize], ids[place as usize + 1]);
            self.push(merge.rank, place);
        }
        while let Some(Reverse(rank)) = self.ranks.pop() {
            let mut places = self.places.remove(&rank).unwrap_or_default();
            places.sort(); // a few ascending runs: nearly linear, and without allocation where it is one
            self.work_through(ids, pairs, rank, &mut places);
            places.clear();
            self.spare.push(places);
        }
        ids.retain(|&id| id != NONE);
    }

    /// Merges at the places of one rank, from left to right, until one as low appears.
    fn work_through(&mut self, ids: &mut [u32], pairs: &Pairs, rank: u32, places: &mut Vec<u32>) {
        for index in 0..places.len() {
            let at = places[index];
            let right = self.after[at as usize];
            if ids[at as usize] == NONE || right == NONE {
                continue;
            }
            let merge = pairs.get(ids[at as usize], ids[right as usize]);
            if merge.rank != rank {
                continue; // one of the two was merged with another neighbour
            }
            ids[at as usize] = merge.id;
            ids[right as usize] = NONE;
            let next = self.after[right as usize];
            self.after[at as usize] = next;
            let mut lowest = rank;
            if next != NONE {
                self.before[next as usize] = at;
                let merge = pairs.get(merge.id, ids[next as usize]);
                self.push(merge.rank, at);
                lowest = lowest.min(merge.rank);
            }
            let previous = self.before[at as usize];
            if previous != NONE {
                let merge = pairs.get(ids[previous as usize], merge.id);
                self.push(merge.rank, previous);
                lowest = lowest.min(merge.rank);
            }
            if lowest <= rank {
                for &place in &places[index + 1..] {
                    self.push(rank, place);
                }
                return;
            }
        }
    }

    fn push(&mut self, rank: u32, place: u32) {
        if rank == Merge::NEVER.rank {
            return;
        }
        let Self {
            ranks,
            places,
            spare,
            ..
        } = self;
        places
            .entry(rank)
            .or_insert_with(|| {
                ranks.push(Reverse(rank));
                spare.pop().unwrap_or_default()
            })
            .push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, word for word.
    fn slow(mut ids: Vec<u32>, pairs: &Pairs) -> Vec<u32> {
        loop {
            let best = (1..ids.len())
                .map(|at| (pairs.get(ids[at - 1], ids[at]), at - 1))
                .filter(|(merge, _)| *merge != Merge::NEVER)
                .min_by_key(|(merge, at)| (merge.rank, *at));
            let Some((merge, at)) = best else { return ids };
            ids[at] = merge.id;
            ids.remove(at + 1);
        }
    }

    /// Pairs over few tokens, so that most neighbours merge; ranks in any relation to ids.
    fn pairs() -> impl Strategy<Value = Pairs> {
        let pair = (0..12u32, 0..12u32, 4..12u32);
        prop::collection::vec(pair, 0..60).prop_map(|list| {
            let mut pairs = Pairs::with_capacity(list.len());
            for (rank, (left, right, id)) in list.into_iter().enumerate() {
                let rank = (rank as u32 * 7919) % 1009;
                pairs.insert(left, right, Merge { rank, id });
            }
            pairs
        })
    }

    proptest! {
        #[test]
        fn both_ways_merge_as_defined(pairs in pairs(), ids in prop::collection::vec(0..4u32, 0..40)) {
            let expected = slow(ids.clone(), &pairs);
            let mut short = Merger { ids: ids.clone(), ..Merger::default() };
            short.run_short(&pairs);
            prop_assert_eq!(&short.ids, &expected);
            if !ids.is_empty() {
                let mut long = ids;
                Long::default().run(&mut long, &pairs);
                prop_assert_eq!(&long, &expected);
            }
        }
    }

    #[test]
    fn a_merger_is_used_again() {
        let mut pairs = Pairs::with_capacity(1);
        pairs.insert(0, 0, Merge { rank: 0, id: 1 });
        let mut merger = Merger::default();
        for len in [1001usize, 3, 0, 400] {
            merger.ids = vec![0; len];
            merger.run(&pairs);
            assert_eq!(merger.ids.len(), len.div_ceil(2));
        }
    }
}
