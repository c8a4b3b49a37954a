//! Final answers: tables of what is read and decided, and properties that hold on any text.

use dfrs_text::answers::{Number, clean, compare, extract, read};
use proptest::prelude::*;

fn assert_table(function: impl Fn(&str) -> Option<String>, table: &[(&str, Option<&str>)]) {
    for (text, expected) in table {
        assert_eq!(function(text).as_deref(), *expected, "{text:?}");
    }
}

#[test]
fn answers_of_replies() {
    assert_table(
        extract,
        &[
            // boxes
            (r"so $\boxed{5}$.", Some("5")),
            (r"\boxed{\frac{1}{2}}", Some("1/2")),
            (r"\boxed{\text{(B)}}", Some("B")),
            (r"\boxed{\{1, 2\}}", Some(r"\{1, 2\}")),
            (r"\boxed{x^{2^{3}} + {y}}", Some("x^{2^{3}} + {y}")),
            (r"first \boxed{1}, no: \boxed{2}", Some("2")),
            (
                r"$\boxed{(2, 2)} \quad \text{and} \quad \boxed{(6, 2)}$",
                Some("(2, 2), (6, 2)"),
            ),
            (r"3 + \boxed{5} = \boxed{8}", Some("8")),
            (r"it is \boxed 7 ", Some("7")),
            (r"cut off: $\boxed{12$ and more", Some("12")),
            (r"$\fbox{3}$", Some("3")),
            (r"\boxed{}", None),
            // GSM8K
            ("10 + 2 = <<10+2=12>>12\n#### 12", Some("12")),
            ("#### 1,234", Some("1234")),
            ("#### -5.50", Some("-5.5")),
            // phrases
            ("The answer is 42.", Some("42")),
            ("The answer is: $42$", Some("42")),
            ("**Answer:** 3.5 hours", Some("3.5")),
            (
                "The final answer is $28 \\%$. I hope it is correct.",
                Some("28%"),
            ),
            ("Answer - A", Some("A")),
            ("Answer D", Some("D")),
            ("the correct option is (C).", Some("C")),
            ("The answer is 5 apples and not 6.", Some("5")),
            ("So the answer is that she has 12 left.", Some("12")),
            ("The answer is $5.50 per book.", Some("5.5")),
            ("The answer is 3 + 4 = 7.", Some("7")),
            ("The answer is x = 3 or x = -3.", Some("x = 3 or x = -3")),
            ("The answer is Monday.", Some("Monday")),
            ("The answer is odd", Some("odd")),
            ("答案是 12。", Some("12")),
            ("The answer is 1. Wait. The answer is 2.", Some("2")),
            ("It is \\boxed{4}. The final answer is 5.", Some("5")),
            ("The final answer is 4. Thus \\boxed{5}.", Some("5")),
            ("The answer is 4. Thus \\boxed{5}.", Some("5")),
            ("nobody answers the call at 9", Some("9")),
            // tags and reasoning
            ("<think>maybe \\boxed{1}</think>It is 2.", Some("2")),
            ("<answer> 7 </answer> and 8", Some("7")),
            // neither
            ("She has 3 and buys 4, so 7 in all", Some("7")),
            ("The cost is $1,200.", Some("1200")),
            ("hence $x = 5 + 5 = 10$", Some("10")),
            ("Thus $x <= 2$ holds", Some("x <= 2")),
            ("version2 of it", None),
            ("I do not know.", None),
            ("", None),
        ],
    );
}

#[test]
fn answers_that_stand_alone() {
    assert_table(
        |text| Some(clean(text)),
        &[
            ("$x = \\dfrac{3}{6}$", Some("1/2")),
            ("3 1/2", Some("7/2")),
            ("3\\frac{1}{2}", Some("7/2")),
            ("-\\frac12", Some("-1/2")),
            ("14{,}916", Some("14916")),
            ("1 000 000", Some("1000000")),
            ("1,00", Some("1,00")),
            ("1,000.99m²", Some("1000.99")),
            ("$1{,}000$ dollars", Some("1000")),
            ("5 \\text{ cm}^2", Some("5")),
            ("60 km/h", Some("60")),
            ("90^\\circ", Some("90")),
            ("5 million", Some("5 million")),
            ("5 or 6", Some("5 or 6")),
            ("7 pm", Some("7 pm")),
            ("12:00", Some("12:00")),
            ("2x+d", Some("2x+d")),
            ("t=5", Some("5")),
            ("c", Some("c")),
            ("a+b", Some("a+b")),
            ("y = 2x + 1", Some("y = 2x + 1")),
            ("n=2, 3, 4", Some("n=2, 3, 4")),
            ("\\left[0, \\frac{1}{2}\\right)", Some("[0, \\frac{1}{2})")),
            ("50\\%", Some("50%")),
            ("28 percent", Some("28%")),
            ("−5", Some("-5")),
            ("5!", Some("5!")),
            ("007", Some("7")),
            (".5", Some("0.5")),
            ("1/0", Some("1/0")),
            ("\\text{no solution}", Some("no solution")),
        ],
    );
    assert_table(
        read,
        &[
            ("$5$", Some("5")),
            (
                "Matrix: $\\begin{pmatrix}1\\end{pmatrix}$",
                Some("\\begin{pmatrix}1\\end{pmatrix}"),
            ),
            ("I add them.\n#### 5", Some("5")),
            (" ", None),
        ],
    );
}

