//! Text formats in and out of Arrow: JSON Lines, JSON arrays, CSV and TSV, plain, gzip or zstd; and the [`part`] files
//! of the step store.
//!
//! Reading takes two passes, because a guess from the head of a file is a guess: [`Scan`] looks at every value of every
//! file and decides types that hold all of them, then [`Reader`] builds record batches of exactly that schema. Both
//! work in [`blocks`] of bounded size, several at once, and go on in file order, so that the answer does not depend on
//! the number of threads.
//!
//! Invariants: no value changes silently (a type that cannot hold a value is an error that names the place), nothing in
//! a file can make this crate panic, and every error about data names file, line and column.
#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc)] // every `expect` states an invariant, not a condition for the caller

pub mod blocks;
pub mod column;
pub mod csv;
pub mod csv_rows;
pub mod elements;
pub mod encode;
pub mod error;
pub mod feed;
pub mod fill;
pub mod format;
pub mod input;
pub mod json;
pub mod output;
pub mod part;
pub mod reader;
pub mod scalar;
pub mod scan;
pub mod shape;
pub mod writer;

pub use error::{BadRecord, Error};
pub use feed::{Options, Origin};
pub use format::Format;
pub use output::Compression;
pub use reader::Reader;
pub use scan::Scan;
pub use writer::Writer;
