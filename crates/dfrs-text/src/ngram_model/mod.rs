//! Back-off n-gram language models, from ARPA files or `KenLM`'s, and how probable they find a text.
//!
//! The probability of a word is that of the longest n-gram it ends that the model knows, times the back-off weights of
//! the longer contexts that were tried (S. Katz, 1987). N-grams are found by a 64-bit hash of their words, from the last
//! to the first, so that a longer n-gram is one step of hashing more; as in `KenLM`, two n-grams with one hash would be
//! taken for each other (K. Heafield, "`KenLM`: Faster and Smaller Language Model Queries", 2011).

mod arpa;
mod kenlm;
mod table;

use std::collections::HashMap;
use std::io::BufRead;

use crate::Error;
use table::{Table, Weights, extend, hash};

/// Words of an n-gram at most.
const MAX_ORDER: usize = 12;
/// How compressed files begin.
const GZIP: &[u8] = b"\x1f\x8b";
/// The probability of unknown words in a model that does not say (`KenLM`'s).
const UNKNOWN: Weights = Weights {
    log10: -100.0,
    back_off: 0.0,
};

/// A model.
pub struct NgramModel {
    /// By hash of the word.
    words: HashMap<u64, u32>,
    /// By number of the word.
    unigrams: Vec<Weights>,
    /// By number of words minus two.
    ngrams: Vec<Table>,
    unknown: u32,
    begin: u32,
    end: u32,
}

/// What a model says about a text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// Sum of the logarithms, base 10, of the words' probabilities, ends of sentences included.
    pub log10: f64,
    /// Number of words, ends of sentences included.
    pub words: u64,
    /// How many of them the model does not know.
    pub unknown: u64,
}

impl Score {
    /// The perplexity per word; none without words.
    pub fn perplexity(&self) -> Option<f64> {
        (self.words > 0).then(|| 10_f64.powf(-self.log10 / self.words as f64))
    }
}

/// The words before the present one, from the last to the first, with the back-off weights of what they form.
struct Context {
    words: [u32; MAX_ORDER],
    back_offs: [f32; MAX_ORDER],
    length: usize,
}

impl NgramModel {
    /// Reads a file of so many bytes: ARPA, or `KenLM`'s binary format of the type `probing`.
    pub fn read(mut reader: impl BufRead, bytes: u64) -> Result<Self, Error> {
        let head = reader
            .fill_buf()
            .map_err(|error| malformed(error.to_string()))?;
        if head.starts_with(kenlm::MAGIC) {
            kenlm::read(reader, bytes)
        } else if head.starts_with(GZIP) {
            Err(malformed("it is compressed; unpack it first"))
        } else {
            arpa::read(reader)
        }
    }

    /// Fills in what a model does not say about unknown words and the ends of sentences.
    fn complete(mut self) -> Self {
        self.unknown = self.number_or_add(b"<unk>", UNKNOWN);
        self.begin = self.number_or_add(b"<s>", UNKNOWN);
        self.end = self.number_or_add(b"</s>", UNKNOWN);
        self
    }

    fn number(&self, word: &[u8]) -> Option<u32> {
        self.words.get(&hash(word)).copied()
    }

    fn number_or_add(&mut self, word: &[u8], weights: Weights) -> u32 {
        *self.words.entry(hash(word)).or_insert_with(|| {
            self.unigrams.push(weights);
            self.unigrams.len() as u32 - 1
        })
    }

    /// Words of the longest n-grams.
    pub fn order(&self) -> usize {
        self.ngrams.len() + 1
    }

    /// Scores a sentence, whose words stand between ASCII whitespace.
    pub fn score(&self, sentence: &str) -> Score {
        let mut context = Context {
            words: [self.begin; MAX_ORDER],
            back_offs: [0.0; MAX_ORDER],
            length: self.ngrams.len().min(1),
        };
        context.back_offs[0] = self.unigrams[self.begin as usize].back_off;
        let mut score = Score::default();
        for word in fields(sentence.as_bytes()) {
            let number = self.number(word).unwrap_or(self.unknown);
            score.unknown += u64::from(number == self.unknown);
            score.log10 += self.add(&mut context, number);
            score.words += 1;
        }
        score.log10 += self.add(&mut context, self.end);
        score.words += 1;
        score
    }

    /// Scores each line as a sentence; blank lines are none.
    pub fn score_lines(&self, text: &str) -> Score {
        let mut total = Score::default();
        for line in text
            .split('\n')
            .filter(|line| fields(line.as_bytes()).next().is_some())
        {
            let score = self.score(line);
            total.log10 += score.log10;
            total.words += score.words;
            total.unknown += score.unknown;
        }
        total
    }

    /// The logarithm of a word's probability after a context, to which the word is then added.
    fn add(&self, context: &mut Context, word: u32) -> f64 {
        let mut weights = self.unigrams[word as usize];
        let (mut log10, mut matched) = (weights.log10, 0);
        let mut back_offs = [0.0; MAX_ORDER];
        back_offs[0] = weights.back_off;
        let mut key = u64::from(word);
        for (before, ngrams) in self.ngrams.iter().enumerate().take(context.length) {
            key = extend(key, context.words[before]);
            if let Some(found) = ngrams.find(key) {
                weights = found;
                (log10, matched) = (weights.log10, before + 1);
                back_offs[before + 1] = weights.back_off;
            }
        }
        let tried = &context.back_offs[matched..context.length];
        let total = f64::from(log10) + tried.iter().map(|&weight| f64::from(weight)).sum::<f64>();
        context.words.copy_within(0..MAX_ORDER - 1, 1);
        context.words[0] = word;
        context.back_offs = back_offs;
        context.length = (context.length + 1).min(self.ngrams.len());
        total
    }
}

/// What stands between the whitespace of Python's `bytes.split`.
fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b'\t'..=b'\r' | b' '))
        .filter(|field| !field.is_empty())
}

/// The error of a file that is not what it should be.
fn malformed(reason: impl Into<String>) -> Error {
    Error::Model {
        kind: "n-gram language",
        reason: reason.into(),
    }
}
