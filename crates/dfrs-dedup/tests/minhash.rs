//! The search against an obvious slow one, and its independence of order, chunks, threads, memory and collections.
#![allow(clippy::float_cmp)] // similarities of equal sets are exactly 1

use dfrs_dedup::bands::Bands;
use dfrs_dedup::files::Folder;
use dfrs_dedup::minhash::{
    Collection, Collector, DedupIndex, Family, Form, Outcome, Search, Settings, Unit,
};
use dfrs_dedup::{Error, Priority};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const SMALL: usize = 0;
const LARGE: usize = 1 << 26;

fn settings(threshold: f64) -> Settings {
    Settings {
        unit: Unit::Word,
        form: Form::Words,
        ngram: 2,
        family: Family::Native,
        num_perm: 32,
        threshold,
        bands: Bands { bands: 16, rows: 2 },
        verify: true,
    }
}

fn collect(texts: &[Option<&str>], settings: &Settings, memory: usize, chunk: usize) -> Collection {
    let folder = Folder::temporary().expect("a folder");
    let mut collector = Collector::new(settings.clone(), memory, &folder, None).expect("valid");
    for chunk in texts.chunks(chunk.max(1)) {
        collector.add(chunk).expect("written");
    }
    collector.finish().expect("written")
}

fn search(
    collections: &[Collection],
    settings: &Settings,
    memory: usize,
    priorities: &[Priority],
) -> Outcome {
    let verify = settings.verify.then_some(settings.threshold);
    let folder = Folder::temporary().expect("a folder");
    Search::new(collections, verify, memory, folder)
        .run(priorities, &|_, _, _| Ok(()))
        .expect("readable")
}

fn run(texts: &[Option<&str>], settings: &Settings) -> Outcome {
    search(
        &[collect(texts, settings, LARGE, 1000)],
        settings,
        LARGE,
        &[],
    )
}

/// What a text is compared by: its pairs of words, or itself when it has none.
#[derive(PartialEq)]
enum Slow<'a> {
    Pairs(BTreeSet<(String, String)>),
    Text(&'a str),
}

fn slow(text: &str) -> Slow<'_> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.len() < 2 {
        return Slow::Text(text);
    }
    Slow::Pairs(
        words
            .windows(2)
            .map(|two| (two[0].to_owned(), two[1].to_owned()))
            .collect(),
    )
}

fn similarity(one: &str, other: &str) -> f64 {
    match (slow(one), slow(other)) {
        (Slow::Pairs(one), Slow::Pairs(other)) => {
            one.intersection(&other).count() as f64 / one.union(&other).count() as f64
        }
        (one, other) => f64::from(u8::from(one == other)),
    }
}

fn corpus() -> impl Strategy<Value = Vec<Option<String>>> {
    let text = prop_oneof![
        4 => "[ab](-| [abcd]){0,9}",
        1 => Just(String::new()),
        1 => "[ \n]{1,2}",
        1 => "(A|a|b)",
    ];
    proptest::collection::vec(proptest::option::weighted(0.9, text), 0..24)
}

fn borrowed(texts: &[Option<String>]) -> Vec<Option<&str>> {
    texts.iter().map(Option::as_deref).collect()
}

/// Sets of rows that are one cluster.
fn partition(outcome: &Outcome) -> BTreeSet<Vec<u32>> {
    let mut clusters: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for one in &outcome.found {
        clusters
            .entry(one.member.cluster)
            .or_default()
            .push(one.member.row);
    }
    clusters.into_values().collect()
}

