//! Scans by byte against slow, obvious implementations by character.

use dfrs_text::unicode::{NonAscii, is_space, is_word};
use dfrs_text::{Judge, Refine, Refiner, Rule, lines, lower, tokens, words};
use proptest::prelude::*;

/// Characters at the borders of classes, and pieces that rules look for.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        " ",
        "\n",
        "\t",
        "\u{1c}",
        "\u{85}",
        "\u{a0}",
        "\u{2003}",
        "\u{3000}",
        "a",
        "B",
        "é",
        "İ",
        "Σ",
        "ς",
        "ß",
        "ǅ",
        "漢",
        "。",
        ".",
        "...",
        "…",
        "-",
        "•",
        "<",
        ">",
        "'",
        "=",
        "b",
        "!--",
        "-->",
        "/",
        "http://",
        "www.",
        "😀",
        "\u{200d}",
        "\u{fe0f}",
        "☀",
        "1",
        "\u{20e3}",
        "\u{301}",
        "_",
        "½",
        "{",
        "javascript",
        "&lt",
        ";",
        "bad",
        ":",
    ]);
    prop_oneof![
        prop::collection::vec(pieces.clone(), 60..160).prop_map(|pieces| pieces.concat()),
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat()),
        prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
    ]
}

const PARAMETERS: &[(&str, &str)] = &[
    ("watermark", r#"{"watermarks": ["B."]}"#),
    ("blocklist", r#"{"words": ["bad", "漢", "a b"]}"#),
    (
        "c4_paragraph",
        r#"{"min_paragraphs": 1, "min_paragraph_len": 9}"#,
    ),
    (
        "fine_web_quality",
        r#"{"line_punct_thr": 0.1, "line_punct_exclude_zero": false, "short_line_thr": 0.7, "short_line_length": 9,
            "char_duplicates_ratio": 0.1, "new_line_ratio": 0.3, "segmentation": "whitespace"}"#,
    ),
    (
        "gopher_quality",
        r#"{"min_doc_words": 2, "max_symbol_word_ratio": 0.1, "max_bullet_lines_ratio": 0.9, "stop_words": ["a"],
            "min_stop_words": 1, "segmentation": "word_punct"}"#,
    ),
    (
        "gopher_repetition",
        r#"{"dup_line_frac": 0.3, "top_n_grams": [[1, 0.5], [2, 0.3]], "dup_n_grams": [[2, 0.3]],
            "segmentation": "word_punct"}"#,
    ),
    (
        "ngram",
        r#"{"ngrams": 2, "language": "auto", "min_score": 0.5}"#,
    ),
    (
        "reasoning_answer_ngram",
        r#"{"min_score": 0.1, "max_score": 1.0, "ngrams": 2}"#,
    ),
];

fn all_rules() -> Vec<Rule> {
    let parameters = |name| {
        PARAMETERS
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("{}", |(_, json)| json)
    };
    Rule::NAMES
        .iter()
        .map(|name| Rule::from_json(name, parameters(*name)).expect("valid"))
        .collect()
}

/// The usual number of cases, times what the long tests ask for.
fn cases(usual: u32) -> ProptestConfig {
    let effort = std::env::var("DATAFLOW_RS_TEST_EFFORT");
    ProptestConfig::with_cases(usual * effort.map_or(1, |factor| factor.parse().expect("a number")))
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn words_are_what_whitespace_separates(text in text()) {
        let expected: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
        let found: Vec<&str> = words::Words::new(&text).map(|word| &text[word]).collect();
        prop_assert_eq!(&found, &expected);
        let spaces = text.chars().filter(|&char| is_space(char)).count();
        prop_assert_eq!(words::count_with_spaces(&text), (expected.len(), spaces));
        prop_assert_eq!(words::strip(&text), text.trim_matches(is_space));
        prop_assert_eq!(words::is_blank(&text), expected.is_empty());
        let refiner = Refiner::from_json("remove_extra_spaces", "{}").expect("valid");
        prop_assert_eq!(refiner.refine(&text), expected.join(" "));
    }

    #[test]
    fn lines_end_at_line_feeds(text in text()) {
        let found: Vec<&str> = lines::Lines::new(&text).map(|line| &text[line]).collect();
        let expected: Vec<&str> = text.split_terminator('\n').collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn counted_tokens_are_the_tokens(text in text()) {
        let found: Vec<&str> = tokens::Tokens::new(&text).map(|token| &text[token]).collect();
        prop_assert_eq!(tokens::count(&text), found.len());
        let visible: String = text.chars().filter(|char| !char.is_whitespace()).collect();
        prop_assert_eq!(found.concat(), visible);
    }

    #[test]
    fn characters_beyond_ascii(text in text()) {
        let expected: Vec<_> = text.char_indices().filter(|(_, char)| !char.is_ascii()).collect();
        prop_assert_eq!(NonAscii::new(&text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lower_case_is_the_standard_library_s_where_both_know_the_letters(text in text()) {
        // Letters that are younger than the tables stay as they are.
        let known = |char: char| lower::lower(&char.to_string()) == char.to_lowercase().to_string();
        let text: String = text.chars().filter(|&char| known(char) && (char.is_ascii() || is_word(char))).collect();
        prop_assert_eq!(lower::lower(&text), text.to_lowercase());
    }

    #[test]
    fn rules_judge_every_text(text in text()) {
        for rule in all_rules() {
            let judgement = rule.judge(&text);
            prop_assert!(judgement.value.is_none_or(f64::is_finite));
            if let Some(detail) = &judgement.detail {
                prop_assert!(!judgement.keep);
                prop_assert!(text.get(detail.clone()).is_some(), "{} {:?}", rule.name(), detail);
            }
        }
    }

    #[test]
    fn refiners_only_remove(text in text()) {
        for name in Refiner::NAMES {
            for profile in ["{}", r#"{"profile": "open-dataflow-1.0.13"}"#] {
                let Ok(refiner) = Refiner::from_json(name, profile) else { continue };
                let refined = refiner.refine(&text);
                prop_assert!(refined.len() <= text.len());
                if *name != "remove_extra_spaces" {
                    let mut rest = text.chars();
                    prop_assert!(refined.chars().all(|char| rest.any(|other| other == char)));
                }
            }
        }
    }
}
