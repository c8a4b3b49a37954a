//! Numbers that describe a text, one file each.

pub mod compression_ratio;
pub mod entropy;
pub mod lexical_diversity;
pub mod ngram;
pub mod type_token_ratio;
