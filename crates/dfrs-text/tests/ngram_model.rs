//! Language models in the ARPA format: against what `KenLM` answered, and damaged files.

use std::path::Path;

use dfrs_text::ngram_model::{NgramModel, Score};
use proptest::prelude::*;

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/data/ngram_model");
    std::fs::read(folder.join(name)).expect("tools/make_arpa_fixture.py made it")
}

fn read(bytes: &[u8]) -> Result<NgramModel, dfrs_text::Error> {
    NgramModel::read(bytes, bytes.len() as u64)
}

fn tiny() -> NgramModel {
    read(&file("tiny.arpa")).expect("a whole file")
}

#[test]
fn scores_equal_those_of_kenlm() {
    let expected: Vec<(String, f64, f64, u64)> =
        serde_json::from_slice(&file("expected.json")).expect("a table");
    for name in ["tiny.arpa", "tiny.bin"] {
        compare(&read(&file(name)).expect(name), &expected);
    }
}

fn compare(model: &NgramModel, expected: &[(String, f64, f64, u64)]) {
    assert_eq!((model.order(), expected.len()), (3, 10));
    for &(ref text, log10, perplexity, words) in expected {
        let score = model.score(text);
        assert!(
            (score.log10 - log10).abs() < 1e-5,
            "{text}: {} {log10}",
            score.log10
        );
        assert_eq!(score.words, words, "{text}");
        let found = score.perplexity().expect("there are words");
        assert!(
            (found / perplexity - 1.0).abs() < 1e-5,
            "{text}: {found} {perplexity}"
        );
    }
}

#[test]
fn lines_are_sentences() {
    let model = tiny();
    let (one, other) = (model.score("the cat"), model.score("a dog ran unknown"));
    let both = model.score_lines("the cat\n\n \na dog ran unknown\n");
    assert!((both.log10 - one.log10 - other.log10).abs() < 1e-9);
    assert_eq!((both.words, both.unknown), (8, 1));
    assert_eq!(model.score_lines(" \n"), Score::default());
    assert_eq!(Score::default().perplexity(), None);
}

#[test]
fn unigrams_need_no_context() {
    let arpa = "\\data\\\nngram 1=3\n\n\\1-grams:\n-1\t<s>\t-5\n-1 </s>\n-0.5\ta\n\n\\end\\\n";
    let model = read(arpa.as_bytes()).expect("a whole file");
    assert!((model.score("a a").log10 + 2.0).abs() < 1e-6);
    assert!((model.score("b").log10 + 101.0).abs() < 1e-6);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (arpa, message) in [
        ("", "line 1: the file ends too early"),
        ("x\n", "line 1: '\\data\\' was expected"),
        (
            "\\data\\\nngram 2=1\n",
            "line 2: 'ngram 1=...' was expected, up to 12",
        ),
        (
            "\\data\\\nngram 1=1\n\\2-grams:\n",
            "line 3: '\\1-grams:' was expected",
        ),
        (
            "\\data\\\nngram 1=1\n\n\\1-grams:\nx a\n",
            "line 5: a probability, 1 known words and perhaps a back-off weight were expected",
        ),
        (
            "\\data\\\nngram 1=1\nngram 2=1\n\\1-grams:\n-1 a\n\\2-grams:\n-1 a b\n",
            "line 7: a probability, 2 known words and perhaps a back-off weight were expected",
        ),
        (
            "\\data\\\nngram 1=1\n\\1-grams:\n-1 a\n",
            "line 5: the file ends too early",
        ),
    ] {
        let error = read(arpa.as_bytes()).err().expect(message).to_string();
        assert_eq!(
            error,
            format!("this is no n-gram language model that can be read: {message}")
        );
    }
}

#[test]
fn cut_binary_files_are_refused() {
    let whole = file("tiny.bin");
    let needed = whole.len() - 100; // at the end stand the words, which are not read
    for end in 33..needed {
        assert!(read(&whole[..end]).is_err(), "cut at {end}");
    }
}

proptest! {
    #[test]
    fn damaged_files_never_panic(
        name in prop::sample::select(&["tiny.arpa", "tiny.bin"][..]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        text in "[a-z漢 \n]{0,30}",
    ) {
        let mut bytes = file(name);
        for (index, value) in damage {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(model) = read(&bytes) {
            prop_assert!(!model.score_lines(&text).log10.is_nan());
        }
    }
}
