//! The text is missing, empty or whitespace only.

use serde::Deserialize;

use crate::judgement::Judgement;
use crate::rule::Judge;
use crate::words::is_blank;

const RULE: &str = "content_null";

/// No parameters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentNull {}

impl Judge for ContentNull {
    fn judge(&self, text: &str) -> Judgement {
        if is_blank(text) {
            Judgement::dropped(RULE, 1.0, 0.0)
        } else {
            Judgement::kept(RULE, 0.0)
        }
    }

    fn judge_null(&self) -> Judgement {
        Judgement::unjudged(RULE)
    }
}
