//! Selection and search among vectors: greedy k-center and nearest neighbours by cosine.
//!
//! Vectors lie one after the other in a slice of `f32`. Every distance is summed in a fixed order, and equal distances
//! are decided by the lower position, so that results do not depend on the number of threads.
//!
//! Source of the selection: T. Gonzalez, "Clustering to minimize the maximum intercluster distance" (1985), whose greedy
//! choice covers the rows within twice the smallest possible radius.

use rayon::prelude::*;

const LANES: usize = 16;
/// Vectors per task: enough work to be worth one.
const BLOCK: usize = 256;

/// What `k_center` chose.
#[derive(Debug, PartialEq)]
pub struct Selection {
    /// Positions of the chosen vectors, in the order of choice.
    pub chosen: Vec<usize>,
    /// For each vector the distance to the nearest chosen one.
    pub distances: Vec<f32>,
}

/// Chooses vectors one by one, each the one that is farthest from all chosen before.
///
/// # Panics
/// If `size` is zero while there are values, if it does not divide their number, or if `start` is no vector.
#[must_use]
pub fn k_center(values: &[f32], size: usize, count: usize, start: usize) -> Selection {
    let rows = number(values, size);
    let count = count.min(rows);
    let mut chosen = Vec::with_capacity(count);
    let mut squares = vec![f32::INFINITY; rows];
    if count == 0 {
        return Selection {
            chosen,
            distances: squares,
        };
    }
    assert!(start < rows, "the first center is a vector");
    let mut taken = vec![false; rows];
    let mut center = start;
    loop {
        chosen.push(center);
        taken[center] = true;
        let middle = &values[center * size..(center + 1) * size];
        let farthest = squares
            .par_chunks_mut(BLOCK)
            .enumerate()
            .map(|(block, squares)| {
                let first = block * BLOCK;
                let mut farthest: Option<(f32, usize)> = None;
                for (offset, nearest) in squares.iter_mut().enumerate() {
                    let row = first + offset;
                    let square = squared_distance(middle, &values[row * size..(row + 1) * size]);
                    if square < *nearest {
                        *nearest = square;
                    }
                    if !taken[row] && farthest.is_none_or(|(best, _)| *nearest > best) {
                        farthest = Some((*nearest, row));
                    }
                }
                farthest
            })
            .reduce(|| None, farther);
        match farthest {
            Some((_, row)) if chosen.len() < count => center = row,
            _ => break,
        }
    }
    let distances = squares.into_iter().map(f32::sqrt).collect();
    Selection { chosen, distances }
}

/// For each query the `count` vectors with the greatest cosine: (cosine, position), best first.
///
/// A vector or query of length zero has the cosine 0 to everything.
///
/// # Panics
/// If `size` is zero while there are values, or does not divide their number.
#[must_use]
pub fn nearest(
    queries: &[f32],
    values: &[f32],
    size: usize,
    count: usize,
) -> Vec<Vec<(f32, usize)>> {
    let rows = number(values, size);
    let lengths: Vec<f32> = (0..rows)
        .into_par_iter()
        .map(|row| length(&values[row * size..(row + 1) * size]))
        .collect();
    (0..number(queries, size))
        .into_par_iter()
        .map(|query| {
            let query = &queries[query * size..(query + 1) * size];
            let own = length(query);
            let mut found: Vec<(f32, usize)> = (0..rows)
                .map(|row| {
                    let both = own * lengths[row];
                    let cosine = if both > 0.0 {
                        dot(query, &values[row * size..(row + 1) * size]) / both
                    } else {
                        0.0
                    };
                    (cosine, row)
                })
                .collect();
            let order =
                |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            if count < found.len() {
                found.select_nth_unstable_by(count, order);
                found.truncate(count);
            }
            found.sort_unstable_by(order);
            found
        })
        .collect()
}

fn number(values: &[f32], size: usize) -> usize {
    if values.is_empty() {
        return 0;
    }
    assert!(
        size > 0 && values.len().is_multiple_of(size),
        "vectors have one size"
    );
    values.len() / size
}

