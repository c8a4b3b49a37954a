//! Rules and refiners.

use std::sync::LazyLock;

use dfrs_text::{Judge, Refine, Refiner, Rule, words};

const PROFILES: [&str; 2] = ["", r#""profile": "open-dataflow-1.0.13""#];

/// The parameters that a rule needs.
fn needed(name: &str) -> &'static str {
    match name {
        "watermark" => r#""watermarks": ["Copyright", "(c)"]"#,
        "blocklist" => r#""words": ["bad", "bad word", "漢字", "s&m", "🖕"], "threshold": 0"#,
        "ngram" => r#""ngrams": 2, "language": "auto", "min_score": 0.5"#,
        "c4_paragraph" => r#""min_paragraphs": 1, "min_paragraph_len": 9"#,
        "fine_web_quality" => concat!(
            r#""line_punct_thr": 0.1, "line_punct_exclude_zero": false, "short_line_thr": 0.7, "#,
            r#""short_line_length": 9, "char_duplicates_ratio": 0.1, "new_line_ratio": 0.3, "#,
            r#""segmentation": "whitespace""#
        ),
        "gopher_quality" => {
            r#""min_doc_words": 2, "stop_words": ["a"], "segmentation": "word_punct""#
        }
        "gopher_repetition" => concat!(
            r#""dup_line_frac": 0.3, "top_n_grams": [[1, 0.5], [2, 0.3]], "#,
            r#""dup_n_grams": [[2, 0.3]], "segmentation": "word_punct""#
        ),
        "reasoning_answer_ngram" => r#""min_score": 0.1, "max_score": 1.0, "ngrams": 2"#,
        "word_number" => r#""min_words": 3"#,
        "remove_extra_spaces" => r#""keep_lines": true"#,
        _ => "",
    }
}

/// Every rule or refiner as it is, with its parameters, and with the profile if it has one.
fn all<T, E>(names: &[&str], build: impl Fn(&str, &str) -> Result<T, E>) -> Vec<T> {
    let build = &build;
    let variants = names.iter().flat_map(|name| {
        PROFILES.iter().filter_map(move |profile| {
            let parameters: Vec<&str> = [needed(name), profile]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect();
            build(name, &format!("{{{}}}", parameters.join(", "))).ok()
        })
    });
    variants.collect()
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| all(Rule::NAMES, Rule::from_json));
static REFINERS: LazyLock<Vec<Refiner>> = LazyLock::new(|| all(Refiner::NAMES, Refiner::from_json));

/// Any text: details lie in the text, refiners only remove, and blank texts stay blank.
pub fn text_rules(text: &str) {
    assert!(RULES.len() > Rule::NAMES.len() && REFINERS.len() > Refiner::NAMES.len());
    for rule in RULES.iter() {
        let judgement = rule.judge(text);
        assert!(judgement.value.is_none_or(f64::is_finite));
        if let Some(detail) = &judgement.detail {
            assert!(
                !judgement.keep && text.get(detail.clone()).is_some(),
                "{rule:?}"
            );
        }
    }
    for refiner in REFINERS.iter() {
        let refined = refiner.refine(text);
        assert!(refined.len() <= text.len());
        assert!(!words::is_blank(text) || words::is_blank(&refined));
    }
}
