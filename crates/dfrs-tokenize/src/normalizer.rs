//! What happens to a text before it is cut into pieces.

use std::borrow::Cow;

use unicode_normalization_alignments::UnicodeNormalization;

/// One change of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Normalizer {
    /// Canonical composition.
    Nfc,
    /// Canonical decomposition.
    Nfd,
    /// Compatibility composition.
    Nfkc,
    /// Compatibility decomposition.
    Nfkd,
    /// Puts something in front of a text that is not empty.
    Prepend(String),
    /// Replaces a string by another.
    Replace(String, String),
}

impl Normalizer {
    /// The changed text.
    pub fn apply<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        match self {
            Self::Nfc if text.chars().all(stays_composed) => text,
            Self::Nfc => text.nfc().map(|(char, _)| char).collect(),
            _ if text.is_empty() => text,
            Self::Nfd | Self::Nfkc | Self::Nfkd if text.is_ascii() => text,
            Self::Nfd => text.nfd().map(|(char, _)| char).collect(),
            Self::Nfkc => text.nfkc().map(|(char, _)| char).collect(),
            Self::Nfkd => text.nfkd().map(|(char, _)| char).collect(),
            Self::Prepend(prefix) => Cow::Owned(prefix.clone() + &text),
            Self::Replace(from, to) if text.contains(from.as_str()) => {
                Cow::Owned(text.replace(from.as_str(), to))
            }
            Self::Replace(..) => text,
        }
    }
}

/// Whether composition never changes the character, whatever stands around it; not all such characters.
const fn stays_composed(char: char) -> bool {
    matches!(
        char,
        '\0'..='\u{2ff}'
            | '\u{400}'..='\u{482}'
            | '\u{48a}'..='\u{52f}'
            | '\u{2010}'..='\u{2027}'
            | '\u{2030}'..='\u{205e}'
            | '\u{3001}'..='\u{3029}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30ff}'
            | '\u{3400}'..='\u{4db5}'
            | '\u{4e00}'..='\u{9fa5}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{ff01}'..='\u{ff9d}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_composed_is_composed_and_never_joins_what_is_before() {
        let before = ['a', '\u{1100}', '\u{3046}', '\u{ac00}', '\u{438}', '\u{0}'];
        let mut seen = 0;
        for char in ('\0'..=char::MAX).filter(|char| stays_composed(*char)) {
            for previous in before {
                let text: String = [previous, char].iter().collect();
                let composed: String = text.nfc().map(|(char, _)| char).collect();
                assert_eq!(composed, text, "{previous:?} {char:?}");
            }
            seen += 1;
        }
        assert!(seen > 40_000, "{seen}");
    }

    #[test]
    fn each_change() {
        let cases = [
            (Normalizer::Nfc, "e\u{301}", "\u{e9}"),
            (Normalizer::Nfd, "\u{e9}", "e\u{301}"),
            (Normalizer::Nfkc, "\u{fb01}", "fi"),
            (Normalizer::Nfkd, "\u{ff21}\u{e9}", "Ae\u{301}"),
            (Normalizer::Prepend("_".into()), "a", "_a"),
            (Normalizer::Prepend("_".into()), "", ""),
            (Normalizer::Replace(" ".into(), "_".into()), "a b ", "a_b_"),
        ];
        for (normalizer, text, expected) in cases {
            assert_eq!(
                normalizer.apply(Cow::Borrowed(text)),
                expected,
                "{normalizer:?}"
            );
        }
    }
}
