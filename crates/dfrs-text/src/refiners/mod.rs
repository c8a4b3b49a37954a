//! One refiner per file. Each is a struct of its parameters, read from JSON, that rewrites a text.

mod html_tag;
pub mod html_url_remover;
pub mod remove_emoji;
pub mod remove_extra_spaces;
