//! The words of a text with equal ones under one number, and which sequences of them repeat.

use std::cell::OnceCell;
use std::ops::Range;

use hashbrown::HashTable;

use crate::hash;
use crate::segment::Segmentation;

/// A text as a sequence of numbered words.
pub struct Vocabulary {
    /// The words, in order.
    pub spans: Vec<Range<usize>>,
    /// The number of each word; equal words have one number, numbers ascend by first occurrence.
    pub ids: Vec<u32>,
    /// Number of occurrences of each distinct word.
    pub counts: Vec<u32>,
    /// Position of the first occurrence of each distinct word.
    pub first: Vec<u32>,
    /// Characters of all words before a position, and of all words at the end.
    chars_before: Vec<usize>,
    runs: OnceCell<Vec<u32>>,
}

impl Vocabulary {
    /// Cuts a text into words and numbers them. Only the first 2^32 - 1 words are looked at.
    pub fn new(text: &str, segmentation: Segmentation) -> Self {
        let bytes = text.as_bytes();
        let mut table: HashTable<u32> = HashTable::with_capacity((text.len() / 24).clamp(16, 4096));
        let room = text.len() / 6 + 8;
        let mut new = Self {
            spans: Vec::with_capacity(room),
            ids: Vec::with_capacity(room),
            counts: Vec::new(),
            first: Vec::new(),
            chars_before: Vec::with_capacity(room + 1),
            runs: OnceCell::new(),
        };
        let ascii = text.is_ascii();
        let mut chars = 0;
        segmentation.for_each(text, |span| {
            if new.spans.len() >= u32::MAX as usize {
                return;
            }
            let word = &bytes[span.clone()];
            let hash = hash::of_bytes(word);
            let (spans, first) = (&new.spans, &new.first);
            let at = |id: u32| spans[first[id as usize] as usize].clone();
            let id = if let Some(&id) = table.find(hash, |&id| bytes[at(id)] == *word) {
                new.counts[id as usize] += 1;
                id
            } else {
                let id = new.counts.len() as u32;
                let rehash = |&id: &u32| {
                    if id as usize == first.len() {
                        hash
                    } else {
                        hash::of_bytes(&bytes[at(id)])
                    }
                };
                table.insert_unique(hash, id, rehash);
                new.first.push(new.spans.len() as u32);
                new.counts.push(1);
                id
            };
            new.chars_before.push(chars);
            chars += if ascii {
                word.len()
            } else {
                text[span.clone()].chars().count()
            };
            new.spans.push(span);
            new.ids.push(id);
        });
        new.chars_before.push(chars);
        new
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Characters of some consecutive words, without what lies between them.
    pub fn chars(&self, words: Range<usize>) -> usize {
        self.chars_before[words.end] - self.chars_before[words.start]
    }

    /// Each distinct word with the number of its occurrences.
    pub fn distinct(&self) -> impl Iterator<Item = (Range<usize>, u32)> {
        let spans = self.first.iter().map(|&at| self.spans[at as usize].clone());
        spans.zip(self.counts.iter().copied())
    }

    /// The most frequent sequence of `n` words, of equally frequent ones the first: position of its first occurrence,
    /// and number of occurrences, overlapping ones included. None if the text has fewer words.
    pub fn most_frequent(&self, n: usize) -> Option<(usize, usize)> {
        if self.len() < n || n == 0 {
            return None;
        }
        if n == 1 {
            let most = self.counts.iter().copied().max()?;
            let id = self.counts.iter().position(|&count| count == most)?;
            return Some((self.first[id] as usize, most as usize));
        }
        let mut table = Sequences::new(&self.ids, n);
        let mut best = (0, 1);
        let mut counts: Vec<(u32, u32)> = Vec::new();
        for at in self.repeating(n) {
            let index = table.number(at);
            if index == counts.len() {
                counts.push((at as u32, 0));
            }
            let (first, count) = &mut counts[index];
            *count += 1;
            let (first, count) = (*first as usize, *count as usize);
            if count > best.1 || (count == best.1 && count > 1 && first < best.0) {
                best = (first, count);
            }
        }
        Some(best)
    }

    /// Characters in repeated sequences of `n` words: going from left to right, a sequence that was met before counts in
    /// full and is passed over.
    pub fn repeated_chars(&self, n: usize) -> usize {
        if self.len() < n || n == 0 {
            return 0;
        }
        let mut table = Sequences::new(&self.ids, n);
        let (mut seen, mut chars, mut next) = (0, 0, 0);
        for at in self.repeating(n) {
            if at < next {
                continue;
            }
            if table.number(at) == seen {
                seen += 1;
            } else {
                chars += self.chars(at..at + n);
                next = at + n;
            }
        }
        chars
    }

    /// Positions where a sequence of `n` words (two or more) begins that may occur twice: all of its pairs do.
    fn repeating(&self, n: usize) -> impl Iterator<Item = usize> {
        let pairs = n as u32 - 1;
        let runs = self.runs.get_or_init(|| self.runs_of_repeated_pairs());
        let starts = self.len() + 1 - n;
        (0..starts).filter(move |&at| pairs == 0 || runs[at] >= pairs)
    }

    /// For each position the number of consecutive pairs of words from there on that occur more than once.
    fn runs_of_repeated_pairs(&self) -> Vec<u32> {
        let pairs = self.len().saturating_sub(1);
        let mut table = Sequences::new(&self.ids, 2);
        let mut counts: Vec<u32> = Vec::with_capacity(pairs);
        let mut runs: Vec<u32> = Vec::with_capacity(pairs + 1);
        for at in 0..pairs {
            let index = table.number(at);
            if index == counts.len() {
                counts.push(0);
            }
            counts[index] += 1;
            runs.push(index as u32);
        }
        let mut run = 0;
        for slot in runs.iter_mut().rev() {
            run = if counts[*slot as usize] > 1 {
                run + 1
            } else {
                0
            };
            *slot = run;
        }
        runs.push(0);
        runs
    }
}

/// Numbers sequences of `n` numbers by first occurrence.
struct Sequences<'a> {
    ids: &'a [u32],
    n: usize,
    table: HashTable<(u32, u32)>,
}

impl<'a> Sequences<'a> {
    fn new(ids: &'a [u32], n: usize) -> Self {
        Self {
            ids,
            n,
            table: HashTable::new(),
        }
    }

    /// The number of the sequence that begins at a position; the next free one if it was not met before.
    #[inline]
    fn number(&mut self, at: usize) -> usize {
        let (ids, n) = (self.ids, self.n);
        let sequence = &ids[at..at + n];
        let hash = hash::of_numbers(sequence);
        let same = |&(other, _): &(u32, u32)| ids[other as usize..other as usize + n] == *sequence;
        if let Some(&(_, number)) = self.table.find(hash, same) {
            return number as usize;
        }
        let number = self.table.len() as u32;
        let rehash =
            |&(other, _): &(u32, u32)| hash::of_numbers(&ids[other as usize..other as usize + n]);
        self.table.insert_unique(hash, (at as u32, number), rehash);
        number as usize
    }
}
