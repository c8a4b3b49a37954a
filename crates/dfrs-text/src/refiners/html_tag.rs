//! What is an HTML tag and what is only a pair of angle brackets: a tag has a name, and its attributes have values or
//! are known to need none, so that `a<b and c>d` is none. Tags do not cross line breaks.

use std::ops::Range;

use crate::unicode::is_space;

/// Attributes that stand alone.
const FLAGS: &str = include_str!("html_flags.txt");

/// The first `<...>` on one line, from a position on, whatever is between the brackets.
pub fn any_bracket(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let start = at + memchr::memchr(b'<', &bytes[at..])?;
        let end = start + memchr::memchr2(b'>', b'\n', &bytes[start..])?;
        if bytes[end] == b'>' {
            return Some(start..end + 1);
        }
        at = end;
    }
}

/// Finds tags, comments and declarations in a text, in order.
pub struct Tags<'a> {
    text: &'a str,
    /// No comment ends before this position; without it, a line of nothing but `<!--` would take quadratic time.
    open_until: usize,
}

impl<'a> Tags<'a> {
    pub const fn new(text: &'a str) -> Self {
        Self {
            text,
            open_until: 0,
        }
    }

    /// The first tag from a position on.
    pub fn find(&mut self, from: usize) -> Option<Range<usize>> {
        memchr::memchr_iter(b'<', &self.text.as_bytes()[from..]).find_map(|at| {
            let start = from + at;
            let end = if self.text[start..].starts_with("<!--") {
                self.comment_end(start + 4)?
            } else {
                start + tag_len(&self.text[start..])?
            };
            Some(start..end)
        })
    }

    fn comment_end(&mut self, from: usize) -> Option<usize> {
        if from < self.open_until {
            return None;
        }
        let line = self.text[from..].split('\n').next()?;
        let end = line.find("-->");
        if end.is_none() {
            self.open_until = from + line.len();
        }
        Some(from + end? + 3)
    }
}

fn tag_len(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let rest = if let Some(declaration) = inner.strip_prefix(['!', '?']) {
        skip_name(declaration)?;
        let end = declaration.find(['<', '>', '\n'])?;
        declaration[end..].strip_prefix('>')?
    } else if let Some(closing) = inner.strip_prefix('/') {
        skip_blanks(skip_name(closing)?).strip_prefix('>')?
    } else {
        skip_attributes(skip_name(inner)?)?
    };
    Some(text.len() - rest.len())
}

fn skip_name(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(|char: char| char.is_ascii_alphabetic())?;
    Some(
        rest.trim_start_matches(|char: char| char.is_ascii_alphanumeric() || ":._-".contains(char)),
    )
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r'])
}

/// What follows a tag's attributes and its closing bracket.
fn skip_attributes(mut text: &str) -> Option<&str> {
    loop {
        let rest = skip_blanks(text);
        if let Some(rest) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            return Some(rest);
        }
        if rest.len() == text.len() {
            return None;
        }
        text = skip_attribute(rest)?;
    }
}

fn skip_attribute(text: &str) -> Option<&str> {
    let ends_name = |char: char| is_space(char) || "\"'<>/=".contains(char);
    let (name, rest) = text.split_at(text.find(ends_name)?);
    if name.is_empty() {
        return None;
    }
    match skip_blanks(rest).strip_prefix('=') {
        Some(value) => skip_value(skip_blanks(value)),
        None => stands_alone(name).then_some(rest),
    }
}

fn skip_value(text: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(value) = text.strip_prefix(quote) {
            let end = value.find([quote, '\n'])?;
            return value[end..].strip_prefix(quote);
        }
    }
    let end = text.find(|char: char| is_space(char) || "\"'=<>`".contains(char))?;
    (end > 0).then_some(&text[end..])
}

/// Whether an attribute needs no value: a flag of HTML, or a name that no prose would have there.
fn stands_alone(name: &str) -> bool {
    name.contains('-')
        || name.starts_with(['@', '#', ':', '*', '[', '('])
        || FLAGS.lines().any(|flag| flag.eq_ignore_ascii_case(name))
}
