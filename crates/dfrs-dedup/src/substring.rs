//! Repeated substrings: every stretch of at least `length` units that occurs before is cut, the first occurrence stays.
//!
//! A place is cut exactly if it lies in a window of `length` units that repeats another window, the same places that the
//! longest-common-prefix array of a suffix array gives. Windows are found by hash instead, in three passes over the texts,
//! so that memory is bounded by the sorters' buffers and positions are 64-bit numbers:
//! 1. Of every text, only *anchors* are sorted: runs of half a window whose hash is the smallest among their neighbours
//!    (winnowing). Equal windows hold the same anchor at the same place, so a window without a repeated anchor is unique.
//! 2. The windows around repeated anchors are hashed with 122 bits and sorted.
//! 3. The texts are cut where a window repeats one in a better row, or an earlier one.
//!
//! A window that overlaps its first occurrence stays: of `abcabcabc...` one window remains. Windows never reach from one
//! text into the next; a cut never splits a character. Besides the buffers, 1 bit per anchor and per hashed window is held.
//!
//! Sources: K. Lee et al., "Deduplicating training data makes language models better" (2021), whose `ExactSubstr` this is;
//! S. Schleimer et al., "Winnowing: local algorithms for document fingerprinting" (2003).

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use crate::Error;
use crate::clusters::Priority;
use crate::mix::finish;
use crate::records::{Limits, Sorter};
use crate::words::{Word, WordForm, words_into};

const MODULUS: u64 = (1 << 61) - 1;
/// Bases of the three polynomials: one for anchors, two for windows.
const BASES: [u64; 3] = [
    0x0a11_ce5e_ed17_ab1e,
    0x1b0b_5eed_c0de_f00d,
    0x0dea_dbee_f5ca_1e5d,
];

/// What lengths are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Characters.
    #[default]
    Characters,
    /// Words between whitespace; the whitespace itself does not count.
    Words,
}

impl Unit {
    /// Names, as users write them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("bytes", Self::Bytes),
        ("characters", Self::Characters),
        ("words", Self::Words),
    ];

    /// The unit of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, unit)| unit)
    }
}

/// A text as a sequence of units.
enum Units<'a> {
    Bytes(&'a [u8]),
    Characters(Vec<char>),
    Words(Vec<Word>),
}

impl<'a> Units<'a> {
    fn of(text: &'a str, unit: Unit) -> Self {
        match unit {
            Unit::Bytes => Self::Bytes(text.as_bytes()),
            Unit::Characters => Self::Characters(text.chars().collect()),
            Unit::Words => {
                let mut words = Vec::new();
                words_into(text, WordForm::Whitespace, &mut words);
                Self::Words(words)
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Characters(chars) => chars.len(),
            Self::Words(words) => words.len(),
        }
    }

    #[inline]
    fn get(&self, at: usize) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::from(bytes[at]) + 1,
            Self::Characters(chars) => u64::from(chars[at] as u32) + 1,
            Self::Words(words) => words[at].hash % MODULUS,
        }
    }

    /// Ranges of units as ranges of characters; those that lie within one character are gone.
    fn in_chars(&self, text: &str, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
        let bytes: Vec<Range<usize>> = match self {
            Self::Characters(_) => return ranges.to_vec(),
            Self::Words(words) => ranges
                .iter()
                .map(|range| words[range.start].start..words[range.end - 1].end)
                .collect(),
            Self::Bytes(_) => ranges
                .iter()
                .map(|range| inwards(text, range))
                .filter(|range| !range.is_empty())
                .collect(),
        };
        let edges = crate::words::char_positions(
            text,
            bytes.iter().flat_map(|range| [range.start, range.end]),
        );
        edges.chunks_exact(2).map(|edge| edge[0]..edge[1]).collect()
    }
}

/// The whole characters of a range of bytes.
fn inwards(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = (range.start..=text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len());
    let end = (0..=range.end)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    start..end.max(start)
}

