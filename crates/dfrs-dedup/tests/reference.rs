//! Agreement with a slow reference that follows the definition literally, for any text, order, batch and thread count.

use dfrs_dedup::bands::Bands;
use dfrs_dedup::{
    Error, Index, Level, Options, Permutations, Scratch, Signer, Verdict, estimated_jaccard,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const MERSENNE: u128 = (1 << 61) - 1;

/// First four bytes of SHA-1, bit by bit as in the standard, little-endian.
#[allow(clippy::many_single_char_names)] // the standard's names
fn sha1_32(message: &[u8]) -> u32 {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    let mut h = [
        0x6745_2301_u32,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    for block in padded.chunks(64) {
        let mut w: Vec<u32> = block
            .chunks(4)
            .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
            .collect();
        for t in 16..80 {
            w.push((w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = h;
        for (t, word) in w.iter().enumerate() {
            let (f, k) = match t {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a
                .rotate_left(5)
                .wrapping_add(f)
                .wrapping_add(e)
                .wrapping_add(k)
                .wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, value) in h.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(value);
        }
    }
    h[0].swap_bytes()
}

fn ngrams(text: &str, n: usize) -> BTreeSet<String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return BTreeSet::new();
    }
    if chars.len() < n {
        return BTreeSet::from([text.to_owned()]);
    }
    chars
        .windows(n)
        .map(|window| window.iter().collect())
        .collect()
}

fn signature(text: &str, num_perm: usize, n: usize) -> Vec<u32> {
    let family = Permutations::datasketch_1_6(num_perm);
    let hashes: Vec<u32> = ngrams(text, n)
        .iter()
        .map(|ngram| sha1_32(ngram.as_bytes()))
        .collect();
    (0..num_perm)
        .map(|i| {
            let (a, b) = family.get(i).expect("in range");
            let value = |h: &u32| {
                let wrapped =
                    (u128::from(a) * u128::from(*h) + u128::from(b)) & u128::from(u64::MAX);
                (wrapped % MERSENNE) as u32
            };
            hashes.iter().map(value).min().unwrap_or(u32::MAX)
        })
        .collect()
}

/// Greedy selection over all pairs with the kept rows.
fn select(texts: &[Option<&str>], options: &Options) -> Vec<Verdict> {
    let Bands { bands, rows } =
        Bands::for_threshold(options.threshold, options.num_perm).expect("valid");
    let mut kept: Vec<(u64, Vec<u32>)> = Vec::new();
    let mut verdicts = Vec::new();
    for (row, text) in (0_u64..).zip(texts) {
        let Some(text) = text else {
            verdicts.push(Verdict::Kept);
            continue;
        };
        let new = signature(text, options.num_perm, options.ngram);
        let mut best: Option<(u64, f64)> = None;
        for (other, old) in &kept {
            let shares =
                (0..bands).any(|b| new[b * rows..(b + 1) * rows] == old[b * rows..(b + 1) * rows]);
            let similarity = estimated_jaccard(&new, old);
            if shares && best.is_none_or(|(_, most)| similarity > most) {
                best = Some((*other, similarity));
            }
        }
        if let Some((of, similarity)) =
            best.filter(|best| !options.verify || best.1 >= options.threshold)
        {
            verdicts.push(Verdict::Duplicate { of, similarity });
        } else {
            verdicts.push(Verdict::Kept);
            kept.push((row, new));
        }
    }
    verdicts
}

/// Texts of which many are alike: variations of a few sentences.
fn similar_texts() -> impl Strategy<Value = Vec<Option<String>>> {
    let base = prop_oneof![
        Just(
            "The first sentence of a page that many sites copy, word for word, with a date at its end: "
        ),
        Just(
            "Un café noir, s'il vous plaît; et l'addition. 🎉 漢字かな交じり文の例をいくつか示す。 "
        ),
        Just("ab"),
        Just(""),
    ];
    let text = (base, "[a-z0-9 ]{0,12}", 0_usize..3)
        .prop_map(|(base, end, repeats)| base.repeat(repeats) + &end);
    prop::collection::vec(prop::option::weighted(0.95, text), 0..24)
}

fn borrowed(texts: &[Option<String>]) -> Vec<Option<&str>> {
    texts.iter().map(Option::as_deref).collect()
}

fn run(texts: &[Option<&str>], options: &Options, batch: usize) -> Vec<Verdict> {
    let mut index = Index::new(options).expect("valid");
    texts
        .chunks(batch)
        .flat_map(|part| index.insert_batch(part).expect("not full"))
        .collect()
}

/// The usual number of cases, times what the long tests ask for.
fn cases(usual: u32) -> ProptestConfig {
    let effort = std::env::var("DATAFLOW_RS_TEST_EFFORT");
    ProptestConfig::with_cases(usual * effort.map_or(1, |factor| factor.parse().expect("a number")))
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn signatures_equal_the_definition(text in "(?s).{0,200}", n in 1_usize..24, num_perm in 2_usize..70) {
        let expected = signature(&text, num_perm, n);
        for level in Level::available() {
            let signer = Signer::new(num_perm, n).expect("valid").at_level(level).expect("available");
            let mut found = vec![0; num_perm];
            signer.sign(&text, &mut Scratch::default(), &mut found);
            prop_assert_eq!(&found, &expected, "{:?}", level);
        }
    }

    #[test]
    fn verdicts_equal_the_definition(
        texts in similar_texts(),
        threshold in prop_oneof![Just(0.3), Just(0.6), Just(0.9)],
        ngram in 1_usize..7,
        verify: bool,
        batch in 1_usize..30,
    ) {
        let texts = borrowed(&texts);
        let options = Options { num_perm: 32, threshold, ngram, verify };
        prop_assert_eq!(run(&texts, &options, batch), select(&texts, &options));
    }
}

#[test]
fn neither_threads_nor_batches_show_in_the_result() {
    let owned: Vec<String> = (0..3000)
        .map(|i| {
            format!(
                "Document {} about {} and its {} neighbours. ",
                i % 700,
                i % 37,
                i % 11
            )
            .repeat(1 + i % 9)
        })
        .collect();
    let texts: Vec<Option<&str>> = owned.iter().map(|text| Some(text.as_str())).collect();
    let options = Options {
        threshold: 0.7,
        ..Options::default()
    };
    let expected = run(&texts, &options, texts.len());
    let dropped = expected.iter().filter(|v| **v != Verdict::Kept).count();
    assert!(
        (500..2900).contains(&dropped),
        "{dropped} dropped: the texts no longer test anything"
    );
    for (threads, batch) in [(1, 1), (1, 1000), (2, 7), (5, 1024), (8, 3000)] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        assert_eq!(
            pool.install(|| run(&texts, &options, batch)),
            expected,
            "{threads} threads, batches of {batch}"
        );
    }
}

#[test]
fn null_is_kept_and_empty_equals_empty_only() {
    let mut index = Index::new(&Options::default()).expect("valid");
    let verdicts = index
        .insert_batch(&[None, Some(""), None, Some(" "), Some("")])
        .expect("not full");
    let duplicate = Verdict::Duplicate {
        of: 1,
        similarity: 1.0,
    };
    assert_eq!(
        verdicts,
        [
            Verdict::Kept,
            Verdict::Kept,
            Verdict::Kept,
            Verdict::Kept,
            duplicate
        ]
    );
    assert_eq!((index.seen(), index.kept()), (5, 2));
}

#[test]
fn short_texts_are_compared_as_a_whole() {
    let mut index = Index::new(&Options::default()).expect("valid");
    let verdicts = index
        .insert_batch(&[Some("abc"), Some("abd"), Some("abc"), Some("abcd")])
        .expect("not full");
    let duplicate = Verdict::Duplicate {
        of: 0,
        similarity: 1.0,
    };
    assert_eq!(
        verdicts,
        [Verdict::Kept, Verdict::Kept, duplicate, Verdict::Kept]
    );
}

#[test]
fn a_line_longer_than_every_table() {
    let mut state = 1_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    };
    let line: String = (0..100_000).map(|_| letter()).collect();
    let signer = Signer::new(8, 5).expect("valid");
    let mut found = vec![0; 8];
    signer.sign(&line, &mut Scratch::default(), &mut found);
    assert_eq!(found, signature(&line, 8, 5));
}

#[test]
fn wrong_parameters_are_named() {
    let made = |options: Options| Index::new(&options).err();
    assert_eq!(
        made(Options {
            ngram: 0,
            ..Options::default()
        }),
        Some(Error::Ngram)
    );
    assert_eq!(
        made(Options {
            num_perm: 1,
            ..Options::default()
        }),
        Some(Error::NumPerm(1))
    );
    assert_eq!(
        made(Options {
            threshold: -0.1,
            ..Options::default()
        }),
        Some(Error::Threshold(-0.1))
    );
    assert_eq!(
        Error::Threshold(1.5).to_string(),
        "threshold is 1.5: a Jaccard similarity lies between 0.0 and 1.0"
    );
}
