//! Clusters of duplicates, and which row of each stays: the one of highest priority, of equal ones the smallest row.
//!
//! A cluster is named by its smallest row. Invariant: the choice depends on the sets and the priorities only.

use crate::union_find::UnionFind;
use std::cmp::Reverse;

/// How much a row is worth keeping, comparable across rows of one column; a larger number is a better row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u64);

impl Priority {
    /// Below all numbers: the priority of null and NaN.
    pub const NONE: Self = Self(0);

    /// The priority as a number: a larger one is a better row.
    pub const fn rank(self) -> u64 {
        self.0
    }

    /// The priority of an integer.
    pub const fn of_integer(value: i64) -> Self {
        // Flipping the sign makes signed order unsigned; the smallest integer shares a place with the next one.
        let shifted = value.cast_unsigned() ^ (1 << 63);
        Self(if shifted == 0 { 1 } else { shifted })
    }

    /// The priority of a number; NaN is like null, and the zeros are equal.
    pub fn of_number(value: f64) -> Self {
        if value.is_nan() {
            return Self::NONE;
        }
        let bits = (value + 0.0).to_bits();
        Self(if bits >> 63 == 1 {
            !bits
        } else {
            bits | (1 << 63)
        })
    }
}

/// A row of a cluster of at least two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The row.
    pub row: u32,
    /// The cluster, named by its smallest row.
    pub cluster: u32,
    /// The row of the cluster that stays.
    pub keeper: u32,
    /// Number of rows in the cluster, at least 2.
    pub size: u32,
}

/// The rows of all clusters of at least two, in row order.
///
/// `priorities` is empty, or has one entry per row.
///
/// # Panics
/// When there are priorities, but not one per row.
///
/// ```
/// use dfrs_dedup::{Member, Priority, UnionFind, members};
/// let mut sets = UnionFind::new(4)?;
/// sets.join(3, 1);
/// let priorities = [0, 5, 0, 7].map(Priority::of_integer);
/// let expected = [1, 3].map(|row| Member { row, cluster: 1, keeper: 3, size: 2 });
/// assert_eq!(members(sets, &priorities), expected);
/// # Ok::<(), dfrs_dedup::Error>(())
/// ```
pub fn members(mut sets: UnionFind, priorities: &[Priority]) -> Vec<Member> {
    assert!(
        priorities.is_empty() || priorities.len() == sets.len(),
        "one priority per row"
    );
    let rows = 0..sets.len() as u32; // a union-find has at most 2^32 - 1 rows
    let mut sizes = vec![0_u32; sets.len()];
    for row in rows.clone() {
        sizes[sets.root(row) as usize] += 1;
    }
    let mut keepers: Vec<u32> = rows.clone().collect();
    for row in rows.clone() {
        let keeper = &mut keepers[sets.root(row) as usize];
        let rank = |row: u32| {
            let priority = priorities.get(row as usize).copied();
            (priority.unwrap_or_default(), Reverse(row))
        };
        if rank(row) > rank(*keeper) {
            *keeper = row;
        }
    }
    rows.filter_map(|row| {
        let cluster = sets.root(row);
        let size = sizes[cluster as usize];
        (size > 1).then(|| Member {
            row,
            cluster,
            keeper: keepers[cluster as usize],
            size,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_ordered_like_their_numbers() {
        let numbers = [f64::NEG_INFINITY, -2.5, -0.0, 1e-300, 3.0, f64::INFINITY];
        let ordered = numbers.map(Priority::of_number);
        assert!(ordered.is_sorted() && ordered[0] > Priority::NONE);
        assert_eq!(Priority::of_number(0.0), Priority::of_number(-0.0));
        assert_eq!(Priority::of_number(f64::NAN), Priority::NONE);
        let integers = [i64::MIN, -3, 0, 9_007_199_254_740_993, i64::MAX].map(Priority::of_integer);
        assert!(integers.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(integers[0] > Priority::NONE);
    }

    #[test]
    fn the_best_row_stays_and_the_first_of_equals() {
        let mut sets = UnionFind::new(6).expect("small");
        for (a, b) in [(0, 2), (2, 5), (3, 4)] {
            sets.join(a, b);
        }
        let keepers = |priorities: &[Priority]| {
            members(sets.clone(), priorities)
                .iter()
                .map(|one| (one.row, one.cluster, one.keeper, one.size))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            keepers(&[]),
            [
                (0, 0, 0, 3),
                (2, 0, 0, 3),
                (3, 3, 3, 2),
                (4, 3, 3, 2),
                (5, 0, 0, 3)
            ]
        );
        let priorities = [1.0, 9.0, 2.0, f64::NAN, -1.0, 2.0].map(Priority::of_number);
        assert_eq!(
            keepers(&priorities),
            [
                (0, 0, 2, 3),
                (2, 0, 2, 3),
                (3, 3, 4, 2),
                (4, 3, 4, 2),
                (5, 0, 2, 3)
            ]
        );
    }

    #[test]
    fn rows_that_are_alone_are_no_cluster() {
        assert_eq!(members(UnionFind::new(3).expect("small"), &[]), []);
        assert_eq!(members(UnionFind::new(0).expect("small"), &[]), []);
    }
}
