//! Share of lines that start with a bullet point, up to a bound: lists without text.

use serde::Deserialize;

use super::share;
use crate::judgement::{Judgement, Profile};
use crate::lines::{filled, stripped, tally};
use crate::rule::Judge;
use crate::unicode::is_space;

const RULE: &str = "line_start_with_bulletpoint";
/// Longest number of a numbered list, in digits.
const MAX_DIGITS: usize = 3;

/// An upper bound, inclusive; none is off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineStartWithBulletpoint {
    /// Largest share that stays.
    pub threshold: Option<f64>,
    /// With a profile, only the ten characters of the published rule are bullet points.
    #[serde(default)]
    pub profile: Option<Profile>,
}

impl Judge for LineStartWithBulletpoint {
    fn judge(&self, text: &str) -> Judgement {
        let starts = |line| {
            let line = &text[stripped(text, line)];
            if self.profile.is_some() {
                line.starts_with(is_bullet) || line.starts_with('\u{2013}')
            } else {
                line.starts_with(is_bullet) || is_list_item(line)
            }
        };
        let (lines, starting, first) = tally(filled(text), starts);
        if lines == 0 {
            return Judgement::unjudged(Judgement::BLANK);
        }
        let value = share(starting, lines);
        Judgement::by(RULE, value, self.threshold, |value, bound| value <= bound)
            .or_else_detail(|| first.map(|line| stripped(text, line)))
    }
}

/// Characters that are bullet points wherever they start a line.
const fn is_bullet(char: char) -> bool {
    matches!(
        char,
        '\u{2022}'
            | '\u{2023}'
            | '\u{25b6}'
            | '\u{25c0}'
            | '\u{25e6}'
            | '\u{25a0}'
            | '\u{25a1}'
            | '\u{25aa}'
            | '\u{25ab}'
    )
}

/// Whether a line starts with a dash, asterisk, dot or number that whitespace sets off.
fn is_list_item(line: &str) -> bool {
    let rest = if let Some(rest) = line.strip_prefix(['-', '*', '+', '\u{b7}', '\u{2013}']) {
        rest
    } else {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=MAX_DIGITS).contains(&digits) {
            return false;
        }
        match line[digits..].strip_prefix(['.', ')']) {
            Some(rest) => rest,
            None => return false,
        }
    };
    rest.is_empty() || rest.starts_with(is_space)
}
