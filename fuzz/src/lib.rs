//! What must hold for any input: no panic, and the checks that each function names.

mod deduplication;
mod minhash;
mod reading;
mod text_rules;

pub use deduplication::{Rows, deduplication};
pub use minhash::{Texts, minhash};
pub use reading::{Bytes, csv, json_lines};
pub use text_rules::text_rules;
