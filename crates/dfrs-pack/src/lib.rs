//! Packing of tokenised documents into sequences of one length, and the order in which they are trained on.
//!
//! A [`Packer`] takes documents source by source, packs a window of them at a time, and writes every finished sequence
//! with its pieces - which part of which document lies where - to a file, so that memory holds a window and twelve bytes
//! per sequence. [`order`] then shuffles and mixes the sequences by number, and [`Packer::read`] fetches them again.
//! Everything is a function of the documents, their order and the parameters; no thread takes part.
#![forbid(unsafe_code)]

mod fit;
mod order;
mod packer;
mod spill;

pub use fit::best_fit;
pub use order::{Mixture, order};
pub use packer::{Method, Packer, Parameters, SourceCounts, TooLong};
pub use spill::{Piece, Sequence};

/// What can go wrong while packing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of finished sequences cannot be written or read.
    #[error("the sequences cannot be kept in {path}: {source}")]
    Spill {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A parameter makes no sense.
    #[error("{0}")]
    Parameter(String),
    /// A document does not fit and must not be split.
    #[error(
        "the document of row {row} has {tokens} tokens, more than the length of {length}; split, truncate or drop it"
    )]
    TooLong {
        /// The row.
        row: i64,
        /// Its tokens, the separator included.
        tokens: usize,
        /// The length of a sequence.
        length: usize,
    },
}
