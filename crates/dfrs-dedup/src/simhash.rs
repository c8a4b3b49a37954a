//! Near-duplicates by `SimHash`: texts whose fingerprints differ in few bits.
//!
//! Features are the runs of four characters of the lower-cased text without anything but `[\w\u4e00-\u9fcc]`, each with
//! its number of occurrences as weight and the last bytes of its MD5 as hash; a bit of the fingerprint is the weighted
//! majority. Invariant: fingerprints equal those of the Python package `simhash` 2.1.2. Texts of fewer than four such
//! characters have no meaningful fingerprint and are compared as they are.
//!
//! Rows are decided in order of priority, then of arrival: a row stays unless a row that stays is near.

use std::cmp::Reverse;

use dfrs_text::lower::lower_into;
use dfrs_text::unicode::is_word;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use crate::Error;
use crate::clusters::Priority;
use crate::md5::Messages;
use crate::mix::KeyMap;
use crate::near::NearIndex;

/// Characters per feature.
const WINDOW: usize = 4;
/// Fewer rows than this are not worth moving to another thread.
const MIN_ROWS_PER_TASK: usize = 8;

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Bits of a fingerprint: a multiple of 8, up to 128.
    pub bits: u32,
    /// Share of differing bits up to which texts are duplicates, from 0 to 1.
    pub bound: f64,
    /// Decide as open-dataflow 1.0.13: the share is of the longer written number (with `0b`, without leading zeros), and
    /// short texts are compared by fingerprint.
    pub as_published: bool,
}

/// What stands for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sketch {
    Null,
    Short(u128),
    Fingerprint(u128),
}

/// A row that is near another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearDuplicate {
    /// The row.
    pub row: u64,
    /// The row that stays: of those that are near the nearest, of equally near ones the first decided.
    pub keeper: u64,
    /// Similarity, from 0 to 1: 1 minus the share of differing bits.
    pub similarity: f64,
}

/// Fingerprints of rows, in order of arrival.
#[derive(Debug)]
pub struct SimHash {
    options: Options,
    sketches: Vec<(Sketch, Priority)>,
}

impl SimHash {
    /// No rows yet.
    pub fn new(options: Options) -> Result<Self, Error> {
        let Options { bits, bound, .. } = options;
        if bits == 0 || bits > 128 || !bits.is_multiple_of(8) {
            return Err(Error::Parameter(format!(
                "fingerprint_size is {bits}: it is a multiple of 8 from 8 to 128; 64 is usual"
            )));
        }
        if !(0.0..=1.0).contains(&bound) {
            return Err(Error::Parameter(format!(
                "bound is {bound}: a share of bits lies between 0 and 1"
            )));
        }
        Ok(Self {
            options,
            sketches: Vec::new(),
        })
    }

    /// Takes the texts of the next rows; `priorities` is empty or has one entry per row.
    pub fn extend(&mut self, texts: &[Option<&str>], priorities: &[Priority]) {
        let options = self.options;
        let rows = texts.par_iter().with_min_len(MIN_ROWS_PER_TASK);
        let sketches: Vec<Sketch> = rows
            .map_init(Scratch::default, |scratch, text| {
                sketch(*text, options, scratch)
            })
            .collect();
        let priorities = priorities
            .iter()
            .copied()
            .chain(std::iter::repeat(Priority::NONE));
        self.sketches.extend(sketches.into_iter().zip(priorities));
    }

    /// Decides all rows; returns those that go, in order.
    pub fn duplicates(self) -> Result<Vec<NearDuplicate>, Error> {
        let Options {
            bits,
            bound,
            as_published,
        } = self.options;
        let longest = f64::from(if as_published { bits + 2 } else { bits });
        #[allow(clippy::cast_sign_loss)] // of a share of bits
        let mut index = NearIndex::new(bits, (bound * longest + 1e-9).floor() as u32);
        let (mut rows, mut exact) = (Vec::new(), KeyMap::<u128, u64>::default());
        let mut order: Vec<usize> = (0..self.sketches.len()).collect();
        order.sort_by_key(|&row| Reverse(self.sketches[row].1));
        let mut found = Vec::new();
        for row in order {
            let fingerprint = match self.sketches[row].0 {
                Sketch::Null => continue,
                Sketch::Short(key) => {
                    let keeper = *exact.entry(key).or_insert(row as u64);
                    if keeper != row as u64 {
                        found.push(NearDuplicate {
                            row: row as u64,
                            keeper,
                            similarity: 1.0,
                        });
                    }
                    continue;
                }
                Sketch::Fingerprint(value) => value,
            };
            let mut best: Option<(u32, u32)> = None;
            index.candidates(fingerprint, |slot, distance| {
                let near = || {
                    similarity(self.options, fingerprint, rows[slot as usize], distance)
                        >= 1.0 - bound
                };
                if best.is_none_or(|best| (distance, slot) < best) && near() {
                    best = Some((distance, slot));
                }
            });
            if let Some((distance, slot)) = best {
                let (keeper, other) = rows[slot as usize];
                let similarity = similarity(self.options, fingerprint, (keeper, other), distance);
                found.push(NearDuplicate {
                    row: row as u64,
                    keeper,
                    similarity,
                });
            } else {
                index.push(fingerprint)?;
                rows.push((row as u64, fingerprint));
            }
        }
        found.sort_unstable_by_key(|duplicate| duplicate.row);
        Ok(found)
    }
}

