//! Number of occurrences of blocked words and phrases, up to a bound.
//!
//! All entries are searched at once; an occurrence counts if it is a word by itself, which [`Boundary`] defines.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::Deserialize;

use crate::document::Document;
use crate::judgement::{Judgement, Profile};
use crate::lower::{lower, original_position};
use crate::rule::Judge;
use crate::unicode::{is_space, is_unspaced, is_word};

const RULE: &str = "blocklist";

/// The entries and how they are recognised.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Parameters")]
pub struct Blocklist {
    threshold: Option<u64>,
    boundary: Boundary,
    finder: AhoCorasick,
    /// Per entry, whether it counts inside other words: its script has no spaces, or it is a symbol.
    anywhere: Vec<bool>,
}

/// What must stand on both sides of an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boundary {
    /// Whitespace or the text's end, as with `text.split()`.
    Space,
    /// The same, with punctuation in between.
    PunctuationThenSpace,
    /// Anything but a word character.
    NoWord,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    words: Vec<String>,
    threshold: Option<u64>,
    #[serde(default)]
    use_tokenizer: bool,
    #[serde(default)]
    profile: Option<Profile>,
}

impl TryFrom<Parameters> for Blocklist {
    type Error = String;

    fn try_from(parameters: Parameters) -> Result<Self, String> {
        let boundary = match (parameters.profile, parameters.use_tokenizer) {
            (Some(_), _) => Boundary::Space,
            (None, true) => Boundary::NoWord,
            (None, false) => Boundary::PunctuationThenSpace,
        };
        let mut entries: Vec<String> = parameters
            .words
            .iter()
            .map(|word| lower(word.trim()))
            .collect();
        entries.retain(|entry| !entry.is_empty());
        if boundary == Boundary::Space {
            entries.retain(|entry| !entry.contains(is_space));
        }
        entries.sort_unstable();
        entries.dedup();
        let anywhere = |entry: &String| {
            boundary != Boundary::Space && (entry.contains(is_unspaced) || !entry.contains(is_word))
        };
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true);
        builder.kind(Some(AhoCorasickKind::DFA)); // the lists are short, the texts long
        Ok(Self {
            threshold: parameters.threshold,
            boundary,
            anywhere: entries.iter().map(anywhere).collect(),
            finder: builder.build(entries).map_err(|error| error.to_string())?,
        })
    }
}

impl Judge for Blocklist {
    fn judge(&self, text: &str) -> Judgement {
        self.judge_document(&Document::new(text))
    }

    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        let text = document.text();
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let threshold = self.threshold.map(|threshold| threshold as f64);
        let by =
            |hits: usize| Judgement::by(RULE, hits as f64, threshold, |hits, most| hits <= most);
        if text.is_ascii() {
            let (hits, first) = self.count(text);
            return by(hits).or_else_detail(|| first);
        }
        let (hits, first) = self.count(document.lowered());
        by(hits).or_else_detail(|| {
            first.map(|span| original_position(text, span.start)..original_position(text, span.end))
        })
    }
}

impl Blocklist {
    /// Number of occurrences and the first one; overlapping ones count once.
    fn count(&self, text: &str) -> (usize, Option<Range<usize>>) {
        let (mut hits, mut end, mut first) = (0, 0, None);
        for found in self.finder.find_overlapping_iter(text) {
            let span = found.range();
            if !self.anywhere[found.pattern().as_usize()] && !self.is_bounded(text, &span) {
                continue;
            }
            if span.start >= end {
                hits += 1;
                first.get_or_insert(span.clone());
            }
            end = span.end;
        }
        (hits, first)
    }

    fn is_bounded(&self, text: &str, span: &Range<usize>) -> bool {
        let before = &mut text[..span.start].chars().rev();
        let after = &mut text[span.end..].chars();
        match self.boundary {
            Boundary::NoWord => {
                !before.next().is_some_and(is_word) && !after.next().is_some_and(is_word)
            }
            Boundary::Space => {
                before.next().is_none_or(is_space) && after.next().is_none_or(is_space)
            }
            Boundary::PunctuationThenSpace => {
                let decisive = |char: &char| is_word(*char) || is_space(*char);
                before.find(decisive).is_none_or(is_space)
                    && after.find(decisive).is_none_or(is_space)
            }
        }
    }
}
