//! A named HTML entity is left in the text, with ASCII or full-width ampersand and semicolon.

use std::ops::Range;

use serde::Deserialize;

use crate::judgement::{Judgement, Profile};
use crate::rule::Judge;

const RULE: &str = "html_entity";
const WIDE_AMPERSAND: &[u8] = "\u{ff06}".as_bytes();
const WIDE_SEMICOLON: &[u8] = "\u{ff1b}".as_bytes();
const NAMES: [&[u8]; 13] = [
    b"nbsp", b"lt", b"gt", b"amp", b"quot", b"apos", b"hellip", b"ndash", b"mdash", b"lsquo",
    b"rsquo", b"ldquo", b"rdquo",
];

/// How strictly an entity is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HtmlEntity {
    /// With a profile, the semicolon is not needed.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Judge for HtmlEntity {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        Judgement::unless_found(RULE, find(text.as_bytes(), self.profile.is_some()))
    }
}

fn find(bytes: &[u8], without_semicolon: bool) -> Option<Range<usize>> {
    memchr::memchr2_iter(b'&', WIDE_AMPERSAND[0], bytes).find_map(|at| {
        let rest = &bytes[at..];
        let rest = rest
            .strip_prefix(b"&")
            .or_else(|| rest.strip_prefix(WIDE_AMPERSAND))?;
        let rest = NAMES.iter().find_map(|&name| rest.strip_prefix(name))?;
        let closed = rest
            .strip_prefix(b";")
            .or_else(|| rest.strip_prefix(WIDE_SEMICOLON));
        let rest = closed.or(without_semicolon.then_some(rest))?;
        Some(at..bytes.len() - rest.len())
    })
}
