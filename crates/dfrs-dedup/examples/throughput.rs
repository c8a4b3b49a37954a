//! Signature speed of one thread on a text file, for every instruction set, and that of an index on all threads:
//! `throughput FILE [LINES_PER_DOCUMENT]`.

use dfrs_dedup::{Index, Level, Options, Scratch, Signer};
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
    let texts: Vec<Option<&str>> = documents
        .iter()
        .map(|document| Some(document.as_str()))
        .collect();
    let mut index = Index::new(&Options::default()).expect("valid");
    let start = Instant::now();
    index.insert_batch(&texts).expect("not full");
    let speed = text.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "Index on {threads} threads: {speed:.1} MB/s, {} kept",
        index.kept()
    );
}
