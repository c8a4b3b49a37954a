//! From documents to sequences, a window at a time.

use std::path::Path;

use crate::Error;
use crate::fit::best_fit;
use crate::spill::{Piece, Sequence, Spill};

/// Sequences with less room than one in so many tokens are finished when a window ends; the documents of the others
/// wait for the next one.
const FULL_PER: u32 = 100;

/// How documents become sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One sequence per document, of any length.
    Documents,
    /// One document after the other, cut wherever a sequence is full.
    Concatenate,
    /// Whole documents, each into the fullest sequence of a window that has room.
    BestFit,
}

/// What becomes of documents that are longer than a sequence, where they are not cut anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLong {
    /// They become full sequences, and what is left is packed like a document.
    Split,
    /// Their beginning stays.
    Truncate,
    /// They go.
    Drop,
    /// They are an error.
    Refuse,
}

/// How to pack.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Tokens of a sequence.
    pub length: u32,
    /// How documents become sequences.
    pub method: Method,
    /// The token that ends every document.
    pub separator: Option<u32>,
    /// What becomes of long documents.
    pub too_long: TooLong,
    /// Tokens that are packed together by best fit.
    pub window_tokens: usize,
}

/// What became of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceCounts {
    /// Documents in sequences.
    pub documents: u64,
    /// Documents without a token; they are in no sequence.
    pub empty: u64,
    /// Documents that were dropped for their length.
    pub dropped: u64,
    /// Tokens of dropped documents, and those that truncation cut off.
    pub lost_tokens: u64,
    /// Tokens in sequences, separators included.
    pub tokens: u64,
    /// Sequences.
    pub sequences: u64,
}

/// Takes documents and makes sequences.
pub struct Packer {
    parameters: Parameters,
    spill: Spill,
    counts: Vec<SourceCounts>,
    tokens: Vec<u32>,
    pieces: Vec<Piece>,
    largest: u32,
}

impl Packer {
    /// Begins; the file for finished sequences must not exist yet.
    pub fn new(path: &Path, parameters: Parameters) -> Result<Self, Error> {
        if parameters.length == 0 || parameters.window_tokens < parameters.length as usize {
            return Err(Error::Parameter(format!(
                "length={} must be 1 or more, and window_tokens={} at least as much",
                parameters.length, parameters.window_tokens
            )));
        }
        Ok(Self {
            spill: Spill::create(path)?,
            parameters,
            counts: vec![SourceCounts::default()],
            tokens: Vec::new(),
            pieces: Vec::new(),
            largest: 0,
        })
    }

    /// Adds a document to the present source.
    pub fn add(&mut self, row: i64, document: &[u32]) -> Result<(), Error> {
        let here = self.counts.len() - 1;
        if document.is_empty() {
            self.counts[here].empty += 1;
            return Ok(());
        }
        let (length, whole) = (self.parameters.length as usize, document.len());
        let mut tokens = whole + usize::from(self.parameters.separator.is_some());
        if self.parameters.method == Method::BestFit && tokens > length {
            match self.parameters.too_long {
                TooLong::Split => {}
                TooLong::Truncate => {
                    self.counts[here].lost_tokens += (tokens - length) as u64;
                    tokens = length;
                }
                TooLong::Drop => {
                    self.counts[here].dropped += 1;
                    self.counts[here].lost_tokens += tokens as u64;
                    return Ok(());
                }
                TooLong::Refuse => {
                    return Err(Error::TooLong {
                        row,
                        tokens,
                        length,
                    });
                }
            }
        }
        self.counts[here].documents += 1;
        self.tokens.extend(&document[..whole.min(tokens)]);
        self.tokens
            .extend(self.parameters.separator.filter(|_| tokens > whole));
        self.cut(row, tokens);
        match self.parameters.method {
            Method::Documents => self.finish_in_order(usize::MAX),
            Method::Concatenate if self.tokens.len() >= length => self.finish_in_order(length),
            Method::BestFit if self.tokens.len() >= self.parameters.window_tokens => {
                self.finish_window(false)
            }
            _ => Ok(()),
        }
    }

    /// Cuts a document, which ends the tokens, into pieces that fit.
    fn cut(&mut self, row: i64, tokens: usize) {
        let length = match self.parameters.method {
            Method::BestFit => self.parameters.length as usize,
            Method::Documents | Method::Concatenate => u32::MAX as usize,
        };
        for start in (0..tokens).step_by(length) {
            self.pieces.push(Piece {
                row,
                start: start as u64,
                length: length.min(tokens - start) as u32,
            });
        }
    }