fn similarity(options: Options, one: u128, (_, other): (u64, u128), distance: u32) -> f64 {
    let written = |value: u128| (128 - value.leading_zeros()).max(1) + 2;
    let length = if options.as_published {
        written(one).max(written(other))
    } else {
        options.bits
    };
    1.0 - f64::from(distance) / f64::from(length)
}

/// Working memory of one thread.
#[derive(Default)]
struct Scratch {
    content: String,
    windows: Vec<(u64, u64)>,
    messages: Messages,
}

fn sketch(text: Option<&str>, options: Options, scratch: &mut Scratch) -> Sketch {
    let Some(text) = text else {
        return Sketch::Null;
    };
    scratch.content.clear();
    lower_into(text, &mut scratch.content);
    scratch
        .content
        .retain(|char| is_word(char) || ('\u{4e00}'..='\u{9fcc}').contains(&char));
    let long = scratch.content.char_indices().nth(WINDOW - 1).is_some();
    if !long && !options.as_published {
        return Sketch::Short(xxh3_128(text.as_bytes()));
    }
    Sketch::Fingerprint(fingerprint(scratch, options.bits))
}

/// The fingerprint of `scratch.content`, by its windows.
fn fingerprint(scratch: &mut Scratch, bits: u32) -> u128 {
    let Scratch {
        content,
        windows,
        messages,
    } = scratch;
    collect_windows(content, windows);
    windows.sort_unstable();
    let mut counts = [0_u32; 128];
    let (mut total, mut weights) = (0_u64, Vec::with_capacity(crate::md5::LANES));
    let mut add = |messages: &mut Messages, weights: &mut Vec<u32>| {
        let mut weights = weights.drain(..);
        messages.finish(|digest| {
            let weight = weights.next().expect("one per message");
            for (bit, count) in counts.iter_mut().take(bits as usize).enumerate() {
                *count += weight * ((digest >> bit) as u32 & 1);
            }
        });
    };
    for group in windows.chunk_by(|one, other| one == other) {
        let (message, length) = unpack(group[0]);
        messages.push(&message[..length]);
        weights.push(group.len() as u32);
        total += group.len() as u64;
        if messages.is_full() {
            add(messages, &mut weights);
        }
    }
    add(messages, &mut weights);
    (0..bits)
        .filter(|&bit| 2 * u64::from(counts[bit as usize]) > total)
        .fold(0, |value, bit| value | 1 << bit)
}

/// The windows as numbers: up to 16 bytes, those behind the end 0xff, which is no byte of UTF-8.
fn collect_windows(content: &str, windows: &mut Vec<(u64, u64)>) {
    windows.clear();
    let mut ends = content
        .char_indices()
        .map(|(at, char)| at + char.len_utf8())
        .skip(WINDOW - 1);
    let mut starts = content.char_indices().map(|(at, _)| at);
    let first = ends.next().unwrap_or(content.len());
    let mut push = |start: usize, end: usize| {
        let mut bytes = [0xff; 16];
        bytes[..end - start].copy_from_slice(&content.as_bytes()[start..end]);
        let value = u128::from_le_bytes(bytes);
        windows.push((value as u64, (value >> 64) as u64));
    };
    push(starts.next().unwrap_or(0), first);
    starts.zip(ends).for_each(|(start, end)| push(start, end));
}

fn unpack((low, high): (u64, u64)) -> ([u8; 16], usize) {
    let bytes = (u128::from(low) | u128::from(high) << 64).to_le_bytes();
    let length = bytes.iter().position(|&byte| byte == 0xff).unwrap_or(16);
    (bytes, length)
}

/// The fingerprint of a text, as the package `simhash` gives it.
pub fn fingerprint_of(text: &str, bits: u32) -> u128 {
    let options = Options {
        bits,
        bound: 0.0,
        as_published: true,
    };
    match sketch(Some(text), options, &mut Scratch::default()) {
        Sketch::Fingerprint(value) => value,
        Sketch::Null | Sketch::Short(_) => {
            unreachable!("as published, every text has a fingerprint")
        }
    }
}
