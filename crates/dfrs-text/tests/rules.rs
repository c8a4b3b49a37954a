//! Edge cases of every rule: parameters, text, and what is decided by which value.
#![allow(clippy::float_cmp)] // values are exact

use dfrs_text::{Judge, Rule};

/// Text, kept, value, excerpt.
type Case<'a> = (&'a str, bool, f64, Option<&'a str>);

const fn keep(text: &str, value: f64) -> Case<'_> {
    (text, true, value, None)
}

const fn drop(text: &str, value: f64) -> Case<'_> {
    (text, false, value, None)
}

const fn found<'a>(text: &'a str, value: f64, excerpt: &'a str) -> Case<'a> {
    (text, false, value, Some(excerpt))
}

fn rule(name: &str, parameters: &str) -> Rule {
    Rule::from_json(name, parameters).expect("valid parameters")
}

fn check(name: &str, parameters: &str, cases: &[Case<'_>]) {
    let judge = rule(name, parameters);
    for &(text, keep, value, excerpt) in cases {
        let judged = judge.judge(text);
        let decided = (judged.keep, judged.value, judged.rule, judged.excerpt(text));
        assert_eq!(
            decided,
            (keep, Some(value), name, excerpt),
            "{name} {parameters} on {text:?}"
        );
        assert_eq!(judged.threshold.is_some(), !keep, "{name} on {text:?}");
    }
}

/// The published rule and ours on texts that they judge differently.
fn check_profile(name: &str, parameters: &str, published: &[Case<'_>], ours: &[Case<'_>]) {
    check(name, &format!("{{{parameters}}}"), ours);
    let comma = if parameters.is_empty() { "" } else { ", " };
    let parameters = format!("{{{parameters}{comma}\"profile\": \"open-dataflow-1.0.13\"}}");
    check(name, &parameters, published);
}

#[test]
fn texts_without_anything_to_judge() {
    let blank = "\u{2003}\n\u{85} ";
    let cases = [
        ("blocklist", r#"{"words": ["x"]}"#, "", "empty"),
        ("capital_words", "{}", "", "empty"),
        ("char_number", "{}", "", "empty"),
        ("colon_end", "{}", "", "empty"),
        ("curly_bracket", "{}", "", "empty"),
        ("html_entity", "{}", "", "empty"),
        ("lorem_ipsum", "{}", "", "empty"),
        ("no_punc", "{}", "", "empty"),
        ("sentence_number", "{}", "", "empty"),
        ("special_character", "{}", "", "empty"),
        ("watermark", r#"{"watermarks": ["x"]}"#, "", "empty"),
        ("line_end_with_ellipsis", "{}", blank, "blank"),
        ("line_start_with_bulletpoint", "{}", blank, "blank"),
        ("line_with_javascript", "{}", " \n-- ,\n", "blank"),
        ("mean_word_length", "{}", blank, "blank"),
        ("symbol_word_ratio", "{}", blank, "blank"),
        ("unique_words", "{}", blank, "blank"),
    ];
    for (name, parameters, text, by) in cases {
        let judge = rule(name, parameters);
        let judged = judge.judge(text);
        let decided = (judged.keep, judged.value, judged.threshold, judged.rule);
        assert_eq!(decided, (false, None, None, by), "{name}");
        assert_eq!(judge.judge("").rule, by, "{name}");
        assert_eq!(judge.judge_null().rule, "null", "{name}");
    }
    let judged = rule("content_null", "{}").judge_null();
    assert_eq!((judged.keep, judged.rule), (false, "content_null"));
}

#[test]
fn word_number() {
    let cases = [
        drop("", 0.0),
        drop("a", 1.0),
        keep("a\u{1c}b", 2.0),
        keep("\u{3000}a\u{85}b\u{2009}c", 3.0),
        drop("a b c d", 4.0),
        drop("a\u{200b}b", 1.0),
    ];
    check("word_number", r#"{"min_words": 2, "max_words": 4}"#, &cases);
    check("word_number", r#"{"min_words": 0}"#, &[keep("", 0.0)]);
    check("word_number", r#"{"max_words": 0}"#, &[drop("", 0.0)]);
    let bounds = rule("word_number", r#"{"min_words": 2, "max_words": 4}"#);
    assert_eq!(bounds.judge("a").threshold, Some(2.0));
    assert_eq!(bounds.judge("a b c d e").threshold, Some(4.0));
}

#[test]
fn char_number() {
    let cases = [
        drop(" \t\n", 0.0),
        drop("a b", 2.0),
        keep("\u{a0}a\rb ", 3.0),
        keep("漢字\0", 3.0),
    ];
    check("char_number", r#"{"threshold": 3}"#, &cases);
}

#[test]
fn colon_end() {
    let long = format!("{}:", "é".repeat(100));
    let tail = format!("{}:", "é".repeat(79));
    let cases = [
        found("first\n  list:", 1.0, "list:"),
        found(&long, 1.0, &tail),
        keep("a: ", 0.0),
        keep("a：", 0.0),
        keep("a:\n", 0.0),
    ];
    check("colon_end", "{}", &cases);
}

#[test]
fn content_null() {
    check(
        "content_null",
        "{}",
        &[drop("", 1.0), drop("\u{2028}\u{1f}", 1.0), keep("\0", 0.0)],
    );
}

#[test]
fn curly_bracket() {
    let cases = [found("a}", 0.5, "}"), keep("é漢{", 1.0 / 3.0)];
    check("curly_bracket", r#"{"threshold": 0.5}"#, &cases);
    check("curly_bracket", r#"{"threshold": 0}"#, &[drop("a", 0.0)]);
    check(
        "curly_bracket",
        r#"{"threshold": null}"#,
        &[keep("{}", 1.0)],
    );
}

#[test]
fn mean_word_length() {
    let cases = [drop("a bb", 1.5), keep("éé", 2.0), drop("aaaa", 4.0)];
    check(
        "mean_word_length",
        r#"{"min_length": 2, "max_length": 4}"#,
        &cases,
    );
    let text = format!("{}bb", "aaa ".repeat(199));
    let two = format!("{}bb", "aaa ".repeat(99));
    let (published, ours) = (
        [keep(&text, 3.0), drop(&two, 2.99)],
        [drop(&text, 2.995), drop(&two, 2.99)],
    );
    check_profile("mean_word_length", r#""min_length": 3"#, &published, &ours);
}

#[test]
fn symbol_word_ratio() {
    let cases = [
        found("a ......", 1.0, "......"),
        found("x… #", 2.0 / 3.0, "… #"),
        keep("a b c #", 0.25),
        keep("\u{1c}", 0.0), // a token, because U+001C is no whitespace for NLTK
        found("cafe\u{301}...", 0.5, "..."), // two tokens: the accent belongs to the word
        keep("½...a..", 1.0 / 3.0), // "½..." is one token, no word
    ];
    check("symbol_word_ratio", r#"{"threshold": 0.4}"#, &cases);
}

#[test]
fn sentence_number() {
    let cases = [
        drop("no word here\u{301}", 1.0),
        keep("3.14", 2.0),
        keep("a\nb!?!", 2.0),
        keep("... _ . ² ?", 2.0),
        drop("a. b. c.", 3.0),
        drop("...", 0.0),
    ];
    check(
        "sentence_number",
        r#"{"min_sentences": 2, "max_sentences": 2}"#,
        &cases,
    );
    let text = "一行。二行！三行？四行｡";
    check_profile(
        "sentence_number",
        r#""min_sentences": 2"#,
        &[drop(text, 1.0)],
        &[keep(text, 4.0)],
    );
}

#[test]
fn line_end_with_ellipsis() {
    let cases = [
        found("a\nb... \u{a0}\n\n c\n", 1.0 / 3.0, "b..."),
        found("a…", 1.0, "a…"),
        keep("a\rb...\rc\n", 0.0),
        keep("a\nb\nc\nd…", 0.25),
        keep("a..", 0.0),
    ];
    check("line_end_with_ellipsis", r#"{"threshold": 0.3}"#, &cases);
}

#[test]
fn line_start_with_bulletpoint() {
    let text = "\u{3000}• a\n▪b\nc";
    check(
        "line_start_with_bulletpoint",
        r#"{"threshold": 0.5}"#,
        &[found(text, 2.0 / 3.0, "• a")],
    );
    let with = r#""threshold": 0.5"#;
    for item in ["- a", "* a", "+\ta", "· a", "1. a", "999) a", "-"] {
        let (published, ours) = ([keep(item, 0.0)], [found(item, 1.0, item)]);
        check_profile("line_start_with_bulletpoint", with, &published, &ours);
    }
    for item in ["-a", "*a*", "1.5", "1000. a", ". a", "1 a"] {
        check_profile(
            "line_start_with_bulletpoint",
            with,
            &[keep(item, 0.0)],
            &[keep(item, 0.0)],
        );
    }
    let dash = "–a";
    check_profile(
        "line_start_with_bulletpoint",
        with,
        &[found(dash, 1.0, dash)],
        &[keep(dash, 0.0)],
    );
}

#[test]
fn line_with_javascript() {
    let cases = [
        keep("javascript\njavascript\njavascript", 0.0), // three lines always stay
        found("a\njavascript\njava-script!\nx", 2.0, "javascript"),
        found(
            "a\n  JAVA_s.c.r.ipt on\nb\n--\njavascri.pť",
            2.0,
            "JAVA_s.c.r.ipt on",
        ),
        keep("a\nb\nc\njavascri pt", 4.0),
        keep("a\nb\nc\njavascri\u{301}pt", 4.0),
        keep("a\nb\nc\njavascri\npt", 5.0),
        keep("a\nb\nc\njavascripţ javascript", 3.0),
    ];
    check("line_with_javascript", r#"{"threshold": 3}"#, &cases);
}

#[test]
fn lorem_ipsum() {
    let cases = [
        found("LOREM Ipsum", 1.0 / 11.0, "LOREM Ipsum"),
        found("İlorem ipsum", 1.0 / 13.0, "lorem ipsum"),
        keep("lorem\nipsum", 0.0),
        keep("lorem İpsum", 0.0),
    ];
    check("lorem_ipsum", r#"{"threshold": 3e-8}"#, &cases);
    check(
        "lorem_ipsum",
        r#"{"threshold": 0.1}"#,
        &[keep("xlorem ipsum", 1.0 / 12.0)],
    );
}

#[test]
fn unique_words() {
    let cases = [
        drop("A a", 0.5),
        drop("ΣΑΣ σας", 0.5),
        keep("ΣΑΣ σασ", 1.0),
        drop("İ i\u{307}", 0.5),
        keep("ß ẞ ss", 2.0 / 3.0),
        keep("a a,", 1.0),
    ];
    check("unique_words", r#"{"threshold": 0.5}"#, &cases);
}

#[test]
fn no_punc() {
    let cases = [
        keep("a b, c d", 2.0),
        found("a. b c d", 3.0, "b c d"),
        found("x,  a b - c ", 4.0, "a b - c"),
        keep("a b\nc d•e f…g h–i j/k l|m", 2.0),
        keep(" \n ", 0.0),
    ];
    check("no_punc", r#"{"threshold": 2}"#, &cases);
    let with = r#""threshold": 2"#;
    check_profile(
        "no_punc",
        with,
        &[found("a b: c", 3.0, "a b: c")],
        &[keep("a b: c", 2.0)],
    );
    check_profile(
        "no_punc",
        with,
        &[keep("漢字漢", 1.0)],
        &[found("漢字漢", 3.0, "漢字漢")],
    );
    check_profile(
        "no_punc",
        with,
        &[keep("漢字、漢", 1.0)],
        &[keep("漢字、漢", 2.0)],
    );
}

#[test]
fn html_entity() {
    let cases = [
        found("a &nbsp; b", 1.0, "&nbsp;"),
        found("＆quot；", 1.0, "＆quot；"),
        keep("&LT;&copy;&#39;& ；＆", 0.0),
    ];
    check("html_entity", "{}", &cases);
    for (text, entity) in [
        ("?a=1&lt=2", "&lt"),
        ("&amplify", "&amp"),
        ("x＆gt", "＆gt"),
    ] {
        check_profile(
            "html_entity",
            "",
            &[found(text, 1.0, entity)],
            &[keep(text, 0.0)],
        );
    }
}

#[test]
fn special_character() {
    for text in ["\u{fffd}", "\u{25a1}", "{/U}", "&#247;"] {
        check_profile(
            "special_character",
            "",
            &[found(text, 1.0, text)],
            &[found(text, 1.0, text)],
        );
    }
    for text in ["\u{200e}", "÷", "☀", "✳", "😀", "🚀"] {
        check_profile(
            "special_character",
            "",
            &[keep(text, 0.0)],
            &[found(text, 1.0, text)],
        );
    }
    for text in [
        "u200e", "? :", "U+2600", "U+26;D", "U+2733", "U+1F64F", "U+1F6@9",
    ] {
        check_profile(
            "special_character",
            "",
            &[found(text, 1.0, text)],
            &[keep(text, 0.0)],
        );
    }
    for text in [
        "U+260E", "U+26", "U+2735", "U+1F35F", "U+1F67F", "\u{27bf}", "?:",
    ] {
        check_profile(
            "special_character",
            "",
            &[keep(text, 0.0)],
            &[keep(text, 0.0)],
        );
    }
}

#[test]
fn watermark() {
    let cases = [
        found("xCopyrighted", 1.0, "Copyright"),
        found("(c) é", 1.0, "(c)"),
        keep("COPYRIGHT c", 0.0),
    ];
    check(
        "watermark",
        r#"{"watermarks": ["Copyright", "(c)"]}"#,
        &cases,
    );
    check("watermark", r#"{"watermarks": []}"#, &[keep("a", 0.0)]);
}

#[test]
fn capital_words() {
    let cases = [
        found("A1 b", 0.5, "A1"),
        found("Ⅷ Ⓐ", 1.0, "Ⅷ"),
        keep("1 \u{1c5} ß ª", 0.0),
        keep("  ", 0.0),
        keep("A b c d", 0.25),
    ];
    check("capital_words", r#"{"threshold": 0.25}"#, &cases);
    let tokens = r#"{"threshold": 0.25, "use_tokenizer": true}"#;
    check("capital_words", tokens, &[found("IT's", 1.0 / 3.0, "IT")]);
    check(
        "capital_words",
        r#"{"threshold": 0.25}"#,
        &[keep("IT's", 0.0)],
    );
}

#[test]
fn blocklist() {
    let words = r#""words": ["Bad", "bad word", "very bad", "漢字", "🖕", "x-y"], "threshold": 0"#;
    let ours = [
        found("a (BAD), é", 1.0, "BAD"),
        found("very bad word", 1.0, "very bad"),
        found("bad bad", 2.0, "bad"),
        found("これは漢字です", 1.0, "漢字"),
        found("ok🖕", 1.0, "🖕"),
        found("\u{130}: x-y!", 1.0, "x-y"),
        keep("badly bad-ish un.bad b.a.d", 0.0),
    ];
    check("blocklist", &format!("{{{words}}}"), &ours);
    let tokens = format!(r#"{{{words}, "use_tokenizer": true}}"#);
    check(
        "blocklist",
        &tokens,
        &[found("un.bad", 1.0, "bad"), found("bad-ish", 1.0, "bad")],
    );
    let published = [
        found("a bad", 1.0, "bad"),
        found("漢字\u{3000}BAD", 2.0, "漢字"),
        keep("bad, (bad) very漢字", 0.0),
        keep("ok🖕", 0.0),
    ];
    let published_phrases = [found("very bad word", 1.0, "bad")];
    check_profile("blocklist", words, &published, &ours);
    check_profile("blocklist", words, &published_phrases, &ours);
}

#[test]
fn wrong_names_and_parameters() {
    let message = |name: &str, parameters: &str| {
        Rule::from_json(name, parameters)
            .expect_err("wrong")
            .to_string()
    };
    assert!(message("word", "{}").starts_with(
        "there is no native rule 'word'; there are: blocklist, c4_paragraph, capital_words,"
    ));
    assert_eq!(
        message("word_number", r#"{"min_word": 1}"#),
        "word_number: unknown field `min_word`, expected `min_words` or `max_words` at line 1 column 11"
    );
    assert_eq!(
        message("word_number", r#"{"min_words": -1}"#),
        "word_number: invalid value: integer `-1`, expected u64 at line 1 column 16"
    );
    assert!(message("html_entity", r#"{"profile": "other"}"#).contains("unknown variant `other`"));
    assert!(
        message("watermark", r#"{"watermarks": [""]}"#)
            .contains("an empty text, which occurs everywhere")
    );
}
