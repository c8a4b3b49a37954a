//! Share of distinct words among all words, in lower case.

use serde::Deserialize;

use crate::interned;
use crate::lower::lower;
use crate::measure::Measure;
use crate::words::Words;

/// The ratio; none for a text without words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeTokenRatio {}

impl Measure for TypeTokenRatio {
    fn names(&self) -> &'static [&'static str] {
        &["ratio"]
    }

    fn measure(&self, text: &str, values: &mut [Option<f64>]) {
        let lowered = lower(text);
        let (words, distinct) = interned::numbers(&lowered, Words::new(&lowered));
        values[0] = (!words.is_empty()).then(|| distinct as f64 / words.len() as f64);
    }
}
