//! Rows by position: which stay and which go, and columns at chosen positions. All positions are 64-bit.

use arrow_array::builder::{Int64Builder, UInt64Builder};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, UInt64Array};
use arrow_select::take::TakeOptions;

use crate::error::Error;

/// Positions of the rows that a mask keeps, and of those that it drops; null counts as dropped.
pub fn split(keep: &BooleanArray) -> (Int64Array, UInt64Array) {
    let kept_count = keep.true_count();
    let mut kept = Int64Builder::with_capacity(kept_count);
    let mut dropped = UInt64Builder::with_capacity(keep.len() - kept_count);
    for (row, kept_row) in (0..keep.len()).zip(0_i64..) {
        if keep.is_valid(row) && keep.value(row) {
            kept.append_value(kept_row);
        } else {
            dropped.append_value(row as u64);
        }
    }
    (kept.finish(), dropped.finish())
}

/// The values of a column at some positions.
pub fn take(values: &dyn Array, positions: &dyn Array) -> Result<ArrayRef, Error> {
    let options = TakeOptions { check_bounds: true };
    arrow_select::take::take(values, positions, Some(options)).map_err(Error::Take)
}

/// The positions from `start` up to `end`, counted from `start`, and how many lie before; positions ascend.
pub fn window(positions: &Int64Array, start: i64, end: i64) -> (usize, Int64Array) {
    let values = positions.values();
    let first = values.partition_point(|&position| position < start);
    let last = values.partition_point(|&position| position < end);
    let inside = values[first..last].iter().map(|&position| position - start);
    (first, Int64Array::from_iter_values(inside))
}

#[cfg(test)]
mod tests {
    use arrow_array::StringViewArray;
    use arrow_array::cast::AsArray;

    use super::*;

    #[test]
    fn null_counts_as_dropped() {
        let keep = BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]);
        let (kept, dropped) = split(&keep);
        assert_eq!(kept.values(), &[0, 3]);
        assert_eq!(dropped.values(), &[1, 2]);
    }

    #[test]
    fn a_sliced_mask_counts_from_its_own_start() {
        let keep = BooleanArray::from(vec![false, true, true, false]).slice(1, 3);
        let (kept, dropped) = split(&keep);
        assert_eq!(
            (kept.values().as_ref(), dropped.values().as_ref()),
            (&[0, 1][..], &[2][..])
        );
    }

    #[test]
    fn views_and_nulls_are_taken() {
        let values = StringViewArray::from(vec![
            Some("a text of more than twelve bytes"),
            None,
            Some("b"),
        ]);
        let taken =
            take(&values, &Int64Array::from(vec![2, 0, 1, 2])).expect("positions are inside");
        let expected = [
            Some("b"),
            Some("a text of more than twelve bytes"),
            None,
            Some("b"),
        ];
        assert!(taken.as_string_view().iter().eq(expected));
    }

    #[test]
    fn a_position_outside_is_an_error() {
        let error = take(&BooleanArray::from(vec![true]), &Int64Array::from(vec![1]))
            .expect_err("there is one row");
        assert!(error.to_string().contains('1'), "{error}");
    }

    #[test]
    fn windows_cover_every_position_once() {
        let positions = Int64Array::from(vec![0, 3, 4, 9]);
        let cut = |start, end| {
            let (before, inside) = window(&positions, start, end);
            (before, inside.values().to_vec())
        };
        assert_eq!(cut(0, 3), (0, vec![0]));
        assert_eq!(cut(3, 5), (1, vec![0, 1]));
        assert_eq!(cut(5, 9), (3, vec![]));
        assert_eq!(cut(9, 20), (3, vec![0]));
    }
}
