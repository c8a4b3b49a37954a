//! Byte-pair merging: again and again, the pair of neighbours with the lowest rank becomes one token, the leftmost first.
//!
//! Short sequences look through all ranks for every merge, which is quadratic and fastest. Long ones keep the places of
//! each rank in a list and take the leftmost place of the lowest rank, again and again: every merge makes at most two new
//! pairs, and their places are mostly put in as they come out, so that a run of millions of equal letters costs as much
//! per byte as any other text, and the worst order a logarithm more.

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
    /// Ranks that have places, and for each of them the places of its left halves.
    ranks: BinaryHeap<Reverse<u32>>,
    places: HashMap<u32, Places, BuildNumberHasher>,
    spare: Vec<Places>,
}

/// Places that come out from left to right. Most are put in that way, too, and need no sorting.
#[derive(Default)]
struct Places {
    ascending: Vec<u32>,
    taken: usize,
    others: BinaryHeap<Reverse<u32>>,
}

impl Places {
    fn push(&mut self, place: u32) {
        if self.ascending.last().is_none_or(|&last| last <= place) {
            self.ascending.push(place);
        } else {
            self.others.push(Reverse(place));
        }
    }

    fn pop(&mut self) -> Option<u32> {
        let next = self.ascending.get(self.taken).copied();
        if let Some(&Reverse(other)) = self.others.peek()
            && next.is_none_or(|next| other < next)
        {
            self.others.pop();
            return Some(other);
        }
        self.taken += usize::from(next.is_some());
        next
    }

    fn clear(&mut self) {
        self.ascending.clear();
        self.taken = 0;
    }
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
        while let Some(&Reverse(rank)) = self.ranks.peek() {
            if let Some(place) = self.places.get_mut(&rank).and_then(Places::pop) {
                self.merge(ids, pairs, rank, place);
            } else {
                self.ranks.pop();
                let mut places = self.places.remove(&rank).unwrap_or_default();
                places.clear();
                self.spare.push(places);
            }
        }
        ids.retain(|&id| id != NONE);
    }

    /// Merges the pair at a place, if it still has the rank.
    fn merge(&mut self, ids: &mut [u32], pairs: &Pairs, rank: u32, place: u32) {
        let at = place as usize;
        let right = self.after[at];
        if ids[at] == NONE || right == NONE {
            return;
        }
        let merge = pairs.get(ids[at], ids[right as usize]);
        if merge.rank != rank {
            return; // one of the two was merged with another neighbour
        }
        ids[at] = merge.id;
        ids[right as usize] = NONE;
        let next = self.after[right as usize];
        self.after[at] = next;
        let previous = self.before[at];
        if previous != NONE {
            let pair = pairs.get(ids[previous as usize], merge.id);
            self.push(pair.rank, previous);
        }
        if next != NONE {
            self.before[next as usize] = place;
            let pair = pairs.get(merge.id, ids[next as usize]);
            self.push(pair.rank, place);
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
        let new = || {
            ranks.push(Reverse(rank));
            spare.pop().unwrap_or_default()
        };
        places.entry(rank).or_insert_with(new).push(place);
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

    /// Equal letters whose double token has a lower rank than its halves: every other merge turns back to it.
    #[test]
    fn ranks_that_fall_cost_no_more() {
        let mut pairs = Pairs::with_capacity(4);
        for (token, rank) in [(0, 7), (1, 9), (2, 8), (3, 6)] {
            pairs.insert(
                token,
                token,
                Merge {
                    rank,
                    id: token + 1,
                },
            );
        }
        let ids = vec![0; 1 << 20];
        let mut merger = Merger {
            ids,
            ..Merger::default()
        };
        merger.run(&pairs);
        assert_eq!(merger.ids, vec![4; 1 << 16]);
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
