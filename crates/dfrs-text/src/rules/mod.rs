//! One rule per file. Each is a struct of its parameters, read from JSON, that judges a text.

pub mod blocklist;
pub mod c4_paragraph;
pub mod capital_words;
pub mod char_number;
pub mod colon_end;
pub mod content_null;
pub mod curly_bracket;
pub mod fineweb_quality;
pub mod gopher_quality;
pub mod gopher_repetition;
pub mod html_entity;
pub mod line_end_with_ellipsis;
pub mod line_start_with_bulletpoint;
pub mod line_with_javascript;
pub mod lorem_ipsum;
pub mod mean_word_length;
pub mod ngram;
pub mod no_punc;
pub mod reasoning_answer_ngram;
pub mod sentence_number;
pub mod special_character;
pub mod symbol_word_ratio;
pub mod unique_words;
pub mod watermark;
pub mod word_number;

/// Number of characters.
fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Share of `part` in `all`; not a number if both are 0.
fn share(part: usize, all: usize) -> f64 {
    part as f64 / all as f64
}
