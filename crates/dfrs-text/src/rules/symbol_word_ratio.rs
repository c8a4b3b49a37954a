//! Number of `#`, `...` and `…` per token (runs of word characters or of other characters), below a bound.

use serde::Deserialize;

use super::share;
use crate::judgement::Judgement;
use crate::rule::Judge;
use crate::tokens;

const RULE: &str = "symbol_word_ratio";
const ELLIPSIS: &str = "\u{2026}";

/// An upper bound, exclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolWordRatio {
    /// Smallest ratio that is too large.
    pub threshold: Option<f64>,
}

impl Judge for SymbolWordRatio {
    fn judge(&self, text: &str) -> Judgement {
        let tokens = tokens::count(text);
        if tokens == 0 {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let bytes = text.as_bytes();
        let hashes = memchr::memchr_iter(b'#', bytes).count();
        let dots = memchr::memmem::find_iter(bytes, "...").count();
        let ellipses = memchr::memmem::find_iter(bytes, ELLIPSIS).count();
        let value = share(hashes + dots + ellipses, tokens);
        Judgement::by(RULE, value, self.threshold, |value, bound| value < bound).or_else_detail(
            || {
                let first = ["#", "...", ELLIPSIS]
                    .iter()
                    .filter_map(|symbol| text.find(symbol))
                    .min()?;
                Some(first..text.len())
            },
        )
    }
}
