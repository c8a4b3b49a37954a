//! Near embeddings: tables, against a slow search, and what cells may miss.

use dfrs_dedup::Priority;
use dfrs_dedup::mix::finish;
use dfrs_dedup::semantic::{Options, Semantic};
use proptest::prelude::*;

fn duplicates(
    vectors: &[Option<Vec<f32>>],
    priorities: &[i64],
    options: Options,
) -> Vec<(u64, u64)> {
    let mut semantic = Semantic::new(options).expect("valid");
    for (row, vector) in vectors.iter().enumerate() {
        let priority = priorities
            .get(row)
            .map_or(Priority::NONE, |&number| Priority::of_integer(number));
        semantic
            .push(vector.as_deref(), priority)
            .expect("one width");
    }
    semantic
        .duplicates()
        .iter()
        .map(|found| (found.row, found.keeper))
        .collect()
}

#[allow(clippy::unnecessary_wraps)] // a row of a column
fn at(degrees: f32) -> Option<Vec<f32>> {
    let angle = degrees.to_radians();
    Some(vec![angle.cos(), angle.sin()])
}

#[test]
fn what_is_near_what_stays_goes() {
    let near = Options {
        threshold: (11.0_f64).to_radians().cos(),
        ..Options::default()
    };
    let chain = [
        at(0.0),
        at(10.0),
        at(20.0),
        None,
        Some(vec![0.0, 0.0]),
        Some(vec![0.0, 0.0]),
        at(0.0),
    ];
    assert_eq!(duplicates(&chain, &[], near), [(1, 0), (6, 0)]);
    assert_eq!(
        duplicates(
            &chain,
            &[],
            Options {
                chains: true,
                ..near
            }
        ),
        [(1, 0), (2, 1), (6, 0)]
    );
    assert_eq!(
        duplicates(&chain, &[0, 5, 0, 0, 0, 0, 0], near),
        [(0, 1), (2, 1), (6, 1)]
    );
    assert_eq!(
        duplicates(&[Some(vec![1.0, 0.0]), Some(vec![9.0, 0.0])], &[], near),
        [(1, 0)]
    );
}

#[test]
fn mistakes() {
    let mut semantic = Semantic::new(Options::default()).expect("valid");
    semantic
        .push(Some(&[1.0, 2.0]), Priority::NONE)
        .expect("the first");
    let width = semantic
        .push(Some(&[1.0]), Priority::NONE)
        .expect_err("another width");
    assert_eq!(
        width.to_string(),
        "row 1: its embedding has 1 numbers, those before have 2"
    );
    let infinite = semantic
        .push(Some(&[f32::NAN, 0.0]), Priority::NONE)
        .expect_err("no number");
    assert_eq!(
        infinite.to_string(),
        "row 2: its embedding holds a number that is not finite"
    );
    assert!(
        Semantic::new(Options {
            threshold: 1.5,
            ..Options::default()
        })
        .is_err()
    );
    assert!(
        Semantic::new(Options {
            probes: 0,
            ..Options::default()
        })
        .is_err()
    );
    assert!(
        Semantic::new(Options {
            cells: Some(0),
            ..Options::default()
        })
        .is_err()
    );
}

/// Groups of three near-equal vectors, far from each other.
fn planted(groups: usize, width: usize) -> Vec<Option<Vec<f32>>> {
    let noise = |row: usize, i: usize, scale: f32| {
        ((finish(finish((row * width + i) as u64)) >> 40) as f32 / 8_388_608.0 - 1.0) * scale
    };
    let vector = |row: usize| {
        (0..width)
            .map(|i| noise(row % groups, i, 1.0) + noise(row + 7 * groups, i, 0.05))
            .collect()
    };
    (0..3 * groups).map(|row| Some(vector(row))).collect()
}

#[test]
fn cells_find_what_comparing_all_finds() {
    let vectors = planted(700, 48);
    let all = duplicates(
        &vectors,
        &[],
        Options {
            cells: Some(1),
            ..Options::default()
        },
    );
    assert_eq!(all.len(), 1400);
    let cells = Options {
        cells: Some(45),
        ..Options::default()
    };
    let found = duplicates(&vectors, &[], cells);
    assert!(found.len() >= 1385, "{} of 1400", found.len());
    assert!(found.iter().all(|pair| pair.0 % 700 == pair.1 % 700));
    let more = duplicates(
        &vectors,
        &[],
        Options {
            probes: 45,
            ..cells
        },
    );
    assert_eq!(more, all);
}

#[test]
fn threads_do_not_count() {
    let vectors = planted(300, 20);
    let options = Options {
        cells: Some(12),
        ..Options::default()
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| duplicates(&vectors, &[], options))
    };
    assert_eq!(on(1), on(3));
}

fn slowly(vectors: &[Vec<f64>], priorities: &[i64], threshold: f64) -> Vec<usize> {
    let cosine = |a: &[f64], b: &[f64]| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let mut order: Vec<usize> = (0..vectors.len())
        .filter(|&row| vectors[row].iter().any(|&x| x != 0.0))
        .collect();
    order.sort_by_key(|&row| std::cmp::Reverse(priorities[row]));
    let (mut stays, mut gone): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for row in order {
        let near = stays
            .iter()
            .any(|&other| cosine(&vectors[row], &vectors[other]) >= threshold);
        if near {
            gone.push(row);
        } else {
            stays.push(row);
        }
    }
    gone.sort_unstable();
    gone
}

proptest! {
    #[test]
    fn equals_the_slow_search(
        rows in proptest::collection::vec((proptest::collection::vec(-3_i8..4, 5), 0_i64..3), 0..40),
    ) {
        // A threshold that no cosine of such vectors comes near.
        let threshold = 0.876_543_21;
        let vectors: Vec<Vec<f64>> = rows.iter().map(|(vector, _)| vector.iter().map(|&x| f64::from(x)).collect()).collect();
        let priorities: Vec<i64> = rows.iter().map(|(_, priority)| *priority).collect();
        let floats: Vec<_> = rows.iter().map(|(vector, _)| Some(vector.iter().map(|&x| f32::from(x)).collect())).collect();
        let found = duplicates(&floats, &priorities, Options { threshold, ..Options::default() });
        let found: Vec<usize> = found.iter().map(|pair| pair.0 as usize).collect();
        prop_assert_eq!(found, slowly(&vectors, &priorities, threshold));
    }
}
