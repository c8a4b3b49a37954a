//! Token counting and encoding, exactly as tiktoken and Hugging Face's `tokenizers` do it, and several times faster.
//!
//! A text is normalised (`normalizer`), cut into pieces by a known pattern (`pattern`, over the character classes of
//! `classes`), and each piece becomes tokens: from the table of frequent words (`cache`), as a whole (`vocabulary`), or
//! by merging (`merge`) the parts between which nothing can merge (`joins`). Counting keeps numbers only, encoding ids.
//! Vocabularies come from tiktoken files (`tiktoken`) and `tokenizer.json` (`hugging_face`); what is not a byte-pair model
//! of a known form goes to the library `tokenizers` (`general`).
//!
//! Invariants: ids and counts equal the peer's for every text, and do not depend on what was encoded before; time and
//! memory grow with the length of a text whatever it contains; no thread, no clock, no network.

#![forbid(unsafe_code)]

mod added;
mod bpe;
mod cache;
mod classes;
mod error;
mod general;
mod hash;
mod hugging_face;
mod joins;
mod merge;
mod native;
mod normalizer;
mod pairs;
mod pattern;
mod tiktoken;
mod tokenizer;
mod vocabulary;

pub use error::Error;
pub use pattern::Pattern;
pub use tiktoken::{ENCODINGS, Encoding};
pub use tokenizer::{Encoder, Tokenizer};
