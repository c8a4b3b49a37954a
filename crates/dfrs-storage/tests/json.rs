//! JSON Lines and JSON arrays: types, messages and places.

mod reading;

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, TimeUnit};
use dfrs_storage::Origin;
use reading::{described, memory, options, read, read_as, rows};

#[test]
fn types() {
    for (text, expected) in [
        (r#"{"x":"007"}"#, "x: Utf8"),
        (r#"{"x":"2020-01-01"}"#, "x: Utf8"),
        (r#"{"x":9223372036854775807}"#, "x: Int64"),
        (r#"{"x":-9223372036854775808}"#, "x: Int64"),
        (r#"{"x":9223372036854775808}"#, "x: UInt64"),
        (r#"{"x":18446744073709551615}"#, "x: UInt64"),
        (r#"{"x":18446744073709551616}"#, "x: Float64"),
        ("{\"x\":1}\n{\"x\":0.5}", "x: Float64"),
        ("{\"x\":9007199254740993}\n{\"x\":null}", "x: Int64"),
        (r#"{"x":true}"#, "x: Boolean"),
        (r#"{"x":null}"#, "x: Null"),
        (r#"{"x":[]}"#, "x: List(Null)"),
        ("{\"x\":[1]}\n{\"x\":[null,0.5]}", "x: List(Float64)"),
        (
            r#"{"x":{"b":1,"a":[{"c":""}]}}"#,
            r#"x: Struct("b": Int64, "a": List(Struct("c": Utf8)))"#,
        ),
        (
            "{\"b\":1}\n\n  \n{\"a\":2,\"b\":3}\r\n",
            "b: Int64, a: Int64",
        ),
        (r#"{"":1," ":2}"#, ": Int64,  : Int64"),
        ("", ""),
        ("\u{feff}{\"x\":1}", "x: Int64"),
    ] {
        let found = read(&memory(text.as_bytes()), &options("jsonl")).expect(text);
        assert_eq!(described(&found.schema), expected, "{text}");
    }
}

#[test]
fn messages() {
    let none = "No type holds all values unchanged; pass schema={\"x\": \"string\"} to keep the JSON text of every value";
    for (text, expected) in [
        ("{\"x\":1}\n{\"x\":\"a\"}", format!("line 2, column 6: column 'x': a number in line 1 and a string here. {none}")),
        (
            "{\"x\":{\"y\":[1]}}\n{\"x\":{\"y\":[[]]}}",
            format!("line 2, column 12: column 'x.y[]': a number in line 1 and an array here. {none}"),
        ),
        (
            "{\"x\":9007199254740993}\n{\"x\":0.5}",
            format!(
                "line 1, column 6: column 'x': with the integer 9007199254740993, neither int64, uint64 nor float64 is \
                 exact for every value. {none}"
            ),
        ),
        ("{\"x\":1e400}", "line 1, column 6: column 'x': the number 1e400 is larger than any 64-bit float".into()),
        ("{\"x\":NaN}", "line 1, column 6: column 'x': expected a value, found 'N' (NaN, Infinity and None are no JSON; null is)".into()),
        ("{\"x\":01}", "line 1, column 6: column 'x': a number must not begin with zeros".into()),
        ("{\"x\":1.}", "line 1, column 8: column 'x': expected a digit after the decimal point, found '}'".into()),
        ("{\"x\":1", "line 1, column 7: expected ',' or '}' after a value of the object, found the end of the record; it seems to be cut off".into()),
        ("{\"x\":1}\n{\"x\":1} 2", "line 2, column 9: expected the end of the record, found '2'".into()),
        ("{x:1}", "line 1, column 2: expected a key in double quotes, found 'x'".into()),
        ("{\"x\":1,\"\\u0000\":1}", "line 1, column 8: a column name must not contain the character NUL".into()),
        ("[1]", "line 1, column 1: expected an object ({...}), found '['".into()),
        ("{\"x\":1,\"x\":2}", "line 1, column 8: the key 'x' comes twice in one object; only one of the values could be kept".into()),
        (
            "{\"a\":{\"x\":1,\"\\u0078\":2}}",
            "line 1, column 13: column 'a': the key 'x' comes twice in one object; only one of the values could be kept".into(),
        ),
        ("{\"x\":\"a\tb\"}", "line 1, column 8: column 'x': expected an escape such as \\n or \\u0000 in a string, found '\\t'".into()),
        (r#"{"x":"\q"}"#, "line 1, column 7: column 'x': expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX in a string".into()),
        (r#"{"x":"\u12g4"}"#, "line 1, column 7: column 'x': expected four hexadecimal digits after \\u".into()),
    ] {
        let found = read(&memory(text.as_bytes()), &options("jsonl")).err().expect(text);
        assert_eq!(found.to_string(), format!("file, {expected}"), "{text}");
    }
}

#[test]
fn bytes_that_are_no_utf8() {
    let message = |bytes: &[u8]| {
        read(&memory(bytes), &options("jsonl"))
            .err()
            .expect("an error")
            .to_string()
    };
    assert_eq!(
        message(b"{}\n{\"x\":\"\xff\"}"),
        "file, line 2, column 7: expected UTF-8, found the byte 0xff"
    );
    assert_eq!(
        message(b"\xff\xfe{\0}\0"),
        "file, line 1, column 1: expected UTF-8, found the byte order mark of UTF-16; convert the file, for example \
         with iconv -f UTF-16 -t UTF-8"
    );
    // Behind the byte order mark of UTF-8 these are two wrong bytes like others, however the file arrives.
    for piece in [1, 3, 64] {
        let file = [Origin::Memory(
            "file".into(),
            b"\xef\xbb\xbf\xff\xfe".to_vec(),
            piece,
        )];
        let error = read(&file, &options("jsonl")).err().expect("an error");
        assert_eq!(
            error.to_string(),
            "file, line 1, column 1: expected UTF-8, found the byte 0xff"
        );
    }
}

#[test]
fn two_files_are_named_in_a_conflict() {
    let files = [
        Origin::Memory("a".into(), b"{\"x\":1}".to_vec(), 9),
        Origin::Memory("b".into(), b"{\"x\":true}".to_vec(), 9),
    ];
    let error = read(&files, &options("jsonl"))
        .err()
        .expect("an error")
        .to_string();
    assert!(
        error.starts_with(
            "b, line 1, column 6: column 'x': a number in a, line 1 and a boolean here."
        ),
        "{error}"
    );
}

#[test]
fn lone_surrogates_are_replaced_and_counted() {
    let text = r#"{"x":"\ud83d","y":"\ude00a\ud83d\u0041\ud83d\ud83d\ude00"}"#;
    let found = read(&memory(text.as_bytes()), &options("jsonl")).expect("readable");
    assert_eq!(found.replaced, 4);
    assert_eq!(
        rows(&found),
        [serde_json::json!({"x": "\u{fffd}", "y": "\u{fffd}a\u{fffd}A\u{fffd}😀"})]
    );
}

#[test]
fn nesting_has_a_limit() {
    for (levels, fine) in [(126, true), (127, false), (100_000, false)] {
        let text = format!("{{\"x\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(
            read(&memory(text.as_bytes()), &options("jsonl")).is_ok(),
            fine,
            "{levels}"
        );
    }
}

#[test]
fn bad_records_are_skipped_and_recorded() {
    let text = "{\"x\":1}\n{\"x\":\"now a string\",\"new\":1,}\nnonsense\n{\"x\":2}\n";
    let mut options = options("jsonl");
    options.skip = true;
    let found = read(&memory(text.as_bytes()), &options).expect("readable");
    assert_eq!(described(&found.schema), "x: Int64");
    assert_eq!(
        rows(&found),
        [serde_json::json!({"x": 1}), serde_json::json!({"x": 2})]
    );
    let bad: Vec<_> = found
        .bad
        .iter()
        .map(|bad| (bad.line, bad.column, bad.text.as_str()))
        .collect();
    assert_eq!(
        bad,
        [
            (2, 6, "{\"x\":\"now a string\",\"new\":1,}"),
            (3, 1, "nonsense")
        ]
    );
    assert_eq!(
        found.bad[1].message,
        "expected an object ({...}), found 'n'"
    );
}

#[test]
fn what_comes_before_a_bad_record_is_delivered() {
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Int8, true)]));
    let files = memory(b"{\"x\":1}\n{\"x\":300}\n{\"x\":2}");
    let mut reader = dfrs_storage::Reader::new(files, &options("jsonl"), schema).expect("a schema");
    assert_eq!(
        reader.next().expect("a batch").expect("a batch").num_rows(),
        1
    );
    let error = reader.next().expect_err("an error").to_string();
    assert_eq!(
        error,
        "file, line 2, column 6: column 'x': expected an integer (int8), found 300"
    );
    assert!(reader.next().expect("the end").is_none());
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn given_types() {
    let zone = Some("Europe/Berlin".into());
    for (kind, text, expected) in [
        (DataType::Utf8, r#"{"a": 1}"#, Ok(r#""{\"a\": 1}""#)),
        (DataType::Utf8, "1.50", Ok(r#""1.50""#)),
        (DataType::LargeUtf8, r#""1""#, Ok(r#""1""#)),
        (DataType::Float64, "7", Ok("7.0")),
        (
            DataType::Float64,
            "9007199254740993",
            Err("the integer 9007199254740993 would lose digits as Float64; read it as string"),
        ),
        (DataType::Float32, "0.1", Ok("0.1")),
        (
            DataType::Float32,
            "16777217",
            Err("the integer 16777217 would lose digits as Float32; read it as string"),
        ),
        (
            DataType::Int64,
            "\"1\"",
            Err("expected an integer (int64), found a string"),
        ),
        (
            DataType::Int64,
            "1.0",
            Err("expected an integer (int64), found 1.0"),
        ),
        (
            DataType::UInt8,
            "-1",
            Err("expected an integer (uint8), found -1"),
        ),
        (DataType::UInt8, "-0", Ok("0")),
        (
            DataType::Boolean,
            "1",
            Err("expected true or false, found 1"),
        ),
        (DataType::Null, "1", Err("expected null, found 1")),
        (DataType::Decimal128(5, 2), "1.10", Ok("\"1.10\"")),
        (DataType::Decimal128(5, 2), "\"-0.5\"", Ok("\"-0.50\"")),
        (
            DataType::Decimal128(5, 2),
            "1.234",
            Err("expected a decimal of at most 5 digits, 2 of them after the point, found 1.234"),
        ),
        (DataType::Date32, "\"2024-02-29\"", Ok("\"2024-02-29\"")),
        (
            DataType::Date32,
            "19782",
            Err("expected a date such as \"2024-12-31\", found 19782"),
        ),
        (
            DataType::Timestamp(TimeUnit::Millisecond, zone),
            "\"2024-01-01T01:00:00.5+01:00\"",
            Ok("\"2024-01-01T00:00:00.500Z\""),
        ),
        (
            DataType::new_list(DataType::Int8, true),
            "[1,null]",
            Ok("[1,null]"),
        ),
        (
            DataType::new_large_list(DataType::Int8, true),
            "[]",
            Ok("[]"),
        ),
        (
            DataType::new_list(DataType::Int8, false),
            "[null]",
            Err("expected an integer (int8), found no value"),
        ),
        (
            DataType::Struct(vec![Field::new("a", DataType::Int8, true)].into()),
            r#"{"b":1}"#,
            Err("the key 'b' is not in the schema; add it there or leave it out"),
        ),
    ] {
        let schema = Arc::new(Schema::new(vec![Field::new("x", kind.clone(), true)]));
        let line = format!("{{\"x\":{text}}}");
        let found = read_as(&memory(line.as_bytes()), &options("jsonl"), schema);
        let found = found.map(|read| {
            let text =
                reading::written(&read.schema, &read.batches, dfrs_storage::Format::JsonLines)
                    .expect("writable");
            text.trim_end()
                .trim_start_matches("{\"x\":")
                .trim_end_matches('}')
                .to_owned()
        });
        let expected = expected.map(|text| text.trim_end_matches('}').to_owned());
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{kind} {text}"),
            (Err(found), Err(expected)) => {
                let found = found.to_string();
                assert!(
                    found.ends_with(&format!("column 'x': {expected}")),
                    "{kind} {text}: {found}"
                );
            }
            (found, expected) => panic!("{kind} {text}: {found:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn arrays() {
    let fine = |text: &str| {
        read(&memory(text.as_bytes()), &options("json")).map(|found| rows(&found).len())
    };
    for (text, expected) in [
        ("[]", 0),
        (" [ {} , {\"x\":\"]}[{\\\"\"}\n] \n", 2),
        ("[{\"x\":[[],[{}]]}]", 1),
    ] {
        assert_eq!(fine(text).expect(text), expected, "{text}");
    }
    for (text, expected) in [
        (
            "",
            "line 1, column 1: expected an array of objects, found an empty file",
        ),
        (
            "[{}",
            "line 1, column 4: expected ']', found the end of the file; it seems to be cut off",
        ),
        (
            "[{},\n]",
            "line 2, column 1: expected an object after ',', found ']'",
        ),
        (
            "[{} {}]",
            "line 1, column 5: expected ',' or ']' after an element of the array",
        ),
        (
            "[{}] x",
            "line 1, column 6: expected the end of the file after the array's ']'",
        ),
        (
            "[1]",
            "line 1, column 2: expected an object ({...}), found '1'",
        ),
        (
            "[{\"x\":}]",
            "line 1, column 7: column 'x': expected a value, found '}'",
        ),
        (
            "{\"x\":1}",
            "line 1, column 1: expected one array of objects ([{...}, ...]), found an object; a file with one object per \
             line is JSON Lines: name it .jsonl or pass format=\"jsonl\"",
        ),
    ] {
        assert_eq!(
            fine(text).expect_err(text).to_string(),
            format!("file, {expected}"),
            "{text}"
        );
    }
}

#[test]
fn columns_are_chosen_and_ordered() {
    let mut options = options("jsonl");
    options.columns = Some(vec!["b".into(), "a".into()]);
    let found =
        read(&memory(b"{\"a\":1,\"c\":[],\"b\":2}\n{\"c\":1}"), &options).expect("readable");
    assert_eq!(described(&found.schema), "b: Int64, a: Int64");
    assert_eq!(rows(&found)[1], serde_json::json!({"a": null, "b": null}));
    options.columns = Some(vec!["z".into()]);
    let error = read(&memory(b"{}"), &options)
        .err()
        .expect("an error")
        .to_string();
    assert_eq!(error, "columns: no file has the column 'z'");
}
