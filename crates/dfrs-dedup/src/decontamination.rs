//! Evaluation items in training texts: which texts repeat `n` words of an item in a row, or a short item as a whole.
//!
//! Every run of `n` words of every item is in a table. A text is read once, its runs are looked up by a hash that
//! slides over its words, and what is found is compared word by word: a collision of the table's hash decides nothing.
//! Items of fewer than `n` words have no such run. From `min_words` words on, they count where they occur as a whole;
//! below that, or without any word, only where they are the whole text, because two or three words occur anywhere.
//!
//! The result for a text depends on the text, the items and the options, on no other text.
//!
//! Sources: Brown et al., "Language models are few-shot learners" (2020), appendix C (runs of up to 13 words, never
//! below 8; frequent ones ignored); the decontamination of lm-evaluation-harness, `NeMo` and datatrove.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::Error;
use crate::mix::{self, KeyMap, Rolling};
use crate::words::{Word, WordForm, char_positions, words_into};

/// Fewer rows than this are not worth moving to another thread.
const MIN_ROWS_PER_TASK: usize = 8;
/// Bits per key of the filter before the table: about 6 % of the keys that are not there pass.
const BITS_PER_KEY: usize = 16;
/// Characters of a text that are quoted at most.
const QUOTED: usize = 120;

/// What is measured; a text is contaminated from the threshold on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// The number of places in the text where a run of an item, or a short item, begins.
    #[default]
    Ngrams,
    /// The share of the text's words that lie in such runs.
    Text,
    /// The share of an item's words that lie in such runs, of the item that is found most.
    Item,
}

impl Measure {
    /// Names, as users write them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("ngrams", Self::Ngrams),
        ("text", Self::Text),
        ("item", Self::Item),
    ];

    /// The measure of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, measure)| measure)
    }
}

/// Parameters of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Words in a row that count, from 1 to 1000.
    pub ngram: usize,
    /// Shortest item that counts inside a text, in words, at most `ngram`.
    pub min_words: usize,
    /// What a word is.
    pub form: WordForm,
    /// A run that more items than this share is no evidence; `None`: every run is.
    pub max_items: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ngram: 13,
            min_words: 8,
            form: WordForm::Words,
            max_items: None,
        }
    }
}

/// What was found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Contamination {
    /// Places where a run of an item, or a short item, begins.
    pub ngrams: usize,
    /// Share of the text's words that lie in runs, from 0 to 1.
    pub text_share: f64,
    /// Share of the words of `item` that were found, from 0 to 1.
    pub item_share: f64,
    /// Number of the item that was found most, the first of equals.
    pub item: u32,
    /// Its longest span in the text, in characters: what lies in overlapping runs is one span.
    pub span: Range<usize>,
    /// The text of the span, cut to [`QUOTED`] characters.
    pub quote: String,
}

impl Contamination {
    /// The value of a measure.
    pub fn value(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Ngrams => self.ngrams as f64,
            Measure::Text => self.text_share,
            Measure::Item => self.item_share,
        }
    }
}

/// A run of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    key: u64,
    item: u32,
    /// Word of the item at which the run begins.
    at: u32,
}

/// Runs of equal length, by the hash of their words.
#[derive(Debug, Default)]
struct Table {
    runs: Vec<Run>,
    /// Key -> where its runs begin and end in `runs`.
    groups: KeyMap<u64, (u32, u32)>,
    /// One bit per key, at its place in a power of two of bits.
    filter: Vec<u64>,
}

impl Table {
    fn new(mut runs: Vec<Run>) -> Result<Self, Error> {
        u32::try_from(runs.len()).map_err(|_| Error::TooManyRuns(runs.len()))?;
        runs.par_sort_unstable();
        let mut table = Self {
            filter: vec![0; (runs.len() * BITS_PER_KEY).next_power_of_two().div_ceil(64)],
            ..Self::default()
        };
        let mut start = 0;
        for group in runs.chunk_by(|one, other| one.key == other.key) {
            let key = group[0].key;
            table
                .groups
                .insert(key, (start, start + group.len() as u32));
            start += group.len() as u32;
            let (word, bit) = table.place(key);
            table.filter[word] |= bit;
        }
        table.runs = runs;
        Ok(table)
    }

    #[inline]
    fn place(&self, key: u64) -> (usize, u64) {
        (
            (key >> 6) as usize & (self.filter.len() - 1),
            1 << (key & 63),
        )
    }