/// A polynomial hash that slides over units.
#[derive(Debug, Clone, Copy)]
struct Sliding {
    base: u64,
    top: u64,
    length: usize,
}

const fn times(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    let sum = (product as u64 & MODULUS) + (product >> 61) as u64;
    if sum >= MODULUS { sum - MODULUS } else { sum }
}

impl Sliding {
    fn new(base: u64, length: usize) -> Self {
        let base = base % MODULUS;
        Self {
            base,
            top: (1..length).fold(1, |power, _| times(power, base)),
            length,
        }
    }

    /// The hash with one more unit, and without one where the window is full.
    #[inline]
    const fn slide(self, hash: u64, gone: Option<u64>, next: u64) -> u64 {
        let hash = match gone {
            Some(gone) => hash + MODULUS - times(gone, self.top),
            None => hash,
        };
        let sum = times(hash % MODULUS, self.base) + next;
        if sum >= MODULUS { sum - MODULUS } else { sum }
    }

    /// Calls `each` with the start and hash of every window in a range of units.
    #[inline]
    fn over(self, units: &Units<'_>, range: Range<usize>, mut each: impl FnMut(usize, u64)) {
        let mut hash = 0;
        for at in range.clone() {
            let gone = (at >= range.start + self.length).then(|| units.get(at - self.length));
            hash = self.slide(hash, gone, units.get(at));
            if at + 1 >= range.start + self.length {
                each(at + 1 - self.length, hash);
            }
        }
    }
}

/// How texts are compared.
#[derive(Debug, Clone, Copy)]
struct Method {
    unit: Unit,
    length: usize,
    anchor: Sliding,
    windows: [Sliding; 2],
}

impl Method {
    fn new(unit: Unit, length: usize) -> Result<Self, Error> {
        if length < 2 {
            return Err(Error::Parameter(format!(
                "min_length is {length}: repeats of 2 units or more can be cut; 100 bytes are usual"
            )));
        }
        let windows = [
            Sliding::new(BASES[1], length),
            Sliding::new(BASES[2], length),
        ];
        Ok(Self {
            unit,
            length,
            anchor: Sliding::new(BASES[0], length.div_ceil(2)),
            windows,
        })
    }

    /// The anchors of a text, as start and hash, by ascending start: of the runs in every window the one of smallest
    /// hash, the last of equals.
    fn anchors(&self, units: &Units<'_>) -> Vec<(usize, u64)> {
        let mut anchors: Vec<(usize, u64)> = Vec::new();
        if units.len() < self.length {
            return anchors;
        }
        let neighbours = self.length - self.anchor.length + 1;
        let mut rising: VecDeque<(usize, u64)> = VecDeque::new();
        self.anchor.over(units, 0..units.len(), |at, hash| {
            let hash = finish(hash);
            while rising.back().is_some_and(|&(_, last)| last >= hash) {
                rising.pop_back();
            }
            rising.push_back((at, hash));
            if at + 1 >= neighbours {
                let first = at + 1 - neighbours;
                while rising.front().is_some_and(|&(start, _)| start < first) {
                    rising.pop_front();
                }
                let least = rising[0];
                if anchors.last() != Some(&least) {
                    anchors.push(least);
                }
            }
        });
        anchors
    }

    /// Where windows that hold one of some anchors begin, as ranges.
    fn candidates(
        &self,
        units: &Units<'_>,
        anchors: impl Iterator<Item = usize>,
    ) -> Vec<Range<usize>> {
        let slack = self.length - self.anchor.length;
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for anchor in anchors {
            let range =
                anchor.saturating_sub(slack)..(anchor + 1).min(units.len() + 1 - self.length);
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        ranges
    }

    /// The hashes of all windows that begin in a range.
    fn hashes(&self, units: &Units<'_>, starts: &Range<usize>) -> Vec<[u64; 2]> {
        let range = starts.start..starts.end + self.length - 1;
        let mut hashes = vec![[0; 2]; starts.len()];
        for (number, sliding) in self.windows.iter().enumerate() {
            sliding.over(units, range.clone(), |at, hash| {
                hashes[at - starts.start][number] = hash;
            });
        }
        hashes
    }
}

/// A set of numbers from 0 on.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn of(count: u64) -> Self {
        Self(vec![0; count.div_ceil(64) as usize])
    }

    fn insert(&mut self, number: u64) {
        self.0[(number / 64) as usize] |= 1 << (number % 64);
    }

    fn contains(&self, number: u64) -> bool {
        self.0
            .get((number / 64) as usize)
            .is_some_and(|bits| bits & 1 << (number % 64) != 0)
    }
}

