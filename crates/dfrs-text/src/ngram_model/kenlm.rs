//! `KenLM`'s binary format, version 5, of the type `probing` (`build_binary`'s own choice).
//!
//! After the head come the words as hashes, the unigrams by number of their word, and a hash table for each longer order;
//! all numbers are little-endian. The words themselves are not needed. The other types (`trie`) are refused. Source of
//! the layout: `lm/binary_format.cc`, lm/vocab.cc and `lm/search_hashed.hh` of `KenLM`.

use std::collections::HashMap;
use std::io::BufRead;

use super::table::{Entry, Table, Weights};
use super::{MAX_ORDER, NgramModel, malformed};
use crate::Error;

pub(super) const MAGIC: &[u8] = b"mmap lm http://kheafield.com/code";
const VERSION_5: &[u8] = b"mmap lm http://kheafield.com/code format version 5\n\0";
/// The magic, and numbers by which an incompatible machine is told.
const SANITY_BYTES: usize = 88;
const PARAMETER_BYTES: usize = 20;
const PROBING: u32 = 0;
/// Hash and number.
const WORD_BYTES: u64 = 12;
const UNIGRAM_BYTES: u64 = 8;
const NGRAM_BYTES: u64 = 16;
/// The longest n-grams have no back-off weight.
const LONGEST_BYTES: u64 = 12;

/// Sizes of the tables, in entries.
struct Layout {
    order: usize,
    unigrams: u64,
    words: u64,
    ngrams: Vec<u64>,
}

pub(super) fn read(mut reader: impl BufRead, bytes: u64) -> Result<NgramModel, Error> {
    let layout = Layout::read(&mut reader, bytes)?;
    take(&mut reader, 8)?;
    let mut words = HashMap::new();
    for_each(&mut reader, layout.words, WORD_BYTES, |entry| {
        let number = u32::from_le_bytes(array(&entry[8..]));
        match u64::from_le_bytes(array(entry)) {
            0 => Ok(()),
            _ if u64::from(number) >= layout.unigrams => Err(malformed(format!(
                "there is no word {number}, there are {}",
                layout.unigrams
            ))),
            hash => {
                words.insert(hash, number);
                Ok(())
            }
        }
    })?;
    let mut unigrams = Vec::new();
    for_each(&mut reader, layout.unigrams, UNIGRAM_BYTES, |entry| {
        unigrams.push(weights(entry)?);
        Ok(())
    })?;
    let mut ngrams = Vec::new();
    for (before, &entries) in (1..).zip(&layout.ngrams) {
        let width = if before + 1 == layout.order {
            LONGEST_BYTES
        } else {
            NGRAM_BYTES
        };
        let mut found = Vec::with_capacity(entries as usize);
        for_each(&mut reader, entries, width, |entry| {
            let key = u64::from_le_bytes(array(entry));
            let weights = if key == 0 {
                Weights::default()
            } else {
                weights(&entry[8..])?
            };
            found.push(Entry { key, weights });
            Ok(())
        })?;
        let table = Table::from_entries(found);
        ngrams.push(table.ok_or_else(|| malformed("a table of n-grams is full"))?);
    }
    words.insert(super::hash(b"<unk>"), 0);
    let model = NgramModel {
        words,
        unigrams,
        ngrams,
        unknown: 0,
        begin: 0,
        end: 0,
    };
    Ok(model.complete())
}

impl Layout {
    fn read(reader: &mut impl BufRead, bytes: u64) -> Result<Self, Error> {
        let sanity = take(reader, SANITY_BYTES)?;
        let numbers = take(reader, PARAMETER_BYTES)?;
        let order = usize::from(numbers[0]);
        let room = f32::from_le_bytes(array(&numbers[4..]));
        let kind = u32::from_le_bytes(array(&numbers[8..]));
        if !sanity.starts_with(VERSION_5) {
            return Err(malformed("it is incomplete, or of another version than 5"));
        }
        if kind != PROBING {
            return Err(malformed(
                "it is a trie; build it with `build_binary probing`, or give the ARPA file",
            ));
        }
        if !(2..=MAX_ORDER).contains(&order) || !(1.0..=100.0).contains(&room) {
            return Err(malformed(format!(
                "it has n-grams of {order} words, and {room} entries for each"
            )));
        }
        let counts = take(reader, order * 8)?;
        let counts: Vec<u64> = (counts.chunks_exact(8).map(array))
            .map(u64::from_le_bytes)
            .collect();
        let head = SANITY_BYTES + PARAMETER_BYTES + order * 8;
        let padding = head.next_multiple_of(8) - head;
        take(reader, padding)?;
        if counts.iter().any(|&count| count > bytes) {
            return Err(malformed("it announces more n-grams than it has bytes"));
        }
        // The product is rounded to a float first, as in the library that wrote the table.
        #[allow(clippy::cast_sign_loss)] // room is positive
        let entries = |count: u64| (count + 1).max((room * count as f32) as u64);
        let layout = Self {
            order,
            unigrams: counts[0] + 1,
            words: entries(counts[0]),
            ngrams: counts[1..].iter().map(|&count| entries(count)).collect(),
        };
        let (longest, middle) = layout.ngrams.split_last().unwrap_or((&0, &[]));
        let tables = middle.iter().sum::<u64>() * NGRAM_BYTES + longest * LONGEST_BYTES;
        let search = layout.unigrams * UNIGRAM_BYTES + tables;
        let whole = (head + padding) as u64 + 8 + layout.words * WORD_BYTES + search;
        if whole > bytes {
            return Err(malformed(format!(
                "it has {bytes} bytes, and its head announces {whole}"
            )));
        }
        Ok(layout)
    }
}

/// The sign bit of a probability, which is never above 1, says something else.
fn weights(entry: &[u8]) -> Result<Weights, Error> {
    let log10 = -f32::from_le_bytes(array(entry)).abs();
    let back_off = entry
        .get(4..8)
        .map_or(0.0, |bytes| f32::from_le_bytes(array(bytes)));
    if log10.is_nan() || !back_off.is_finite() {
        return Err(malformed("one of its weights is no number"));
    }
    Ok(Weights { log10, back_off })
}

fn for_each(
    reader: &mut impl BufRead,
    entries: u64,
    width: u64,
    mut found: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut entry = vec![0; width as usize];
    for _ in 0..entries {
        reader
            .read_exact(&mut entry)
            .map_err(|error| malformed(error.to_string()))?;
        found(&entry)?;
    }
    Ok(())
}

fn take(reader: &mut impl BufRead, count: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; count];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(malformed(error.to_string())),
    }
}

/// The first bytes of a slice.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let first = bytes.first_chunk::<N>();
    *first.expect("entries are as wide as their fields")
}
