//! A chain of native operators over a text column, in one pass.
//!
//! Every text is read once: it goes through rules and refiners until one drops it, rules share what they find out about
//! it ([`dfrs_text::Document`]), and no column is built between two rules. What comes out is exactly what the operators
//! give one after the other.
#![forbid(unsafe_code)]

mod judged;
mod pass;
mod stage;

pub use judged::Judged;
pub use pass::Pass;
pub use stage::{Operator, Outcome, Stage};
