//! Text rules and refiners: pure functions from `&str` to a verdict or a new text.
//!
//! A [`Rule`] is built from its name and JSON parameters and judges one text at a time; a [`Refiner`] rewrites one.
//! Both are immutable and shareable between threads; whoever calls them decides about columns, nulls and parallelism.
//!
//! Rules are stated in the terms of Python's `str` and `re`, because that is what the published rule sets were written
//! in: a word is what `str.split` yields, a space is `str.isspace`, a letter is `\w`. Those classes come from tables
//! ([`unicode`]) frozen at one Unicode version, so that a verdict depends on nothing but text and parameters.
#![forbid(unsafe_code)]

pub mod answers;
mod document;
mod error;
pub mod fasttext;
mod hash;
mod interned;
mod judgement;
pub mod lines;
pub mod lower;
mod measure;
pub mod measures;
pub mod ngram_model;
pub mod prepare;
mod refiner;
pub mod refiners;
mod rule;
pub mod rules;
pub mod scripts;
mod segment;
pub mod tokens;
pub mod unicode;
mod vocabulary;
pub mod words;

pub use document::Document;
pub use error::Error;
pub use judgement::{Judgement, Profile};
pub use measure::{AnyMeasure, Measure};
pub use refiner::{Refine, Refiner};
pub use rule::{Judge, Rule};
pub use segment::Segmentation;
pub use vocabulary::Vocabulary;
