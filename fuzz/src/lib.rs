//! What must hold for any input: no panic, and the checks that each function names.

mod answers;
mod dedup_index;
mod deduplication;
mod minhash;
mod models;
mod reading;
mod text_rules;
mod tokenize;
mod vectors;

pub use answers::answers;
pub use dedup_index::{IndexDamage, dedup_index};
pub use deduplication::{DeduplicatedRows, deduplication};
pub use minhash::{Texts, minhash};
pub use models::{Damage, fasttext, ngram_model};
pub use reading::{Bytes, csv, json_lines};
pub use text_rules::text_rules;
pub use tokenize::tokenize;
pub use vectors::{Numbers, vectors};
