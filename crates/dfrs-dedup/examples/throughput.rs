//! Signature speed of one thread on a text file, for every instruction set: `throughput FILE [LINES_PER_DOCUMENT]`.

use dfrs_dedup::{Level, Scratch, Signer};
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .expect("usage: throughput FILE [LINES_PER_DOCUMENT]");
    let lines = arguments
        .next()
        .map_or(40, |n| n.parse().expect("a number of lines"));
    let text = std::fs::read_to_string(path).expect("a UTF-8 file");
    let parts: Vec<&str> = text.split_inclusive('\n').collect();
    let documents: Vec<String> = parts.chunks(lines).map(<[&str]>::concat).collect();
    for level in Level::available() {
        let signer = Signer::new(128, 5)
            .expect("valid")
            .at_level(level)
            .expect("available");
        let (mut scratch, mut signature) = (Scratch::default(), vec![0; 128]);
        let start = Instant::now();
        for document in &documents {
            signer.sign(document, &mut scratch, std::hint::black_box(&mut signature));
        }
        let speed = text.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
        println!("{level:?}: {speed:.1} MB/s, {} documents", documents.len());
    }
}
