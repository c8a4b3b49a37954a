//! A pass gives what the operators give one after the other.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::DataType;
use dfrs_engine::{Judged, Operator, Outcome, Pass, Stage};
use dfrs_text::{Judge, Refine, Refiner, Rule};
use proptest::prelude::*;

fn rule(name: &str, parameters: &str) -> Operator {
    Operator::Rule(Rule::from_json(name, parameters).unwrap())
}

fn refiner(name: &str) -> Operator {
    Operator::Refiner(Refiner::from_json(name, "{}").unwrap())
}

fn operators() -> Vec<Operator> {
    vec![
        refiner("remove_extra_spaces"),
        rule("word_number", r#"{"min_words": 2, "max_words": 9}"#),
        rule("unique_words", r#"{"threshold": 0.4}"#),
        refiner("remove_emoji"),
        rule("lorem_ipsum", r#"{"threshold": 0.1}"#),
        refiner("html_url_remover"),
        refiner("remove_extra_spaces"),
        rule(
            "mean_word_length",
            r#"{"min_length": 2.0, "max_length": 8.0}"#,
        ),
        rule("content_null", "{}"),
    ]
}

/// One operator after the other over a vector of texts.
fn slowly(operators: &[Operator], data_type: &DataType, texts: &[Option<String>]) -> Vec<Outcome> {
    let mut texts = texts.to_vec();
    let mut outcomes = Vec::new();
    for operator in operators {
        match operator {
            Operator::Rule(rule) => {
                let mut judged = Judged::default();
                let mut kept = Vec::new();
                for text in texts {
                    let judgement = text
                        .as_deref()
                        .map_or_else(|| rule.judge_null(), |text| rule.judge(text));
                    judged.push(&judgement, text.as_deref());
                    if judgement.keep {
                        kept.push(text);
                    }
                }
                texts = kept;
                outcomes.push(Outcome::Judged(judged.finish()));
            }
            Operator::Refiner(refiner) => {
                for text in texts.iter_mut().flatten() {
                    *text = refiner.refine(text).into_owned();
                }
                outcomes.push(Outcome::Refined(array(data_type, &texts)));
            }
        }
    }
    outcomes
}

fn array(data_type: &DataType, texts: &[Option<String>]) -> ArrayRef {
    match data_type {
        DataType::Utf8 => Arc::new(StringArray::from_iter(texts)),
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from_iter(texts)),
        _ => Arc::new(StringViewArray::from_iter(texts)),
    }
}

fn pass(stage: &Stage, column: &ArrayRef) -> Vec<(Outcome, f64)> {
    let mut pass = Pass::new(stage, column).unwrap();
    for rows in pass.blocks() {
        pass.run(rows);
    }
    pass.finish().unwrap()
}

fn text() -> impl Strategy<Value = Option<String>> {
    let pieces = vec![
        "word ",
        "a ",
        "  ",
        "lorem ipsum ",
        "😀",
        "http://x.y ",
        "é",
        "\n",
        "same same ",
        "<b>",
    ];
    let text = prop::collection::vec(prop::sample::select(pieces), 0..12);
    prop::option::weighted(0.9, text.prop_map(|pieces| pieces.concat()))
}

proptest! {
    #[test]
    fn a_pass_is_one_operator_after_the_other(
        texts in prop::collection::vec(text(), 0..120),
        first in 0_usize..9,
        data_type in prop::sample::select(vec![DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View]),
    ) {
        let mut operators = operators();
        operators.rotate_left(first);
        let column = array(&data_type, &texts);
        let stage = Stage { operators };
        let (outcomes, shares): (Vec<_>, Vec<_>) = pass(&stage, &column).into_iter().unzip();
        let expected = slowly(&stage.operators, &data_type, &texts);
        prop_assert_eq!(outcomes.len(), expected.len());
        for (outcome, expected) in outcomes.iter().zip(&expected) {
            prop_assert_eq!(outcome, expected);
        }
        prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn the_sample_of_the_property_drops_and_rewrites() {
    let texts = [
        "a  b c",
        "one",
        "x x x x x",
        "fine words here \u{1f600}",
        "lorem ipsum lorem ipsum here",
    ];
    let texts: Vec<_> = texts.iter().map(|text| Some((*text).to_owned())).collect();
    let stage = Stage {
        operators: operators(),
    };
    let column = array(&DataType::Utf8, &texts);
    let outcomes = pass(&stage, &column);
    let kept = |index: usize| match &outcomes[index].0 {
        Outcome::Judged(judged) => judged.column(0).as_boolean().clone(),
        Outcome::Refined(_) => panic!("a rule"),
    };
    assert_eq!(
        kept(1),
        BooleanArray::from(vec![true, false, true, true, true])
    );
    assert_eq!(kept(2), BooleanArray::from(vec![true, false, true, true]));
    let Outcome::Refined(last) = &outcomes[6].0 else {
        panic!("a refiner")
    };
    assert_eq!(last.len(), last.as_string::<i32>().iter().flatten().count());
    assert_eq!(last.as_string::<i32>().value(0), "a b c");
}

#[test]
fn types_without_text_are_errors() {
    let column: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    let error = Pass::new(
        &Stage {
            operators: operators(),
        },
        &column,
    )
    .err()
    .unwrap();
    assert!(error.to_string().contains("Boolean"), "{error}");
}
