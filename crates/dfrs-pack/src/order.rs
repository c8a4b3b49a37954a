//! The order of training: all sequences, or a mixture of their sources, shuffled by a seed.

use crate::Error;

/// In which shares sources are mixed.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// A weight for each source; their sum does not matter.
    pub weights: Vec<f64>,
    /// How often the source that runs out first is used, above 0.
    pub epochs: f64,
}

/// The numbers of the sequences in the order of training, from the source of each sequence.
///
/// Without a mixture every sequence comes once, without a seed in the order of packing. A mixture takes sequences of
/// each source in random order, again and again if it must, in the shares of the weights.
pub fn order(
    sources: &[u32],
    seed: Option<u64>,
    mixture: Option<&Mixture>,
) -> Result<Vec<u32>, Error> {
    let mut random = Random(seed.unwrap_or_default());
    let mut numbers = match mixture {
        Some(mixture) => mix(sources, mixture, &mut random)?,
        None => (0..sources.len() as u32).collect(),
    };
    match (seed, mixture) {
        (None, Some(_)) => Err(Error::Parameter("a mixture needs a seed".to_owned())),
        (None, None) => Ok(numbers),
        (Some(_), _) => {
            random.shuffle(&mut numbers);
            Ok(numbers)
        }
    }
}

fn mix(sources: &[u32], mixture: &Mixture, random: &mut Random) -> Result<Vec<u32>, Error> {
    let total: f64 = mixture.weights.iter().sum();
    let is_weight = |weight: &f64| weight.is_finite() && *weight >= 0.0;
    if !mixture.weights.iter().all(is_weight) || !is_weight(&total) || total == 0.0 {
        return Err(Error::Parameter(format!(
            "weights {:?} must be finite and not negative, one of them above 0",
            mixture.weights
        )));
    }
    if !(mixture.epochs > 0.0 && mixture.epochs.is_finite()) {
        return Err(Error::Parameter(format!(
            "epochs={} must be a finite number above 0",
            mixture.epochs
        )));
    }
    let mut groups = vec![Vec::new(); mixture.weights.len()];
    for (number, &source) in (0..).zip(sources) {
        let group = groups.get_mut(source as usize);
        let group = group.ok_or_else(|| Error::Parameter("a source has no weight".to_owned()))?;
        group.push(number);
    }
    let shares = mixture.weights.iter().map(|weight| weight / total);
    let wanted: Vec<(f64, &Vec<u32>)> = shares
        .zip(&groups)
        .filter(|(share, _)| *share > 0.0)
        .collect();
    let possible = wanted
        .iter()
        .map(|(share, group)| mixture.epochs * group.len() as f64 / share)
        .fold(f64::INFINITY, f64::min);
    let mut mixed = Vec::new();
    for (share, group) in wanted {
        #[allow(clippy::cast_sign_loss)] // shares are positive
        let mut left = (share * possible).round() as usize;
        while left > 0 && !group.is_empty() {
            let mut epoch = group.clone();
            random.shuffle(&mut epoch);
            epoch.truncate(left);
            left -= epoch.len();
            mixed.append(&mut epoch);
        }
    }
    Ok(mixed)
}

/// `SplitMix64` (G. Steele et al., 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number below a bound.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    fn shuffle(&mut self, numbers: &mut [u32]) {
        for last in (1..numbers.len()).rev() {
            numbers.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_once() {
        let sources = [0; 100];
        assert!(
            order(&sources, None, None)
                .expect("valid")
                .iter()
                .copied()
                .eq(0..100)
        );
        let mut shuffled = order(&sources, Some(7), None).expect("valid");
        assert_ne!(shuffled, order(&sources, Some(8), None).expect("valid"));
        assert_eq!(shuffled, order(&sources, Some(7), None).expect("valid"));
        assert!(!shuffled.is_sorted());
        shuffled.sort_unstable();
        assert!(shuffled.iter().copied().eq(0..100));
    }

    #[test]
    fn shares_of_the_weights() {
        let sources: Vec<u32> = (0..100).map(|number| u32::from(number >= 80)).collect();
        let count = |weights: [f64; 2], epochs: f64| {
            let mixture = Mixture {
                weights: weights.to_vec(),
                epochs,
            };
            let mixed = order(&sources, Some(1), Some(&mixture)).expect("valid");
            let second = mixed.iter().filter(|&&number| number >= 80).count();
            (mixed.len() - second, second)
        };
        for (weights, epochs, expected) in [
            ([1.0, 1.0], 1.0, (20, 20)),
            ([4.0, 1.0], 1.0, (80, 20)),
            ([1.0, 0.0], 1.0, (80, 0)),
            ([1.0, 1.0], 4.0, (80, 80)),
            ([3.0, 1.0], 0.5, (30, 10)),
        ] {
            assert_eq!(count(weights, epochs), expected, "{weights:?} {epochs}");
        }
    }

    #[test]
    fn what_makes_no_mixture() {
        let mixture = |weights: &[f64], epochs| Mixture {
            weights: weights.to_vec(),
            epochs,
        };
        for (mixture, seed, message) in [
            (
                mixture(&[0.0], 1.0),
                Some(1),
                "weights [0.0] must be finite and not negative, one of them above 0",
            ),
            (
                mixture(&[1.0], 0.0),
                Some(1),
                "epochs=0 must be a finite number above 0",
            ),
            (mixture(&[1.0], 1.0), None, "a mixture needs a seed"),
        ] {
            let error = order(&[0, 0], seed, Some(&mixture)).expect_err(message);
            assert_eq!(error.to_string(), message);
        }
    }
}
