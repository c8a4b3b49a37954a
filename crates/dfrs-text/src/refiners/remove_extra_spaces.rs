//! Makes one space of every run of whitespace and removes whitespace at both ends.

use serde::Deserialize;

use crate::refiner::Refine;
use crate::words::Words;

/// What becomes of line breaks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveExtraSpaces {
    /// Whether a run with line feeds becomes one line feed, or two if it has more than one.
    #[serde(default)]
    pub keep_lines: bool,
}

impl RemoveExtraSpaces {
    fn separator(&self, spaces: &str) -> &'static str {
        if !self.keep_lines {
            return " ";
        }
        match memchr::memchr_iter(b'\n', spaces.as_bytes()).count() {
            0 => " ",
            1 => "\n",
            _ => "\n\n",
        }
    }
}

impl Refine for RemoveExtraSpaces {
    fn refine_into(&self, text: &str, out: &mut String) -> bool {
        // Up to `same`, the new text is the old one; nothing is copied before that is known to end.
        let (mut same, mut end) = (0, 0);
        let mut changed = false;
        for word in Words::new(text) {
            let spaces = &text[end..word.start];
            let separator = if end == 0 { "" } else { self.separator(spaces) };
            if spaces != separator {
                out.push_str(&text[same..end]);
                out.push_str(separator);
                same = word.start;
                changed = true;
            }
            end = word.end;
        }
        if !changed && end == text.len() {
            return false;
        }
        out.push_str(&text[same..end]);
        true
    }
}
