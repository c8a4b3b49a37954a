//! Placeholder head, replaced with the crate's content.
#![forbid(unsafe_code)]
