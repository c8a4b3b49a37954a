//! The very last character is an ASCII colon, as in a text cut off before its list.

use serde::Deserialize;

use crate::judgement::Judgement;
use crate::lines::stripped;
use crate::rule::Judge;

const RULE: &str = "colon_end";

/// No parameters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColonEnd {}

impl Judge for ColonEnd {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let found = text.ends_with(':').then(|| {
            let line = text.rfind('\n').map_or(0, |feed| feed + 1);
            let tail = text[line..]
                .char_indices()
                .rev()
                .nth(79)
                .map_or(0, |(at, _)| at);
            stripped(text, line + tail..text.len())
        });
        Judgement::unless_found(RULE, found)
    }
}
