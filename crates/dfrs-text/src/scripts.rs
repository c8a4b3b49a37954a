//! Languages that can be told from the script alone: Korean, Thai, Greek, Tamil and others that share theirs with no
//! other language of a model.

use crate::unicode::{char_at, is_word};

/// Share of a text's letters that decides.
const MIN_SHARE: f64 = 0.9;
/// One letter of other scripts for so many is too many.
const OTHERS_PER: usize = 10;

static SCRIPTS: &str = include_str!("scripts.tsv");

/// The scripts and which label of a model each of them means, if only one does.
#[derive(Debug)]
pub struct Scripts {
    /// Ascending: first and last character, number of the script.
    ranges: Vec<(u32, u32, usize)>,
    labels: Vec<Option<u32>>,
}

impl Scripts {
    /// Finds out what the scripts mean for a model: labels are language codes (`el`) or have a script code
    /// (`ell_Grek`).
    pub fn new(labels: &[String]) -> Self {
        let (mut ranges, mut decided) = (Vec::new(), Vec::new());
        let lines = SCRIPTS.lines().filter(|line| !line.starts_with('#'));
        for (script, line) in lines.enumerate() {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            let (code, blocks, languages) = (field(), field(), field());
            ranges.extend(blocks.split(' ').map(|block| {
                let (first, last) = block.split_once('-').unwrap_or((block, block));
                let number = |hex| u32::from_str_radix(hex, 16).unwrap_or_default();
                (number(first), number(last), script)
            }));
            decided.push(only_label(labels, code, languages));
        }
        ranges.sort_unstable();
        Self {
            ranges,
            labels: decided,
        }
    }

    /// The label that the script of a text means, and the share of letters in it.
    pub fn decide(&self, text: &str) -> Option<(u32, f64)> {
        let most_others = text.len() / OTHERS_PER;
        let mut counts = vec![0_usize; self.labels.len()];
        let (mut others, mut at) = (0, 0);
        let mut here = (1, 0, 0);
        let bytes = text.as_bytes();
        while at < bytes.len() {
            if bytes[at].is_ascii() {
                others += usize::from(bytes[at].is_ascii_alphabetic());
                at += 1;
                if others > most_others {
                    return None; // letters are no more than bytes
                }
                continue;
            }
            let char = char_at(text, at);
            at += char.len_utf8();
            let code = char as u32;
            if !(here.0..=here.1).contains(&code) {
                let after = self.ranges.partition_point(|range| range.0 <= code);
                match after.checked_sub(1).map(|before| self.ranges[before]) {
                    Some(range) if code <= range.1 => here = range,
                    _ => {
                        others += usize::from(is_word(char));
                        continue;
                    }
                }
            }
            counts[here.2] += 1;
        }
        let letters = others + counts.iter().sum::<usize>();
        let most = (0..counts.len()).max_by_key(|&script| counts[script])?;
        let share = counts[most] as f64 / letters.max(1) as f64;
        (self.labels[most].filter(|_| share >= MIN_SHARE)).map(|label| (label, share))
    }
}

/// The number of the only label in a script.
fn only_label(labels: &[String], code: &str, languages: &str) -> Option<u32> {
    let is_in_script = |label: &&String| match label.split_once('_') {
        Some((_, script)) => script == code,
        None => languages
            .split(' ')
            .any(|language| language == label.as_str()),
    };
    let mut found = (0..).zip(labels).filter(|(_, label)| is_in_script(label));
    let (only, _) = found.next()?;
    found.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn scripts_of_one_language_decide() {
        let scripts = Scripts::new(&labels(&["en", "el", "ko", "he", "yi", "ru", "ja"]));
        for (text, label) in [
            ("Καλημέρα κόσμε", Some(1)),
            ("Καλημέρα κόσμε, this is English", None),
            ("안녕하세요, 세계! 반갑습니다 a", Some(2)),
            ("שלום עולם", None),
            ("привет", None),
            ("hello", None),
            ("", None),
            ("123 !?", None),
        ] {
            assert_eq!(
                scripts.decide(text).map(|(label, _)| label),
                label,
                "{text}"
            );
        }
    }

    #[test]
    fn labels_may_name_their_script() {
        let scripts = Scripts::new(&labels(&["ell_Grek", "lao_Laoo", "tha_Thai", "nod_Thai"]));
        assert_eq!(scripts.decide("Καλημέρα"), Some((0, 1.0)));
        assert_eq!(scripts.decide("สวัสดี"), None);
        assert_eq!(scripts.decide("ສະບາຍດີ").map(|(label, _)| label), Some(1));
    }

    #[test]
    fn ranges_do_not_overlap() {
        let scripts = Scripts::new(&[]);
        assert!(scripts.ranges.len() > 30 && scripts.ranges[0].0 == 0x370);
        assert!(
            scripts.ranges.windows(2).all(|pair| pair[0].1 < pair[1].0),
            "{:?}",
            scripts.ranges
        );
    }
}