/// The first pass: anchors.
#[derive(Debug)]
pub struct AnchorPass {
    method: Method,
    limits: Limits,
    sorter: Sorter<2>,
    anchors: u64,
}

impl AnchorPass {
    /// Begins with no texts.
    pub fn new(unit: Unit, length: usize, limits: &Limits) -> Result<Self, Error> {
        let method = Method::new(unit, length)?;
        Ok(Self {
            method,
            limits: limits.clone(),
            sorter: Sorter::new(limits),
            anchors: 0,
        })
    }

    /// Takes the next texts.
    pub fn extend(&mut self, texts: &[Option<&str>]) -> Result<(), Error> {
        let method = self.method;
        let anchors: Vec<Vec<(usize, u64)>> = texts
            .par_iter()
            .map(|text| {
                text.map_or_else(Vec::new, |text| {
                    method.anchors(&Units::of(text, method.unit))
                })
            })
            .collect();
        for (_, key) in anchors.into_iter().flatten() {
            self.sorter.extend([[key, self.anchors]])?;
            self.anchors += 1;
        }
        Ok(())
    }

    /// Finds the repeated anchors.
    pub fn finish(self) -> Result<WindowPass, Error> {
        let mut repeated = Bits::of(self.anchors);
        let mut last: Option<[u64; 2]> = None;
        self.sorter.finish(|record| {
            if let Some(last) = last
                && last[0] == record[0]
            {
                repeated.insert(last[1]);
                repeated.insert(record[1]);
            }
            last = Some(record);
            Ok(())
        })?;
        let scan = Scan {
            method: self.method,
            repeated,
            anchors: self.anchors,
            next_anchor: 0,
        };
        Ok(WindowPass {
            scan,
            sorter: Sorter::new(&self.limits),
            windows: 0,
            position: 0,
        })
    }
}

/// The units of a text, and where windows begin in it that may repeat; none of null.
type Candidates<'a> = Option<(Units<'a>, Vec<Range<usize>>)>;

/// What the later passes share: walking over the texts and finding the windows that may repeat.
#[derive(Debug)]
struct Scan {
    method: Method,
    repeated: Bits,
    anchors: u64,
    next_anchor: u64,
}

impl Scan {
    /// The units and candidate windows of the next texts, which must be those of the first pass.
    fn next<'a>(&mut self, texts: &[Option<&'a str>]) -> Result<Vec<Candidates<'a>>, Error> {
        let method = self.method;
        let found: Vec<_> = texts
            .par_iter()
            .map(|text| {
                text.map(|text| {
                    let units = Units::of(text, method.unit);
                    let anchors = method.anchors(&units);
                    (units, anchors)
                })
            })
            .collect();
        let mut result = Vec::with_capacity(found.len());
        for row in found {
            let start = self.next_anchor;
            result.push(row.map(|(units, anchors)| {
                self.next_anchor += anchors.len() as u64;
                let repeated = anchors
                    .iter()
                    .zip(start..)
                    .filter(|(_, number)| self.repeated.contains(*number));
                let candidates = method.candidates(&units, repeated.map(|((at, _), _)| *at));
                (units, candidates)
            }));
        }
        if self.next_anchor > self.anchors {
            return Err(Error::Parameter(
                "the texts have changed between the passes over them".into(),
            ));
        }
        Ok(result)
    }
}

