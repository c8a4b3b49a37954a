//! Exact duplicates and repeated spans: tables, and the same answer as a slow search whatever batches, threads, memory.
#![allow(clippy::cast_possible_wrap)] // positions as priorities

use std::collections::HashSet;

use dfrs_dedup::Priority;
use dfrs_dedup::exact::{Duplicate, Key, Occurrences, What};
use dfrs_dedup::normal::{Form, Hash};
use dfrs_dedup::pieces::Split;
use dfrs_dedup::records::Limits;
use dfrs_dedup::spans::{Options, SpanFinder};
use proptest::prelude::*;

fn limits(memory: Option<usize>) -> Limits {
    Limits {
        memory,
        folder: None,
    }
}

fn duplicates(texts: &[Option<&str>], priorities: &[i64], what: What) -> Vec<(u64, u64)> {
    let key = Key::new(what, Hash::Xxh3, 128).expect("valid");
    let mut occurrences = Occurrences::new(&limits(None));
    let priorities = priorities
        .iter()
        .map(|&number| Priority::of_integer(number))
        .chain(std::iter::repeat(Priority::NONE));
    occurrences
        .extend(key.of_all(texts).into_iter().zip(priorities))
        .expect("in memory");
    let found = occurrences.duplicates().expect("in memory");
    found
        .into_iter()
        .map(|Duplicate { number, keeper }| (number, keeper))
        .collect()
}

#[test]
fn the_best_row_stays_and_the_first_of_equals() {
    let texts = [
        Some("a"),
        None,
        Some("b"),
        Some("a"),
        Some(""),
        None,
        Some("a"),
        Some(""),
        Some(" "),
    ];
    let what = What::Text(Form::Exact);
    assert_eq!(duplicates(&texts, &[], what), [(3, 0), (6, 0), (7, 4)]);
    assert_eq!(
        duplicates(&texts, &[1, 0, 0, 5, 0, 0, 5, 0, 0], what),
        [(0, 3), (6, 3), (7, 4)]
    );
    let urls = [
        Some("http://a.org/"),
        Some("https://www.a.org#x"),
        Some(""),
        Some(" "),
        None,
    ];
    assert_eq!(duplicates(&urls, &[], What::Url), [(1, 0)]);
}

fn cut(
    texts: &[&str],
    split: Split,
    form: Form,
    run: usize,
    memory: Option<usize>,
    batch: usize,
) -> Vec<String> {
    let options = Options {
        split,
        form,
        run,
        min_chars: 0,
        min_words: 0,
    };
    cut_with(texts, options, &[], memory, batch)
}

fn cut_with(
    texts: &[&str],
    options: Options,
    priorities: &[i64],
    memory: Option<usize>,
    batch: usize,
) -> Vec<String> {
    let all: Vec<Option<&str>> = texts.iter().map(|text| Some(*text)).collect();
    let priorities: Vec<Priority> = priorities
        .iter()
        .map(|&number| Priority::of_integer(number))
        .collect();
    let mut finder = SpanFinder::new(options, &limits(memory)).expect("valid");
    for (number, part) in all.chunks(batch).enumerate() {
        let here = priorities.get(number * batch..).unwrap_or_default();
        finder
            .extend(part, &here[..part.len().min(here.len())])
            .expect("written");
    }
    let mut spans = finder.finish().expect("read");
    let cuts = all
        .chunks(batch)
        .flat_map(|part| spans.cut_batch(part).expect("the same texts"));
    cuts.zip(texts)
        .map(|(cut, text)| {
            cut.expect("no null")
                .text
                .unwrap_or_else(|| (*text).to_owned())
        })
        .collect()
}

