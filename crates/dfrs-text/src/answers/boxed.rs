//! `\boxed{...}`, with nested braces, in one pass over the text whatever it holds.

use std::ops::Range;

/// Boxes joined to one answer at most.
const MOST_JOINED: usize = 16;

/// A box: the whole of it, and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Boxed {
    pub whole: Range<usize>,
    pub content: Range<usize>,
}

/// The outermost boxes of a text, in order; one that is never closed ends with its line or formula.
pub(super) fn all(text: &str) -> Vec<Boxed> {
    let bytes = text.as_bytes();
    let mut found: Vec<Boxed> = Vec::new();
    // Open braces: for those of a box, where the box begins and its content begins.
    let mut open: Vec<Option<(usize, usize)>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => {
                if let Some(opening) = opening(text, at) {
                    if opening.braced {
                        open.push(Some((at, opening.content)));
                        at = opening.content;
                    } else {
                        let content = opening.content..token_end(text, opening.content);
                        at = content.end;
                        found.push(Boxed {
                            whole: at.min(content.start)..content.end,
                            content,
                        });
                    }
                } else {
                    at += 2;
                }
            }
            b'{' => {
                open.push(None);
                at += 1;
            }
            b'}' => {
                if let Some(Some((start, content))) = open.pop() {
                    while found.last().is_some_and(|inner| inner.whole.start > start) {
                        found.pop();
                    }
                    found.push(Boxed {
                        whole: start..at + 1,
                        content: content..at,
                    });
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    let last = open.into_iter().flatten().last();
    if let Some((start, content)) =
        last.filter(|(start, _)| found.last().is_none_or(|found| found.whole.end <= *start))
    {
        let end = text[content..]
            .find(['$', '\n'])
            .map_or(text.len(), |end| content + end);
        found.push(Boxed {
            whole: start..end,
            content: content..end,
        });
    }
    found
}

/// The content of the last box; of several ones, if nothing but `and`, commas and dollars stand between them.
pub(super) fn last(text: &str) -> Option<(usize, String)> {
    let boxes = all(text);
    let last = boxes.last()?;
    let mut joined = vec![&text[last.content.clone()]];
    for pair in boxes.windows(2).rev().take(MOST_JOINED) {
        if !joins(&text[pair[0].whole.end..pair[1].whole.start]) {
            break;
        }
        joined.push(&text[pair[0].content.clone()]);
    }
    joined.dedup();
    joined.reverse();
    Some((last.whole.end, joined.join(", ")))
}

/// The content of a box that is the whole text.
pub(super) fn whole(text: &str) -> Option<&str> {
    if !(text.starts_with("\\boxed") || text.starts_with("\\fbox")) {
        return None;
    }
    let boxes = all(text);
    let only = boxes
        .first()
        .filter(|only| boxes.len() == 1 && only.whole == (0..text.len()))?;
    Some(&text[only.content.clone()])
}

struct Opening {
    content: usize,
    braced: bool,
}

fn opening(text: &str, at: usize) -> Option<Opening> {
    let rest = &text[at..];
    let name = ["\\boxed", "\\fbox"]
        .into_iter()
        .find(|name| rest.starts_with(name))?;
    let behind = rest[name.len()..].trim_start_matches(' ');
    let content = at + rest.len() - behind.len();
    if behind.starts_with('{') {
        return Some(Opening {
            content: content + 1,
            braced: true,
        });
    }
    let spaced = content > at + name.len();
    spaced.then_some(Opening {
        content,
        braced: false,
    })
}

fn token_end(text: &str, start: usize) -> usize {
    text[start..]
        .find([' ', '$', '\n', '\\'])
        .map_or(text.len(), |end| start + end)
}

/// Whether what stands between two boxes joins them to one answer: `, `, ` and $y = `, spacing.
fn joins(between: &str) -> bool {
    if between.len() > 48 || between.contains("\n\n") {
        return false;
    }
    let mut rest = between.to_owned();
    for word in ["text", "qquad", "quad"] {
        rest = rest.replace(&format!("\\{word}"), " ");
    }
    let conjunction = rest.contains([',', ';'])
        || rest
            .split(' ')
            .any(|word| matches!(word, "and" | "{and}" | "or"));
    let name = |word: &str| {
        word.chars().all(|char| !char.is_alphabetic())
            || word.split('_').next().map(str::len) == Some(1)
    };
    rest.split(|char: char| char.is_whitespace() || ",;$&\\(){}=".contains(char))
        .all(|word| word.is_empty() || matches!(word, "and" | "or") || (conjunction && name(word)))
        && (conjunction || !rest.contains('='))
}