    #[inline]
    fn find(&self, key: u64) -> &[Run] {
        let (word, bit) = self.place(key);
        if self.filter[word] & bit == 0 {
            return &[];
        }
        self.groups.get(&key).map_or(&[], |&(start, end)| {
            &self.runs[start as usize..end as usize]
        })
    }

    /// Forgets the runs of more than `most` items. Equal keys count as equal runs here.
    fn without_frequent(runs: Vec<Run>, most: usize) -> Vec<Run> {
        let mut runs = runs;
        runs.par_sort_unstable();
        let items = |group: &[Run]| group.chunk_by(|one, other| one.item == other.item).count();
        runs.chunk_by(|one, other| one.key == other.key)
            .filter(|group| items(group) <= most)
            .flatten()
            .copied()
            .collect()
    }
}

/// Evaluation items, searchable by runs of their words.
#[derive(Debug)]
pub struct DecontaminationIndex {
    options: Options,
    /// Hashes of the words of all items, one after the other, and where each item begins.
    words: Vec<u64>,
    starts: Vec<usize>,
    /// Runs of `ngram` words.
    long: Table,
    /// The first `min_words` words of shorter items.
    short: Table,
    /// Whole items of still fewer words.
    whole: Table,
    /// Items without words, trimmed.
    wordless: BTreeMap<String, u32>,
}

/// A match in a text: `length` words from `at` on are those of the item from `item_at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    item: u32,
    at: usize,
    item_at: usize,
    length: usize,
}

impl DecontaminationIndex {
    /// Reads all items, which are numbered in order. Null and blank items are numbered, and found nowhere.
    pub fn new(options: &Options, items: &[Option<Cow<'_, str>>]) -> Result<Self, Error> {
        if !(1..=1000).contains(&options.ngram) {
            return Err(Error::DecontaminationNgram(options.ngram));
        }
        if !(1..=options.ngram).contains(&options.min_words) {
            return Err(Error::MinWords(options.min_words, options.ngram));
        }
        if u32::try_from(items.len()).is_err() {
            return Err(Error::TooManyRuns(items.len()));
        }
        let (mut words, mut starts, mut wordless) = (Vec::new(), vec![0], BTreeMap::new());
        let mut scratch = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let text = item.as_deref().unwrap_or_default();
            words_into(text, options.form, &mut scratch);
            words.extend(scratch.iter().map(|word| word.hash));
            starts.push(words.len());
            if scratch.is_empty() && !text.trim().is_empty() {
                wordless
                    .entry(text.trim().to_owned())
                    .or_insert(number as u32);
            }
        }
        let mut index = Self {
            options: options.clone(),
            words,
            starts,
            long: Table::default(),
            short: Table::default(),
            whole: Table::default(),
            wordless,
        };
        index.fill()?;
        Ok(index)
    }

