//! Decontamination: what counts as found, at the borders, and against a search that compares everything with everything.

use std::borrow::Cow;

use dfrs_dedup::Error;
use dfrs_dedup::decontamination::{Contamination, DecontaminationIndex, Measure, Options};
use dfrs_dedup::words::WordForm;
use proptest::prelude::*;

fn index(items: &[&str], options: &Options) -> DecontaminationIndex {
    let items: Vec<_> = items
        .iter()
        .map(|item| Some(Cow::Borrowed(*item)))
        .collect();
    DecontaminationIndex::new(options, &items).expect("valid options")
}

fn check(items: &[&str], text: &str, ngram: usize, min_words: usize) -> Option<Contamination> {
    let options = Options {
        ngram,
        min_words,
        ..Options::default()
    };
    index(items, &options).check(text, &mut Vec::new())
}

/// Item, first character, places, share of the item.
type Found = Option<(u32, usize, usize, f64)>;

#[test]
fn what_is_found() {
    const ITEM: &str = "One two three, four five!";
    let long = |at: usize, ngrams: usize, words: f64| Some((0, at, ngrams, words));
    let cases: [(&str, &str, Found); 14] = [
        ("the item", ITEM, long(0, 3, 1.0)),
        (
            "case and punctuation",
            "ONE (two) three -- four; five",
            long(0, 3, 1.0),
        ),
        (
            "inside",
            "é zero one two three four five six",
            long(7, 3, 1.0),
        ),
        ("a part of it", "x one two three x", long(2, 1, 0.6)),
        ("too short a part", "one two x four five", None),
        ("another order", "three two one five four", None),
        (
            "short item inside",
            "x y seven eight z",
            Some((1, 4, 1, 1.0)),
        ),
        ("short item inside a word", "x seventeen eight z", None),
        ("very short item inside", "x nine y", None),
        ("very short item alone", " Nine! ", Some((2, 1, 1, 1.0))),
        ("wordless item alone", " ?! ", Some((3, 1, 1, 1.0))),
        ("wordless item inside", "a ?! b", None),
        ("empty", "", None),
        ("blank", " \n ", None),
    ];
    let items = [ITEM, "seven eight", "nine", "?!", "", "  "];
    for (name, text, expected) in cases {
        let found = check(&items, text, 3, 2)
            .map(|found| (found.item, found.span.start, found.ngrams, found.item_share));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn spans_are_characters_of_the_text() {
    let found = check(&["b c d", "é"], "é—ñ b, C;  d! 漢", 3, 3).expect("found");
    assert_eq!((found.span, found.quote.as_str()), (4..12, "b, C;  d"));
    let found = check(&["b c d"], &format!("x {}y", "b c d ".repeat(100)), 3, 3).expect("found");
    assert_eq!(found.quote, format!("{}…", "b c d ".repeat(20)));
    assert_eq!(found.ngrams, 100);
    assert!((found.value(Measure::Ngrams) - 100.0).abs() < f64::EPSILON);
}

#[test]
fn the_item_found_most_is_named_and_the_first_of_equals() {
    let items = ["a b c d e f", "a b c d", "a b c d"];
    let found = check(&items, "x a b c d y", 3, 3).expect("found");
    assert_eq!(
        (found.item, found.item_share, found.text_share),
        (1, 1.0, 4.0 / 6.0)
    );
    let found = check(&items, "a b c d e f", 3, 3).expect("found");
    assert_eq!(found.item, 0);
}

#[test]
fn frequent_runs_are_no_evidence() {
    let items = [
        "choose the right answer one",
        "choose the right answer two",
        "choose the right answer three",
    ];
    let options = Options {
        ngram: 4,
        min_words: 4,
        max_items: Some(2),
        ..Options::default()
    };
    let index = index(&items, &options);
    assert_eq!(
        index.check("choose the right answer", &mut Vec::new()),
        None
    );
    assert_eq!(
        index
            .check("the right answer two", &mut Vec::new())
            .expect("found")
            .item,
        1
    );
}

#[test]
fn bad_options() {
    let with = |ngram, min_words| {
        DecontaminationIndex::new(
            &Options {
                ngram,
                min_words,
                ..Options::default()
            },
            &[],
        )
    };
    assert_eq!(with(0, 1).unwrap_err(), Error::DecontaminationNgram(0));
    assert_eq!(
        with(1001, 1).unwrap_err(),
        Error::DecontaminationNgram(1001)
    );
    assert_eq!(with(5, 6).unwrap_err(), Error::MinWords(6, 5));
    assert_eq!(with(5, 0).unwrap_err(), Error::MinWords(0, 5));
    let empty = with(5, 5).expect("no items are fine");
    assert!(empty.is_empty());
    assert_eq!(empty.check("a b c d e f", &mut Vec::new()), None);
}

/// The same question, answered by comparing every place of a text with every place of every item.
fn slowly(
    items: &[String],
    text: &str,
    ngram: usize,
    min_words: usize,
) -> Option<(usize, f64, f64, u32)> {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_lowercase)
            .collect::<Vec<_>>()
    };
    let here = words(text);
    let mut places = vec![false; here.len()];
    let mut inside = vec![false; here.len()];
    let mut best: Option<(f64, u32)> = None;
    for (number, item) in items.iter().enumerate() {
        let item = words(item);
        let mut found = vec![false; item.len()];
        let lengths = if item.len() >= ngram {
            ngram
        } else {
            item.len()
        };
        for at in 0..here.len() {
            for item_at in 0..item.len() {
                let whole = item.len() < min_words;
                if at + lengths > here.len()
                    || item_at + lengths > item.len()
                    || (whole && here.len() != item.len())
                {
                    continue;
                }
                if here[at..at + lengths] == item[item_at..item_at + lengths] {
                    places[at] = true;
                    inside[at..at + lengths].fill(true);
                    found[item_at..item_at + lengths].fill(true);
                }
            }
        }
        let share = found.iter().filter(|&&word| word).count() as f64 / item.len().max(1) as f64;
        if share > 0.0 && best.is_none_or(|(most, _)| share > most) {
            best = Some((share, number as u32));
        }
    }
    let (share, item) = best?;
    let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
    Some((
        count(&places),
        count(&inside) as f64 / here.len() as f64,
        share,
        item,
    ))
}

