//! The checks of the fuzz targets as property tests; `PROPTEST_CASES` says how many inputs each of them gets.

use dfrs_fuzz::{
    answers, csv, dedup_index, deduplication, fasttext, json_lines, minhash, ngram_model,
    text_rules, tokenize, vectors,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;

/// What means something in one of the formats, or is hard to decode.
const BYTES: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\r",
    b",",
    b"\t",
    b"\"",
    b"\"\"",
    b" ",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"a",
    b"\"a\":",
    b"\"b\":",
    b"{\"a\":",
    b"{\"a\":1}\n",
    b"{\"a\":\"x\",\"b\":[",
    b"null",
    b"true",
    b"false",
    b"NaN",
    b"-",
    b"0",
    b"1",
    b"1.5",
    b"1e400",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551616",
    b"007",
    b"2024-01-01",
    b"2024-01-01T00:00:00Z",
    b"\\",
    b"\\n",
    b"\\u0041",
    b"\\ud83d\\ude00",
    b"\\ud800",
    b"\\u12",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xc3\xa9",
    b"\xc3",
    b"\xf0\x9f\x96\x95",
    b"\xf0\x9f",
    b"\0",
    b"\x1f",
    b"a,b\n1,2\n",
    b"\"a\nb\"",
    b"#",
];

/// What the rules look for, and what is hard to cut or to fold.
const TEXTS: &[&str] = &[
    " ",
    "\n",
    "\t",
    "\r\n",
    "\u{a0}",
    "\u{2003}",
    "\u{2028}",
    "\u{3000}",
    "\u{1c}",
    "a",
    "B",
    "ß",
    "İ",
    "Σ",
    "ς",
    "e\u{301}",
    "漢字",
    "。",
    "。\n",
    ".",
    "...",
    "…",
    "!?",
    "•",
    "- ",
    "#",
    "{",
    "}",
    "<b",
    "</b>",
    "<!--",
    "-->",
    "&lt;",
    "&amp",
    "http://a.b/c",
    "www.",
    "Copyright",
    "(c)",
    "lorem ipsum",
    "javascript",
    "bad word",
    "😀",
    "👩‍🚀",
    "🇦🇩",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(select(BYTES), 0..40).prop_map(|pieces| pieces.concat());
    prop_oneof![6 => pieces, 1 => vec(any::<u8>(), 0..60)]
}

fn text() -> impl Strategy<Value = String> {
    let pieces = vec(select(TEXTS), 0..40).prop_map(|pieces| pieces.concat());
    prop_oneof![6 => pieces, 1 => any::<String>()]
}

/// Texts of which some are alike.
fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
    vec(text(), 1..5).prop_flat_map(|originals| {
        let changed = (select(originals), text()).prop_map(|(original, end)| Some(original + &end));
        vec(prop_oneof![1 => Just(None), 6 => changed], 0..12)
    })
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn csv_in_any_pieces(bytes in bytes(), piece: u8, block: u8, skip: bool) {
        csv((&bytes, piece % 9, block, skip));
    }

    #[test]
    fn duplicates_in_any_batches(texts in texts(), batch: u8, choice: u8) {
        deduplication((texts, batch, choice));
    }

    #[test]
    fn json_lines_in_any_pieces(bytes in bytes(), piece: u8, block: u8, skip: bool) {
        json_lines((&bytes, piece % 9, block, skip));
    }

    #[test]
    fn minhash_in_any_batches(texts in texts(), ngram: u8, batch: u8, verify: bool) {
        minhash((texts, ngram, batch, verify));
    }

    #[test]
    fn damaged_indexes(file: u8, at: u16, bits: u8, cut: u16) {
        dedup_index((file, at, bits, cut));
    }

    #[test]
    fn rules_and_refiners(text in text()) {
        text_rules(&text);
        answers(&text);
    }

    #[test]
    fn damaged_classifiers(file: u8, changes in vec(any::<(u16, u8)>(), 0..5), cut: Option<u16>, text in text()) {
        fasttext((file, changes, cut, &text));
    }

    #[test]
    fn damaged_language_models(file: u8, changes in vec(any::<(u16, u8)>(), 0..5), cut: Option<u16>, text in text()) {
        ngram_model((file, changes, cut, &text));
    }

    #[test]
    fn vectors_of_any_numbers(
        small in vec(-3_i8..3, 0..300),
        any in vec(any::<u32>(), 0..60),
        size: u8,
        count: u8,
        start: u16,
    ) {
        let numbers = small.into_iter().map(|number| f32::from(number).to_bits());
        vectors((numbers.collect(), size, count, start));
        vectors((any, size, count, start));
    }

    #[test]
    fn tokenizers(text in text()) {
        tokenize(&text);
    }
}
