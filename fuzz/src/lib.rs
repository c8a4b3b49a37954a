//! What must hold for any input: no panic, and the checks that each function names.

mod dedup_index;
mod minhash;
mod models;
mod reading;
mod text_rules;
mod vectors;

pub use dedup_index::{IndexDamage, dedup_index};
pub use minhash::{Texts, minhash};
pub use models::{Damage, fasttext, ngram_model};
pub use reading::{Bytes, csv, json_lines};
pub use text_rules::text_rules;
pub use vectors::{Numbers, vectors};
