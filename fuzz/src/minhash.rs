//! Near-duplicates.

use dfrs_dedup::{Index, Level, Options, Scratch, Signer};

/// Texts, the length of their n-grams, the rows of a batch, and whether candidates are verified.
pub type Texts = (Vec<Option<String>>, u8, u8, bool);

/// Any texts, in any batches: the same verdicts as row by row, and equal signatures at every level.
pub fn minhash((texts, ngram, batch, verify): Texts) {
    let ngram = usize::from(ngram % 70) + 1;
    let batch = usize::from(batch % 8) + 1;
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();

    let options = Options {
        num_perm: 16,
        threshold: 0.5,
        ngram,
        verify,
    };
    let run = |batch: usize| {
        let mut index = Index::new(&options).expect("valid options");
        let insert = |part| index.insert_batch(part).expect("fewer rows than the limit");
        texts.chunks(batch).flat_map(insert).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(batch));

    for text in texts.into_iter().flatten() {
        let signatures = Level::available().into_iter().map(|level| {
            let signer = Signer::new(16, ngram)
                .expect("valid")
                .at_level(level)
                .expect("available");
            let mut signature = vec![0; 16];
            signer.sign(text, &mut Scratch::default(), &mut signature);
            signature
        });
        let signatures: Vec<_> = signatures.collect();
        assert!(signatures.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