    fn fill(&mut self) -> Result<(), Error> {
        let Options {
            ngram,
            min_words,
            max_items,
            ..
        } = self.options;
        let (mut long, mut short, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for item in 0..self.len() as u32 {
            let words = self.item(item);
            if words.len() >= ngram {
                Rolling::new(ngram).over(
                    |at| words[at],
                    words.len(),
                    |at, key| {
                        long.push(Run {
                            key,
                            item,
                            at: at as u32,
                        });
                    },
                );
            } else if words.len() >= min_words {
                short.push(Run {
                    key: mix::sequence(&words[..min_words]),
                    item,
                    at: 0,
                });
            } else if !words.is_empty() {
                whole.push(Run {
                    key: mix::sequence(words),
                    item,
                    at: 0,
                });
            }
        }
        if let Some(most) = max_items {
            long = Table::without_frequent(long, most);
        }
        (self.long, self.short, self.whole) =
            (Table::new(long)?, Table::new(short)?, Table::new(whole)?);
        Ok(())
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of runs that are looked up.
    pub fn runs(&self) -> usize {
        self.long.runs.len() + self.short.runs.len() + self.whole.runs.len()
    }

    /// Judges texts; null contains nothing.
    pub fn check_batch(&self, texts: &[Option<&str>]) -> Vec<Option<Contamination>> {
        let rows = texts.par_iter().with_min_len(MIN_ROWS_PER_TASK);
        rows.map_init(Vec::new, |words, text| {
            text.and_then(|text| self.check(text, words))
        })
        .collect()
    }

    /// Judges a text; `words` is working memory.
    pub fn check(&self, text: &str, words: &mut Vec<Word>) -> Option<Contamination> {
        words_into(text, self.options.form, words);
        if words.is_empty() {
            return self.check_wordless(text);
        }
        let mut matches = self.matches(words);
        if matches.is_empty() {
            return None;
        }
        matches.sort_unstable();
        let mut best: Option<(f64, &[Match])> = None;
        for group in matches.chunk_by(|one, other| one.item == other.item) {
            let found = covered(
                group
                    .iter()
                    .map(|found| (found.item_at, found.length))
                    .collect(),
            );
            let share = found.iter().map(Range::len).sum::<usize>() as f64
                / self.item(group[0].item).len() as f64;
            if best.is_none_or(|(most, _)| share > most) {
                best = Some((share, group));
            }
        }
        let (item_share, group) = best?;
        let spans = covered(group.iter().map(|found| (found.at, found.length)).collect());
        let longest = spans.into_iter().rev().max_by_key(Range::len)?;
        let (span, quote) = locate(text, words[longest.start].start..words[longest.end - 1].end);
        let mut places: Vec<usize> = matches.iter().map(|found| found.at).collect();
        places.sort_unstable();
        places.dedup();
        let all = covered(
            matches
                .iter()
                .map(|found| (found.at, found.length))
                .collect(),
        );
        Some(Contamination {
            ngrams: places.len(),
            text_share: all.iter().map(Range::len).sum::<usize>() as f64 / words.len() as f64,
            item_share,
            item: group[0].item,
            span,
            quote,
        })
    }

    fn check_wordless(&self, text: &str) -> Option<Contamination> {
        let trimmed = text.trim();
        let item = *self.wordless.get(trimmed)?;
        let start = text.len() - text.trim_start().len();
        let (span, quote) = locate(text, start..start + trimmed.len());
        Some(Contamination {
            ngrams: 1,
            text_share: 1.0,
            item_share: 1.0,
            item,
            span,
            quote,
        })
    }

    fn matches(&self, words: &[Word]) -> Vec<Match> {
        let Options {
            ngram, min_words, ..
        } = self.options;
        let mut matches = Vec::new();
        let mut look_up = |table: &Table, at: usize, key: u64, length: Option<usize>| {
            for run in table.find(key) {
                let wanted = &self.item(run.item)[run.at as usize..];
                let wanted = &wanted[..length.unwrap_or(wanted.len())];
                let here = &words[at..words.len().min(at + wanted.len())];
                if here.iter().map(|word| &word.hash).eq(wanted) {
                    matches.push(Match {
                        item: run.item,
                        at,
                        item_at: run.at as usize,
                        length: wanted.len(),
                    });
                }
            }
        };
        let hash = |at: usize| words[at].hash;
        if !self.long.runs.is_empty() {
            Rolling::new(ngram).over(hash, words.len(), |at, key| {
                look_up(&self.long, at, key, Some(ngram));
            });
        }
        if !self.short.runs.is_empty() {
            Rolling::new(min_words).over(hash, words.len(), |at, key| {
                look_up(&self.short, at, key, None);
            });
        }
        if words.len() < min_words && !self.whole.runs.is_empty() {
            let hashes: Vec<u64> = words.iter().map(|word| word.hash).collect();
            look_up(&self.whole, 0, mix::sequence(&hashes), Some(words.len()));
        }
        matches
    }

    fn item(&self, item: u32) -> &[u64] {
        &self.words[self.starts[item as usize]..self.starts[item as usize + 1]]
    }
}

/// The union of some ranges, given as start and length, as ascending ranges that do not touch.
fn covered(mut ranges: Vec<(usize, usize)>) -> Vec<Range<usize>> {
    ranges.sort_unstable();
    let mut union: Vec<Range<usize>> = Vec::new();
    for (start, length) in ranges {
        match union.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(start + length),
            _ => union.push(start..start + length),
        }
    }
    union
}

/// A range of bytes as characters, and what stands there.
fn locate(text: &str, bytes: Range<usize>) -> (Range<usize>, String) {
    let chars = char_positions(text, [bytes.start, bytes.end]);
    let found = &text[bytes];
    let mut quote: String = found.chars().take(QUOTED).collect();
    if quote.len() < found.len() {
        quote.push('…');
    }
    (chars[0]..chars[1], quote)
}
