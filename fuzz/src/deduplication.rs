//! Exact duplicates, repeated spans and substrings, `SimHash`, equal parts, overlap, decontamination.

use std::borrow::Cow;

use dfrs_dedup::Priority;
use dfrs_dedup::chunks::{self, Chunks};
use dfrs_dedup::decontamination::{self, DecontaminationIndex};
use dfrs_dedup::exact::{Key, Occurrences, What};
use dfrs_dedup::normal::{Form, Hash};
use dfrs_dedup::overlap::{self, Memory, Overlap};
use dfrs_dedup::pieces::Split;
use dfrs_dedup::records::Limits;
use dfrs_dedup::simhash::{self, SimHash};
use dfrs_dedup::spans::{self, SpanFinder};
use dfrs_dedup::substring::{AnchorPass, Unit, without};
use dfrs_dedup::words::WordForm;

/// Texts, the rows of a batch, and which of the named choices.
pub type DeduplicatedRows = (Vec<Option<String>>, u8, u8);

/// Any texts, in any batches: no panic, and the same result as all at once.
pub fn deduplication((texts, batch, choice): DeduplicatedRows) {
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    let (batch, choice) = (usize::from(batch % 8) + 1, usize::from(choice));
    let all = texts.len().max(1);
    assert_eq!(exact(&texts, all, choice), exact(&texts, batch, choice));
    assert_eq!(
        cut_spans(&texts, all, choice),
        cut_spans(&texts, batch, choice)
    );
    assert_eq!(
        cut_substrings(&texts, all, choice),
        cut_substrings(&texts, batch, choice)
    );
    assert_eq!(near(&texts, all), near(&texts, batch));
    assert_eq!(seen(&texts, all, choice), seen(&texts, batch, choice));
    contaminated(&texts, choice);
}

fn exact(texts: &[Option<&str>], batch: usize, choice: usize) -> Vec<(u64, u64)> {
    let what = match choice % 6 {
        5 => What::Url,
        form => What::Text(Form::NAMES[form].1),
    };
    let key = Key::new(what, Hash::Xxh3, 128).expect("valid");
    let mut occurrences = Occurrences::new(&Limits::default());
    for part in texts.chunks(batch) {
        let keys = key
            .of_all(part)
            .into_iter()
            .map(|key| (key, Priority::NONE));
        occurrences.extend(keys).expect("in memory");
    }
    let found = occurrences.duplicates().expect("in memory");
    for pair in &found {
        assert!(pair.keeper < pair.number);
    }
    found
        .iter()
        .map(|pair| (pair.number, pair.keeper))
        .collect()
}

fn cut_spans(texts: &[Option<&str>], batch: usize, choice: usize) -> Vec<Option<String>> {
    let options = spans::Options {
        split: Split::NAMES[choice % 3].1,
        form: Form::NAMES[choice % 5].1,
        run: choice % 4 + 1,
        min_chars: choice % 2,
        min_words: choice % 3,
    };
    let mut finder = SpanFinder::new(options, &Limits::default()).expect("valid");
    for part in texts.chunks(batch) {
        finder.extend(part, &[]).expect("in memory");
    }
    let mut spans = finder.finish().expect("in memory");
    let mut cut = Vec::new();
    for part in texts.chunks(batch) {
        let found = spans.cut_batch(part).expect("the same texts");
        cut.extend(found.into_iter().map(|cut| cut.and_then(|cut| cut.text)));
    }
    cut
}

fn cut_substrings(texts: &[Option<&str>], batch: usize, choice: usize) -> Vec<String> {
    let unit = Unit::NAMES[choice % 3].1;
    let mut pass = AnchorPass::new(unit, choice % 7 + 2, &Limits::default()).expect("valid");
    for part in texts.chunks(batch) {
        pass.extend(part).expect("in memory");
    }
    let mut pass = pass.finish().expect("in memory");
    for part in texts.chunks(batch) {
        pass.extend(part, &[]).expect("in memory");
    }
    let mut pass = pass.finish().expect("in memory");
    let mut cut = Vec::new();
    for part in texts.chunks(batch) {
        let spans = pass.spans(part).expect("the same texts");
        cut.extend(
            spans
                .iter()
                .zip(part)
                .map(|(spans, text)| without(text.unwrap_or_default(), spans)),
        );
    }
    cut
}

fn near(texts: &[Option<&str>], batch: usize) -> (Vec<u64>, Vec<u64>) {
    let options = simhash::Options {
        bits: 64,
        bound: 0.1,
        as_published: false,
    };
    let mut simhash = SimHash::new(options).expect("valid");
    let options = chunks::Options {
        parts: 3,
        shared: 1,
        as_published: false,
    };
    let mut parts = Chunks::new(options).expect("valid");
    for part in texts.chunks(batch) {
        simhash.extend(part, &[]);
        parts.extend(part, &[]);
    }
    let near = simhash.duplicates().expect("few rows");
    (
        near.iter().map(|pair| pair.row).collect(),
        parts
            .duplicates()
            .iter()
            .map(|pair| pair.0.number)
            .collect(),
    )
}

fn seen(texts: &[Option<&str>], batch: usize, choice: usize) -> Vec<f64> {
    let memory = match choice % 2 {
        0 => Memory::Exact,
        _ => Memory::Bloom {
            expected: 1000,
            false_positives: 0.001,
        },
    };
    let form = WordForm::NAMES[choice % 3].1;
    let options = overlap::Options {
        ngram: choice % 4 + 1,
        threshold: 0.5,
        form,
        memory,
    };
    let mut overlap = Overlap::new(options).expect("valid");
    texts
        .chunks(batch)
        .flat_map(|part| overlap.insert_batch(part))
        .collect()
}

fn contaminated(texts: &[Option<&str>], choice: usize) {
    let form = WordForm::NAMES[choice % 3].1;
    let options = decontamination::Options {
        ngram: choice % 5 + 1,
        min_words: 1,
        form,
        max_items: None,
    };
    let items: Vec<_> = texts.iter().map(|text| text.map(Cow::Borrowed)).collect();
    let index = DecontaminationIndex::new(&options, &items).expect("valid");
    for (text, found) in texts.iter().zip(index.check_batch(texts)) {
        let Some(text) = text else { continue };
        assert_eq!(
            found.is_some(),
            !text.trim().is_empty(),
            "every item finds itself"
        );
        if let Some(found) = found {
            assert!(found.span.end <= text.chars().count());
        }
    }
}
