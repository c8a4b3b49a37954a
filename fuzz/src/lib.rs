//! What must hold for any input: no panic, and the checks that each function names.

mod dedup_index;
mod deduplication;
mod minhash;
mod reading;
mod text_rules;

pub use dedup_index::{Damage, dedup_index};
pub use deduplication::{Rows, deduplication};
pub use minhash::{Texts, minhash};
pub use reading::{Bytes, csv, json_lines};
pub use text_rules::text_rules;
