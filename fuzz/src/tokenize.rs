//! Tokenizers of all patterns over a small vocabulary.

use std::sync::LazyLock;

use dfrs_tokenize::{ENCODINGS, Tokenizer};

/// Tokens beyond the bytes, each made of two that stand before it.
const MERGED: [&str; 14] = [
    "th", "the", " t", " the", "aa", "aaaa", "\n\n", "  ", "    ", "\u{e9}", "\u{4e2d}", "12",
    "'s", "!!",
];

static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let mut ranks: Vec<_> = (0..=255u8)
        .map(|byte| (vec![byte], u32::from(byte)))
        .collect();
    let merged = MERGED.iter().zip(256..);
    ranks.extend(merged.map(|(token, id)| (token.as_bytes().to_vec(), id)));
    let build = |encoding| Tokenizer::from_ranks(&ranks, encoding, true);
    let tokenizers = ENCODINGS.iter().map(build);
    tokenizers
        .collect::<Result<_, _>>()
        .expect("a complete vocabulary")
});

/// Any text: what was encoded decodes to it, as many tokens are counted, and a second time nothing is different.
pub fn tokenize(text: &str) {
    assert!(TOKENIZERS.len() > 6);
    for tokenizer in TOKENIZERS.iter() {
        let mut ids = Vec::new();
        tokenizer
            .encode(text, &mut ids)
            .expect("bytes are always known");
        assert_eq!(
            tokenizer.decode(&ids).expect("they are tokens"),
            text.as_bytes()
        );
        assert_eq!(
            tokenizer.count(text).expect("bytes are always known"),
            ids.len()
        );
        let first = std::mem::take(&mut ids);
        tokenizer
            .encode(text, &mut ids)
            .expect("bytes are always known");
        assert_eq!(ids, first);
    }
}
