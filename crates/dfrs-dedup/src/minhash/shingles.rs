//! The set of n-grams of a text, as distinct 64-bit hashes. Two texts are compared by these sets: with 64 bits, one
//! wrongly equal n-gram is expected in 10^13 comparisons of pages of a thousand words.

use super::settings::{Settings, Unit};
use crate::mix::fold;
use crate::normal::Form;
use crate::words::{Word, WordForm, words_into};
use xxhash_rust::xxh3::xxh3_64;

/// Hashes that a table has room for at first; it grows for longer texts.
const MOST_EXPECTED: usize = 1 << 14;
const MIX: u64 = 0xd6e8_feb8_6659_fd93;

/// Working memory for one text at a time.
#[derive(Default)]
pub struct Shingles {
    normal: String,
    words: Vec<Word>,
    distinct: Distinct,
}

impl Shingles {
    /// The distinct n-gram hashes in order of first appearance; none when the text is shorter than an n-gram.
    pub fn of(&mut self, text: &str, settings: &Settings) -> &[u64] {
        self.distinct.set.clear();
        let form = settings.form;
        let form_is_words = (settings.unit, form) == (Unit::Word, Form::Words);
        let normal = if form == Form::Exact || form_is_words {
            text
        } else {
            self.normal.clear();
            form.apply(text, &mut self.normal);
            &self.normal
        };
        match settings.unit {
            Unit::Word if form_is_words => words_into(normal, WordForm::Words, &mut self.words),
            Unit::Word => words_into(normal, WordForm::Whitespace, &mut self.words),
            Unit::Character => take_characters(normal, settings.ngram, &mut self.distinct),
        }
        if settings.unit == Unit::Word {
            take_words(&self.words, settings.ngram, &mut self.distinct);
        }
        &self.distinct.set
    }
}

fn take_words(words: &[Word], n: usize, distinct: &mut Distinct) {
    distinct.reset(words.len());
    for words in words.windows(n) {
        let hash = words
            .iter()
            .fold(MIX, |hash, word| fold(hash ^ word.hash, MIX));
        distinct.insert(hash);
    }
}

fn take_characters(text: &str, n: usize, distinct: &mut Distinct) {
    let mut ends = text
        .char_indices()
        .map(|(start, char)| start + char.len_utf8());
    let Some(mut end) = ends.nth(n - 1) else {
        return;
    };
    distinct.reset(text.len());
    let bytes = text.as_bytes();
    let mut start = 0;
    loop {
        distinct.insert(hash_bytes(bytes, start, end));
        start += text[start..].chars().next().map_or(1, char::len_utf8);
        match ends.next() {
            Some(next) => end = next,
            None => return,
        }
    }
}

/// Hash of a piece of a text; up to eight bytes are one number.
#[inline]
fn hash_bytes(bytes: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    if len <= 8
        && let Some(eight) = bytes[start..].first_chunk()
    {
        let number = u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * len));
        return fold(number ^ MIX, MIX.rotate_left(len as u32));
    }
    if len <= 8 {
        let mut eight = [0; 8];
        eight[..len].copy_from_slice(&bytes[start..end]);
        return fold(u64::from_le_bytes(eight) ^ MIX, MIX.rotate_left(len as u32));
    }
    xxh3_64(&bytes[start..end])
}

/// Distinct hashes in order of first appearance.
#[derive(Default)]
struct Distinct {
    table: Vec<u64>,
    set: Vec<u64>,
}

impl Distinct {
    /// Forgets everything; up to `count` hashes will come, or fewer when many repeat.
    fn reset(&mut self, count: usize) {
        self.set.clear();
        self.resize((2 * count.clamp(1, MOST_EXPECTED)).next_power_of_two());
    }

    fn resize(&mut self, size: usize) {
        self.table.clear();
        self.table.resize(size, 0);
    }

    /// Takes a hash; 0 marks a free place of the table and becomes 1.
    #[inline]
    fn insert(&mut self, hash: u64) {
        let hash = hash.max(1);
        let place = self.place(hash);
        if self.table[place] == hash {
            return;
        }
        self.table[place] = hash;
        self.set.push(hash);
        if self.set.len() * 2 > self.table.len() {
            self.grow();
        }
    }

    /// Where the hash is, or would be.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut place = (hash >> 20) as usize & mask;
        while self.table[place] != 0 && self.table[place] != hash {
            place = (place + 1) & mask;
        }
        place
    }

    #[cold]
    fn grow(&mut self) {
        self.resize(self.table.len() * 4);
        for i in 0..self.set.len() {
            let place = self.place(self.set[i]);
            self.table[place] = self.set[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn settings(unit: Unit, form: Form, ngram: usize) -> Settings {
        Settings {
            unit,
            form,
            ngram,
            ..Settings::default()
        }
    }

    fn count(text: &str, unit: Unit, form: Form, n: usize) -> usize {
        Shingles::default().of(text, &settings(unit, form, n)).len()
    }

    #[test]
    fn texts_shorter_than_an_ngram_have_none() {
        for (text, unit, form, n, expected) in [
            ("", Unit::Character, Form::Exact, 5, 0),
            ("abcd", Unit::Character, Form::Exact, 5, 0),
            ("abcde", Unit::Character, Form::Exact, 5, 1),
            ("a b c d", Unit::Word, Form::Words, 5, 0),
            ("a b c d E", Unit::Word, Form::Words, 5, 1),
            ("a-b c d E", Unit::Word, Form::Lower, 5, 0),
            ("  --  ", Unit::Word, Form::Words, 1, 0),
            ("a A a", Unit::Word, Form::Exact, 1, 2),
            ("a A a", Unit::Word, Form::Lower, 1, 1),
            ("Ab, --cd", Unit::Character, Form::Words, 5, 1),
            (
                "\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}",
                Unit::Character,
                Form::Exact,
                2,
                2,
            ),
        ] {
            assert_eq!(
                count(text, unit, form, n),
                expected,
                "{text:?} {unit:?} {form:?} {n}"
            );
        }
    }

    proptest! {
        #[test]
        fn as_many_hashes_as_distinct_ngrams(text in "[a-c \u{e9}\u{6f22}\0]{0,80}", n in 1_usize..12) {
            let chars: Vec<char> = text.chars().collect();
            let expected: BTreeSet<&[char]> = chars.windows(n).collect();
            prop_assert_eq!(count(&text, Unit::Character, Form::Exact, n), expected.len());
            let words: Vec<&str> = text.split_whitespace().collect();
            let expected: BTreeSet<&[&str]> = words.windows(n).collect();
            prop_assert_eq!(count(&text, Unit::Word, Form::Exact, n), expected.len());
        }

        #[test]
        fn hashes_depend_on_the_ngrams_only(text in "[a-c\u{e9} ]{8,40}", n in 1_usize..6) {
            let one = settings(Unit::Character, Form::Exact, n);
            let whole: BTreeSet<u64> = Shingles::default().of(&text, &one).iter().copied().collect();
            let chars: Vec<char> = text.chars().collect();
            let single: BTreeSet<u64> = chars
                .windows(n)
                .flat_map(|window| Shingles::default().of(&window.iter().collect::<String>(), &one).to_vec())
                .collect();
            prop_assert_eq!(whole, single);
        }
    }
}
