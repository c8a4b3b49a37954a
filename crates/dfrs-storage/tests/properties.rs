//! Against slow, obvious references: `serde_json` for JSON, a reader of one character at a time for CSV.

mod reading;

use dfrs_storage::{Format, Options, Origin};
use proptest::prelude::*;
use reading::{Read, options, read, rows, written};
use serde_json::{Map, Value, json};

/// A type, from which values are drawn.
#[derive(Debug, Clone)]
enum Kind {
    Boolean,
    Text,
    Integer,
    Number,
    List(Box<Kind>),
    Object(Vec<Kind>),
}

const KEYS: [&str; 4] = ["a", "b", "ключ", "q\"\\\n"];

fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        Just(Kind::Boolean),
        Just(Kind::Text),
        Just(Kind::Integer),
        Just(Kind::Number)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|kind| Kind::List(Box::new(kind))),
            prop::collection::vec(inner, 0..=KEYS.len()).prop_map(Kind::Object),
        ]
    })
}

fn value(kind: &Kind) -> BoxedStrategy<Value> {
    let values = match kind {
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Text => any::<String>().prop_map(Value::from).boxed(),
        Kind::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Number => prop_oneof![
            (-(1_i64 << 53)..1 << 53).prop_map(Value::from),
            any::<f64>()
                .prop_filter("finite", |float| float.is_finite())
                .prop_map(Value::from),
        ]
        .boxed(),
        Kind::List(item) => prop::collection::vec(value(item), 0..4)
            .prop_map(Value::from)
            .boxed(),
        Kind::Object(fields) => object(fields).boxed(),
    };
    prop_oneof![1 => Just(Value::Null), 6 => values].boxed()
}

/// An object in which any key may be missing.
fn object(fields: &[Kind]) -> impl Strategy<Value = Value> + use<> {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| prop::option::weighted(0.8, value(field)))
        .collect();
    fields.prop_map(|values| {
        let pairs = KEYS.iter().zip(values);
        let pairs = pairs.filter_map(|(key, value)| Some(((*key).to_owned(), value?)));
        Value::Object(pairs.collect::<Map<_, _>>())
    })
}

fn table() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(kind(), 0..=KEYS.len())
        .prop_flat_map(|fields| prop::collection::vec(object(&fields), 0..12))
}

/// Without keys that are null, and numbers as floats where both are: what a table can keep of objects.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            fields
                .map(|(key, value)| (key.clone(), comparable(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(comparable).collect(),
        Value::Number(number)
            if number
                .as_i64()
                .is_none_or(|whole| whole.unsigned_abs() < 1 << 53) =>
        {
            json!(number.as_f64())
        }
        other => other.clone(),
    }
}

fn lines(rows: &[Value]) -> String {
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    lines.join("\n")
}

fn cut(text: &[u8], piece: usize) -> [Origin; 1] {
    [Origin::Memory("file".to_owned(), text.to_vec(), piece)]
}

fn same(one: &Read, other: &Read) {
    assert_eq!(one.schema, other.schema);
    assert_eq!(rows(one), rows(other));
    assert_eq!((&one.bad, one.replaced), (&other.bad, other.replaced));
}

fn small(format: &str, batch_rows: usize, batch_bytes: usize) -> Options {
    Options {
        batch_rows,
        batch_bytes,
        skip: true,
        ..options(format)
    }
}

/// A CSV reader that looks at one character at a time; None where a row is wrong.
fn slow_csv(text: &str) -> Option<Vec<Vec<Option<String>>>> {
    let mut rows = Vec::new();
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        let mut row = Vec::new();
        loop {
            let mut value = String::new();
            let quoted = characters.next_if_eq(&'"').is_some();
            if quoted {
                loop {
                    match characters.next()? {
                        '"' if characters.next_if_eq(&'"').is_some() => value.push('"'),
                        '"' => break,
                        other => value.push(other),
                    }
                }
            } else {
                while let Some(other) = characters.next_if(|other| !matches!(other, ',' | '\n')) {
                    value.push(other);
                }
            }
            row.push((quoted || !value.is_empty()).then_some(value));
            match characters.next() {
                Some(',') => {}
                Some('\n') | None => break,
                Some(_) => return None,
            }
        }
        rows.push(row);
    }
    rows.retain(|row| row != &[None]);
    let widths = rows.iter().all(|row| row.len() == 2);
    widths.then_some(rows)
}

