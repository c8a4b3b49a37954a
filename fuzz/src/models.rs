//! Files of models: whatever the bytes, an error or a model that answers.

use std::sync::LazyLock;

use dfrs_text::fasttext::Model;
use dfrs_text::ngram_model::NgramModel;

/// Which file is damaged, where bytes are replaced and by what, where the file is cut, and a text.
pub type Damage<'a> = (u8, Vec<(u16, u8)>, Option<u16>, &'a str);

fn files(folder: &str, names: &[&str]) -> Vec<Vec<u8>> {
    let folder = format!(
        "{}/../tests/parity/data/{folder}",
        env!("CARGO_MANIFEST_DIR")
    );
    let read =
        |name: &&str| std::fs::read(format!("{folder}/{name}")).expect("a file of the tests");
    names.iter().map(read).collect()
}

static CLASSIFIERS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let names = [
        "words_only.bin",
        "word_ngrams.bin",
        "quantised_norms.ftz",
        "quantised_output.ftz",
    ];
    files("fasttext", &names)
});
static LANGUAGE_MODELS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| files("ngram_model", &["tiny.arpa", "tiny.bin"]));

fn damaged(files: &[Vec<u8>], (file, changes, cut, _): &Damage<'_>) -> Vec<u8> {
    let mut bytes = files[usize::from(*file) % files.len()].clone();
    for &(at, value) in changes {
        let at = usize::from(at) % bytes.len();
        bytes[at] = value;
    }
    bytes.truncate(cut.map_or(usize::MAX, usize::from));
    bytes
}

/// A damaged fastText model: probabilities are probabilities.
pub fn fasttext(damage: Damage<'_>) {
    let bytes = damaged(&CLASSIFIERS, &damage);
    if let Ok(model) = Model::read(&bytes[..], bytes.len() as u64) {
        let found = model.predict(damage.3, 3, &mut model.scratch());
        assert!(
            found
                .iter()
                .all(|found| (0.0..=1.0).contains(&found.probability))
        );
    }
}

/// A damaged language model: scores are numbers, and there is an end of sentence for every line.
pub fn ngram_model(damage: Damage<'_>) {
    let bytes = damaged(&LANGUAGE_MODELS, &damage);
    if let Ok(model) = NgramModel::read(&bytes[..], bytes.len() as u64) {
        let score = model.score_lines(damage.3);
        assert!(!score.log10.is_nan() && score.unknown <= score.words);
    }
}
