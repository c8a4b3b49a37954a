//! Which rows of one bucket are compared. Up to [`ALL_PAIRS`] rows that share a key are all compared with each other; of
//! larger buckets each row is compared with the first ones and with its neighbours in an order that depends on content
//! only. Invariant: the pairs depend on the rows of the bucket and on nothing else.

use crate::Error;

/// Largest bucket whose pairs are all compared.
pub const ALL_PAIRS: usize = 64;
/// In larger buckets, number of first rows and of preceding neighbours that each row is compared with.
const FIRST: usize = 24;
const NEIGHBOURS: usize = 8;

/// Calls `each` with the pairs `(smaller row, larger row)` of a bucket of ascending rows; `check` gives a number that
/// depends on a row's content only.
pub fn pairs(
    rows: &[u32],
    check: impl Fn(u32) -> Result<u64, Error>,
    mut each: impl FnMut(u32, u32) -> Result<(), Error>,
) -> Result<(), Error> {
    if rows.len() <= ALL_PAIRS {
        for (i, &later) in rows.iter().enumerate() {
            for &earlier in &rows[..i] {
                each(earlier, later)?;
            }
        }
        return Ok(());
    }
    let mut ordered = Vec::with_capacity(rows.len());
    for &row in rows {
        ordered.push((check(row)?, row));
    }
    ordered.sort_unstable();
    for (i, &(_, row)) in ordered.iter().enumerate() {
        let near = i.saturating_sub(NEIGHBOURS).max(FIRST.min(i));
        for &(_, other) in ordered[..FIRST.min(i)].iter().chain(&ordered[near..i]) {
            each(row.min(other), row.max(other))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn collect(rows: &[u32], check: impl Fn(u32) -> u64) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        pairs(
            rows,
            |row| Ok(check(row)),
            |a, b| {
                found.push((a, b));
                Ok(())
            },
        )
        .expect("no files");
        found
    }

    #[test]
    fn all_pairs_of_small_buckets() {
        assert_eq!(collect(&[2, 5, 9], |_| 0), [(2, 5), (2, 9), (5, 9)]);
        let rows: Vec<u32> = (0..ALL_PAIRS as u32).collect();
        assert_eq!(collect(&rows, |_| 0).len(), ALL_PAIRS * (ALL_PAIRS - 1) / 2);
    }

    #[test]
    fn large_buckets_are_connected_and_independent_of_row_numbers() {
        let rows: Vec<u32> = (0..500).collect();
        let content = |row: u32| u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let found = collect(&rows, content);
        assert!(found.len() <= rows.len() * (FIRST + NEIGHBOURS));
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
        let first = rows
            .iter()
            .copied()
            .min_by_key(|&row| content(row))
            .expect("some");
        let touched = found
            .iter()
            .filter(|(a, b)| *a == first || *b == first)
            .count();
        assert_eq!(touched, rows.len() - 1);
        let turned = collect(&rows, |row| content(499 - row));
        let mirrored: BTreeSet<(u32, u32)> =
            turned.iter().map(|&(a, b)| (499 - b, 499 - a)).collect();
        assert_eq!(mirrored, found.into_iter().collect());
    }
}
