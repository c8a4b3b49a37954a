//! Repeated lines, paragraphs and sentences: of equal runs of pieces the one in the best row stays, the others are cut.
//!
//! Two passes: the first takes the keys of all runs, the second cuts the texts. Memory: the sorter's buffer, and one bit
//! per run. Invariant: which runs are cut depends on the texts, their priorities and order, on nothing else.
//!
//! Sources: C4 (Raffel et al. 2020: all but one of any three-sentence span) as datatrove does it, its options and
//! defaults; `CCNet` (Wenzek et al. 2020: paragraphs by a normalised hash).

use std::ops::Range;

use rayon::prelude::*;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::Error;
use crate::clusters::Priority;
use crate::exact::Occurrences;
use crate::normal::Form;
use crate::pieces::Split;
use crate::records::Limits;

/// Fewer rows than this are not worth moving to another thread.
const MIN_ROWS_PER_TASK: usize = 16;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What a piece is.
    pub split: Split,
    /// Which pieces are equal.
    pub form: Form,
    /// Pieces in a row that are compared together, at least 1.
    pub run: usize,
    /// Pieces with fewer characters in their normal form are passed over; so are those with none.
    pub min_chars: usize,
    /// Runs with fewer words (between whitespace) stay where they repeat another.
    pub min_words: usize,
}

/// A run of pieces.
struct Run {
    key: u128,
    /// First and last piece.
    first: usize,
    last: usize,
}

impl Options {
    /// The runs of a text, by their first piece.
    fn runs(&self, text: &str, pieces: &[Range<usize>], normal: &mut String) -> Vec<Run> {
        let mut keys = Vec::with_capacity(pieces.len());
        for (number, piece) in pieces.iter().enumerate() {
            normal.clear();
            self.form.apply(text[piece.clone()].trim(), normal);
            if !normal.is_empty()
                && (self.min_chars < 2 || normal.chars().nth(self.min_chars - 1).is_some())
            {
                keys.push((xxh3_128(normal.as_bytes()), number));
            }
        }
        let runs = keys.windows(self.run).map(|run| Run {
            key: joined(run),
            first: run[0].1,
            last: run[run.len() - 1].1,
        });
        runs.collect()
    }
}

fn joined(run: &[(u128, usize)]) -> u128 {
    if let [(key, _)] = run {
        return *key;
    }
    let mut hash = Xxh3::new();
    for (key, _) in run {
        hash.update(&key.to_le_bytes());
    }
    hash.digest128()
}

/// The first pass.
#[derive(Debug)]
pub struct SpanFinder {
    options: Options,
    occurrences: Occurrences,
}

impl SpanFinder {
    /// Begins with no texts.
    pub fn new(options: Options, limits: &Limits) -> Result<Self, Error> {
        if options.run == 0 {
            return Err(Error::Parameter(
                "0 pieces in a row are nothing to compare: give 1 or more".into(),
            ));
        }
        Ok(Self {
            options,
            occurrences: Occurrences::new(limits),
        })
    }

    /// Takes the texts of the next rows; `priorities` is empty or has one entry per row.
    pub fn extend(&mut self, texts: &[Option<&str>], priorities: &[Priority]) -> Result<(), Error> {
        let options = &self.options;
        let keys: Vec<Vec<u128>> = texts
            .par_iter()
            .with_min_len(MIN_ROWS_PER_TASK)
            .map_init(String::new, |normal, text| {
                let text = text.unwrap_or_default();
                options
                    .runs(text, &options.split.pieces(text), normal)
                    .iter()
                    .map(|run| run.key)
                    .collect()
            })
            .collect();
        for (row, keys) in keys.into_iter().enumerate() {
            let priority = priorities.get(row).copied().unwrap_or_default();
            self.occurrences
                .extend(keys.into_iter().map(|key| (Some(key), priority)))?;
        }
        Ok(())
    }

    /// Compares all runs.
    pub fn finish(self) -> Result<Spans, Error> {
        let runs = self.occurrences.seen();
        let mut repeated = vec![0_u64; runs.div_ceil(64) as usize];
        let mut count = 0;
        self.occurrences.for_each_duplicate(|found| {
            repeated[(found.number / 64) as usize] |= 1 << (found.number % 64);
            count += 1;
        })?;
        Ok(Spans {
            options: self.options,
            runs,
            count,
            repeated,
            next: 0,
        })
    }
}

