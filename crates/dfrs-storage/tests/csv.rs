//! CSV and TSV: what stays text, quotes, rows of the wrong width.

mod reading;

use reading::{described, memory, options, read, rows, written};
use serde_json::json;

#[test]
fn types() {
    for (values, expected) in [
        (&["1", "-20"][..], "Int64"),
        (&["007"], "Utf8"),
        (&["+1"], "Utf8"),
        (&["-0"], "Utf8"),
        (&[" 1"], "Utf8"),
        (&["1", "\"2\""], "Utf8"),
        (&["9223372036854775808"], "UInt64"),
        (&["9223372036854775808", "-1"], "Utf8"),
        (&["18446744073709551616"], "Utf8"),
        (&["1.0", "1e-07", "1e-7", "NaN", "-inf"], "Float64"),
        (&["0.50"], "Utf8"),
        (&["1", "0.5"], "Utf8"),
        (&["true", "false"], "Boolean"),
        (&["True"], "Utf8"),
        (&["", ""], "Null"),
        (&["\"\""], "Utf8"),
        (&["1", ""], "Int64"),
        (&["2020-01-01"], "Utf8"),
    ] {
        let lines: Vec<String> = values.iter().map(|value| format!("{value},z\n")).collect();
        let text = format!("x,y\n{}", lines.concat());
        let found = read(&memory(text.as_bytes()), &options("csv")).expect(&text);
        assert_eq!(
            described(&found.schema),
            format!("x: {expected}, y: Utf8"),
            "{text}"
        );
    }
}

#[test]
fn values() {
    for (text, expected) in [
        (
            "x,y\r\n\"a\"\"b\",\"c\r\nd\"\r\n",
            vec![json!({"x": "a\"b", "y": "c\r\nd"})],
        ),
        ("x,y\n,\"\"\n", vec![json!({"x": null, "y": ""})]),
        (
            "x,y\na\"b,c d \n\n",
            vec![json!({"x": "a\"b", "y": "c d "})],
        ),
        (
            "x\na\n\nb\n",
            vec![json!({"x": "a"}), json!({"x": null}), json!({"x": "b"})],
        ),
        ("\u{feff}\"x,1\"\nz", vec![json!({"x,1": "z"})]),
        ("x,y", vec![]),
        ("", vec![]),
    ] {
        let found = read(&memory(text.as_bytes()), &options("csv")).expect(text);
        assert_eq!(rows(&found), expected, "{text:?}");
    }
}

#[test]
fn messages() {
    for (text, expected) in [
        (
            "x,y\n1\n",
            "line 2, column 2: expected 2 values as in the header, found 1",
        ),
        (
            "x,y\n\"a\nb\",2\n1,2,3\n",
            "line 4, column 6: expected 2 values as in the header, found 3",
        ),
        (
            "x\n\"a\"b\n",
            "line 2, column 4: expected the delimiter or the end of the row after the closing quote; a quote inside a \
             quoted value is written twice (\"\")",
        ),
        (
            "x,y\n1,2\n3,\"abc\n4,5\n",
            "line 3, column 3: a quote is opened here and never closed: expected '\"' before the end of the file",
        ),
        (
            "x,x\n",
            "line 1, column 3: the header names the column 'x' twice",
        ),
        (
            "x,y\r1,2\r",
            "line 1, column 4: expected lines that end in LF or CRLF, found CR alone; convert the file",
        ),
    ] {
        let found = read(&memory(text.as_bytes()), &options("csv"))
            .err()
            .expect(text);
        assert_eq!(found.to_string(), format!("file, {expected}"), "{text:?}");
    }
}

#[test]
fn rows_of_the_wrong_width_are_skipped() {
    let mut options = options("tsv");
    options.skip = true;
    let found = read(&memory(b"x\ty\n1\t2\n3\nzz\tw\tv\n4\t5\n"), &options).expect("readable");
    assert_eq!(
        rows(&found),
        [json!({"x": 1, "y": 2}), json!({"x": 4, "y": 5})]
    );
    assert_eq!(
        found.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(),
        [3, 4]
    );
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let text = r#"{"s":"1","n":1,"f":1.0,"b":true,"e":"","q":"a\"b,\nc","z":"007","t":"true"}
{"s":null,"n":null,"f":null,"b":null,"e":null,"q":null,"z":null,"t":"\ufeffx"}"#;
    let first = read(&memory(text.as_bytes()), &options("jsonl")).expect("readable");
    for name in ["csv", "tsv"] {
        let format = dfrs_storage::Format::named(name).expect("a format");
        let text = written(&first.schema, &first.batches, format).expect("flat");
        let again = read(&memory(text.as_bytes()), &options(name)).expect(&text);
        assert_eq!(
            (&again.schema, &again.batches),
            (&first.schema, &first.batches),
            "{text}"
        );
    }
}
