//! Texts that share equal parts: each is cut into `n` parts of equal length, and a row goes if it shares at least `d` of
//! its different parts with a row that stays (`NgramHashDeduplicateFilter` of open-dataflow; these are not n-grams).
//!
//! Parts are compared by 128-bit hashes in an inverted index, so the work is linear. Texts with fewer characters than
//! parts are compared as they are. Rows are decided in order of priority, then of arrival.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

use crate::Error;
use crate::clusters::Priority;
use crate::exact::Duplicate;
use crate::mix::KeyMap;

/// Fewer rows than this are not worth moving to another thread.
const MIN_ROWS_PER_TASK: usize = 32;
/// Seed of whole short texts, which no part equals.
const WHOLE: u64 = 0x3301e;

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Parts per text, from 1 to 65535.
    pub parts: usize,
    /// Shared parts from which rows are duplicates, at least 1.
    pub shared: usize,
    /// Decide as open-dataflow 1.0.13: texts with fewer characters than parts have one empty part in common.
    pub as_published: bool,
}

/// Hashes of the parts of rows, in order of arrival.
#[derive(Debug)]
pub struct Chunks {
    options: Options,
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    parts: Vec<u128>,
    /// The text is shorter than the number of parts, and its only part.
    short: bool,
    priority: Priority,
}

impl Chunks {
    /// No rows yet.
    pub fn new(options: Options) -> Result<Self, Error> {
        if !(1..=65535).contains(&options.parts) {
            return Err(Error::Parameter(format!(
                "n_gram is {}: a text is cut into 1 to 65535 parts",
                options.parts
            )));
        }
        if options.shared == 0 {
            return Err(Error::Parameter(
                "diff_size is 0: every text shares 0 parts with every other; give 1 or more".into(),
            ));
        }
        Ok(Self {
            options,
            rows: Vec::new(),
        })
    }

    /// Takes the texts of the next rows; `priorities` is empty or has one entry per row.
    pub fn extend(&mut self, texts: &[Option<&str>], priorities: &[Priority]) {
        let options = self.options;
        let rows = texts.par_iter().with_min_len(MIN_ROWS_PER_TASK);
        let rows: Vec<Row> = rows
            .map(|text| text.map_or_else(Row::default, |text| cut(text, options)))
            .collect();
        let priorities = priorities
            .iter()
            .copied()
            .chain(std::iter::repeat(Priority::NONE));
        let ranked = rows.into_iter().zip(priorities);
        self.rows
            .extend(ranked.map(|(row, priority)| Row { priority, ..row }));
    }

    /// Decides all rows; returns those that go, with the row that stays they share most with, in order.
    pub fn duplicates(self) -> Vec<(Duplicate, usize)> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|&row| Reverse(self.rows[row].priority));
        let mut holders: KeyMap<u128, Vec<u64>> = KeyMap::default();
        let mut found = Vec::new();
        for row in order {
            let Row { parts, short, .. } = &self.rows[row];
            let wanted = if *short { 1 } else { self.options.shared };
            let mut shared: BTreeMap<u64, usize> = BTreeMap::new();
            for holder in parts.iter().filter_map(|part| holders.get(part)).flatten() {
                *shared.entry(*holder).or_default() += 1;
            }
            let best = shared
                .into_iter()
                .filter(|&(_, count)| count >= wanted)
                .max_by_key(|&(holder, count)| (count, Reverse(holder)));
            if let Some((keeper, count)) = best {
                found.push((
                    Duplicate {
                        number: row as u64,
                        keeper,
                    },
                    count,
                ));
            } else {
                for part in parts {
                    holders.entry(*part).or_default().push(row as u64);
                }
            }
        }
        found.sort_unstable();
        found
    }
}

fn cut(text: &str, options: Options) -> Row {
    let chars = text.chars().count();
    let size = chars / options.parts;
    if size == 0 && !options.as_published {
        let parts = vec![xxh3_128_with_seed(text.as_bytes(), WHOLE)];
        return Row {
            parts,
            short: true,
            ..Row::default()
        };
    }
    let mut parts = Vec::with_capacity(options.parts);
    let mut rest = text;
    for _ in 0..options.parts {
        let end = rest
            .char_indices()
            .nth(size)
            .map_or(rest.len(), |(at, _)| at);
        let (part, after) = rest.split_at(end);
        parts.push(xxh3_128(part.as_bytes()));
        rest = after;
    }
    parts.sort_unstable();
    parts.dedup();
    Row {
        parts,
        ..Row::default()
    }
}
