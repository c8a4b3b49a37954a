//! Removes web addresses, then HTML tags.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::html_tag;
use crate::judgement::Profile;
use crate::refiner::Refine;
use crate::unicode::is_word;
use crate::words::skip_word;

/// How addresses and tags are recognised.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HtmlUrlRemover {
    /// With a profile, line breaks after an address go with it, only `http` and `https` are addresses, and everything
    /// between `<` and `>` on a line is a tag.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Refine for HtmlUrlRemover {
    fn refine_into(&self, text: &str, out: &mut String) -> bool {
        let published = self.profile.is_some();
        let mut without_addresses = String::new();
        let found = remove(text, &mut without_addresses, |from| {
            address(text, from, published)
        });
        let rest = if found { &without_addresses } else { text };
        let mut tags = html_tag::Tags::new(rest);
        let changed = if published {
            remove(rest, out, |from| html_tag::any_bracket(rest, from))
        } else {
            remove(rest, out, |from| tags.find(from))
        };
        if changed {
            return true;
        }
        if found {
            out.push_str(rest);
        }
        found
    }
}

/// Appends the text without what `find` finds from a position on; says whether there was anything.
fn remove(
    text: &str,
    out: &mut String,
    mut find: impl FnMut(usize) -> Option<Range<usize>>,
) -> bool {
    let mut done = 0;
    while let Some(span) = find(done) {
        out.push_str(&text[done..span.start]);
        done = span.end;
    }
    if done > 0 {
        out.push_str(&text[done..]);
    }
    done > 0
}

static BEGINNINGS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let patterns = ["http://", "https://", "ftp://", "ftps://", "www."];
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostFirst);
    builder.build(patterns).expect("five short patterns")
});
/// From this pattern on, the beginning must not be the end of a longer word.
const FIRST_WHOLE_WORD: usize = 2;

/// The first address from a position on.
fn address(text: &str, from: usize, published: bool) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    BEGINNINGS.find_iter(&text[from..]).find_map(|found| {
        let (start, after) = (from + found.start(), from + found.end());
        if found.pattern().as_usize() >= FIRST_WHOLE_WORD
            && (published || text[..start].chars().next_back().is_some_and(is_word))
        {
            return None;
        }
        let mut end = skip_word(bytes, after);
        if end == after {
            return None;
        }
        while published && matches!(bytes.get(end), Some(b'\r' | b'\n')) {
            end += 1;
        }
        Some(start..end)
    })
}