fn cases(usual: u32) -> ProptestConfig {
    let effort = std::env::var("DATAFLOW_RS_TEST_EFFORT")
        .ok()
        .and_then(|value| value.parse().ok());
    ProptestConfig::with_cases(usual * effort.unwrap_or(1))
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_edge_is_a_pair_above_the_threshold(texts in corpus(), threshold in 0.0_f64..1.0) {
        let outcome = run(&borrowed(&texts), &settings(threshold));
        let text = |row: u32| texts[row as usize].as_deref().expect("null is in no cluster");
        for edge in &outcome.edges {
            let expected = similarity(text(edge.one), text(edge.other));
            prop_assert!(expected >= threshold, "{edge:?} {:?} {:?}", text(edge.one), text(edge.other));
            prop_assert!((edge.similarity - expected).abs() < 1e-12);
        }
        for one in &outcome.found {
            let expected = similarity(text(one.member.row), text(one.member.keeper));
            prop_assert!((one.similarity - expected).abs() < 1e-12, "{one:?}");
        }
        let joined: usize = partition(&outcome).iter().map(|rows| rows.len() - 1).sum();
        prop_assert_eq!(joined, outcome.edges.len());
    }

    #[test]
    fn equal_texts_are_always_found(texts in corpus()) {
        let outcome = run(&borrowed(&texts), &settings(0.9));
        let mut cluster = BTreeMap::new();
        for one in &outcome.found {
            cluster.insert(one.member.row, one.member.cluster);
        }
        for (row, text) in texts.iter().enumerate() {
            for other in 0..row {
                if text.is_some() && texts[other].as_ref().is_some_and(|other| similarity(text.as_deref().expect("some"), other) == 1.0) {
                    prop_assert!(cluster.contains_key(&(row as u32)));
                    prop_assert_eq!(cluster[&(row as u32)], cluster[&(other as u32)]);
                }
            }
        }
    }

    #[test]
    fn neither_chunks_nor_memory_show(texts in corpus(), chunk in 1_usize..9) {
        let (texts, settings) = (borrowed(&texts), settings(0.5));
        let whole = run(&texts, &settings);
        let small = search(&[collect(&texts, &settings, SMALL, chunk)], &settings, SMALL, &[]);
        prop_assert_eq!(&small, &whole);
    }

    #[test]
    fn row_order_does_not_change_the_clusters(texts in corpus(), turn in 0_usize..24) {
        let texts = borrowed(&texts);
        let settings = settings(0.5);
        let turn = turn % texts.len().max(1);
        let mut turned = texts.clone();
        turned.rotate_left(turn);
        turned.reverse();
        let back = |row: u32| ((texts.len() - 1 - row as usize + turn) % texts.len()) as u32;
        let found: BTreeSet<Vec<u32>> = partition(&run(&turned, &settings))
            .into_iter()
            .map(|rows| {
                let mut rows: Vec<u32> = rows.into_iter().map(back).collect();
                rows.sort_unstable();
                rows
            })
            .collect();
        prop_assert_eq!(found, partition(&run(&texts, &settings)));
    }

    #[test]
    fn an_index_in_parts_has_the_clusters_of_the_whole(texts in corpus(), cut in 0_usize..24) {
        let texts = borrowed(&texts);
        let settings = settings(0.5);
        let place = Place::new();
        let cut = cut.min(texts.len());
        let mut index = DedupIndex::open(&place.0, settings.clone()).expect("new");
        for part in [&texts[..cut], &texts[cut..]] {
            add(&mut index, part);
        }
        let index = DedupIndex::open(&place.0, settings.clone()).expect("whole");
        index.check().expect("whole");
        prop_assert_eq!(index.len(), texts.len() as u64);
        let whole = run(&texts, &settings);
        let found = index.clusters(&[], SMALL, &|_, _, _| Ok(())).expect("readable");
        prop_assert_eq!(&found, &whole);
    }

    #[test]
    fn a_query_finds_what_is_equal_and_nothing_below_the_threshold(texts in corpus(), asked in corpus()) {
        let (texts, asked) = (borrowed(&texts), borrowed(&asked));
        let place = Place::new();
        let mut index = DedupIndex::open(&place.0, settings(0.5)).expect("new");
        add(&mut index, &texts);
        let found = index.query(&asked, SMALL).expect("readable");
        prop_assert_eq!(&found, &index.query(&asked, LARGE).expect("readable"));
        for (one, text) in found.iter().zip(&asked) {
            let best = text.and_then(|text| {
                let similar = |(i, other): (usize, Option<&str>)| Some((similarity(text, other?), i));
                let all = texts.iter().copied().enumerate().filter_map(similar);
                all.fold(None, |best: Option<(f64, usize)>, (s, i)| if best.is_none_or(|b| s > b.0) { Some((s, i)) } else { best })
            });
            match (one, best) {
                (Some(found), Some((most, first))) => {
                    let document = texts[found.document as usize].expect("a text");
                    let expected = similarity(text.expect("some"), document);
                    prop_assert!(expected >= 0.5 && (expected - found.similarity).abs() < 1e-12);
                    if most == 1.0 {
                        prop_assert_eq!(found.document, first as u64);
                    }
                }
                (Some(_), None) => prop_assert!(false, "a match in an empty index"),
                (None, best) => prop_assert!(best.is_none_or(|best| best.0 < 1.0)),
            }
        }
    }
}

/// A folder of an index, removed at the end.
struct Place(std::path::PathBuf);

impl Place {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "dfrs-index-test-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn add(index: &mut DedupIndex, texts: &[Option<&str>]) {
    let mut addition = index.begin(LARGE).expect("new files");
    addition.add(texts).expect("written");
    index.commit(addition).expect("written");
}

/// Pages of which some share most of their words: enough rows for several chunks, runs and blocks.
fn pages() -> Vec<String> {
    let mut state = 7_u64;
    let mut next = move |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut pages: Vec<String> = Vec::new();
    for row in 0..3000 {
        if row > 10 && next(4) == 0 {
            let copied = pages[next(row) as usize].clone();
            let changed = copied.replacen(&format!("w{} ", next(90)), "other ", 1);
            pages.push(changed);
        } else {
            let words: Vec<String> = (0..80).map(|_| format!("w{} ", next(2000))).collect();
            pages.push(words.concat());
        }
    }
    pages
}

