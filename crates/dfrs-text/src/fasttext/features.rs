//! From a text to the sum of its features' rows, and the memory that makes frequent words cheap.

use super::dictionary::{Buckets, Dictionary, END_OF_LINE, Hash, Token};
use super::matrix::{Matrix, add};

/// Bytes of a word that is remembered; few words are longer.
const REMEMBERED_BYTES: usize = 24;
/// What the remembered sums take at most.
const MEMORY_BYTES: usize = 2 << 20;
/// Rows that are collected before they are added up.
const BLOCK_ROWS: usize = 1024;

/// How texts become rows.
pub(super) struct Features {
    pub(super) dictionary: Dictionary,
    pub(super) buckets: Buckets,
    /// Characters of an n-gram, from and to.
    pub(super) min_chars: usize,
    pub(super) max_chars: usize,
    pub(super) word_ngrams: usize,
}

/// What one thread needs while it predicts: the sums of words that it met lately. Results do not depend on it.
pub struct Scratch {
    slots: Vec<Slot>,
    sums: Vec<f32>,
    rows: Vec<u32>,
    bracketed: Vec<u8>,
    /// Hashes of the word n-grams that end at the last word, the longest first.
    ngrams: Vec<u64>,
    pub(super) hidden: Vec<f32>,
    pub(super) outputs: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Slot {
    bytes: [u8; REMEMBERED_BYTES],
    length: u8,
    is_label: bool,
    rows: u32,
}

const FREE: Slot = Slot {
    bytes: [0; REMEMBERED_BYTES],
    length: 0,
    is_label: false,
    rows: 0,
};

/// How many rows a token has, and whether it is a label.
#[derive(Clone, Copy)]
struct Summed {
    rows: usize,
    is_label: bool,
}

impl Scratch {
    pub(super) fn new(columns: usize) -> Self {
        let slots = (MEMORY_BYTES / (columns * 4 + size_of::<Slot>())).next_power_of_two();
        Self {
            slots: vec![FREE; slots],
            sums: vec![0.0; slots * columns],
            rows: Vec::with_capacity(BLOCK_ROWS),
            bracketed: Vec::new(),
            ngrams: Vec::new(),
            hidden: vec![0.0; columns],
            outputs: Vec::new(),
        }
    }

    /// Whether a slot holds a word.
    #[inline]
    fn holds(&self, slot: usize, word: &[u8]) -> bool {
        let slot = &self.slots[slot];
        usize::from(slot.length) == word.len() && slot.bytes[..word.len()] == *word
    }
}

const fn separators() -> [bool; 256] {
    let mut separators = [false; 256];
    let mut at = 0;
    while at < 7 {
        separators[b" \n\r\t\x0b\x0c\0"[at] as usize] = true;
        at += 1;
    }
    separators
}

/// What ends a token; other whitespace does not.
static SEPARATORS: [bool; 256] = separators();

impl Features {
    /// Leaves the mean of the rows of a text in `scratch.hidden`; false if it has no rows.
    pub(super) fn average(&self, text: &[u8], matrix: &Matrix, scratch: &mut Scratch) -> bool {
        scratch.hidden.fill(0.0);
        scratch.ngrams.clear();
        let (mut rows, mut at) = (0, 0);
        let mut ended = false;
        while at < text.len() && !ended {
            let start = at;
            let mut hash = Hash::START;
            while at < text.len() && !SEPARATORS[usize::from(text[at])] {
                hash = hash.with(text[at]);
                at += 1;
            }
            if at > start {
                let token = &text[start..at];
                ended = token == END_OF_LINE;
                rows += self.add_token(token, hash, matrix, scratch);
            }
            at += 1;
        }
        if !ended {
            let hash = (END_OF_LINE.iter()).fold(Hash::START, |hash, &byte| hash.with(byte));
            rows += self.add_token(END_OF_LINE, hash, matrix, scratch);
        }
        if rows == 0 {
            return false;
        }
        let share = (1.0 / rows as f64) as f32;
        scratch.hidden.iter_mut().for_each(|value| *value *= share);
        true
    }

