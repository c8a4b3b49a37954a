//! Disjoint sets of rows. The root of a set is its smallest row, so that what comes out depends on which rows were
//! joined and never on the order of joining: threads, chunks and memory limits cannot be seen in it.

use crate::Error;

/// Sets of the rows `0..len`, each alone at first; 4 bytes per row.
///
/// ```
/// use dfrs_dedup::UnionFind;
/// let mut sets = UnionFind::new(4)?;
/// sets.join(3, 1);
/// assert_eq!((0..4).map(|row| sets.root(row)).collect::<Vec<_>>(), [0, 1, 2, 1]);
/// # Ok::<(), dfrs_dedup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionFind {
    parents: Vec<u32>,
}

impl UnionFind {
    /// Puts every row into a set of its own.
    pub fn new(len: usize) -> Result<Self, Error> {
        let end = u32::try_from(len).map_err(|_| Error::Full(len))?;
        Ok(Self {
            parents: (0..end).collect(),
        })
    }

    /// Number of rows.
    pub const fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there are no rows.
    pub const fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// Whether the row is the smallest of its set.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn is_root(&self, row: u32) -> bool {
        self.parents[row as usize] == row
    }

    /// The smallest row of the row's set.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn root(&mut self, mut row: u32) -> u32 {
        loop {
            let parent = self.parents[row as usize];
            if parent == row {
                return row;
            }
            let above = self.parents[parent as usize];
            self.parents[row as usize] = above;
            row = above;
        }
    }

    /// Joins the sets of two rows; false when they were one already.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn join(&mut self, one: u32, other: u32) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        let (small, large) = (one.min(other), one.max(other));
        self.parents[large as usize] = small;
        small != large
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Smallest reachable row, by walking all edges until nothing changes.
    fn slow_roots(len: usize, edges: &[(u32, u32)]) -> Vec<u32> {
        let mut roots: Vec<u32> = (0..len as u32).collect();
        loop {
            let before = roots.clone();
            for &(a, b) in edges {
                let least = roots[a as usize].min(roots[b as usize]);
                roots[a as usize] = least;
                roots[b as usize] = least;
            }
            if roots == before {
                return roots;
            }
        }
    }

    proptest! {
        #[test]
        fn roots_are_smallest_rows_in_any_order(
            edges in proptest::collection::vec((0_u32..24, 0_u32..24), 0..40), turn in 0_usize..40,
        ) {
            let expected = slow_roots(24, &edges);
            let mut turned = edges.clone();
            turned.rotate_left(turn % edges.len().max(1));
            for order in [edges, turned] {
                let mut sets = UnionFind::new(24).expect("small");
                for &(a, b) in &order {
                    let apart = sets.root(a) != sets.root(b);
                    prop_assert_eq!(sets.join(a, b), apart);
                }
                prop_assert_eq!((0..24).map(|row| sets.root(row)).collect::<Vec<_>>(), expected.clone());
            }
        }
    }

    #[test]
    fn long_chains_stay_flat() {
        let mut sets = UnionFind::new(100_000).expect("small");
        for row in (1..100_000).rev() {
            assert!(sets.join(row, row - 1));
        }
        assert_eq!(sets.root(99_999), 0);
        assert!(!sets.join(5, 99_999));
    }
}
