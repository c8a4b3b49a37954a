//! Every layout reads the same texts and comes back as itself.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int64Array, LargeStringArray, NullArray, StringArray,
    StringViewArray,
};
use dfrs_columnar::{Error, Rewrite, Texts, map_rows};

const TEXTS: [Option<&str>; 5] = [
    Some("a b"),
    None,
    Some(""),
    Some("a text longer than a view holds"),
    Some("a b"),
];

fn dictionary(values: ArrayRef) -> ArrayRef {
    let keys = vec![Some(0), None, Some(1), Some(2), Some(0)];
    Arc::new(DictionaryArray::<Int8Type>::new(keys.into(), values))
}

fn layouts() -> Vec<ArrayRef> {
    let padded = |texts: &[Option<&'static str>]| [&[Some("x")], texts, &[Some("y")]].concat();
    let values = vec!["a b", "", "a text longer than a view holds", "never used"];
    vec![
        Arc::new(StringArray::from(TEXTS.to_vec())),
        Arc::new(LargeStringArray::from(TEXTS.to_vec())),
        Arc::new(StringViewArray::from_iter(TEXTS)),
        Arc::new(StringArray::from(padded(&TEXTS)).slice(1, 5)),
        dictionary(Arc::new(StringArray::from(values.clone()))),
        dictionary(Arc::new(LargeStringArray::from(values.clone()))),
        dictionary(Arc::new(StringViewArray::from_iter_values(values))),
    ]
}

/// Removes the letter `a`.
fn without_a(text: &str, out: &mut String) -> bool {
    let found = text.contains('a');
    if found {
        out.push_str(&text.replace('a', ""));
    }
    found
}

fn rewrite(array: &ArrayRef, refine: impl Fn(&str, &mut String) -> bool + Sync) -> ArrayRef {
    let mut rewrite = Rewrite::new(array).expect("a text column");
    for rows in rewrite.blocks() {
        rewrite.run(rows, &refine);
    }
    rewrite.finish().expect("the texts fit")
}

fn read(array: &ArrayRef) -> Vec<Option<String>> {
    let texts = Texts::new(array.as_ref()).expect("a text column");
    texts
        .slice(0..texts.len())
        .into_iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

#[test]
fn every_layout_reads_and_maps_the_same() {
    for array in layouts() {
        let texts = Texts::new(array.as_ref()).expect("a text column");
        assert_eq!(texts.slice(0..5), TEXTS, "{}", array.data_type());
        let lengths = map_rows(&texts, 1..5, |text| text.map(str::len));
        assert_eq!(lengths, [None, Some(0), Some(31), Some(3)]);
    }
}

#[test]
fn rewritten_columns_keep_type_and_nulls() {
    for array in layouts() {
        let new = rewrite(&array, without_a);
        assert_eq!(new.data_type(), array.data_type());
        let expected: Vec<_> = TEXTS
            .iter()
            .map(|text| text.map(|text| text.replace('a', "")))
            .collect();
        assert_eq!(read(&new), expected, "{}", array.data_type());
    }
}

#[test]
fn values_that_no_row_uses_are_not_rewritten() {
    let array = dictionary(Arc::new(StringArray::from(vec!["a", "", "b", "aa"])));
    let new = rewrite(&array, without_a);
    assert_eq!(
        new.as_any_dictionary().values().as_string::<i32>().value(3),
        "aa"
    );
}

#[test]
fn unchanged_columns_are_the_same_array() {
    for array in layouts() {
        assert!(Arc::ptr_eq(&array, &rewrite(&array, |_, _| false)));
    }
}

#[test]
fn columns_without_texts() {
    let empty: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
    let no_values = vec![None::<i8>, None].into();
    let nulls: Vec<ArrayRef> = vec![
        Arc::new(NullArray::new(2)),
        Arc::new(DictionaryArray::<Int8Type>::new(
            no_values,
            Arc::clone(&empty),
        )),
    ];
    for array in nulls {
        assert_eq!(read(&array), [None, None]);
        assert!(Arc::ptr_eq(&array, &rewrite(&array, without_a)));
    }
    assert_eq!(read(&empty), Vec::<Option<String>>::new());
    let numbers = Int64Array::from(vec![1]);
    assert!(matches!(Texts::new(&numbers), Err(Error::NoText(_))));
}

#[test]
fn blocks_are_consecutive_and_bounded() {
    let long = "x".repeat(3 << 20);
    let array = StringArray::from_iter_values([long.as_str(), "", &long, &long, "", "a"]);
    let texts = Texts::new(&array).expect("a text column");
    assert_eq!(texts.blocks().collect::<Vec<_>>(), [0..4, 4..6]);
    let array = StringArray::from_iter_values(std::iter::repeat_n("a", 40_000));
    let texts = Texts::new(&array).expect("a text column");
    let rows: Vec<usize> = texts.blocks().map(|rows| rows.len()).collect();
    assert_eq!(rows, [16_384, 16_384, 7_232]);
}