#[test]
fn neither_threads_nor_memory_show_in_a_large_result() {
    let pages = pages();
    let texts: Vec<Option<&str>> = pages.iter().map(|page| Some(page.as_str())).collect();
    let settings = settings(0.6);
    let whole = run(&texts, &settings);
    assert!(
        whole.found.len() > 800 && whole.edges.len() > 500,
        "{} {}",
        whole.found.len(),
        whole.edges.len()
    );
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let again = pool.install(|| {
            search(
                &[collect(&texts, &settings, SMALL, 77)],
                &settings,
                SMALL,
                &[],
            )
        });
        assert!(again == whole, "{threads} threads");
    }
}

#[test]
fn the_best_row_stays() {
    let texts = ["a b c", "A B C!", "a b c", "x y"].map(Some);
    let settings = settings(0.5);
    let collections = [collect(&texts, &settings, LARGE, 9)];
    let priorities = [1, 9, 9, 0].map(Priority::of_integer);
    let outcome = search(&collections, &settings, LARGE, &priorities);
    let found: Vec<_> = outcome
        .found
        .iter()
        .map(|one| (one.member.row, one.member.keeper, one.member.size))
        .collect();
    assert_eq!(found, [(0, 1, 3), (1, 1, 3), (2, 1, 3)]);
}

#[test]
fn every_damaged_byte_is_an_error_or_changes_nothing() {
    let place = Place::new();
    let texts = ["a b c d", "a b c e", "", "x", "q r s t u v"].map(Some);
    let mut index = DedupIndex::open(&place.0, settings(0.4)).expect("new");
    add(&mut index, &texts);
    add(&mut index, &["a b c d f", "z"].map(Some));
    let expected = index.query(&texts, SMALL).expect("whole");
    let ask = || {
        DedupIndex::open(&place.0, settings(0.4))
            .and_then(|index| Ok((index.query(&texts, SMALL)?, index.check()?)))
    };
    let inside = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).expect("there");
        entries.map(|entry| entry.expect("there").path()).collect()
    };
    let mut files = inside(&place.0);
    let folders: Vec<_> = files.extract_if(.., |path| path.is_dir()).collect();
    files.extend(folders.iter().flat_map(|folder| inside(folder)));
    assert_eq!(files.len(), 9);
    for file in files {
        let whole = std::fs::read(&file).expect("there");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&file, &damaged).expect("written");
            match ask() {
                Err(Error::Corrupt { file: named, .. }) => {
                    assert_eq!(named, file.display().to_string());
                }
                other => panic!("byte {at} of {}: {other:?}", file.display()),
            }
        }
        for len in 0..whole.len() {
            std::fs::write(&file, &whole[..len]).expect("written");
            assert!(
                matches!(ask(), Err(Error::Corrupt { .. })),
                "{len} bytes of {}",
                file.display()
            );
        }
        std::fs::write(&file, &whole).expect("written");
        assert_eq!(ask().expect("whole").0, expected);
    }
}

#[test]
fn what_a_killed_process_left_is_ignored_and_removed() {
    let place = Place::new();
    let mut index = DedupIndex::open(&place.0, settings(0.5)).expect("new");
    add(&mut index, &["a b c"].map(Some));
    let mut abandoned = index.begin(SMALL).expect("new files");
    abandoned.add(&["left behind"].map(Some)).expect("written");
    std::mem::forget(abandoned);
    let mut index = DedupIndex::open(&place.0, settings(0.5)).expect("whole");
    assert_eq!((index.len(), index.parts()), (1, 1));
    add(&mut index, &["d e f"].map(Some));
    let parts = std::fs::read_dir(&place.0).expect("there").count();
    assert_eq!((index.len(), parts), (2, 3));
}

#[test]
fn merged_indexes_answer_like_one() {
    let (here, there, whole) = (Place::new(), Place::new(), Place::new());
    let (one, other) = (["a b c d", "x"].map(Some), ["a b c e", "x"].map(Some));
    let open = |place: &Place| DedupIndex::open(&place.0, settings(0.5)).expect("new");
    let (mut index, mut second, mut all) = (open(&here), open(&there), open(&whole));
    add(&mut index, &one);
    add(&mut second, &other);
    add(&mut all, &[one, other].concat());
    index.merge(&second).expect("same settings");
    let quiet = |_, _, _| Ok(());
    assert_eq!(
        index.clusters(&[], SMALL, &quiet),
        all.clusters(&[], SMALL, &quiet)
    );
    let asked = ["a b c e", "x", "y"].map(Some);
    assert_eq!(index.query(&asked, SMALL), all.query(&asked, SMALL));
    let third = DedupIndex::open(&Place::new().0, settings(0.6)).expect("new");
    assert!(matches!(index.merge(&third), Err(Error::Parameter(_))));
}

#[test]
fn another_threshold_is_another_index() {
    let place = Place::new();
    DedupIndex::open(&place.0, settings(0.5)).expect("new");
    let error = DedupIndex::open(&place.0, settings(0.6)).expect_err("other settings");
    assert!(
        error.to_string().contains("was made with other settings"),
        "{error}"
    );
}
