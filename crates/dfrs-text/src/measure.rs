//! The one entry to all measures: a name and JSON parameters in, numbers per text out.

use crate::error::{self, Error};
use crate::measures;

/// Numbers that describe a text.
pub trait Measure {
    /// Names of the numbers.
    fn names(&self) -> &'static [&'static str];

    /// Writes the numbers of a text, one per name; none where the text has too little to measure.
    fn measure(&self, text: &str, values: &mut [Option<f64>]);
}

macro_rules! measures {
    ($($name:literal => $variant:ident($module:ident),)*) => {
        /// One of the measures, with its parameters.
        #[derive(Debug, Clone)]
        pub enum AnyMeasure {
            $(#[doc = concat!("The measure `", $name, "`.")] $variant(measures::$module::$variant),)*
        }

        impl AnyMeasure {
            /// Names of all measures.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Makes a measure from its name and a JSON object of its parameters.
            pub fn from_json(name: &str, parameters: &str) -> Result<Self, Error> {
                match name {
                    $($name => Ok(Self::$variant(error::read(name, parameters)?)),)*
                    _ => Err(Error::UnknownName { name: name.to_owned(), known: Self::NAMES.join(", ") }),
                }
            }
        }

        impl Measure for AnyMeasure {
            fn names(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant(measure) => measure.names(),)*
                }
            }

            fn measure(&self, text: &str, values: &mut [Option<f64>]) {
                match self {
                    $(Self::$variant(measure) => measure.measure(text, values),)*
                }
            }
        }
    };
}

measures! {
    "compression_ratio" => CompressionRatio(compression_ratio),
    "entropy" => Entropy(entropy),
    "lexical_diversity" => LexicalDiversity(lexical_diversity),
    "ngram" => Ngram(ngram),
    "type_token_ratio" => TypeTokenRatio(type_token_ratio),
}
