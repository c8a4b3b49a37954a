//! Byte-pair vocabularies with everything around the merges, without the general library.

use std::borrow::Cow;
use std::ops::Range;

use crate::added::{self, Added, Stretch};
use crate::bpe::{Bpe, Symbols};
use crate::cache::{Counts, Ids, Key};
use crate::error::Error;
use crate::merge::Merger;
use crate::normalizer::Normalizer;
use crate::pattern::Pattern;

/// A byte-pair model and how texts come to it.
pub struct Native {
    /// Tokens that stand for themselves in the text as it is.
    pub added: Option<Added>,
    /// Tokens that stand for themselves in the normalised text.
    pub added_normalized: Option<Added>,
    /// Changes before cutting.
    pub normalizers: Vec<Normalizer>,
    /// How stretches of text are cut.
    pub cutter: Cutter,
    /// The model.
    pub bpe: Bpe,
}

/// How a stretch of text becomes pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cutter {
    /// It is one piece.
    Whole,
    /// By a pattern, perhaps after a space is put in front.
    Pattern {
        /// The pattern.
        pattern: Pattern,
        /// Whether a text that does not begin with a space gets one.
        prefix_space: bool,
    },
    /// Spaces become a visible character, before which the text may be cut.
    Metaspace {
        /// The character.
        replacement: char,
        /// Whether the text gets one in front.
        prepend: Prepend,
        /// Whether the text is cut before every such character.
        split: bool,
    },
}

/// When the visible space is put in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepend {
    /// Before every stretch.
    Always,
    /// Before a stretch at the beginning of the text.
    First,
    /// Never.
    Never,
}

/// Lines of the tables of words, as powers of two: counts of short words (1 MB), of longer ones (1 MB), and half of both
/// for parts of pieces; the tables of ids are made when something is encoded (3 MB).
const LINES: u32 = 14;
const PART_LINES: u32 = 13;

/// What one thread needs for encoding, used again for every text.
pub struct Scratch {
    merger: Merger,
    counts: CountTables,
    part_counts: CountTables,
    ids: Option<[IdTables; 2]>,
}

type CountTables = (Counts<1>, Counts<2>);
type IdTables = (Ids<1>, Ids<2>);

impl Default for Scratch {
    fn default() -> Self {
        Self {
            merger: Merger::default(),
            counts: (Counts::new(LINES), Counts::new(PART_LINES)),
            part_counts: (Counts::new(PART_LINES), Counts::new(PART_LINES - 1)),
            ids: None,
        }
    }
}

impl Native {
    /// Number of tokens of a text.
    pub fn count(&self, text: &str, scratch: &mut Scratch) -> Result<usize, Error> {
        let mut tokens = 0;
        self.stretches(text, |stretch| {
            tokens += match stretch {
                Cut::Token(_) => 1,
                Cut::Text(text) => self.count_stretch(text, scratch),
            };
        })?;
        Ok(tokens)
    }

    /// Appends the tokens of a text.
    pub fn encode(
        &self,
        text: &str,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), Error> {
        self.stretches(text, |stretch| match stretch {
            Cut::Token(id) => ids.push(id),
            Cut::Text(text) => self.encode_stretch(text, scratch, ids),
        })
    }

    /// Hands over the stretches of the prepared text.
    fn stretches(&self, text: &str, mut take: impl FnMut(Cut<'_>)) -> Result<(), Error> {
        added::stretches(self.added.as_ref(), text, |stretch| {
            let part = match stretch {
                Stretch::Token(id) => {
                    take(Cut::Token(id));
                    return Ok(());
                }
                Stretch::Text(part) => part,
            };
            let normalizers = self.normalizers.iter();
            let normalized = normalizers.fold(Cow::Borrowed(part), |text, next| next.apply(text));
            let mut first = part.as_ptr() == text.as_ptr();
            added::stretches(self.added_normalized.as_ref(), &normalized, |stretch| {
                match stretch {
                    Stretch::Token(id) => take(Cut::Token(id)),
                    Stretch::Text(text) => take(Cut::Text(&self.cutter.prepare(text, first))),
                }
                first = false;
                Ok(())
            })
        })
    }

    fn count_stretch(&self, text: &str, scratch: &mut Scratch) -> usize {
        let Scratch {
            merger,
            counts,
            part_counts,
            ..
        } = scratch;
        let (mut at, mut tokens) = (0, 0);
        while at < text.len() {
            let end = self.cutter.piece_end(text, at);
            tokens += kept_count(counts, text, at..end, || {
                self.count_piece(&text[at..end], part_counts, merger)
            });
            at = end;
        }
        tokens
    }

    fn count_piece(&self, piece: &str, counts: &mut CountTables, merger: &mut Merger) -> usize {
        if self.bpe.whole(piece).is_some() {
            return 1;
        }
        let (mut at, mut tokens) = (0, 0);
        while at < piece.len() {
            let end = self.bpe.part_end(piece, at);
            let mut merge = || {
                self.bpe.merge(&piece.as_bytes()[at..end], merger);
                merger.ids.len()
            };
            tokens += if (at, end) == (0, piece.len()) {
                merge() // as a piece it is kept already
            } else {
                kept_count(counts, piece, at..end, merge)
            };
            at = end;
        }
        tokens
    }

    fn encode_stretch(&self, text: &str, scratch: &mut Scratch, ids: &mut Vec<u32>) {
        let Scratch {
            merger,
            ids: tables,
            ..
        } = scratch;
        let [pieces, parts] = tables.get_or_insert_with(|| {
            [LINES, PART_LINES].map(|lines| (Ids::new(lines), Ids::new(lines - 1)))
        });
        let mut at = 0;
        while at < text.len() {
            let end = self.cutter.piece_end(text, at);
            keep_ids(pieces, text, at..end, ids, |ids| {
                self.encode_piece(&text[at..end], parts, merger, ids);
            });
            at = end;
        }
    }

    fn encode_piece(
        &self,
        piece: &str,
        tables: &mut IdTables,
        merger: &mut Merger,
        ids: &mut Vec<u32>,
    ) {
        if let Some(id) = self.bpe.whole(piece) {
            ids.push(id);
            return;
        }
        let mut at = 0;
        while at < piece.len() {
            let end = self.bpe.part_end(piece, at);
            keep_ids(tables, piece, at..end, ids, |ids| {
                self.bpe.merge(&piece.as_bytes()[at..end], merger);
                ids.extend_from_slice(&merger.ids);
            });
            at = end;
        }
    }

    /// Appends the bytes that a token stands for: visible spaces are spaces, `<0x41>` is a byte.
    pub fn decode_token(&self, token: &[u8], bytes: &mut Vec<u8>) {
        const SPACE: &str = "\u{2581}";
        match std::str::from_utf8(token) {
            Ok(text) if !self.is_byte_level() => {
                let hex = text
                    .strip_prefix("<0x")
                    .and_then(|rest| rest.strip_suffix('>'));
                match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    Some(byte) => bytes.push(byte),
                    None => bytes.extend_from_slice(text.replace(SPACE, " ").as_bytes()),
                }
            }
            _ => bytes.extend_from_slice(token),
        }
    }