    /// Ends the present source; what is added next belongs to another one.
    pub fn end_source(&mut self) -> Result<(), Error> {
        match self.parameters.method {
            Method::BestFit => self.finish_window(true)?,
            Method::Concatenate | Method::Documents => {
                self.finish_in_order(self.parameters.length as usize)?;
                let rest = Sequence {
                    tokens: std::mem::take(&mut self.tokens),
                    pieces: std::mem::take(&mut self.pieces),
                };
                if !rest.tokens.is_empty() {
                    self.push(&rest)?;
                }
            }
        }
        self.counts.push(SourceCounts::default());
        Ok(())
    }

    /// Makes sequences of so many tokens from what is there; what is left over stays, unless any length will do.
    fn finish_in_order(&mut self, length: usize) -> Result<(), Error> {
        let mut pieces = std::mem::take(&mut self.pieces).into_iter();
        let mut next = pieces.next();
        let mut done = 0;
        while done < self.tokens.len()
            && (self.tokens.len() - done >= length || length == usize::MAX)
        {
            let end = length.min(self.tokens.len() - done) + done;
            let mut sequence = Sequence {
                tokens: self.tokens[done..end].to_vec(),
                pieces: Vec::new(),
            };
            while let Some(piece) = next.take().filter(|_| done < end) {
                let taken = piece.length.min((end - done) as u32);
                sequence.pieces.push(Piece {
                    length: taken,
                    ..piece
                });
                done += taken as usize;
                next = if taken < piece.length {
                    Some(Piece {
                        row: piece.row,
                        start: piece.start + u64::from(taken),
                        length: piece.length - taken,
                    })
                } else {
                    pieces.next()
                };
                if done == end {
                    break;
                }
            }
            self.push(&sequence)?;
        }
        self.tokens.drain(..done);
        self.pieces.extend(next.into_iter().chain(pieces));
        Ok(())
    }

    /// Packs the window. Unless it is the last one, documents in sequences with much room wait for the next, if these
    /// are not too many.
    fn finish_window(&mut self, is_last: bool) -> Result<(), Error> {
        let (tokens, pieces) = (
            std::mem::take(&mut self.tokens),
            std::mem::take(&mut self.pieces),
        );
        let lengths: Vec<u32> = pieces.iter().map(|piece| piece.length).collect();
        let starts: Vec<usize> = lengths
            .iter()
            .scan(0, |end, &length| {
                *end += length as usize;
                Some(*end - length as usize)
            })
            .collect();
        let length = self.parameters.length;
        let enough = length - (length / FULL_PER).max(1);
        let mut waiting = Vec::new();
        let mut may_wait = if is_last {
            0
        } else {
            self.parameters.window_tokens / 2
        };
        for bin in best_fit(&lengths, self.parameters.length) {
            let filled: u32 = bin.iter().map(|&item| lengths[item as usize]).sum();
            if filled < enough && filled as usize <= may_wait {
                may_wait -= filled as usize;
                waiting.extend(bin);
                continue;
            }
            let mut sequence = Sequence::default();
            for item in bin {
                let item = item as usize;
                sequence
                    .tokens
                    .extend(&tokens[starts[item]..][..lengths[item] as usize]);
                sequence.pieces.push(pieces[item]);
            }
            self.push(&sequence)?;
        }
        waiting.sort_unstable();
        for item in waiting {
            let item = item as usize;
            self.tokens
                .extend(&tokens[starts[item]..][..lengths[item] as usize]);
            self.pieces.push(pieces[item]);
        }
        Ok(())
    }

    fn push(&mut self, sequence: &Sequence) -> Result<(), Error> {
        let source = self.counts.len() - 1;
        let largest = sequence.tokens.iter().copied().max();
        self.largest = self.largest.max(largest.unwrap_or_default());
        self.counts[source].sequences += 1;
        self.counts[source].tokens += sequence.tokens.len() as u64;
        self.spill.push(source as u32, sequence)
    }

    /// What became of the sources that ended.
    pub fn counts(&self) -> &[SourceCounts] {
        &self.counts[..self.counts.len() - 1]
    }

    /// The source of every finished sequence.
    pub fn sources(&self) -> &[u32] {
        self.spill.sources()
    }

    /// The largest token of all finished sequences.
    pub fn largest_token(&self) -> u32 {
        self.largest
    }

    /// A finished sequence.
    ///
    /// # Panics
    /// If there is no such sequence.
    pub fn read(&mut self, number: usize) -> Result<Sequence, Error> {
        self.spill.read(number)
    }
}
