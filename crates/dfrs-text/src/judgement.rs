//! What a rule says about a text, and how it says it.

use std::ops::Range;

use serde::Deserialize;

/// Longest excerpt of a text in a drop log, in characters.
const EXCERPT_CHARS: usize = 80;

/// The published tool whose verdicts a rule reproduces, its faults included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Profile {
    /// `open-dataflow` 1.0.13.
    #[serde(rename = "open-dataflow-1.0.13")]
    OpenDataflow1013,
}

/// What a rule decided about one text, and by what.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Whether the text stays.
    pub keep: bool,
    /// What was measured; none where the text gave nothing to measure.
    pub value: Option<f64>,
    /// For dropped texts the bound that `value` violates, if a bound decided.
    pub threshold: Option<f64>,
    /// Name of the rule that decided.
    pub rule: &'static str,
    /// For dropped texts the bytes that were found, if something was.
    pub detail: Option<Range<usize>>,
}

impl Judgement {
    /// Rule of empty texts that a rule rejects unread.
    pub const EMPTY: &'static str = "empty";
    /// Rule of texts without a word or line to measure.
    pub const BLANK: &'static str = "blank";
    /// Rule of missing texts.
    pub const NULL: &'static str = "null";

    /// A text that stays.
    pub const fn kept(rule: &'static str, value: f64) -> Self {
        Self {
            keep: true,
            value: Some(value),
            threshold: None,
            rule,
            detail: None,
        }
    }

    /// A text that stays although nothing single was measured: the rule has several parts.
    pub const fn kept_unmeasured(rule: &'static str) -> Self {
        Self {
            keep: true,
            value: None,
            threshold: None,
            rule,
            detail: None,
        }
    }

    /// A text that goes because of its value.
    pub const fn dropped(rule: &'static str, value: f64, threshold: f64) -> Self {
        Self {
            keep: false,
            value: Some(value),
            threshold: Some(threshold),
            rule,
            detail: None,
        }
    }

    /// A text that goes because there is nothing to judge.
    pub const fn unjudged(rule: &'static str) -> Self {
        Self {
            keep: false,
            value: None,
            threshold: None,
            rule,
            detail: None,
        }
    }

    /// A yes-or-no rule: a text stays unless something was found in it.
    pub fn unless_found(rule: &'static str, found: Option<Range<usize>>) -> Self {
        match found {
            None => Self::kept(rule, 0.0),
            Some(span) => Self::dropped(rule, 1.0, 0.0).with_detail(Some(span)),
        }
    }

    /// A text that stays if `value` does, where a missing threshold is satisfied by everything.
    pub fn by(
        rule: &'static str,
        value: f64,
        threshold: Option<f64>,
        satisfies: impl FnOnce(f64, f64) -> bool,
    ) -> Self {
        match threshold {
            Some(threshold) if !satisfies(value, threshold) => {
                Self::dropped(rule, value, threshold)
            }
            _ => Self::kept(rule, value),
        }
    }

    /// The judgement of a whole rule by its last part.
    #[must_use]
    pub fn or_kept_unmeasured(self, rule: &'static str) -> Self {
        if self.keep {
            Self::kept_unmeasured(rule)
        } else {
            self
        }
    }

    /// A text that stays if its value lies between two bounds, both included, or if it has none.
    pub fn between(
        rule: &'static str,
        value: Option<f64>,
        min: Option<f64>,
        max: Option<f64>,
    ) -> Self {
        match (value, min, max) {
            (Some(value), Some(min), _) if value < min => Self::dropped(rule, value, min),
            (Some(value), _, Some(max)) if value > max => Self::dropped(rule, value, max),
            _ => Self {
                keep: true,
                value,
                ..Self::unjudged(rule)
            },
        }
    }

    /// Adds what was found.
    #[must_use]
    pub fn with_detail(mut self, detail: Option<Range<usize>>) -> Self {
        self.detail = detail;
        self
    }

    /// Adds what was found, looked for only if the text goes.
    #[must_use]
    pub fn or_else_detail(mut self, find: impl FnOnce() -> Option<Range<usize>>) -> Self {
        if !self.keep {
            self.detail = find();
        }
        self
    }

    /// What was found, cut to the length of an excerpt.
    pub fn excerpt<'a>(&self, text: &'a str) -> Option<&'a str> {
        let found = text.get(self.detail.clone()?)?;
        let end = found.char_indices().nth(EXCERPT_CHARS);
        Some(end.map_or(found, |(end, _)| &found[..end]))
    }
}
