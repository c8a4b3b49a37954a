//! Mean length of whitespace-separated words in characters, from a minimum (inclusive) to a maximum (exclusive).

use serde::Deserialize;

use super::{chars, share};
use crate::document::Document;
use crate::judgement::{Judgement, Profile};
use crate::rule::Judge;

const RULE: &str = "mean_word_length";

/// Bounds on the mean; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanWordLength {
    /// Smallest mean that stays.
    pub min_length: Option<f64>,
    /// Smallest mean that is too large.
    pub max_length: Option<f64>,
    /// With a profile, the mean is rounded to two decimals before it is compared.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Judge for MeanWordLength {
    fn judge(&self, text: &str) -> Judgement {
        self.judge_document(&Document::new(text))
    }

    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        let (words, spaces) = document.words_and_spaces();
        let length = chars(document.text()) - spaces;
        if words == 0 {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let mut mean = share(length, words);
        if self.profile.is_some() {
            mean = round_to_cents(mean);
        }
        match (self.min_length, self.max_length) {
            (Some(min), _) if mean < min => Judgement::dropped(RULE, mean, min),
            (_, Some(max)) if mean >= max => Judgement::dropped(RULE, mean, max),
            _ => Judgement::kept(RULE, mean),
        }
    }
}

/// `round(x, 2)` of Python: the exact value of the double decides, and halves go to the even neighbour.
fn round_to_cents(x: f64) -> f64 {
    const FRACTION_BITS: u64 = 52;
    let exponent = (x.to_bits() >> FRACTION_BITS).cast_signed() - 1023;
    if !(0..40).contains(&exponent) {
        return x; // a mean is at least 1, and beyond 2^40 no double has cents worth rounding
    }
    let digits = (x.to_bits() & ((1 << FRACTION_BITS) - 1)) | (1 << FRACTION_BITS);
    let shift = FRACTION_BITS - exponent.unsigned_abs();
    let cents = u128::from(digits) * 100;
    let (floor, rest) = (cents >> shift, cents & ((1 << shift) - 1));
    let half = 1_u128 << (shift - 1);
    let up = rest > half || (rest == half && floor & 1 == 1);
    (floor + u128::from(up)) as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::round_to_cents;

    #[test]
    fn rounds_as_python_does() {
        // From CPython: round(x, 2).
        let cases = [
            (1.0, 1.0),
            (2.675, 2.67),
            (1.005, 1.0),
            (1.125, 1.12),
            (1.375, 1.38),
            (2.995, 3.0),
            (2.994_999_999_999_999_6, 2.99),
            (9.995, 9.99),
            (1_234_567.125, 1_234_567.12),
        ];
        for (x, rounded) in cases {
            assert_eq!(round_to_cents(x).to_bits(), f64::to_bits(rounded), "{x}");
        }
    }
}