/// The usual number of cases, times what the long tests ask for.
fn cases(usual: u32) -> ProptestConfig {
    let effort = std::env::var("DATAFLOW_RS_TEST_EFFORT");
    ProptestConfig::with_cases(usual * effort.map_or(1, |factor| factor.parse().expect("a number")))
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn json_lines_like_serde_json(table in table()) {
        let text = lines(&table);
        let found = read(&cut(text.as_bytes(), 1 << 18), &options("jsonl")).expect("one type per column");
        let expected: Vec<Value> = table.iter().map(comparable).collect();
        let found: Vec<Value> = rows(&found).iter().map(comparable).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn an_array_like_json_lines(table in table()) {
        let one = read(&cut(lines(&table).as_bytes(), 1 << 18), &options("jsonl")).expect("readable");
        let array = serde_json::to_string_pretty(&table).expect("JSON");
        let other = read(&cut(array.as_bytes(), 1 << 18), &options("json")).expect("readable");
        same(&one, &other);
        let text = written(&one.schema, &one.batches, Format::Json).expect("writable");
        same(&one, &read(&cut(text.as_bytes(), 1 << 18), &options("json")).expect("readable"));
    }

    #[test]
    fn blocks_do_not_count(table in table(), piece in 1..40_usize, rows in 1..5_usize, bytes in 1..100_usize) {
        let text = lines(&table);
        let whole = read(&cut(text.as_bytes(), 1 << 18), &options("jsonl")).expect("readable");
        same(&whole, &read(&cut(text.as_bytes(), piece), &small("jsonl", rows, bytes)).expect("readable"));
        let array = serde_json::to_string(&table).expect("JSON");
        same(&whole, &read(&cut(array.as_bytes(), piece), &small("json", rows, bytes)).expect("readable"));
    }

    #[test]
    fn threads_do_not_count(table in table(), threads in 2..5_usize) {
        let text = lines(&table);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| read(&cut(text.as_bytes(), 7), &small("jsonl", 2, 30)).expect("readable"))
        };
        let (one, other) = (run(1), run(threads));
        prop_assert_eq!(one.batches, other.batches);
    }

    #[test]
    fn nothing_panics(text in "[\\[\\]{}\",:\\\\\ntrufalsn0-9eE.+ud-]{0,60}", bytes: Vec<u8>, piece in 1..20_usize) {
        for text in [text.as_bytes(), &bytes[..]] {
            for format in ["jsonl", "json", "csv", "tsv"] {
                let one = read(&cut(text, 1 << 18), &options(format));
                let mut pieces = options(format);
                pieces.batch_rows = 1;
                let other = read(&cut(text, piece), &pieces);
                match (one, other) {
                    (Ok(one), Ok(other)) => same(&one, &other),
                    (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
                    (one, other) => prop_assert!(false, "{:?} {:?}", one.err(), other.err()),
                }
                let skipped = read(&cut(text, piece), &small(format, 3, 10));
                if let Ok(skipped) = skipped {
                    let _ = rows(&skipped);
                }
            }
        }
    }

    #[test]
    fn one_record_of_any_text_like_serde_json(text in "\\{\"x\":[\\[\\]{}\",:\\\\trufalsn0-9eE.+-]{0,20}\\}") {
        let found = read(&cut(text.as_bytes(), 9), &options("jsonl"));
        let expected: Result<Value, _> = serde_json::from_str(&text);
        match (found, expected) {
            (Ok(found), Ok(expected)) => prop_assert_eq!(comparable(&rows(&found)[0]), comparable(&expected)),
            (Ok(_), Err(error)) => prop_assert!(false, "{} is no JSON: {}", text, error),
            (Err(_), Err(_)) => {}
            (Err(error), Ok(_)) => {
                // Stricter: equal keys, and values of one list that have no common type.
                let error = error.to_string();
                prop_assert!(error.contains("comes twice") || error.contains("No type holds"), "{}: {}", text, error);
            }
        }
    }

    #[test]
    fn csv_like_a_slow_reader(text in "[ab\",\n1]{0,40}", piece in 1..9_usize) {
        let text = format!("x,y\n{text}");
        let mut given = options("csv");
        let field = |name| arrow_schema::Field::new(name, arrow_schema::DataType::Utf8, true);
        given.given = Some(std::sync::Arc::new(arrow_schema::Schema::new(vec![field("x"), field("y")])));
        let found = read(&cut(text.as_bytes(), piece), &given);
        match (found, slow_csv(&text)) {
            (Ok(found), Some(expected)) => {
                let expected: Vec<Value> =
                    expected[1..].iter().map(|row| json!({"x": row[0], "y": row[1]})).collect();
                prop_assert_eq!(rows(&found), expected);
            }
            (Err(_), None) => {}
            (found, expected) => prop_assert!(false, "{:?} instead of {:?}", found.map(|read| rows(&read)), expected),
        }
    }

    #[test]
    fn csv_comes_back(table in prop::collection::vec((any::<Option<String>>(), any::<Option<i64>>(), any::<Option<f64>>()), 1..8)) {
        let table: Vec<Value> = table
            .into_iter()
            .map(|(text, whole, float)| json!({"t": text, "i": whole, "f": float.filter(|float| float.is_finite())}))
            .collect();
        let one = read(&cut(lines(&table).as_bytes(), 1 << 18), &options("jsonl")).expect("readable");
        let text = written(&one.schema, &one.batches, Format::named("csv").expect("a format")).expect("flat");
        let other = read(&cut(text.as_bytes(), 5), &options("csv")).expect("readable");
        same(&one, &other);
    }
}
