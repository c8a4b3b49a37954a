//! How a signature is cut into bands, and what a cut finds.
//!
//! With `b` bands of `r` positions, two texts of similarity `s` share a band with probability `1 - (1 - s^r)^b`, an
//! S-shaped curve. For a threshold, the cut is chosen that minimises the mean of the two areas between this curve and
//! the step at the threshold: false positives below it, false negatives above it. Invariant: the choice equals that of
//! `datasketch.MinHashLSH` 1.6.5, which integrates numerically; here the integrands are polynomials and Gauss-Legendre
//! quadrature is exact up to rounding.

use crate::Error;
use std::f64::consts::PI;

/// More nodes than this change no choice and cost time.
const MAX_NODES: usize = 129;
/// Largest signature for which a cut is searched.
pub const MAX_PERMUTATIONS: usize = 4096;

/// Number of bands and of positions in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bands {
    /// Number of bands, `b`.
    pub bands: usize,
    /// Signature positions per band, `r`.
    pub rows: usize,
}

impl Bands {
    /// Chooses the cut of a signature of `num_perm` values for a similarity `threshold`.
    ///
    /// `bands * rows` may be less than `num_perm`; the rest of the signature then decides nothing.
    pub fn for_threshold(threshold: f64, num_perm: usize) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&threshold) {
            return Err(Error::Threshold(threshold));
        }
        if !(2..=MAX_PERMUTATIONS).contains(&num_perm) {
            return Err(Error::NumPerm(num_perm));
        }
        let rule = gauss_legendre((num_perm / 2 + 1).min(MAX_NODES));
        let mut best = (
            f64::INFINITY,
            Self {
                bands: 1,
                rows: num_perm,
            },
        );
        for bands in 1..=num_perm {
            for rows in 1..=num_perm / bands {
                let cut = Self { bands, rows };
                let false_positives =
                    integrate(&rule, 0.0, threshold, |s| cut.collision_probability(s));
                let false_negatives = integrate(&rule, threshold, 1.0, |s| {
                    1.0 - cut.collision_probability(s)
                });
                let error = 0.5 * false_positives + 0.5 * false_negatives;
                if error < best.0 {
                    best = (error, cut);
                }
            }
        }
        Ok(best.1)
    }

    /// Chooses the cut with the fewest candidates among those that find texts at the `threshold` with at least the
    /// probability `recall`: as many rows as possible, then as few bands as possible.
    ///
    /// Meant for candidates that are verified, where a false positive costs time and nothing else.
    pub fn for_recall(threshold: f64, num_perm: usize, recall: f64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&threshold) {
            return Err(Error::Threshold(threshold));
        }
        if !(2..=MAX_PERMUTATIONS).contains(&num_perm) {
            return Err(Error::NumPerm(num_perm));
        }
        if !(0.0..1.0).contains(&recall) {
            return Err(Error::Parameter(format!(
                "recall is {recall}: the share of duplicates that bands find is from 0.0 to less than 1.0; 0.95 is usual"
            )));
        }
        let finds = |cut: &Self| cut.collision_probability(threshold) >= recall;
        let mut cuts = (1..=num_perm).rev().map(|rows| Self {
            bands: num_perm / rows,
            rows,
        });
        let widest = cuts.find(finds).unwrap_or(Self {
            bands: num_perm,
            rows: 1,
        });
        let mut fewer = (1..=widest.bands).map(|bands| Self { bands, ..widest });
        Ok(fewer.find(finds).unwrap_or(widest))
    }

    /// The probability that two texts of the given Jaccard similarity share a band.
    #[allow(clippy::cast_possible_wrap)] // both are at most MAX_PERMUTATIONS
    pub fn collision_probability(self, similarity: f64) -> f64 {
        1.0 - (1.0 - similarity.powi(self.rows as i32)).powi(self.bands as i32)
    }
}

/// Nodes and weights of the `n`-point rule on [-1, 1], by Newton's method on the Legendre polynomial.
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (1..=n)
        .map(|i| {
            let mut x = (PI * (i as f64 - 0.25) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..8 {
                let (value, derivative) = legendre(n, x);
                slope = derivative;
                x -= value / derivative;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

/// The Legendre polynomial of degree `n` and its derivative, by the three-term recurrence.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut last) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        (before, last) = (last, ((2.0 * k - 1.0) * x * last - (k - 1.0) * before) / k);
    }
    (last, n as f64 * (x * last - before) / (x * x - 1.0))
}

fn integrate(rule: &[(f64, f64)], from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (middle, half) = (f64::midpoint(from, to), (to - from) / 2.0);
    half * rule
        .iter()
        .map(|(x, weight)| weight * f(middle + half * x))
        .sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_polynomials() {
        let rule = gauss_legendre(65);
        for degree in [0, 1, 2, 17, 64, 127] {
            let area = integrate(&rule, 0.0, 0.9, |x| x.powi(degree));
            let exact = 0.9_f64.powi(degree + 1) / f64::from(degree + 1);
            assert!(
                (area - exact).abs() < 1e-14,
                "degree {degree}: {area} instead of {exact}"
            );
        }
    }

    #[test]
    fn published_cuts_of_128_permutations() {
        for (threshold, bands, rows) in [
            (0.95, 3, 42),
            (0.9, 5, 25),
            (0.8, 9, 13),
            (0.7, 14, 9),
            (0.5, 25, 5),
        ] {
            assert_eq!(
                Bands::for_threshold(threshold, 128),
                Ok(Bands { bands, rows }),
                "threshold {threshold}"
            );
        }
    }

    #[test]
    fn cuts_for_a_recall() {
        for (threshold, num_perm, recall, bands, rows) in [
            (0.9, 128, 0.95, 10, 12),
            (0.8, 128, 0.95, 13, 7),
            (0.8, 112, 0.9, 13, 8),
            (0.7, 128, 0.95, 17, 5),
            (1.0, 128, 0.95, 1, 128),
            (0.0, 16, 0.95, 16, 1),
        ] {
            let cut = Bands::for_recall(threshold, num_perm, recall).expect("valid");
            assert_eq!(
                cut,
                Bands { bands, rows },
                "{threshold} {num_perm} {recall}"
            );
            assert!(threshold == 0.0 || cut.collision_probability(threshold) >= recall);
        }
        assert_eq!(
            Bands::for_recall(0.8, 128, 1.0)
                .expect_err("too much")
                .to_string(),
            "recall is 1: the share of duplicates that bands find is from 0.0 to less than 1.0; 0.95 is usual"
        );
    }

    #[test]
    fn the_curve_rises_from_zero_to_one() {
        let cut = Bands { bands: 5, rows: 25 };
        assert!(cut.collision_probability(0.0).abs() < 1e-15);
        assert!((cut.collision_probability(1.0) - 1.0).abs() < 1e-15);
        assert!(
            (cut.collision_probability(0.9) - (1.0 - (1.0 - 0.9_f64.powi(25)).powi(5))).abs()
                < 1e-15
        );
    }

    #[test]
    fn impossible_parameters_are_named() {
        assert_eq!(Bands::for_threshold(1.5, 128), Err(Error::Threshold(1.5)));
        assert!(matches!(
            Bands::for_threshold(f64::NAN, 128),
            Err(Error::Threshold(_))
        ));
        assert_eq!(Bands::for_threshold(0.5, 1), Err(Error::NumPerm(1)));
        assert_eq!(Bands::for_threshold(0.5, 5000), Err(Error::NumPerm(5000)));
    }
}