proptest! {
    #[test]
    fn equals_the_slow_search(
        items in proptest::collection::vec("[a-c]( [a-cA]){0,6}", 0..6),
        text in "[a-c]?( [a-cB]){0,14}",
        ngram in 1_usize..6,
        min_words in 1_usize..6,
    ) {
        let min_words = min_words.min(ngram);
        let borrowed: Vec<&str> = items.iter().map(String::as_str).collect();
        let found = check(&borrowed, &text, ngram, min_words);
        let found = found.map(|found| (found.ngrams, found.text_share, found.item_share, found.item));
        prop_assert_eq!(found, slowly(&items, &text, ngram, min_words));
    }

    #[test]
    fn any_text_in_any_form(items in proptest::collection::vec(".{0,20}", 0..4), text in ".{0,40}", form in 0_usize..3) {
        let form = WordForm::NAMES[form].1;
        let options = Options { ngram: 2, min_words: 1, form, max_items: None };
        let items: Vec<_> = items.iter().map(|item| Some(Cow::Borrowed(item.as_str()))).collect();
        let index = DecontaminationIndex::new(&options, &items).expect("valid");
        if let Some(found) = index.check(&text, &mut Vec::new()) {
            let chars: Vec<char> = text.chars().collect();
            let quoted: String = chars[found.span].iter().collect();
            prop_assert_eq!(quoted, found.quote);
        }
        for (number, item) in items.iter().enumerate() {
            let text = item.as_deref().expect("given");
            let found = index.check(text, &mut Vec::new());
            prop_assert_eq!(found.is_some(), !text.trim().is_empty(), "item {} finds itself", number);
        }
    }
}
