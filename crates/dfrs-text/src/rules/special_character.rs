//! Characters that are traces of broken or decorated text: a left-to-right mark, the division sign that mojibake
//! leaves, replacement characters, emoji.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use crate::judgement::{Judgement, Profile};
use crate::rule::Judge;
use crate::unicode::NonAscii;

const RULE: &str = "special_character";

/// Which characters count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialCharacter {
    /// With a profile, the notations of characters (`u200e`, `U+2600`) count instead of the characters.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Judge for SpecialCharacter {
    fn judge(&self, text: &str) -> Judgement {
        if text.is_empty() {
            return Judgement::unjudged(Judgement::EMPTY);
        }
        let found = if self.profile.is_some() {
            find_notation(text)
        } else {
            find_character(text)
        };
        Judgement::unless_found(RULE, found)
    }
}

/// The published patterns, whose escapes lost their backslash; letters after a notation are checked by hand.
static NOTATIONS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let patterns = [
        "u200e", "&#247;", "? :", "\u{fffd}", "\u{25a1}", "{/U}", "U+26", "U+273", "U+1F",
    ];
    AhoCorasick::new(patterns).expect("nine short patterns")
});
const FIRST_CODE: usize = 6;

fn find_notation(text: &str) -> Option<Range<usize>> {
    NOTATIONS.find_iter(text).find_map(|found| {
        let rest = &text.as_bytes()[found.end()..];
        let extra = match found.pattern().as_usize().checked_sub(FIRST_CODE) {
            None => 0,
            Some(0) => matches!(rest, [b'0'..=b'F', b'0'..=b'D', ..]).then_some(2)?,
            Some(1) => matches!(rest, [b'3'..=b'4', ..]).then_some(1)?,
            Some(_) => matches!(
                rest,
                [b'3'..=b'6', b'0'..=b'4', b'0'..=b'F', ..] | [b'6', b'8'..=b'F', b'0'..=b'F', ..]
            )
            .then_some(3)?,
        };
        Some(found.start()..found.end() + extra)
    })
}

fn find_character(text: &str) -> Option<Range<usize>> {
    let special = NonAscii::new(text).find(|&(_, char)| is_special(char));
    special
        .map(|(at, char)| at..at + char.len_utf8())
        .or_else(|| {
            let remains = ["&#247;", "{/U}"].into_iter();
            let mut remains = remains.filter_map(|remain| Some((text.find(remain)?, remain.len())));
            remains.next().map(|(at, length)| at..at + length)
        })
}

/// Left-to-right mark, division sign, replacement characters, and the emoji blocks that the published rule names.
const fn is_special(char: char) -> bool {
    matches!(
        char,
        '\u{200e}'
            | '\u{f7}'
            | '\u{fffd}'
            | '\u{25a1}'
            | '\u{2600}'..='\u{26ff}'
            | '\u{2733}'..='\u{2734}'
            | '\u{1f300}'..='\u{1f64f}'
            | '\u{1f680}'..='\u{1f6ff}'
    )
}
