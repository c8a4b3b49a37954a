//! The paragraph rule of mC4 (Xue et al. 2021): three lines of 200 characters or more.

use serde::Deserialize;

use super::chars;
use crate::judgement::Judgement;
use crate::rule::Judge;

const RULE: &str = "c4_paragraph";

/// How many lines of which length.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct C4Paragraph {
    /// Smallest number of long lines.
    pub min_paragraphs: u64,
    /// Smallest number of characters of a long line.
    pub min_paragraph_len: u64,
}

impl Judge for C4Paragraph {
    fn judge(&self, text: &str) -> Judgement {
        let long = text
            .split('\n')
            .filter(|line| {
                line.len() as u64 >= self.min_paragraph_len
                    && chars(line) as u64 >= self.min_paragraph_len
            })
            .count() as f64;
        let least = self.min_paragraphs as f64;
        Judgement::by(RULE, long, Some(least), |long, least| long >= least)
    }
}