/// The farther one; of two equally far ones the first, which is the one at the lower position.
fn farther(a: Option<(f32, usize)>, b: Option<(f32, usize)>) -> Option<(f32, usize)> {
    match (a, b) {
        (Some(x), Some(y)) => Some(if y.0 > x.0 { y } else { x }),
        (x, y) => x.or(y),
    }
}

fn length(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    summed(a, b, |x, y| x * y)
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    summed(a, b, |x, y| (x - y) * (x - y))
}

/// Sums a term over two vectors, in lanes that the processor adds at once.
fn summed(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (wide_a, rest_a) = a.as_chunks::<LANES>();
    let (wide_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in wide_a.iter().zip(wide_b) {
        for lane in 0..LANES {
            lanes[lane] += term(x[lane], y[lane]);
        }
    }
    for (lane, (x, y)) in rest_a.iter().zip(rest_b).enumerate() {
        lanes[lane] += term(*x, *y);
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values, their size, how many are wanted, the first, and the choice.
    type Case<'a> = (&'a [f32], usize, usize, usize, Vec<usize>);

    #[test]
    fn edges() {
        let line = [0.0, 1.0, 2.0, 10.0];
        let table: [Case<'_>; 7] = [
            (&line, 1, 1, 1, vec![1]),
            (&line, 1, 2, 0, vec![0, 3]),
            (&line, 1, 3, 0, vec![0, 3, 2]),
            (&line, 1, 9, 0, vec![0, 3, 2, 1]),
            (&line, 2, 2, 1, vec![1, 0]),
            (&[1.0, 1.0, 1.0], 1, 2, 1, vec![1, 0]),
            (&[], 1, 3, 0, vec![]),
        ];
        for (values, size, count, start, chosen) in table {
            assert_eq!(k_center(values, size, count, start).chosen, chosen);
        }
        assert!(k_center(&line, 1, 0, 0).chosen.is_empty());
        assert_eq!(k_center(&line, 1, 2, 0).distances, [0.0, 1.0, 2.0, 0.0]);
        assert_eq!(
            nearest(&[2.0, 0.0], &[0.0, 3.0, 1.0, 0.0, 0.0, 0.0], 2, 2),
            [vec![(1.0, 1), (0.0, 0)]]
        );
        assert_eq!(nearest(&[], &line, 1, 2), Vec::<Vec<(f32, usize)>>::new());
        assert_eq!(nearest(&[1.0], &[], 1, 2), [vec![]]);
    }

    /// The same selection, written as it is defined.
    fn slow_k_center(values: &[f32], size: usize, count: usize, start: usize) -> Vec<usize> {
        let vectors: Vec<&[f32]> = values.chunks(size).collect();
        let mut chosen = vec![start];
        while chosen.len() < count.min(vectors.len()) {
            let mut best: Option<(f32, usize)> = None;
            for (row, vector) in vectors.iter().enumerate() {
                if chosen.contains(&row) {
                    continue;
                }
                let distance = chosen
                    .iter()
                    .map(|center| squared_distance(vectors[*center], vector))
                    .fold(f32::INFINITY, f32::min);
                if best.is_none_or(|(found, _)| distance > found) {
                    best = Some((distance, row));
                }
            }
            chosen.push(best.expect("a row is left").1);
        }
        chosen
    }

    proptest! {
        #[test]
        fn like_the_slow_ones(
            size in 1_usize..20,
            numbers in prop::collection::vec(-4_i8..4, 20..400),
            count in 1_usize..30,
            start in 0_usize..1000,
        ) {
            let values: Vec<f32> = numbers[..numbers.len() / size * size].iter().map(|n| f32::from(*n)).collect();
            let rows = values.len() / size;
            let found = k_center(&values, size, count, start % rows);
            prop_assert_eq!(&found.chosen, &slow_k_center(&values, size, count, start % rows));
            let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
            prop_assert_eq!(&one.install(|| k_center(&values, size, count, start % rows)), &found);

            let query = &values[..size];
            let mut slow: Vec<(f32, usize)> = values.chunks(size).enumerate().map(|(row, vector)| {
                let both = length(query) * length(vector);
                (if both > 0.0 { dot(query, vector) / both } else { 0.0 }, row)
            }).collect();
            slow.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            slow.truncate(count);
            prop_assert_eq!(nearest(query, &values, size, count), vec![slow]);
        }
    }
}