/// The second pass: which runs are repeated.
#[derive(Debug)]
pub struct Spans {
    options: Options,
    runs: u64,
    count: u64,
    repeated: Vec<u64>,
    /// Number of the first run of the next row.
    next: u64,
}

/// A text after the second pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The new text; `None`: nothing was cut.
    pub text: Option<String>,
    /// Pieces that were cut, and those that are left, blank ones not counted.
    pub removed: usize,
    /// See `removed`.
    pub left: usize,
}

impl Spans {
    /// Number of runs that were compared.
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// Number of runs that repeat another.
    pub const fn repeated(&self) -> u64 {
        self.count
    }

    /// Cuts the texts of the next rows, which must be those of the first pass.
    pub fn cut_batch(&mut self, texts: &[Option<&str>]) -> Result<Vec<Option<Cut>>, Error> {
        let options = &self.options;
        let rows = texts.par_iter().with_min_len(MIN_ROWS_PER_TASK);
        let found: Vec<_> = rows
            .map_init(String::new, |normal, text| {
                text.map(|text| {
                    let pieces = options.split.pieces(text);
                    let runs = options.runs(text, &pieces, normal);
                    (text, pieces, runs)
                })
            })
            .collect();
        let mut starts = Vec::with_capacity(found.len());
        for row in &found {
            starts.push(self.next);
            self.next += row.as_ref().map_or(0, |(_, _, runs)| runs.len() as u64);
        }
        if self.next > self.runs {
            return Err(Error::Parameter(
                "the texts have changed between the two passes over them".into(),
            ));
        }
        let this = &*self;
        let rows = found
            .into_par_iter()
            .zip(starts)
            .with_min_len(MIN_ROWS_PER_TASK);
        Ok(rows
            .map(|(row, start)| {
                row.map(|(text, pieces, runs)| this.cut(text, &pieces, &runs, start))
            })
            .collect())
    }

    /// Starts the second pass again.
    pub const fn rewind(&mut self) {
        self.next = 0;
    }

    fn is_repeated(&self, run: u64) -> bool {
        self.repeated[(run / 64) as usize] & (1 << (run % 64)) != 0
    }

    fn cut(&self, text: &str, pieces: &[Range<usize>], runs: &[Run], start: u64) -> Cut {
        let mut gone = vec![false; pieces.len()];
        for (number, run) in runs.iter().enumerate() {
            if self.is_repeated(start + number as u64) {
                gone[run.first..=run.last].fill(true);
            }
        }
        if self.options.min_words > 0 {
            spare_short_runs(&mut gone, text, pieces, self.options.min_words);
        }
        let blank = |piece: &Range<usize>| text[piece.clone()].trim().is_empty();
        let count = |wanted: bool| {
            let pieces = gone
                .iter()
                .zip(pieces)
                .filter(|(gone, piece)| **gone == wanted && !blank(piece));
            pieces.count()
        };
        let (removed, left) = (count(true), count(false));
        if removed == 0 {
            return Cut {
                text: None,
                removed,
                left,
            };
        }
        let kept = pieces.iter().zip(&gone).filter(|(_, gone)| !**gone);
        let kept: String = kept.map(|(piece, _)| &text[piece.clone()]).collect();
        Cut {
            text: Some(kept.trim().to_owned()),
            removed,
            left,
        }
    }
}

/// Keeps what would be cut but has too few words.
fn spare_short_runs(gone: &mut [bool], text: &str, pieces: &[Range<usize>], min_words: usize) {
    let mut at = 0;
    while at < gone.len() {
        let end = gone[at..]
            .iter()
            .position(|flag| *flag != gone[at])
            .map_or(gone.len(), |length| at + length);
        let words = text[pieces[at].start..pieces[end - 1].end]
            .split_whitespace()
            .count();
        if gone[at] && words < min_words {
            gone[at..end].fill(false);
        }
        at = end;
    }
}
