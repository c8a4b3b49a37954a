//! Selection and search among vectors.

use dfrs_dedup::vectors::{k_center, nearest};

/// Numbers as bits, so that infinities and NaN occur, the size of a vector, how many are wanted, and the first.
pub type Numbers = (Vec<u32>, u8, u8, u16);

/// Any numbers: as many vectors as there are and as are asked for, none twice.
pub fn vectors((bits, size, count, start): Numbers) {
    let size = usize::from(size % 40) + 1;
    let count = usize::from(count);
    let values: Vec<f32> = bits[..bits.len() / size * size]
        .iter()
        .map(|bits| f32::from_bits(*bits))
        .collect();
    let rows = values.len() / size;
    if rows == 0 {
        return;
    }
    let selection = k_center(&values, size, count, usize::from(start) % rows);
    assert_eq!(selection.distances.len(), rows);
    distinct(&selection.chosen, count.min(rows));
    for found in nearest(&values[..size], &values, size, count) {
        let positions: Vec<usize> = found.into_iter().map(|(_, row)| row).collect();
        distinct(&positions, count.min(rows));
    }
}

fn distinct(positions: &[usize], count: usize) {
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!((sorted.len(), positions.len()), (count, count));
}