#[test]
fn repeated_pieces_are_cut() {
    let lines = ["a\n\nb\na\n", "  B \nc\n", "\n\n", "a\nb"];
    assert_eq!(
        cut(&lines, Split::Line, Form::Lower, 1, None, 9),
        ["a\n\nb", "c", "\n\n", ""]
    );
    assert_eq!(
        cut(&lines, Split::Line, Form::Exact, 1, None, 9),
        ["a\n\nb", "  B \nc\n", "\n\n", ""]
    );
    let sentences = [
        "One. Two. Three. Four.",
        "Zero. One. Two. Three. Five.",
        "Two. Three.",
        "Two. Three. Four. Six.",
    ];
    assert_eq!(
        cut(&sentences, Split::Sentence, Form::Words, 3, None, 2),
        [
            "One. Two. Three. Four.",
            "Zero. Five.",
            "Two. Three.",
            "Six."
        ]
    );
    let paragraphs = ["x\ny\n\nz", "x\n\nx\ny"];
    assert_eq!(
        cut(&paragraphs, Split::Paragraph, Form::Exact, 1, None, 1),
        ["x\ny\n\nz", "x"]
    );
}

#[test]
fn options() {
    let options = |min_chars, min_words| Options {
        split: Split::Line,
        form: Form::Exact,
        run: 1,
        min_chars,
        min_words,
    };
    let texts = ["aé\nlong line\n", "aé\nlong line\nc"];
    assert_eq!(cut_with(&texts, options(2, 0), &[], None, 9)[1], "c");
    assert_eq!(cut_with(&texts, options(3, 0), &[], None, 9)[1], "aé\nc");
    assert_eq!(cut_with(&texts, options(0, 3), &[], None, 9)[1], "c");
    assert_eq!(
        cut_with(&texts, options(0, 4), &[], None, 9)[1],
        "aé\nlong line\nc"
    );
    assert_eq!(
        cut_with(&texts, options(0, 0), &[1, 2], None, 9),
        ["", "aé\nlong line\nc"]
    );
    let zero = Options {
        run: 0,
        ..options(0, 0)
    };
    let error = SpanFinder::new(zero, &Limits::default()).expect_err("nothing to compare");
    assert_eq!(
        error.to_string(),
        "0 pieces in a row are nothing to compare: give 1 or more"
    );
}

/// Of equal runs of lines the first stays: kept in a set of whole texts.
fn slowly(texts: &[&str], run: usize) -> Vec<String> {
    let mut seen: HashSet<Vec<&str>> = HashSet::new();
    let mut result = Vec::new();
    for text in texts {
        let lines: Vec<&str> = text
            .split('\n')
            .filter(|line| !line.trim().is_empty())
            .map(str::trim)
            .collect();
        let mut gone = vec![false; lines.len()];
        for (at, window) in lines.windows(run).enumerate() {
            if !seen.insert(window.to_vec()) {
                gone[at..at + run].fill(true);
            }
        }
        result.push(
            lines
                .iter()
                .zip(gone)
                .filter(|(_, gone)| !gone)
                .map(|(line, _)| *line)
                .collect::<Vec<_>>()
                .join("\n"),
        );
    }
    result
}

proptest! {
    #[test]
    fn equals_the_slow_search(
        texts in proptest::collection::vec("([ab]{1,2}\n){0,8}", 0..8),
        run in 1_usize..4,
        batch in 1_usize..4,
        spill in any::<bool>(),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = cut(&texts, Split::Line, Form::Exact, run, spill.then_some(0), batch);
        let found: Vec<String> = found.iter().map(|text| text.trim().to_owned()).collect();
        prop_assert_eq!(found, slowly(&texts, run));
    }

    #[test]
    fn with_priorities_the_order_of_rows_does_not_count(
        rows in proptest::collection::vec(0_u8..4, 0..30),
        seed in any::<u64>(),
    ) {
        // Distinct priorities: each row's is its first place, wherever it is moved.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&at| dfrs_dedup::mix::finish(seed ^ at as u64));
        let survivors = |order: &[usize]| {
            let texts: Vec<String> = order.iter().map(|&at| rows[at].to_string()).collect();
            let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
            let priorities: Vec<i64> = order.iter().map(|&at| at as i64).collect();
            let gone = duplicates(&texts, &priorities, What::Text(Form::Words));
            let mut left: Vec<usize> = order.to_vec();
            for (number, keeper) in gone.iter().rev() {
                assert!(order[*keeper as usize] > order[*number as usize]);
                left.remove(*number as usize);
            }
            left.sort_unstable();
            left
        };
        let straight: Vec<usize> = (0..rows.len()).collect();
        prop_assert_eq!(survivors(&straight), survivors(&order));
    }
}
