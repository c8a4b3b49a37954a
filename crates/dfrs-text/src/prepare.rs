//! What a classifier reads of a text: the whole of it, its beginning, or samples; as it is or in lower case.

use serde::Deserialize;

use crate::error::{self, Error};
use crate::lower::lower_into;
use crate::words::is_blank;

/// Pieces that a sample consists of.
const PIECES: usize = 8;
/// Bytes by which a piece may move so that it begins between two words.
const SLACK_BYTES: usize = 64;

/// How texts are made ready; by default they stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preparation {
    /// Reads the first characters only.
    pub max_chars: Option<usize>,
    /// Of longer texts reads about so many bytes: 8 pieces, evenly spread from the beginning to the end.
    pub sample_bytes: Option<usize>,
    /// Reads the text in lower case.
    pub lowercase: bool,
    /// Gives no answer for texts of whitespace only.
    pub skip_blank: bool,
    /// Does not read texts whose language their script tells.
    pub by_script: bool,
}

impl Preparation {
    /// Reads the fields from a JSON object.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        error::read("preparation", json)
    }

    /// The text as the classifier reads it, if it does; `buffer` holds it if it is another one.
    pub fn apply<'a>(&self, text: &'a str, buffer: &'a mut String) -> Option<&'a str> {
        if self.skip_blank && is_blank(text) {
            return None;
        }
        Some(self.read(text, buffer))
    }

    fn read<'a>(&self, text: &'a str, buffer: &'a mut String) -> &'a str {
        let text = match self.max_chars {
            Some(chars) if text.len() > chars => {
                let end = text.char_indices().nth(chars);
                &text[..end.map_or(text.len(), |(end, _)| end)]
            }
            _ => text,
        };
        let sampled = self.sample_bytes.filter(|&bytes| text.len() > bytes);
        if sampled.is_none() && !self.lowercase {
            return text;
        }
        buffer.clear();
        let mut copy = |piece: &str| {
            if self.lowercase {
                lower_into(piece, buffer);
            } else {
                buffer.push_str(piece);
            }
        };
        match sampled {
            Some(bytes) => for_each_piece(text, bytes, |piece| {
                copy(piece);
                copy(" ");
            }),
            None => copy(text),
        }
        buffer
    }
}

/// Calls `found` with the pieces of a text that is longer than the sample.
fn for_each_piece<'a>(text: &'a str, bytes: usize, mut found: impl FnMut(&'a str)) {
    let length = bytes.div_ceil(PIECES);
    let last_start = text.len() - length;
    let mut done = 0;
    for piece in 0..PIECES {
        let start = between_words(text, last_start * piece / (PIECES - 1)).max(done);
        let end = if piece == PIECES - 1 {
            text.len()
        } else {
            between_words(text, (last_start * piece / (PIECES - 1)) + length).max(start)
        };
        found(&text[start..end]);
        done = end;
    }
}

/// The next position after a space, or the next character where no space is near.
fn between_words(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    if at == 0 || at >= bytes.len() {
        return at.min(bytes.len());
    }
    let near = &bytes[at - 1..bytes.len().min(at + SLACK_BYTES)];
    if let Some(space) = near.iter().position(u8::is_ascii_whitespace) {
        return at + space;
    }
    (at..=bytes.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn apply(preparation: &Preparation, text: &str) -> String {
        let mut buffer = String::new();
        preparation
            .apply(text, &mut buffer)
            .expect("blank texts are read, too")
            .to_owned()
    }

    #[test]
    fn characters_are_cut_and_lowered() {
        let preparation = |max_chars, lowercase| Preparation {
            max_chars,
            lowercase,
            ..Preparation::default()
        };
        for (max_chars, lowercase, expected) in [
            (None, false, "ÄÖ Straße\nX"),
            (Some(2), false, "ÄÖ"),
            (Some(0), false, ""),
            (Some(100), true, "äö straße\nx"),
            (None, true, "äö straße\nx"),
        ] {
            assert_eq!(
                apply(&preparation(max_chars, lowercase), "ÄÖ Straße\nX"),
                expected
            );
        }
    }

    #[test]
    fn blank_texts_have_no_answer_on_request() {
        let preparation = Preparation {
            skip_blank: true,
            ..Preparation::default()
        };
        assert_eq!(preparation.apply("\u{3000}\n", &mut String::new()), None);
        assert_eq!(preparation.apply(" x", &mut String::new()), Some(" x"));
    }

    #[test]
    fn samples_are_whole_words_from_everywhere() {
        let words: Vec<String> = (0..1000).map(|word| word.to_string()).collect();
        let text = words.join(" ");
        let preparation = Preparation {
            sample_bytes: Some(80),
            ..Preparation::default()
        };
        let sample = apply(&preparation, &text);
        let words: Vec<u32> = sample
            .split_whitespace()
            .map(|word| word.parse().expect("a number"))
            .collect();
        assert!(
            words.is_sorted() && words[0] == 0 && words[words.len() - 1] == 999,
            "{words:?}"
        );
        assert!((60..=120).contains(&sample.len()), "{}", sample.len());
        assert!(
            words.iter().any(|word| (400..600).contains(word)),
            "{words:?}"
        );
    }

    proptest! {
        #[test]
        fn samples_repeat_nothing(text: String, bytes in 0usize..40) {
            let preparation = Preparation { sample_bytes: Some(bytes), ..Preparation::default() };
            let sample = apply(&preparation, &text);
            if text.len() <= bytes {
                prop_assert_eq!(sample, text);
            } else {
                let mut rest = text.chars().filter(|char| *char != ' ');
                let follows = sample.chars().filter(|char| *char != ' ').all(|char| rest.any(|other| other == char));
                prop_assert!(follows);
            }
        }
    }
}
