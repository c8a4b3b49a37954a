//! The quality rules of `FineWeb` (Penedo et al. 2024) as datatrove 0.10 applies them: lines with terminal punctuation, short
//! lines, repeated lines, and lists. The first that a text violates decides.

use serde::Deserialize;

use super::share;
use crate::document::Document;
use crate::interned::Seen;
use crate::judgement::Judgement;
use crate::lines::filled;
use crate::rule::Judge;
use crate::segment::Segmentation;
use crate::unicode::is_terminal;

const RULE: &str = "fineweb_quality";

/// Bounds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineWebQuality {
    /// Smallest share of lines that end with terminal punctuation.
    pub line_punct_thr: f64,
    /// Whether a share of exactly 0 passes.
    pub line_punct_exclude_zero: bool,
    /// What counts as terminal punctuation; none: ends of sentences in all scripts.
    pub stop_chars: Option<Vec<String>>,
    /// Largest share of short lines.
    pub short_line_thr: f64,
    /// Characters of the longest line that is short.
    pub short_line_length: usize,
    /// Largest share of characters in lines that occurred before.
    pub char_duplicates_ratio: f64,
    /// Most line feeds per word.
    pub new_line_ratio: f64,
    /// What a word is.
    pub segmentation: Segmentation,
}

impl Judge for FineWebQuality {
    fn judge(&self, text: &str) -> Judgement {
        self.judge_document(&Document::new(text))
    }

    fn judge_document(&self, document: &Document<'_>) -> Judgement {
        let text = document.text();
        let lines = self.count_lines(text);
        if lines.all == 0 {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let ended = share(lines.ended, lines.all);
        if ended < self.line_punct_thr && !(lines.ended == 0 && self.line_punct_exclude_zero) {
            return Judgement::dropped("line_punct_ratio", ended, self.line_punct_thr);
        }
        let short = share(lines.short, lines.all);
        if short > self.short_line_thr {
            return Judgement::dropped("short_line_ratio", short, self.short_line_thr);
        }
        let line_feeds = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        let repeated = share(lines.repeated_chars, document.chars() - line_feeds);
        if repeated > self.char_duplicates_ratio {
            return Judgement::dropped("char_dup_ratio", repeated, self.char_duplicates_ratio);
        }
        let words = document.vocabulary(self.segmentation).len();
        let lists = share(line_feeds, words);
        Judgement::by(
            "list_ratio",
            lists,
            Some(self.new_line_ratio),
            |value, most| value <= most,
        )
        .or_kept_unmeasured(RULE)
    }
}

#[derive(Default)]
struct LineCounts {
    all: usize,
    ended: usize,
    short: usize,
    repeated_chars: usize,
}

impl FineWebQuality {
    fn count_lines(&self, text: &str) -> LineCounts {
        let mut seen = Seen::new(text);
        let mut counts = LineCounts::default();
        for span in filled(text) {
            let line = &text[span.clone()];
            counts.all += 1;
            counts.ended += usize::from(self.ends(line));
            counts.short += usize::from(
                line.len() <= self.short_line_length
                    || (line.len() <= 4 * self.short_line_length
                        && line.chars().count() <= self.short_line_length),
            );
            if seen.before(span) {
                counts.repeated_chars += line.chars().count();
            }
        }
        counts
    }

    fn ends(&self, line: &str) -> bool {
        match &self.stop_chars {
            Some(ends) => ends.iter().any(|end| line.ends_with(end.as_str())),
            None => line.chars().next_back().is_some_and(is_terminal),
        }
    }
}
