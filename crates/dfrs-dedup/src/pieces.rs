//! How a text is cut into lines, paragraphs or sentences. The pieces are a partition: joined, they are the text, so that
//! leaving some out changes nothing else. What separates two pieces belongs to the first.

use std::ops::Range;

use dfrs_text::unicode::is_space;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// What ends with a line feed.
    #[default]
    Line,
    /// Lines up to a blank one.
    Paragraph,
    /// What ends with a full stop, exclamation or question mark or ellipsis (with closing quotes and brackets) before
    /// whitespace, with such a mark of Chinese or Japanese, or with a line feed. Abbreviations end a sentence, too:
    /// texts are compared with each other, and all are cut alike.
    Sentence,
}

impl Split {
    /// Names, as users write them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("line", Self::Line),
        ("paragraph", Self::Paragraph),
        ("sentence", Self::Sentence),
    ];

    /// The split of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, split)| split)
    }

    /// Cuts a text, as byte ranges in order; there are none of the empty text.
    pub fn pieces(self, text: &str) -> Vec<Range<usize>> {
        match self {
            Self::Line => lines(text),
            Self::Paragraph => paragraphs(text),
            Self::Sentence => sentences(text),
        }
    }
}

fn lines(text: &str) -> Vec<Range<usize>> {
    let mut end = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        end += line.len();
        end - line.len()..end
    });
    lines.collect()
}

fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut ended = true;
    for line in lines(text) {
        let blank = text[line.clone()].chars().all(is_space);
        match pieces.last_mut() {
            Some(last) if blank || !ended => last.end = line.end,
            _ => pieces.push(line),
        }
        ended = blank;
    }
    pieces
}

fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut state) = (0, Inside::Sentence);
    for (at, char) in text.char_indices() {
        if state.is_over_before(char) {
            pieces.push(start..at);
            start = at;
            state = Inside::Sentence;
        }
        state = state.after(char);
    }
    if start < text.len() {
        pieces.push(start..text.len());
    }
    pieces
}

/// Where a scan for the end of a sentence is.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Sentence,
    /// After a mark that ends a sentence if whitespace follows.
    Mark,
    /// After a mark that ends a sentence whatever follows.
    WideMark,
    /// In the whitespace after the end.
    Space,
}

impl Inside {
    fn is_over_before(self, char: char) -> bool {
        match self {
            Self::Sentence | Self::Mark => false,
            Self::WideMark => {
                !is_space(char) && !is_mark(char) && !is_wide_mark(char) && !is_closing(char)
            }
            Self::Space => !is_space(char),
        }
    }

    fn after(self, char: char) -> Self {
        match self {
            _ if char == '\n' => Self::Space,
            Self::Space => {
                if is_space(char) {
                    Self::Space
                } else {
                    Self::of(char)
                }
            }
            Self::Mark | Self::WideMark if is_space(char) => Self::Space,
            Self::Mark | Self::WideMark if is_closing(char) => self,
            Self::WideMark if is_mark(char) => self,
            _ => Self::of(char),
        }
    }

    const fn of(char: char) -> Self {
        if is_wide_mark(char) {
            Self::WideMark
        } else if is_mark(char) {
            Self::Mark
        } else {
            Self::Sentence
        }
    }
}

const fn is_mark(char: char) -> bool {
    matches!(char, '.' | '!' | '?' | '…' | '؟' | '۔' | '।' | '॥')
}

const fn is_wide_mark(char: char) -> bool {
    matches!(char, '。' | '！' | '？' | '｡')
}

const fn is_closing(char: char) -> bool {
    matches!(
        char,
        '"' | '\'' | ')' | ']' | '}' | '»' | '”' | '’' | '」' | '』' | '）' | '】' | '》'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces() {
        use Split::{Line, Paragraph, Sentence};
        let cases: [(Split, &str, &[&str]); 13] = [
            (Line, "", &[]),
            (Line, "a\n\nb", &["a\n", "\n", "b"]),
            (Line, "a\r\nb\n", &["a\r\n", "b\n"]),
            (Paragraph, "a\nb\n\n \nc\n", &["a\nb\n\n \n", "c\n"]),
            (Paragraph, "\n\na", &["\n\n", "a"]),
            (Sentence, "A b. C? D", &["A b. ", "C? ", "D"]),
            (Sentence, "It is 3.5 at a.b", &["It is 3.5 at a.b"]),
            (
                Sentence,
                "\"Go!\" he (she?) said...  Yes.",
                &["\"Go!\" ", "he (she?) ", "said...  ", "Yes."],
            ),
            (Sentence, "一。二！」三？", &["一。", "二！」", "三？"]),
            (Sentence, "title\n\n  text", &["title\n\n  ", "text"]),
            (Sentence, "a.\u{3000}b", &["a.\u{3000}", "b"]),
            (Sentence, " a. ", &[" a. "]),
            (Sentence, "...", &["..."]),
        ];
        for (split, text, expected) in cases {
            let found: Vec<&str> = split
                .pieces(text)
                .into_iter()
                .map(|piece| &text[piece])
                .collect();
            assert_eq!(found, expected, "{split:?} {text:?}");
        }
    }

    proptest! {
        #[test]
        fn joined_they_are_the_text(text in "[ab.!?。」\" \n\r]{0,30}|.{0,30}", split in 0_usize..3) {
            let pieces = Split::NAMES[split].1.pieces(&text);
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
            let joined: String = pieces.into_iter().map(|piece| &text[piece]).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
