//! Share of distinct n-grams among all n-grams, between two bounds.

use serde::Deserialize;

use crate::judgement::{Judgement, Profile};
use crate::measures::ngram::{Language, Ngram};
use crate::rule::Judge;

const RULE: &str = "ngram";

/// Two bounds, inclusive; none is off. A text with too few words for one n-gram stays, unless a profile gives it 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NgramBounds {
    /// Lower bound.
    pub min_score: Option<f64>,
    /// Upper bound.
    pub max_score: Option<f64>,
    /// Words or characters per n-gram.
    pub ngrams: usize,
    /// What n-grams are made of.
    pub language: Language,
    /// The tool whose verdicts are reproduced.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Judge for NgramBounds {
    fn judge(&self, text: &str) -> Judgement {
        let measure = Ngram {
            ngrams: self.ngrams,
            language: self.language,
            profile: self.profile,
        };
        Judgement::between(RULE, measure.score(text), self.min_score, self.max_score)
    }
}
