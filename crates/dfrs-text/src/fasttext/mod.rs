//! fastText classifiers: reading `.bin` and `.ftz` files, and what they say about a text.
//!
//! A text is a bag of features - its words, their character n-grams, its word n-grams - each of which is a row of a
//! matrix; the mean of the rows is compared with every label. Predictions equal those of fastText 0.9.2 for the text as
//! one line, up to the rounding of sums taken in another order: the features of a word are summed once and remembered
//! ([`Scratch`]), whatever the loss, and whether the rows are stored as floats or product-quantised.
//!
//! Source: A. Joulin et al., "Bag of Tricks for Efficient Text Classification" (2016) and "FastText.zip" (2016).

mod dictionary;
mod features;
mod format;
mod matrix;
mod model;
mod output;

pub use features::Scratch;
pub use model::{Model, Prediction};