/// The second pass: windows around repeated anchors.
#[derive(Debug)]
pub struct WindowPass {
    scan: Scan,
    sorter: Sorter<5>,
    windows: u64,
    /// Number of the first unit of the next text; between texts lies a gap of a window.
    position: u64,
}

impl WindowPass {
    /// Takes the texts of the first pass again; `priorities` is empty or has one entry per row.
    pub fn extend(&mut self, texts: &[Option<&str>], priorities: &[Priority]) -> Result<(), Error> {
        let method = self.scan.method;
        let rows = self.scan.next(texts)?;
        let hashes: Vec<Vec<Vec<[u64; 2]>>> = rows
            .par_iter()
            .map(|row| {
                row.iter()
                    .flat_map(|(units, ranges)| {
                        ranges.iter().map(|range| method.hashes(units, range))
                    })
                    .collect()
            })
            .collect();
        for (row, hashes) in hashes.into_iter().enumerate() {
            let Some((units, ranges)) = &rows[row] else {
                continue;
            };
            let rank = !priorities.get(row).copied().unwrap_or_default().rank();
            for (range, hashes) in ranges.iter().zip(hashes) {
                for (start, [one, two]) in range.clone().zip(hashes) {
                    let position = self.position + start as u64;
                    self.sorter
                        .extend([[one, two, rank, position, self.windows]])?;
                    self.windows += 1;
                }
            }
            self.position += (units.len() + method.length) as u64;
        }
        Ok(())
    }

    /// Finds the windows that repeat another one.
    pub fn finish(mut self) -> Result<CutPass, Error> {
        let mut repeated = Bits::of(self.windows);
        let (length, mut keeper) = (self.scan.method.length as u64, None::<[u64; 5]>);
        self.sorter.finish(|record| {
            match keeper {
                Some(first) if first[..2] == record[..2] => {
                    if first[3].abs_diff(record[3]) >= length {
                        repeated.insert(record[4]);
                    }
                }
                _ => keeper = Some(record),
            }
            Ok(())
        })?;
        self.scan.next_anchor = 0;
        Ok(CutPass {
            scan: self.scan,
            repeated,
            windows: self.windows,
            next_window: 0,
        })
    }
}

/// The third pass: cutting.
#[derive(Debug)]
pub struct CutPass {
    scan: Scan,
    repeated: Bits,
    windows: u64,
    next_window: u64,
}

impl CutPass {
    /// Windows that were compared by their hashes.
    pub const fn windows(&self) -> u64 {
        self.windows
    }

    /// What to cut out of the texts of the first pass: ascending ranges of characters that do not touch.
    pub fn spans(&mut self, texts: &[Option<&str>]) -> Result<Vec<Vec<Range<usize>>>, Error> {
        let length = self.scan.method.length;
        let mut found = Vec::with_capacity(texts.len());
        for (row, text) in self.scan.next(texts)?.into_iter().zip(texts) {
            let mut spans: Vec<Range<usize>> = Vec::new();
            if let (Some((units, ranges)), Some(text)) = (row, text) {
                for start in ranges.into_iter().flatten() {
                    if self.repeated.contains(self.next_window) {
                        match spans.last_mut() {
                            Some(last) if start <= last.end => last.end = start + length,
                            _ => spans.push(start..start + length),
                        }
                    }
                    self.next_window += 1;
                }
                spans = units.in_chars(text, &spans);
            }
            found.push(spans);
        }
        if self.next_window > self.windows {
            return Err(Error::Parameter(
                "the texts have changed between the passes over them".into(),
            ));
        }
        Ok(found)
    }
}

/// A text without some ascending ranges of characters.
pub fn without(text: &str, spans: &[Range<usize>]) -> String {
    let mut left = String::with_capacity(text.len());
    let mut spans = spans.iter().peekable();
    for (at, char) in text.chars().enumerate() {
        while spans.next_if(|span| span.end <= at).is_some() {}
        if spans.peek().is_none_or(|span| at < span.start) {
            left.push(char);
        }
    }
    left
}
