//! Model files that are damaged: an error or another model, never a panic.

use std::path::Path;

use dfrs_text::fasttext::Model;
use proptest::prelude::*;

const TEXTS: [&str; 5] = [
    "",
    "bake lomi",
    "</s>",
    "__label__l1 漢字",
    "kelominusakelominusakelominusa x y z",
];

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/data/fasttext");
    std::fs::read(folder.join(name)).expect("tools/make_fasttext_fixtures.py made it")
}

fn read(bytes: &[u8]) -> Result<Model, dfrs_text::Error> {
    Model::read(bytes, bytes.len() as u64)
}

fn use_model(model: &Model) {
    let mut scratch = model.scratch();
    for text in TEXTS {
        let found = model.predict(text, 3, &mut scratch);
        assert!(found.len() <= 3);
        assert!(
            found
                .iter()
                .all(|found| (found.label as usize) < model.labels().len())
        );
        let label = model.labels().len() as u32 - 1;
        assert_eq!(
            model.probability(text, label, &mut scratch).is_some(),
            !found.is_empty()
        );
    }
}

const FILES: [&str; 5] = [
    "softmax.bin",
    "word_ngrams.bin",
    "hierarchical.bin",
    "quantised_norms.ftz",
    "quantised_output.ftz",
];

#[test]
fn whole_files_are_read() {
    for name in FILES {
        use_model(&read(&file(name)).expect(name));
    }
}

#[test]
fn cut_files_are_refused() {
    for name in FILES {
        let bytes = file(name);
        for end in (0..bytes.len()).step_by(97) {
            assert!(read(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
    }
}

proptest! {
    #[test]
    fn damaged_files_never_panic(
        name in prop::sample::select(&FILES[..]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), prop::bool::ANY), 1..6),
    ) {
        let mut bytes = file(name);
        for (index, value, in_head) in damage {
            let end = if in_head { 400 } else { bytes.len() };
            let at = index.index(end);
            bytes[at] = value;
        }
        if let Ok(model) = read(&bytes) {
            use_model(&model);
        }
    }
}
