//! Packing conserves every token, in its place.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use dfrs_pack::{Error, Method, Packer, Parameters, Sequence, TooLong};
use proptest::prelude::*;

/// A file that goes when its test ends.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "dfrs-pack-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn parameters(method: Method, length: u32) -> Parameters {
    Parameters {
        length,
        method,
        separator: None,
        too_long: TooLong::Split,
        window_tokens: length as usize * 4,
    }
}

fn pack(sources: &[Vec<Vec<u32>>], parameters: &Parameters) -> (Vec<Sequence>, Packer) {
    let file = File::new();
    let mut packer = Packer::new(&file.0, parameters.clone()).expect("a new file");
    for documents in sources {
        for (row, document) in (0..).zip(documents) {
            packer.add(row, document).expect("every document fits");
        }
        packer.end_source().expect("the disk has room");
    }
    let all = (0..packer.sources().len()).map(|number| packer.read(number).expect("written"));
    (all.collect(), packer)
}

/// Puts the documents of a source together again.
fn unpack(sequences: &[Sequence], documents: usize) -> Vec<Vec<u32>> {
    let mut parts = vec![Vec::new(); documents];
    for sequence in sequences {
        let mut at = 0;
        for piece in &sequence.pieces {
            let end = at + piece.length as usize;
            parts[usize::try_from(piece.row).expect("a row")]
                .push((piece.start, sequence.tokens[at..end].to_vec()));
            at = end;
        }
        assert_eq!(at, sequence.tokens.len(), "the pieces are the sequence");
    }
    let joined = parts.into_iter().map(|mut parts| {
        parts.sort();
        let mut document = Vec::new();
        for (start, tokens) in parts {
            assert_eq!(start, document.len() as u64, "no gap and no overlap");
            document.extend(tokens);
        }
        document
    });
    joined.collect()
}

#[test]
fn documents_in_order() {
    let documents = vec![vec![1, 2, 3], vec![], vec![4], vec![5, 6, 7, 8, 9]];
    let tokens = |method, length, separator| {
        let parameters = Parameters {
            separator,
            ..parameters(method, length)
        };
        let (sequences, _) = pack(std::slice::from_ref(&documents), &parameters);
        sequences
            .into_iter()
            .map(|sequence| sequence.tokens)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tokens(Method::Concatenate, 4, Some(0)),
        [vec![1, 2, 3, 0], vec![4, 0, 5, 6], vec![7, 8, 9, 0]]
    );
    assert_eq!(
        tokens(Method::Concatenate, 5, None),
        [vec![1, 2, 3, 4, 5], vec![6, 7, 8, 9]]
    );
    assert_eq!(
        tokens(Method::Documents, 2, Some(0)),
        [vec![1, 2, 3, 0], vec![4, 0], vec![5, 6, 7, 8, 9, 0]]
    );
    assert_eq!(
        tokens(Method::BestFit, 4, None),
        [vec![5, 6, 7, 8], vec![1, 2, 3, 4], vec![9]]
    );
}

#[test]
fn long_documents() {
    let documents = vec![vec![1, 2, 3, 4, 5], vec![6]];
    let counts = |too_long| {
        let (sequences, packer) = pack(
            std::slice::from_ref(&documents),
            &Parameters {
                too_long,
                ..parameters(Method::BestFit, 3)
            },
        );
        let counts = packer.counts()[0];
        let tokens: Vec<Vec<u32>> = sequences
            .into_iter()
            .map(|sequence| sequence.tokens)
            .collect();
        (tokens, counts.documents, counts.dropped, counts.lost_tokens)
    };
    assert_eq!(
        counts(TooLong::Split),
        (vec![vec![1, 2, 3], vec![4, 5, 6]], 2, 0, 0)
    );
    assert_eq!(
        counts(TooLong::Truncate),
        (vec![vec![1, 2, 3], vec![6]], 2, 0, 2)
    );
    assert_eq!(counts(TooLong::Drop), (vec![vec![6]], 1, 1, 5));
    let file = File::new();
    let parameters = Parameters {
        too_long: TooLong::Refuse,
        ..parameters(Method::BestFit, 3)
    };
    let mut packer = Packer::new(&file.0, parameters).expect("a new file");
    let error = packer.add(7, &[1, 2, 3, 4]).expect_err("it is too long");
    assert!(
        matches!(
            error,
            Error::TooLong {
                row: 7,
                tokens: 4,
                length: 3
            }
        ),
        "{error}"
    );
}

#[test]
fn sources_are_never_mixed_in_a_sequence() {
    for method in [Method::Concatenate, Method::BestFit] {
        let (sequences, packer) = pack(
            &[vec![vec![1]; 5], vec![vec![2]; 5]],
            &parameters(method, 3),
        );
        assert_eq!(packer.sources(), [0, 0, 1, 1]);
        for (sequence, source) in sequences.iter().zip([1, 1, 2, 2]) {
            assert!(sequence.tokens.iter().all(|&token| token == source));
        }
    }
}

#[test]
fn windows_of_ordinary_documents_are_full() {
    let lengths =
        (0..20_000_u64).map(|n| 20 + (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % 1500);
    let documents: Vec<Vec<u32>> = lengths.map(|length| vec![1; length]).collect();
    let parameters = Parameters {
        window_tokens: 1 << 20,
        ..parameters(Method::BestFit, 2048)
    };
    let (sequences, packer) = pack(&[documents], &parameters);
    let fill = packer.counts()[0].tokens as f64 / (sequences.len() * 2048) as f64;
    assert!(fill >= 0.98, "{fill}");
}

#[test]
fn a_file_that_exists_is_not_overwritten() {
    let file = File::new();
    std::fs::write(&file.0, "precious").expect("a writable folder");
    assert!(matches!(
        Packer::new(&file.0, parameters(Method::BestFit, 3)),
        Err(Error::Spill { .. })
    ));
}

proptest! {
    #[test]
    fn every_token_is_somewhere(
        documents in prop::collection::vec(prop::collection::vec(1u32..1000, 0..40), 0..40),
        length in 1u32..20,
        windows in 1usize..6,
        separator in prop::option::of(Just(0u32)),
        method in prop::sample::select(&[Method::Documents, Method::Concatenate, Method::BestFit][..]),
    ) {
        let parameters = Parameters {
            separator,
            window_tokens: windows * length as usize,
            ..parameters(method, length)
        };
        let (sequences, packer) = pack(std::slice::from_ref(&documents), &parameters);
        let expected: Vec<Vec<u32>> = documents
            .iter()
            .map(|tokens| if tokens.is_empty() { vec![] } else { tokens.iter().copied().chain(separator).collect() })
            .collect();
        prop_assert_eq!(unpack(&sequences, documents.len()), expected);
        let limit = if method == Method::Documents { usize::MAX } else { length as usize };
        prop_assert!(sequences.iter().all(|sequence| (1..=limit).contains(&sequence.tokens.len())));
        if method == Method::Concatenate {
            let short = sequences.iter().filter(|sequence| sequence.tokens.len() < limit).count();
            prop_assert!(short <= 1);
        }
        let counts = packer.counts()[0];
        prop_assert_eq!(counts.tokens as usize, sequences.iter().map(|sequence| sequence.tokens.len()).sum::<usize>());
        prop_assert_eq!(counts.sequences as usize, sequences.len());
        prop_assert_eq!((counts.documents + counts.empty) as usize, documents.len());
    }
}
