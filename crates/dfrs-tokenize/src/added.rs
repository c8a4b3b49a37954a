//! Tokens that stand for themselves in a text, whatever the model would make of them: `<|endoftext|>`, `</s>`.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::error::Error;

/// A set of such tokens; the leftmost counts, of those the longest.
pub struct Added {
    matcher: AhoCorasick,
    ids: Vec<u32>,
}

/// A stretch of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Stretch<'t> {
    /// Text for the model; not empty.
    Text(&'t str),
    /// A token that stands for itself.
    Token(u32),
}

impl Added {
    /// Collects tokens; none for no tokens.
    pub fn new(tokens: &[(String, u32)]) -> Result<Option<Self>, Error> {
        let tokens: Vec<_> = tokens.iter().filter(|(text, _)| !text.is_empty()).collect();
        if tokens.is_empty() {
            return Ok(None);
        }
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(tokens.iter().map(|(text, _)| text))
            .map_err(|error| Error::Added(error.to_string()))?;
        let ids = tokens.iter().map(|(_, id)| *id).collect();
        Ok(Some(Self { matcher, ids }))
    }
}

/// Hands the stretches of a text over, in order.
pub fn stretches<'t>(
    added: Option<&Added>,
    text: &'t str,
    mut take: impl FnMut(Stretch<'t>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut at = 0;
    if let Some(added) = added {
        for found in added.matcher.find_iter(text) {
            if at < found.start() {
                take(Stretch::Text(&text[at..found.start()]))?;
            }
            take(Stretch::Token(added.ids[found.pattern().as_usize()]))?;
            at = found.end();
        }
    }
    if at < text.len() {
        take(Stretch::Text(&text[at..]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leftmost_longest_counts() {
        let tokens = [("<a>", 1), ("<a><b>", 2), ("<b>", 3), ("", 4)];
        let tokens = tokens.map(|(text, id)| (text.to_owned(), id));
        let added = Added::new(&tokens).expect("few tokens");
        let mut seen = Vec::new();
        stretches(added.as_ref(), "x<a><b><b>y", |stretch| {
            seen.push(stretch);
            Ok(())
        })
        .expect("nothing fails");
        assert_eq!(
            seen,
            [
                Stretch::Text("x"),
                Stretch::Token(2),
                Stretch::Token(3),
                Stretch::Text("y")
            ]
        );
        assert!(Added::new(&[]).expect("no tokens").is_none());
    }
}
