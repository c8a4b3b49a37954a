//! The ARPA format: text, a section for each order, an n-gram with its weights on each line.

use std::collections::HashMap;
use std::io::BufRead;

use super::table::{Table, Weights, extend};
use super::{MAX_ORDER, NgramModel, fields, malformed};
use crate::Error;

pub(super) fn read(reader: impl BufRead) -> Result<NgramModel, Error> {
    let mut lines = Lines {
        reader,
        line: Vec::new(),
        number: 0,
    };
    let counts = lines.counts()?;
    let mut model = NgramModel {
        words: HashMap::new(),
        unigrams: Vec::new(),
        ngrams: Vec::new(),
        unknown: 0,
        begin: 0,
        end: 0,
    };
    for (order, &count) in (1..).zip(&counts) {
        lines.expect(&format!("\\{order}-grams:"))?;
        let mut ngrams = Vec::new();
        for _ in 0..count {
            read_ngram(&mut model, &mut lines, order, &mut ngrams)?;
        }
        if order > 1 {
            model.ngrams.push(Table::new(&ngrams));
        }
    }
    lines.expect("\\end\\")?;
    Ok(model.complete())
}

fn read_ngram<R: BufRead>(
    model: &mut NgramModel,
    lines: &mut Lines<R>,
    order: usize,
    ngrams: &mut Vec<(u64, Weights)>,
) -> Result<(), Error> {
    lines.next_full()?;
    let mut fields = fields(&lines.line);
    let log10 = fields.next().and_then(number);
    let mut known = true;
    let mut numbers = [0; MAX_ORDER];
    let mut word = &[][..];
    for place in &mut numbers[..order] {
        word = fields.next().unwrap_or_default();
        if order > 1 {
            let found = model.number(word);
            known &= found.is_some();
            *place = found.unwrap_or_default();
        }
    }
    let back_off = fields.next().map_or(Some(0.0), number);
    let (Some(log10), Some(back_off), true, None, false) =
        (log10, back_off, known, fields.next(), word.is_empty())
    else {
        return Err(lines.error(&format!(
            "a probability, {order} known words and perhaps a back-off weight were expected"
        )));
    };
    let weights = Weights { log10, back_off };
    if order == 1 {
        model.number_or_add(word, weights);
    } else {
        let before = numbers[..order - 1].iter().rev();
        let last = u64::from(numbers[order - 1]);
        ngrams.push((before.fold(last, |key, &word| extend(key, word)), weights));
    }
    Ok(())
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
        malformed(format!("line {}: {reason}", self.number))
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
                            counts.push(count);
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
