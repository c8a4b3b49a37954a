//! Edge cases of every refiner: text in, text out, with and without the profile.

use std::borrow::Cow;

use dfrs_text::{Refine, Refiner};

fn check(name: &str, parameters: &str, cases: &[(&str, &str)]) {
    let refiner = Refiner::from_json(name, parameters).expect("valid parameters");
    assert_eq!(refiner.name(), name);
    for &(text, expected) in cases {
        let new = refiner.refine(text);
        assert_eq!(new, expected, "{name} {parameters} on {text:?}");
        let unchanged = matches!(new, Cow::Borrowed(_));
        assert_eq!(
            unchanged,
            text == expected,
            "{name}: unchanged texts are not copied"
        );
    }
}

const PROFILE: &str = r#"{"profile": "open-dataflow-1.0.13"}"#;

#[test]
fn remove_extra_spaces() {
    let cases = [
        ("", ""),
        (" \n", ""),
        ("a b", "a b"),
        ("a b ", "a b"),
        (" a b", "a b"),
        ("a\tb", "a b"),
        ("\u{1c}é\u{3000}\u{2028}b\r\n\nc", "é b c"),
        ("a\u{200b}b", "a\u{200b}b"),
    ];
    check("remove_extra_spaces", "{}", &cases);
    let lines = [
        ("a \n b\r\n \r\n\n c  d\n", "a\nb\n\nc d"),
        ("a\nb\n\nc", "a\nb\n\nc"),
        ("\n", ""),
    ];
    check("remove_extra_spaces", r#"{"keep_lines": true}"#, &lines);
}

#[test]
fn remove_emoji() {
    let cases = [
        ("", ""),
        ("é漢 \u{200d}", "é漢 \u{200d}"),
        ("a😀b", "ab"),
        ("\u{1f926}\u{1f3fd}\u{200d}\u{2642}\u{fe0f}", ""),
        ("👨\u{200d}👩\u{200d}👧!", "!"),
        ("🙂\u{200d}↔ ↔", " ↔"),
        ("❤\u{fe0f}☀\u{fe0e}x", "x"),
        ("1\u{fe0f}\u{20e3}#\u{20e3}1 2\u{fe0f}", "1 2\u{fe0f}"),
        ("©\u{fe0f} ©", " ©"),
        ("🇩🇪 🏴\u{e0067}\u{e007f}.", " ."),
        (
            "می\u{200c}خواهم क\u{94d}\u{200d}ष",
            "می\u{200c}خواهم क\u{94d}\u{200d}ष",
        ),
        ("⌚✅🫠🟠", ""),
    ];
    check("remove_emoji", "{}", &cases);
    let published = [
        ("a😀b", "ab"),
        ("🤦\u{1f3fd}\u{200d}♂\u{fe0f}", "🤦\u{200d}♂\u{fe0f}"),
        ("☀⌚🫠", "☀⌚🫠"),
        ("✂➰🇩🇪", ""),
    ];
    check("remove_emoji", PROFILE, &published);
}

#[test]
fn html_url_remover() {
    let cases = [
        ("", ""),
        ("a<b and c>d", "a<b and c>d"),
        (
            "<b>x</b><br/><p class=a id='b>' c=\"d\" hidden data-x>",
            "x",
        ),
        ("<!-- a > b -->x<!-- open", "x<!-- open"),
        ("<!doctype html><?xml version='1'?>x", "x"),
        ("<a\nb> < a> <1> <> </ a> <a", "<a\nb> < a> <1> <> </ a> <a"),
        ("<a b='c\n'>", "<a b='c\n'>"),
        ("List<String> x", "List x"),
        ("see http://a.b/c\n\nnext", "see \n\nnext"),
        ("https:// x http://", "https:// x http://"),
        ("www.a.b ftp://c sftp://d awww.e", "  sftp://d awww.e"),
        ("<a href=http://x>y", "<a href="),
    ];
    check("html_url_remover", "{}", &cases);
    let published = [
        ("if a<b and c>d", "if ad"),
        ("<a\nb> <c>", "<a\nb> "),
        ("see http://a.b/c\r\n\nnext", "see next"),
        ("https:// x httpshttp://a", "https:// x https"),
        ("www.a.b ftp://c", "www.a.b ftp://c"),
        ("<http://x\n>", ""),
        ("<><<a>>", ">"),
    ];
    check("html_url_remover", PROFILE, &published);
}

#[test]
fn lines_of_open_tags_take_linear_time() {
    for part in ["<!--", "<b><!--", "<a b='", "<a b=\"<c d='", "<", "http://"] {
        let text = part.repeat(200_000);
        for parameters in ["{}", PROFILE] {
            let refiner =
                Refiner::from_json("html_url_remover", parameters).expect("valid parameters");
            assert!(refiner.refine(&text).len() <= text.len());
        }
    }
}

#[test]
fn refined_texts_are_appended() {
    let refiner = Refiner::from_json("remove_extra_spaces", "{}").expect("valid parameters");
    let mut out = "kept".to_owned();
    assert!(!refiner.refine_into("a b", &mut out));
    assert!(refiner.refine_into("a  b", &mut out));
    assert_eq!(out, "kepta b");
}
