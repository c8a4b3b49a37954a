//! How evenly the symbols of a text are spread: Shannon's entropy, in bits per symbol.

use serde::Deserialize;

use crate::interned;
use crate::lower::lower;
use crate::measure::Measure;
use crate::words::Words;

/// The entropy; none for a text without symbols, 0 for one that repeats a single symbol.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entropy {
    /// What counts as a symbol.
    pub unit: Unit,
}

/// What counts as a symbol.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A byte of UTF-8.
    Byte,
    /// A character.
    Character,
    /// A word between whitespace, in lower case.
    Word,
}

impl Measure for Entropy {
    fn names(&self) -> &'static [&'static str] {
        &["entropy"]
    }

    fn measure(&self, text: &str, values: &mut [Option<f64>]) {
        let counts = match self.unit {
            Unit::Byte => {
                let mut counts = vec![0; 256];
                text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
                counts
            }
            Unit::Character => {
                let chars = text.char_indices();
                let ranges = chars.map(|(at, char)| at..at + char.len_utf8());
                tally(&interned::numbers(text, ranges))
            }
            Unit::Word => {
                let lowered = lower(text);
                tally(&interned::numbers(&lowered, Words::new(&lowered)))
            }
        };
        values[0] = entropy(&counts);
    }
}

/// How often each number occurs.
pub(super) fn tally((numbers, distinct): &(Vec<u32>, usize)) -> Vec<u64> {
    let mut counts = vec![0; *distinct];
    for &number in numbers {
        counts[number as usize] += 1;
    }
    counts
}

fn entropy(counts: &[u64]) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return None;
    }
    let mut bits = 0.0;
    for &count in counts.iter().filter(|&&count| count > 0) {
        let share = count as f64 / total as f64;
        bits -= share * share.log2();
    }
    Some(bits.max(0.0))
}
