//! Signature speed of one thread on a text file, per family and instruction set: `keys FILE [LINES_PER_DOCUMENT]`.
//! Prints megabytes per CPU-second; words and their n-gram hashes are included.

use dfrs_dedup::Level;
use dfrs_dedup::minhash::{Family, Form, Keyed, Keyer, Keys, Settings, Unit};
use std::time::Instant;

/// Seconds of processor time of this thread, where the system tells, else of the clock.
fn seconds(start: Instant) -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|fields| fields.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(
            || start.elapsed().as_secs_f64(),
            |nanoseconds| nanoseconds / 1e9,
        )
}

fn main() {
    let clock = Instant::now();
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .expect("usage: keys FILE [LINES_PER_DOCUMENT]");
    let lines = arguments
        .next()
        .map_or(40, |n| n.parse().expect("a number of lines"));
    let text = std::fs::read_to_string(path).expect("a UTF-8 file");
    let parts: Vec<&str> = text.split_inclusive('\n').collect();
    let documents: Vec<String> = parts.chunks(lines).map(<[&str]>::concat).collect();
    let megabytes = text.len() as f64 / 1e6;
    println!("{} documents, {megabytes:.1} MB", documents.len());
    let word = Settings::default();
    let character = Settings {
        unit: Unit::Character,
        form: Form::Exact,
        ..word.clone()
    };
    for (name, settings) in [
        ("words, native", word.clone()),
        (
            "words, mersenne",
            Settings {
                family: Family::Mersenne,
                ..word
            },
        ),
        ("characters, native", character.clone()),
        (
            "characters, datasketch",
            Settings {
                family: Family::Datasketch,
                ..character
            },
        ),
    ] {
        for level in Level::available() {
            let keyer = Keyer::new(settings.clone()).expect("valid");
            let keyer = keyer.at_level(level).expect("available");
            let (mut keys, mut out) = (Keys::default(), Keyed::default());
            let mut best = f64::INFINITY;
            for _ in 0..3 {
                let start = seconds(clock);
                for document in &documents {
                    keyer.key(document, &mut keys, std::hint::black_box(&mut out));
                }
                best = best.min(seconds(clock) - start);
            }
            println!("{name}, {level:?}: {:.1} MB/s", megabytes / best);
        }
    }
}
