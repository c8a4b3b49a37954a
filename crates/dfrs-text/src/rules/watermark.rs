//! One of several given texts occurs; upper and lower case differ.

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use crate::judgement::Judgement;
use crate::rule::Judge;

const RULE: &str = "watermark";

/// The texts that must not occur.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Parameters")]
pub struct Watermark {
    finder: AhoCorasick,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    watermarks: Vec<String>,
}

impl TryFrom<Parameters> for Watermark {
    type Error = String;

    fn try_from(parameters: Parameters) -> Result<Self, String> {
        if parameters.watermarks.iter().any(String::is_empty) {
            return Err("watermarks holds an empty text, which occurs everywhere".to_owned());
        }
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest);
        let finder = builder.build(parameters.watermarks);
        Ok(Self {
            finder: finder.map_err(|error| error.to_string())?,
        })
    }
}

impl Judge for Watermark {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        Judgement::unless_found(RULE, self.finder.find(text).map(|found| found.range()))
    }
}
