//! Agreement with the values recorded from `datasketch` 1.6.5, and of every instruction set with every other.

use dfrs_dedup::bands::Bands;
use dfrs_dedup::{Level, Permutations, Scratch, Signer};

/// The data lines of a recorded table.
fn lines(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

fn number<T: std::str::FromStr>(field: &str) -> T {
    field
        .parse()
        .unwrap_or_else(|_| panic!("{field:?} is no number"))
}

#[test]
fn permutations() {
    let recorded: Vec<(u64, u64)> = lines(include_str!("golden/permutations.tsv"))
        .map(|f| (number(f[0]), number(f[1])))
        .collect();
    assert_eq!(recorded.len(), 256);
    let family = Permutations::datasketch_1_6(recorded.len());
    for (i, expected) in recorded.into_iter().enumerate() {
        assert_eq!(family.get(i), Some(expected), "permutation {i}");
    }
    assert_eq!(family.get(256), None);
}

#[test]
fn band_tables() {
    let mut compared = 0;
    for f in lines(include_str!("golden/lsh_params.tsv")) {
        let cut = Bands {
            bands: number(f[2]),
            rows: number(f[3]),
        };
        assert_eq!(
            Bands::for_threshold(number(f[0]), number(f[1])),
            Ok(cut),
            "threshold {} of {}",
            f[0],
            f[1]
        );
        compared += 1;
    }
    assert_eq!(compared, 150);
}

fn text_of(hexadecimal: &str) -> String {
    let byte =
        |i: usize| u8::from_str_radix(&hexadecimal[i..i + 2], 16).expect("hexadecimal digits");
    String::from_utf8((0..hexadecimal.len()).step_by(2).map(byte).collect()).expect("UTF-8")
}

#[test]
fn signatures_at_every_level() {
    for level in Level::available() {
        let mut compared = 0;
        for f in lines(include_str!("golden/signatures.tsv")) {
            let expected: Vec<u32> = f[2]
                .split(' ')
                .map(|v| u32::from_str_radix(v, 16).expect("hexadecimal digits"))
                .collect();
            let signer = Signer::new(16, number(f[0]))
                .expect("valid")
                .at_level(level)
                .expect("available");
            let mut signature = vec![0; 16];
            signer.sign(&text_of(f[1]), &mut Scratch::default(), &mut signature);
            assert_eq!(
                signature, expected,
                "{level:?}, n = {}, text {}",
                f[0], f[1]
            );
            compared += 1;
        }
        assert_eq!(compared, 40);
    }
}
