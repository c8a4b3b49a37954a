//! String columns of Arrow in and out: reading every layout, mapping over rows in parallel, building columns again; and
//! rows by position.
//!
//! Layouts are `Utf8`, `LargeUtf8`, `Utf8View`, dictionaries of these, and `Null`. Results come in row order whatever
//! the number of threads; work runs on the rayon pool of the caller. What is done with a text is the caller's closure.
#![forbid(unsafe_code)]

mod build;
mod error;
mod map;
mod rewrite;
pub mod rows;
mod texts;

pub use build::text_array;
pub use error::Error;
pub use map::{MIN_ROWS_PER_TASK, map_rows, map_rows_with};
pub use rewrite::Rewrite;
pub use texts::{Blocks, Texts};
