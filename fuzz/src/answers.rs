//! Final answers.

use dfrs_text::answers::{Number, clean, compare, extract, read};

/// Any text: every reader ends, a number's canonical form is that number, and an answer is equal to itself.
pub fn answers(text: &str) {
    let _ = (extract(text), read(text));
    let cleaned = clean(text);
    if !cleaned.is_empty() {
        assert_ne!(compare(text, text), Some(false), "{text:?}");
    }
    if let Some(number) = Number::parse(text) {
        let again = Number::parse(&number.canonical()).expect("a canonical form is a number");
        assert_eq!(number.same_as(&again), Some(true), "{text:?}");
    }
}