    /// Whether tokens are bytes, as opposed to characters.
    pub fn is_byte_level(&self) -> bool {
        matches!(self.bpe.symbols, Symbols::Bytes(_))
    }
}

/// The number of tokens of a word, from the tables or counted and kept.
#[inline]
fn kept_count(
    tables: &mut CountTables,
    text: &str,
    word: Range<usize>,
    count: impl FnOnce() -> usize,
) -> usize {
    let bytes = text.as_bytes();
    if let Some(key) = Key::<1>::new(bytes, word.start, word.end) {
        if let Some(tokens) = tables.0.get(key) {
            return tokens;
        }
        let tokens = count();
        tables.0.insert(key, tokens);
        tokens
    } else if let Some(key) = Key::<2>::new(bytes, word.start, word.end) {
        if let Some(tokens) = tables.1.get(key) {
            return tokens;
        }
        let tokens = count();
        tables.1.insert(key, tokens);
        tokens
    } else {
        count()
    }
}

/// Appends the tokens of a word, from the tables or encoded and kept.
#[inline]
fn keep_ids(
    tables: &mut IdTables,
    text: &str,
    word: Range<usize>,
    ids: &mut Vec<u32>,
    encode: impl FnOnce(&mut Vec<u32>),
) {
    let (bytes, start) = (text.as_bytes(), ids.len());
    if let Some(key) = Key::<1>::new(bytes, word.start, word.end) {
        if let Some(known) = tables.0.get(key) {
            ids.extend_from_slice(known);
        } else {
            encode(ids);
            tables.0.insert(key, &ids[start..]);
        }
    } else if let Some(key) = Key::<2>::new(bytes, word.start, word.end) {
        if let Some(known) = tables.1.get(key) {
            ids.extend_from_slice(known);
        } else {
            encode(ids);
            tables.1.insert(key, &ids[start..]);
        }
    } else {
        encode(ids);
    }
}

/// A stretch of the prepared text.
enum Cut<'t> {
    Text(&'t str),
    Token(u32),
}

impl Cutter {
    /// The text that is cut: with visible spaces, or with a space in front.
    fn prepare(self, text: &str, first: bool) -> Cow<'_, str> {
        match self {
            Self::Pattern {
                prefix_space: true, ..
            } if !text.starts_with(' ') => Cow::Owned([" ", text].concat()),
            Self::Whole | Self::Pattern { .. } => Cow::Borrowed(text),
            Self::Metaspace {
                replacement,
                prepend,
                ..
            } => {
                let mut buffer = [0; 4];
                let visible = &*replacement.encode_utf8(&mut buffer);
                let text = text.replace(' ', visible);
                let prefix = match prepend {
                    Prepend::Always => true,
                    Prepend::First => first,
                    Prepend::Never => false,
                };
                Cow::Owned(if prefix && !text.starts_with(replacement) {
                    [visible, &text].concat()
                } else {
                    text
                })
            }
        }
    }

    /// The end of the piece that starts at `at`.
    #[inline]
    fn piece_end(self, text: &str, at: usize) -> usize {
        match self {
            Self::Whole | Self::Metaspace { split: false, .. } => text.len(),
            Self::Pattern { pattern, .. } => pattern.piece_end(text.as_bytes(), at),
            Self::Metaspace { replacement, .. } => {
                let first = text[at..].chars().next().map_or(0, char::len_utf8);
                let next = text[at + first..].find(replacement);
                next.map_or(text.len(), |offset| at + first + offset)
            }
        }
    }
}
