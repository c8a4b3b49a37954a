//! The one entry to all refiners: a name and JSON parameters in, something that rewrites texts out.

use std::borrow::Cow;

use crate::error::{self, Error};
use crate::refiners;

/// Something that rewrites a text.
pub trait Refine {
    /// Appends the new text to `out` and returns true, or leaves `out` alone and returns false if nothing changes.
    fn refine_into(&self, text: &str, out: &mut String) -> bool;

    /// Returns the new text.
    fn refine<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        if self.refine_into(text, &mut out) {
            Cow::Owned(out)
        } else {
            Cow::Borrowed(text)
        }
    }
}

macro_rules! refiners {
    ($($name:literal => $variant:ident($module:ident),)*) => {
        /// One of the refiners, with its parameters.
        #[derive(Debug, Clone)]
        pub enum Refiner {
            $(#[doc = concat!("The refiner `", $name, "`.")] $variant(refiners::$module::$variant),)*
        }

        impl Refiner {
            /// Names of all refiners.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Makes a refiner from its name and a JSON object of its parameters.
            pub fn from_json(name: &str, parameters: &str) -> Result<Self, Error> {
                match name {
                    $($name => Ok(Self::$variant(error::read(name, parameters)?)),)*
                    _ => Err(Error::UnknownName { name: name.to_owned(), known: Self::NAMES.join(", ") }),
                }
            }

            /// The refiner's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }
        }

        impl Refine for Refiner {
            fn refine_into(&self, text: &str, out: &mut String) -> bool {
                match self {
                    $(Self::$variant(refiner) => refiner.refine_into(text, out),)*
                }
            }
        }
    };
}

refiners! {
    "html_url_remover" => HtmlUrlRemover(html_url_remover),
    "remove_emoji" => RemoveEmoji(remove_emoji),
    "remove_extra_spaces" => RemoveExtraSpaces(remove_extra_spaces),
}
