//! The operators of a pass, and what each of them did.

use arrow_array::{ArrayRef, RecordBatch};
use dfrs_text::{Refiner, Rule};

/// A native operator on a text column.
#[derive(Debug, Clone)]
pub enum Operator {
    /// Decides which texts stay.
    Rule(Rule),
    /// Rewrites texts.
    Refiner(Refiner),
}

/// Operators that follow each other on one column.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The operators, in order.
    pub operators: Vec<Operator>,
}

/// What an operator did to the rows that reached it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A rule: the columns of [`crate::Judged`].
    Judged(RecordBatch),
    /// A refiner: the new texts, in the column's type.
    Refined(ArrayRef),
}
