//! A byte-pair model: from a piece of text to tokens.

use crate::joins::Joins;
use crate::merge::Merger;
use crate::pairs::{Merge, Pairs};
use crate::vocabulary::Vocabulary;

/// What merging starts from.
pub enum Symbols {
    /// Bytes, by their tokens; a byte without a token is left out.
    Bytes(Box<[Option<u32>; 256]>),
    /// Characters that are tokens, and what stands for others.
    Chars(Unknown),
}

/// What stands for a character that is not a token.
pub struct Unknown {
    /// The tokens of its bytes, if all have one.
    pub bytes: Option<Box<[u32; 256]>>,
    /// Else this token; without one, the character is left out.
    pub token: Option<u32>,
    /// Whether neighbouring unknown characters share the token.
    pub fuse: bool,
}

/// A vocabulary with its merges.
pub struct Bpe {
    /// The tokens.
    pub vocabulary: Vocabulary,
    /// The merges.
    pub pairs: Pairs,
    /// Where pieces can be cut; none if they cannot.
    pub joins: Option<Joins>,
    /// What merging starts from.
    pub symbols: Symbols,
    /// Whether a piece that is a token is that token, whatever merging would make of it.
    pub whole: bool,
}

impl Bpe {
    /// The token that a whole piece is.
    #[inline]
    pub fn whole(&self, piece: &str) -> Option<u32> {
        if self.whole {
            self.vocabulary.id(piece.as_bytes())
        } else {
            None
        }
    }

    /// The end of the part of a piece that starts at `at` and is merged on its own.
    #[inline]
    pub fn part_end(&self, piece: &str, at: usize) -> usize {
        match &self.joins {
            Some(joins) => joins.part_end(piece, at),
            None => piece.len(),
        }
    }

    /// Merges a part of a piece; its tokens are in `merger.ids` then. Parts of byte models may end inside a character.
    pub fn merge(&self, part: &[u8], merger: &mut Merger) {
        merger.ids.clear();
        match &self.symbols {
            Symbols::Bytes(tokens) => {
                let known = part.iter().filter_map(|&byte| tokens[usize::from(byte)]);
                merger.ids.extend(known);
            }
            Symbols::Chars(unknown) => {
                let text =
                    std::str::from_utf8(part).expect("characters are cut between, not inside");
                self.chars(text, unknown, &mut merger.ids);
            }
        }
        merger.run(&self.pairs);
    }

    fn chars(&self, text: &str, unknown: &Unknown, ids: &mut Vec<u32>) {
        let mut was_unknown = false;
        for char in text.chars() {
            let mut buffer = [0; 4];
            let bytes = char.encode_utf8(&mut buffer).as_bytes();
            let mut is_unknown = false;
            if let Some(id) = self.vocabulary.id(bytes) {
                ids.push(id);
            } else if let Some(tokens) = &unknown.bytes {
                ids.extend(bytes.iter().map(|&byte| tokens[usize::from(byte)]));
            } else if let Some(token) = unknown.token {
                is_unknown = true;
                if !(was_unknown && unknown.fuse) {
                    ids.push(token);
                }
            }
            was_unknown = is_unknown;
        }
    }
}

/// The merges of a vocabulary whose ids are ranks: for every token the two tokens it is made from last.
///
/// A pair of neighbours becomes a token whenever their bytes together are one. The merges inside a token's bytes do
/// not depend on what stands around it, so that of all ways to halve it only the one that merging its own bytes ends
/// with ever occurs. A token whose bytes are merged into anything else has none; it stands for whole pieces only.
pub fn pairs_of_ranks(vocabulary: &Vocabulary, bytes: &[Option<u32>; 256]) -> Pairs {
    let mut pairs = Pairs::with_capacity(vocabulary.len());
    let mut merger = Merger::default();
    for (id, token) in vocabulary.iter() {
        if token.len() < 2 {
            continue;
        }
        merger.ids.clear();
        merger
            .ids
            .extend(token.iter().filter_map(|&byte| bytes[usize::from(byte)]));
        merger.run(&pairs);
        if merger.ids.len() > 2 {
            late_merges(vocabulary, id, &mut merger);
        }
        if let [left, right] = merger.ids[..]
            && vocabulary.token(left).map_or(0, <[u8]>::len)
                + vocabulary.token(right).map_or(0, <[u8]>::len)
                == token.len()
        {
            pairs.insert(left, right, Merge { rank: id, id });
        }
    }
    pairs
}

/// Goes on merging the tokens of a token with ranks above its own, which trained vocabularies do not need.
fn late_merges(vocabulary: &Vocabulary, token: u32, merger: &mut Merger) {
    loop {
        let joined = |pair: &[u32]| {
            let bytes = [vocabulary.token(pair[0])?, vocabulary.token(pair[1])?].concat();
            vocabulary.id(&bytes)
        };
        let found = merger.ids.windows(2).map(joined);
        let best = found
            .enumerate()
            .filter_map(|(at, id)| Some((id?, at)))
            .min();
        match best {
            Some((id, at)) if id != token => {
                merger.ids[at] = id;
                merger.ids.remove(at + 1);
            }
            _ => return,
        }
    }
}
