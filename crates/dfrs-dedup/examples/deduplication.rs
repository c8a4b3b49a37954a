//! Speed of the methods besides `MinHash`, on one thread, in MB of text per second of CPU time:
//! `deduplication FILE [LINES_PER_DOCUMENT]`. Linux only: the time comes from `/proc/self/stat`.

use std::borrow::Cow;

use dfrs_dedup::Priority;
use dfrs_dedup::decontamination::{DecontaminationIndex, Options as Decontamination};
use dfrs_dedup::exact::{Key, Occurrences, What};
use dfrs_dedup::normal::{Form, Hash};
use dfrs_dedup::overlap::{Memory, Options as Seen, Overlap};
use dfrs_dedup::pieces::Split;
use dfrs_dedup::records::Limits;
use dfrs_dedup::simhash::{Options as Near, SimHash};
use dfrs_dedup::spans::{Options as Span, SpanFinder};
use dfrs_dedup::substring::{AnchorPass, Unit};
use dfrs_dedup::words::WordForm;

/// Seconds that this process has worked.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .expect("a name")
        .split_whitespace()
        .collect();
    let ticks = |field: usize| fields[field].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

/// Repeats some work until it has taken a second, and prints its speed.
fn measure(name: &str, bytes: usize, mut work: impl FnMut() -> u64) {
    let (start, mut rounds, mut result) = (cpu_seconds(), 0, 0);
    while rounds == 0 || cpu_seconds() - start < 1.0 {
        result = work();
        rounds += 1;
    }
    let speed = bytes as f64 * f64::from(rounds) / 1e6 / (cpu_seconds() - start);
    println!("{name:32} {speed:8.0} MB/s   result {result}");
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .expect("usage: deduplication FILE [LINES_PER_DOCUMENT]");
    let lines = arguments
        .next()
        .map_or(40, |n| n.parse().expect("a number of lines"));
    let text = std::fs::read_to_string(path).expect("a UTF-8 file");
    let parts: Vec<&str> = text.split_inclusive('\n').collect();
    let documents: Vec<String> = parts.chunks(lines).map(<[&str]>::concat).collect();
    let texts: Vec<Option<&str>> = documents
        .iter()
        .map(|document| Some(document.as_str()))
        .collect();
    println!("{} documents, {} bytes", texts.len(), text.len());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    pool.install(|| run(&texts, text.len()));
}

fn run(texts: &[Option<&str>], bytes: usize) {
    for (name, hash, form) in [
        ("exact", Hash::Xxh3, Form::Exact),
        ("exact, cryptographic", Hash::Blake3, Form::Exact),
        ("exact, words", Hash::Xxh3, Form::Words),
    ] {
        let key = Key::new(What::Text(form), hash, 128).expect("valid");
        measure(name, bytes, || {
            let mut occurrences = Occurrences::new(&Limits::default());
            occurrences
                .extend(
                    key.of_all(texts)
                        .into_iter()
                        .map(|key| (key, Priority::NONE)),
                )
                .expect("in memory");
            occurrences.duplicates().expect("in memory").len() as u64
        });
    }
    for (name, split, form, run) in [
        ("lines, exact", Split::Line, Form::Exact, 1),
        ("lines, ccnet", Split::Line, Form::Ccnet, 1),
        ("three sentences, words", Split::Sentence, Form::Words, 3),
    ] {
        measure(name, bytes, || {
            let options = Span {
                split,
                form,
                run,
                min_chars: 0,
                min_words: 0,
            };
            let mut finder = SpanFinder::new(options, &Limits::default()).expect("valid");
            finder.extend(texts, &[]).expect("in memory");
            let mut spans = finder.finish().expect("in memory");
            spans.cut_batch(texts).expect("the same texts");
            spans.repeated()
        });
    }
    measure("substrings of 100 bytes", bytes, || {
        let mut pass = AnchorPass::new(Unit::Bytes, 100, &Limits::default()).expect("valid");
        pass.extend(texts).expect("in memory");
        let mut pass = pass.finish().expect("in memory");
        pass.extend(texts, &[]).expect("in memory");
        let mut pass = pass.finish().expect("in memory");
        pass.spans(texts)
            .expect("the same texts")
            .iter()
            .flatten()
            .map(|span| span.len() as u64)
            .sum()
    });
    measure("SimHash, 64 bits", bytes, || {
        let options = Near {
            bits: 64,
            bound: 0.1,
            as_published: false,
        };
        let mut simhash = SimHash::new(options).expect("valid");
        simhash.extend(texts, &[]);
        simhash.duplicates().expect("few rows").len() as u64
    });
    let bloom = Memory::Bloom {
        expected: 20_000_000,
        false_positives: 1e-5,
    };
    for (name, memory) in [
        ("13-grams seen, exact", Memory::Exact),
        ("13-grams seen, Bloom", bloom),
    ] {
        measure(name, bytes, || {
            let options = Seen {
                ngram: 13,
                threshold: 0.8,
                form: WordForm::Words,
                memory,
            };
            let mut overlap = Overlap::new(options).expect("valid");
            overlap
                .insert_batch(texts)
                .iter()
                .filter(|share| **share >= 0.8)
                .count() as u64
        });
    }
    let items: Vec<_> = texts
        .iter()
        .step_by(50)
        .map(|text| text.map(Cow::Borrowed))
        .collect();
    let index = DecontaminationIndex::new(&Decontamination::default(), &items).expect("valid");
    measure("decontamination, 13-grams", bytes, || {
        index.check_batch(texts).iter().flatten().count() as u64
    });
}
