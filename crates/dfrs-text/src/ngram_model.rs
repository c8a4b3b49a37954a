//! Back-off n-gram language models in the ARPA format, and how probable they find a text.
//!
//! The probability of a word is that of the longest n-gram it ends that the model knows, times the back-off weights of
//! the longer contexts that were tried (S. Katz, 1987). N-grams are found by a 64-bit hash of their words, from the last
//! to the first, so that a longer n-gram is one step of hashing more; as in KenLM, two n-grams with one hash would be
//! taken for each other (K. Heafield, "KenLM: Faster and Smaller Language Model Queries", 2011).

use std::collections::HashMap;
use std::io::BufRead;

use hashbrown::HashTable;

use crate::Error;

/// Words of an n-gram at most.
const MAX_ORDER: usize = 12;
/// The probability of unknown words in a model that does not say (KenLM's).
const UNKNOWN: Weights = Weights {
    log10: -100.0,
    back_off: 0.0,
};

/// A model.
pub struct NgramModel {
    words: HashMap<Box<[u8]>, u32>,
    /// By number of the word.
    unigrams: Vec<Weights>,
    /// By number of words minus two.
    ngrams: Vec<HashTable<(u64, Weights)>>,
    unknown: u32,
    begin: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Weights {
    log10: f32,
    back_off: f32,
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
    /// Reads an ARPA file.
    pub fn read_arpa(reader: impl BufRead) -> Result<Self, Error> {
        let mut lines = Lines {
            reader,
            line: Vec::new(),
            number: 0,
        };
        let counts = lines.counts()?;
        let mut model = Self {
            words: HashMap::new(),
            unigrams: Vec::new(),
            ngrams: vec![HashTable::new(); counts.len() - 1],
            unknown: 0,
            begin: 0,
            end: 0,
        };
        for (order, &count) in (1..).zip(&counts) {
            lines.expect(&format!("\\{order}-grams:"))?;
            for _ in 0..count {
                model.read_ngram(&mut lines, order)?;
            }
        }
        lines.expect("\\end\\")?;
        model.unknown = model.number_or_add(b"<unk>", UNKNOWN);
        model.begin = model.number_or_add(b"<s>", UNKNOWN);
        model.end = model.number_or_add(b"</s>", UNKNOWN);
        Ok(model)
    }

    fn read_ngram<R: BufRead>(&mut self, lines: &mut Lines<R>, order: usize) -> Result<(), Error> {
        lines.next_full()?;
        let mut fields = fields(&lines.line);
        let log10 = fields.next().and_then(number);
        let mut key = Some(0);
        let mut numbers = [0; MAX_ORDER];
        let mut word = &[][..];
        for place in &mut numbers[..order] {
            word = fields.next().unwrap_or_default();
            if order > 1 {
                match self.words.get(word) {
                    Some(&number) => *place = number,
                    None => key = None,
                }
            }
        }
        let back_off = fields.next().map_or(Some(0.0), number);
        let (Some(log10), Some(back_off), Some(_), None, false) =
            (log10, back_off, key, fields.next(), word.is_empty())
        else {
            return Err(lines.error(&format!(
                "a probability, {order} known words and perhaps a back-off weight were expected"
            )));
        };
        let weights = Weights { log10, back_off };
        if order == 1 {
            self.number_or_add(word, weights);
        } else {
            let key = numbers[..order]
                .iter()
                .rev()
                .fold(0, |key, &word| extend(key, word));
            let ngrams = &mut self.ngrams[order - 2];
            match ngrams.find_mut(key, |ngram| ngram.0 == key) {
                Some(ngram) => ngram.1 = weights,
                None => {
                    ngrams.insert_unique(key, (key, weights), |ngram| ngram.0);
                }
            }
        }
        Ok(())
    }

    fn number_or_add(&mut self, word: &[u8], weights: Weights) -> u32 {
        if let Some(&number) = self.words.get(word) {
            return number;
        }
        let number = self.unigrams.len() as u32;
        self.unigrams.push(weights);
        self.words.insert(word.into(), number);
        number
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
            let number = self.words.get(word).copied().unwrap_or(self.unknown);
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
        let mut key = extend(0, word);
        for (before, ngrams) in self.ngrams.iter().enumerate().take(context.length) {
            key = extend(key, context.words[before]);
            if let Some(&(_, found)) = ngrams.find(key, |ngram| ngram.0 == key) {
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

/// The key of an n-gram with one more word before it.
const fn extend(key: u64, word: u32) -> u64 {
    let mixed = (key ^ (word as u64 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// What stands between the whitespace of Python's `bytes.split`.
fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b'\t'..=b'\r' | b' '))
        .filter(|field| !field.is_empty())
}

fn number(field: &[u8]) -> Option<f32> {
    let value: f32 = std::str::from_utf8(field).ok()?.parse().ok()?;
    (value <= 100.0).then_some(value) // minus infinity is a probability of 0
}

/// The lines of a file, with their numbers.
struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    fn error(&self, reason: &str) -> Error {
        Error::Model {
            kind: "ARPA language",
            reason: format!("line {}: {reason}", self.number),
        }
    }

    /// Goes to the next line that is not blank.
    fn next_full(&mut self) -> Result<(), Error> {
        loop {
            self.line.clear();
            self.number += 1;
            let read = self.reader.read_until(b'\n', &mut self.line);
            if read.map_err(|error| self.error(&error.to_string()))? == 0 {
                return Err(self.error("the file ends too early"));
            }
            if fields(&self.line).next().is_some() {
                return Ok(());
            }
        }
    }

    fn expect(&mut self, head: &str) -> Result<(), Error> {
        self.next_full()?;
        if self.line.trim_ascii() == head.as_bytes() {
            return Ok(());
        }
        Err(self.error(&format!("'{head}' was expected")))
    }

    /// Number of n-grams of each order, up to and with the first head of a section, which is looked at again.
    fn counts(&mut self) -> Result<Vec<u64>, Error> {
        self.expect("\\data\\")?;
        let mut counts = Vec::new();
        loop {
            let buffered = self.reader.fill_buf().map(|bytes| bytes.first().copied());
            match buffered.map_err(|error| self.error(&error.to_string()))? {
                Some(b'\\') if !counts.is_empty() => return Ok(counts),
                Some(byte @ (b'\n' | b'\r')) => {
                    self.reader.consume(1);
                    self.number += usize::from(byte == b'\n');
                }
                _ => {
                    self.next_full()?;
                    let line = String::from_utf8_lossy(&self.line).into_owned();
                    let count = line
                        .trim()
                        .strip_prefix("ngram ")
                        .and_then(|line| line.split_once('='));
                    let order = counts.len() + 1;
                    match count.map(|(order, count)| {
                        (order.trim().parse::<usize>(), count.trim().parse::<u64>())
                    }) {
                        Some((Ok(found), Ok(count))) if found == order && order <= MAX_ORDER => {
                            counts.push(count)
                        }
                        _ => {
                            return Err(self.error(&format!(
                                "'ngram {order}=...' was expected, up to {MAX_ORDER}"
                            )));
                        }
                    }
                }
            }
        }
    }
}
