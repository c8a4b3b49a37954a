//! Finished sequences in a file: tokens and pieces of each, found by number.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::Error;

const BUFFER_BYTES: usize = 1 << 20;
/// Row, start and length.
const PIECE_BYTES: usize = 20;

/// A part of a document in a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The document's row.
    pub row: i64,
    /// Position of the part's first token in the document.
    pub start: u64,
    /// Number of tokens.
    pub length: u32,
}

/// A sequence: its pieces, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sequence {
    /// The tokens, as many as the pieces have.
    pub tokens: Vec<u32>,
    /// What the tokens are part of.
    pub pieces: Vec<Piece>,
}

/// The file, and where each sequence begins.
pub(crate) struct Spill {
    path: PathBuf,
    writer: BufWriter<File>,
    starts: Vec<u64>,
    sources: Vec<u32>,
    end: u64,
    bytes: Vec<u8>,
}

impl Spill {
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path);
        let file = file.map_err(|source| error(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            writer: BufWriter::with_capacity(BUFFER_BYTES, file),
            starts: Vec::new(),
            sources: Vec::new(),
            end: 0,
            bytes: Vec::new(),
        })
    }

    /// Appends a sequence.
    pub(crate) fn push(&mut self, source: u32, sequence: &Sequence) -> Result<(), Error> {
        self.bytes.clear();
        for count in [sequence.tokens.len(), sequence.pieces.len()] {
            self.bytes.extend((count as u32).to_le_bytes());
        }
        self.bytes
            .extend(sequence.tokens.iter().flat_map(|token| token.to_le_bytes()));
        for piece in &sequence.pieces {
            self.bytes.extend(piece.row.to_le_bytes());
            self.bytes.extend(piece.start.to_le_bytes());
            self.bytes.extend(piece.length.to_le_bytes());
        }
        self.starts.push(self.end);
        self.sources.push(source);
        self.end += self.bytes.len() as u64;
        self.writer
            .write_all(&self.bytes)
            .map_err(|source| error(&self.path, source))
    }

    /// The source of every sequence.
    pub(crate) fn sources(&self) -> &[u32] {
        &self.sources
    }

    /// Fetches a sequence.
    pub(crate) fn read(&mut self, number: usize) -> Result<Sequence, Error> {
        let end = self.starts.get(number + 1).copied().unwrap_or(self.end);
        self.bytes.resize((end - self.starts[number]) as usize, 0);
        self.writer
            .seek(SeekFrom::Start(self.starts[number]))
            .and_then(|_| self.writer.get_mut().read_exact(&mut self.bytes))
            .map_err(|source| error(&self.path, source))?;
        let (head, rest) = self.bytes.split_at(8);
        let tokens = u32::from_le_bytes(array(head)) as usize;
        let (tokens, pieces) = rest.split_at(tokens * 4);
        Ok(Sequence {
            tokens: tokens
                .chunks_exact(4)
                .map(|bytes| u32::from_le_bytes(array(bytes)))
                .collect(),
            pieces: pieces.chunks_exact(PIECE_BYTES).map(piece).collect(),
        })
    }
}

fn piece(bytes: &[u8]) -> Piece {
    Piece {
        row: i64::from_le_bytes(array(bytes)),
        start: u64::from_le_bytes(array(&bytes[8..])),
        length: u32::from_le_bytes(array(&bytes[16..])),
    }
}

/// The first bytes of a slice that we wrote.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let first = bytes.first_chunk::<N>();
    *first.expect("a record is as long as it was written")
}

fn error(path: &Path, source: std::io::Error) -> Error {
    Error::Spill {
        path: path.display().to_string(),
        source,
    }
}