#[test]
fn verdicts() {
    let table = [
        ("18", "18.0", Some(true)),
        ("18", "18.5", Some(false)),
        ("1/2", "0.5", Some(true)),
        ("1/3", "0.333333", None),
        ("1/3", "0.33", Some(false)),
        ("28", "28%", Some(true)),
        ("0.28", "28%", Some(true)),
        ("2.8", "28%", Some(false)),
        ("28%", "0.28%", Some(false)),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            None,
        ),
        ("C", "(C)", Some(true)),
        ("C", "C) 24", Some(true)),
        ("C", "D", Some(false)),
        ("24", "(C) 24", Some(true)),
        ("24", "C", None),
        ("Monday", "monday.", Some(true)),
        ("Monday", "Tuesday", Some(false)),
        ("no solution", "No-Solution", Some(true)),
        ("x+1", "x+1", Some(true)),
        ("x+1", "1+x", None),
        ("[0,1)", "[0,1]", None),
        ("5", "", Some(false)),
        ("sin", "cos", None),
    ];
    for (gold, answer, expected) in table {
        assert_eq!(compare(gold, answer), expected, "{gold:?} {answer:?}");
    }
}

#[test]
fn hostile_texts_end() {
    let million = 1_000_000;
    for text in [
        "{".repeat(million) + &"}".repeat(million),
        "\\boxed{".repeat(million),
        format!("\\boxed{{{}{}}}", "{".repeat(million), "}".repeat(million)),
        "1".repeat(10 * million),
        "1,".repeat(million),
        "$".repeat(million),
        "\\(".repeat(million),
        "A) ".repeat(million),
        "answer is ".repeat(million / 4),
        "####\n".repeat(million),
        "\\text{".repeat(million),
        "<answer>".repeat(million),
    ] {
        let found = extract(&text).unwrap_or_default();
        let _ = (read(&text), compare(&found, "5"), compare(&text, "5"));
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\\boxed{"),
        Just("}"),
        Just("{"),
        Just("$"),
        Just("\\("),
        Just("\\)"),
        Just("#### "),
        Just("\n"),
        Just("the answer is "),
        Just("final answer"),
        Just("5"),
        Just("1,234"),
        Just("\\frac"),
        Just("12"),
        Just("/"),
        Just("."),
        Just(" "),
        Just("%"),
        Just("="),
        Just("x"),
        Just("\\text{"),
        Just("cm"),
        Just("−"),
        Just("答案是"),
        Just("(C)"),
        Just("<answer>"),
        Just("</think>"),
        Just("²"),
        Just("\\"),
        Just("and"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in pieces()) {
        let _ = (extract(&text), read(&text), compare(&text, &text));
        prop_assert_eq!(clean(&text), clean(&text));
    }

    #[test]
    fn numbers_keep_their_value(above in -10_000_i64..10_000, below in 1_i64..1000, whole in 0_u32..1_000_000) {
        let fraction = format!("{above}/{below}");
        let latex = format!("\\frac{{{above}}}{{{below}}}");
        prop_assert_eq!(compare(&fraction, &latex), Some(true));
        prop_assert_eq!(compare(&fraction, &format!("{}/{}", above * 7, below * 7)), Some(true));
        prop_assert_eq!(compare(&fraction, &format!("{}/{below}", above + 1)).unwrap_or(false), false);
        let digits = whole.to_string();
        let grouped: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
        prop_assert_eq!(clean(&grouped.join(",")), digits);
    }

    #[test]
    fn canonical_forms_are_stable(text in "-?[0-9]{1,12}(\\.[0-9]{1,6})?%?") {
        let canonical = Number::parse(&text).unwrap().canonical();
        prop_assert_eq!(Number::parse(&canonical).unwrap().canonical(), canonical.clone());
        prop_assert_eq!(compare(&text, &canonical), Some(true));
    }
}

/// The same share, slowly: sets of joined tokens.
fn slow_share(text: &str, size: usize) -> f64 {
    let words: Vec<String> = text
        .split(|char: char| !(char.is_alphanumeric() || char == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    if words.len() < size {
        return 1.0;
    }
    let all: Vec<Vec<String>> = words.windows(size).map(<[String]>::to_vec).collect();
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    distinct.len() as f64 / all.len() as f64
}

fn ngram_rule(size: usize) -> dfrs_text::Rule {
    let parameters = format!(r#"{{"min_score": 0.1, "max_score": 1.0, "ngrams": {size}}}"#);
    dfrs_text::Rule::from_json("reasoning_answer_ngram", &parameters).unwrap()
}

#[test]
fn repetition_of_ngrams() {
    use dfrs_text::Judge;
    let table = [
        ("one two three", 5, true, Some(1.0)),
        ("a b a b a b", 2, true, Some(0.4)),
        ("再来再来再来再来", 2, true, Some(2.0 / 7.0)),
        ("...", 2, false, None),
        ("", 2, false, None),
    ];
    for (text, size, keep, value) in table {
        let judged = ngram_rule(size).judge(text);
        assert_eq!((judged.keep, judged.value), (keep, value), "{text:?}");
    }
    let judged = ngram_rule(1).judge(&"again ".repeat(50));
    assert_eq!(
        (judged.keep, judged.rule, judged.threshold),
        (false, "min_score", Some(0.1))
    );
}

proptest! {
    #[test]
    fn repetition_is_that_of_the_slow_count(text in "[ab_ .é-]{0,60}", size in 1_usize..5) {
        use dfrs_text::Judge;
        let judged = ngram_rule(size).judge(&text);
        prop_assert!(judged.value.is_none_or(|value| (value - slow_share(&text, size)).abs() < 1e-12));
    }
}
