//! Repeated substrings: tables, and the same cuts as comparing every window with every other.
#![allow(clippy::single_range_in_vec_init)] // one span is a list of spans

use std::collections::HashMap;
use std::ops::Range;

use dfrs_dedup::Priority;
use dfrs_dedup::records::Limits;
use dfrs_dedup::substring::{AnchorPass, Unit, without};
use proptest::prelude::*;

fn spans(
    texts: &[&str],
    unit: Unit,
    length: usize,
    priorities: &[i64],
    batch: usize,
    memory: Option<usize>,
) -> Vec<Vec<Range<usize>>> {
    let limits = Limits {
        memory,
        folder: None,
    };
    let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(*text)).collect();
    let priorities: Vec<Priority> = priorities
        .iter()
        .map(|&number| Priority::of_integer(number))
        .collect();
    let mut pass = AnchorPass::new(unit, length, &limits).expect("valid");
    texts
        .chunks(batch)
        .for_each(|part| pass.extend(part).expect("sorted"));
    let mut pass = pass.finish().expect("sorted");
    for (number, part) in texts.chunks(batch).enumerate() {
        let here = priorities.get(number * batch..).unwrap_or_default();
        pass.extend(part, &here[..part.len().min(here.len())])
            .expect("sorted");
    }
    let mut pass = pass.finish().expect("sorted");
    texts
        .chunks(batch)
        .flat_map(|part| pass.spans(part).expect("the same texts"))
        .collect()
}

fn cut(texts: &[&str], unit: Unit, length: usize) -> Vec<String> {
    let spans = spans(texts, unit, length, &[], 2, None);
    texts
        .iter()
        .zip(&spans)
        .map(|(text, spans)| without(text, spans))
        .collect()
}

#[test]
fn the_first_occurrence_stays() {
    let texts = [
        "the quick brown fox jumps",
        "a quick brown fox runs",
        "brown",
        "the quick brown fox jumps",
    ];
    assert_eq!(
        cut(&texts, Unit::Characters, 10),
        [texts[0], "aruns", "brown", ""]
    );
    assert_eq!(
        cut(&texts, Unit::Words, 3),
        [texts[0], "a  runs", "brown", ""]
    );
    assert_eq!(cut(&texts, Unit::Characters, 26), texts);
    assert_eq!(
        spans(&texts, Unit::Characters, 10, &[1, 2, 3, 4], 9, None)[0],
        [0..25]
    );
}

#[test]
fn a_character_is_never_split() {
    // The bytes of `é` are c3 a9, those of `è` c3 a8: eleven bytes are equal, ten of them whole characters.
    let texts = ["0123456789é", "0123456789è"];
    assert_eq!(cut(&texts, Unit::Bytes, 11), ["0123456789é", "è"]);
    assert_eq!(spans(&texts, Unit::Bytes, 11, &[], 9, None)[1], [0..10]);
    // The last bytes of two characters are equal, but no character is.
    assert_eq!(
        cut(&["\u{e9}\u{1f600}", "\u{e9}\u{1f600}"], Unit::Bytes, 6),
        ["\u{e9}\u{1f600}", ""]
    );
    assert_eq!(cut(&["Ā", "À", "Ȁ"], Unit::Bytes, 2), ["Ā", "À", "Ȁ"]);
}

#[test]
fn of_a_repeated_pattern_one_window_stays() {
    assert_eq!(
        cut(&[&"abc".repeat(50)], Unit::Characters, 30),
        ["abc".repeat(10)]
    );
    assert_eq!(
        cut(&[&"a".repeat(50), &"a".repeat(20)], Unit::Characters, 10),
        ["a".repeat(10), String::new()]
    );
}

#[test]
fn bad_length() {
    let error = AnchorPass::new(Unit::Bytes, 1, &Limits::default()).expect_err("too short");
    assert_eq!(
        error.to_string(),
        "min_length is 1: repeats of 2 units or more can be cut; 100 bytes are usual"
    );
}

fn slowly(texts: &[&str], length: usize, priorities: &[i64]) -> Vec<Vec<Range<usize>>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&row| std::cmp::Reverse(priorities.get(row).copied()));
    let mut first: HashMap<Vec<char>, (usize, usize)> = HashMap::new();
    let mut gone: Vec<Vec<bool>> = texts
        .iter()
        .map(|text| vec![false; text.chars().count()])
        .collect();
    for row in order {
        let chars: Vec<char> = texts[row].chars().collect();
        for (at, window) in chars.windows(length).enumerate() {
            let keeper = *first.entry(window.to_vec()).or_insert((row, at));
            if keeper.0 != row || keeper.1 + length <= at {
                gone[row][at..at + length].fill(true);
            }
        }
    }
    let ranges = |flags: Vec<bool>| {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (at, _) in flags.iter().enumerate().filter(|(_, gone)| **gone) {
            match ranges.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => ranges.push(at..at + 1),
            }
        }
        ranges
    };
    gone.into_iter().map(ranges).collect()
}

proptest! {
    #[test]
    fn equals_the_slow_search(
        texts in proptest::collection::vec("[abé]{0,30}", 0..6),
        length in 2_usize..9,
        batch in 1_usize..4,
        ranks in proptest::collection::vec(0_i64..3, 6),
        ranked in any::<bool>(),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let ranks = if ranked { &ranks[..texts.len()] } else { &[] };
        let found = spans(&texts, Unit::Characters, length, ranks, batch, Some(0));
        prop_assert_eq!(found, slowly(&texts, length, ranks));
    }

    #[test]
    fn any_text_in_any_unit(texts in proptest::collection::vec(".{0,20}", 1..4), unit in 0_usize..3) {
        let doubled: Vec<&str> = texts.iter().chain(&texts).map(String::as_str).collect();
        let unit = Unit::NAMES[unit].1;
        let found = spans(&doubled, unit, 2, &[], 2, None);
        for (text, spans) in doubled.iter().zip(found) {
            prop_assert!(spans.windows(2).all(|two| two[0].end < two[1].start));
            prop_assert!(spans.iter().all(|span| span.start < span.end && span.end <= text.chars().count()));
        }
    }
}