    /// Adds the rows of a token, and returns how many they are.
    fn add_token(&self, token: &[u8], hash: Hash, matrix: &Matrix, scratch: &mut Scratch) -> usize {
        let columns = matrix.columns();
        let summed = if token.len() <= REMEMBERED_BYTES {
            let slot = (hash.0 ^ (hash.0 >> 16)) as usize & (scratch.slots.len() - 1);
            if !scratch.holds(slot, token) {
                self.remember(slot, token, hash, matrix, scratch);
            }
            add(
                &mut scratch.hidden,
                &scratch.sums[slot * columns..][..columns],
            );
            let slot = &scratch.slots[slot];
            Summed {
                rows: slot.rows as usize,
                is_label: slot.is_label,
            }
        } else {
            let mut sum = vec![0.0; columns];
            let summed = self.sum_token(token, hash, matrix, scratch, &mut sum);
            add(&mut scratch.hidden, &sum);
            summed
        };
        if self.word_ngrams > 1 && !summed.is_label {
            return summed.rows + self.add_word_ngrams(hash, matrix, scratch);
        }
        summed.rows
    }

    #[cold]
    fn remember(
        &self,
        slot: usize,
        token: &[u8],
        hash: Hash,
        matrix: &Matrix,
        scratch: &mut Scratch,
    ) {
        let columns = matrix.columns();
        let mut sums = std::mem::take(&mut scratch.sums);
        let sum = &mut sums[slot * columns..][..columns];
        sum.fill(0.0);
        let summed = self.sum_token(token, hash, matrix, scratch, sum);
        scratch.sums = sums;
        let slot = &mut scratch.slots[slot];
        slot.bytes[..token.len()].copy_from_slice(token);
        slot.length = token.len() as u8;
        slot.is_label = summed.is_label;
        slot.rows = summed.rows as u32;
    }

    /// Adds up the rows of a word and its character n-grams.
    fn sum_token(
        &self,
        token: &[u8],
        hash: Hash,
        matrix: &Matrix,
        scratch: &mut Scratch,
        sum: &mut [f32],
    ) -> Summed {
        let Token::Word(word) = self.dictionary.look_up(token, hash) else {
            return Summed {
                rows: 0,
                is_label: true,
            };
        };
        let mut count = usize::from(word.is_some());
        scratch.rows.clear();
        scratch.rows.extend(word);
        if token != END_OF_LINE && self.max_chars > 0 {
            scratch.bracketed.clear();
            scratch.bracketed.push(b'<');
            scratch.bracketed.extend_from_slice(token);
            scratch.bracketed.push(b'>');
            let rows = &mut scratch.rows;
            self.for_each_ngram(&scratch.bracketed, |hash| {
                if let Some(row) = self.buckets.row(hash) {
                    rows.push(row);
                    count += 1;
                    if rows.len() == BLOCK_ROWS {
                        matrix.add_rows(rows, sum);
                        rows.clear();
                    }
                }
            });
        }
        matrix.add_rows(&scratch.rows, sum);
        Summed {
            rows: count,
            is_label: false,
        }
    }

    /// Calls `found` with the hash of every character n-gram of a word in brackets, but the brackets themselves.
    #[inline]
    fn for_each_ngram(&self, word: &[u8], mut found: impl FnMut(Hash)) {
        let mut start = 0;
        while start < word.len() {
            let (mut hash, mut end) = (Hash::START, start);
            for chars in 1..=self.max_chars {
                if end == word.len() {
                    break;
                }
                hash = hash.with(word[end]);
                end += 1;
                while end < word.len() && continues(word[end]) {
                    hash = hash.with(word[end]);
                    end += 1;
                }
                let is_bracket = chars == 1 && (start == 0 || end == word.len());
                if chars >= self.min_chars && !is_bracket {
                    found(hash);
                }
            }
            start += 1;
            while start < word.len() && continues(word[start]) {
                start += 1;
            }
        }
    }

    /// Adds the rows of the word n-grams that end with this word.
    fn add_word_ngrams(&self, hash: Hash, matrix: &Matrix, scratch: &mut Scratch) -> usize {
        scratch.rows.clear();
        for ngram in &mut scratch.ngrams {
            *ngram = Hash::join(*ngram, hash);
            scratch.rows.extend(self.buckets.row_of_words(*ngram));
        }
        if scratch.ngrams.len() + 1 >= self.word_ngrams {
            scratch.ngrams.remove(0);
        }
        scratch.ngrams.push(hash.widened());
        matrix.add_rows(&scratch.rows, &mut scratch.hidden);
        scratch.rows.len()
    }
}

/// Whether a byte goes on with a character of UTF-8.
const fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}
