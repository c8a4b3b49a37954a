//! How rich a text's vocabulary is, whatever its length: MTLD and HD-D.
//!
//! MTLD (measure of textual lexical diversity) is the mean length of word sequences that keep the share of distinct
//! words above 0.72, read from both ends. HD-D (hypergeometric distribution diversity) is the mean probability that a
//! word occurs in 42 words drawn without replacement, summed over the distinct words. Source: P. `McCarthy` and S. Jarvis,
//! "MTLD, vocd-D, and HD-D" (2010).

use serde::Deserialize;

use super::entropy::tally;
use crate::interned;
use crate::judgement::Profile;
use crate::lower::lower_into;
use crate::measure::Measure;
use crate::words::Words;

/// Share of distinct words at which a sequence ends.
const ENDS_AT: f64 = 0.72;
/// Words drawn.
const DRAWN: usize = 42;
/// Texts of more words are measured.
const MIN_WORDS: usize = 50;
/// Texts of fewer words have an HD-D in open-dataflow, where larger numbers overflow.
const MAX_WORDS_OF_PROFILE: usize = 1000;

/// Both numbers; none for texts of at most 50 words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LexicalDiversity {
    /// The tool whose numbers are reproduced.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Measure for LexicalDiversity {
    fn names(&self) -> &'static [&'static str] {
        &["mtld", "hdd"]
    }

    fn measure(&self, text: &str, values: &mut [Option<f64>]) {
        values.fill(None);
        let (plain, words) = plain_words(text);
        if words.len() <= MIN_WORDS {
            return;
        }
        let numbered = interned::numbers(&plain, words.into_iter());
        let words = &numbered.0;
        let forward = mtld(words.iter(), numbered.1);
        let backward = mtld(words.iter().rev(), numbered.1);
        let or_profile = |value: Option<f64>| value.or(self.profile.is_some().then_some(-1.0));
        values[0] = or_profile(forward)
            .zip(or_profile(backward))
            .map(|(forward, backward)| f64::midpoint(forward, backward));
        if self.profile.is_none() || words.len() < MAX_WORDS_OF_PROFILE {
            values[1] = Some(hdd(&tally(&numbered), words.len()));
        }
    }
}

/// The text's words without ASCII punctuation, in lower case, one after the other; a word may be empty.
fn plain_words(text: &str) -> (String, Vec<std::ops::Range<usize>>) {
    let (mut plain, mut word_text) = (String::with_capacity(text.len()), String::new());
    let words = Words::new(text).map(|word| {
        let start = plain.len();
        word_text.clear();
        word_text.extend(
            text[word]
                .chars()
                .filter(|char| !char.is_ascii_punctuation()),
        );
        lower_into(&word_text, &mut plain);
        start..plain.len()
    });
    let words = words.collect();
    (plain, words)
}

/// Words per sequence; none if the first sequence never ends and no word repeats.
fn mtld<'w>(words: impl ExactSizeIterator<Item = &'w u32>, distinct: usize) -> Option<f64> {
    let total = words.len();
    // Per word, the sequence in which it was seen last: forgetting all words costs nothing.
    let mut seen_in = vec![0u32; distinct];
    let mut sequence = 1;
    let (mut tokens, mut types, mut sequences, mut share) = (0u64, 0u64, 0.0, 1.0);
    for &word in words {
        tokens += 1;
        if seen_in[word as usize] != sequence {
            seen_in[word as usize] = sequence;
            types += 1;
        }
        share = types as f64 / tokens as f64;
        if share <= ENDS_AT {
            sequences += 1.0;
            sequence += 1;
            (tokens, types, share) = (0, 0, 1.0);
        }
    }
    sequences += (1.0 - share) / (1.0 - ENDS_AT);
    (sequences != 0.0).then(|| total as f64 / sequences)
}

/// Sum over the distinct words of the probability to be drawn at least once, divided by the number of draws.
fn hdd(counts: &[u64], total: usize) -> f64 {
    let contribution = |&count: &u64| {
        let never: f64 = (0..DRAWN as u64)
            .map(|draw| {
                let left = (total as u64 - draw) as f64;
                (left - count as f64).max(0.0) / left
            })
            .product();
        (1.0 - never) / DRAWN as f64
    };
    let sum: f64 = counts.iter().map(contribution).sum();
    sum.min(1.0) // where no word repeats, rounding would go beyond
}
