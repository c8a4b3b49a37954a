//! Time, memory and disk of a whole search over made-up texts of 36 words, 30 % of which repeat an earlier one with one
//! word changed: `scale ROWS MEMORY_MB`. Prints the processor seconds of each part, the peak of resident memory, and a
//! digest of the clusters, which must not depend on the memory.

use dfrs_dedup::files::Folder;
use dfrs_dedup::minhash::{Collector, Search, Settings};
use std::fmt::Write;
use xxhash_rust::xxh3::xxh3_64_with_seed;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |name| -> usize {
        let value = arguments.next().expect("usage: scale ROWS MEMORY_MB");
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number"))
    };
    let (rows, memory) = (number("ROWS"), number("MEMORY_MB") << 20);
    let settings = Settings::default();
    let folder = Folder::temporary().expect("a folder");
    let mut collector = Collector::new(settings.clone(), memory, &folder, None).expect("valid");
    let start = processor_seconds();
    for first in (0..rows as u64).step_by(1024) {
        let texts: Vec<String> = (first..(rows as u64).min(first + 1024)).map(text).collect();
        let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
        collector.add(&texts).expect("written");
    }
    let collections = [collector.finish().expect("written")];
    let signed = processor_seconds();
    let search = Search::new(&collections, Some(settings.threshold), memory, folder);
    let outcome = search.run(&[], &|_, _, _| Ok(())).expect("readable");
    let searched = processor_seconds();
    let digest = outcome.found.iter().fold(0, |digest, one| {
        let member = one.member;
        let mut bytes = Vec::new();
        for value in [member.row, member.cluster, member.keeper, member.size] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(&one.similarity.to_le_bytes());
        xxh3_64_with_seed(&bytes, digest)
    });
    println!(
        "{rows} rows, {} MB for buffers: texts and keys {:.1} s, search {:.1} s, peak memory {} MB, {} rows in \
         clusters, {} candidates, digest {digest:016x}",
        memory >> 20,
        signed - start,
        searched - signed,
        peak_megabytes(),
        outcome.found.len(),
        outcome.candidates
    );
}

/// A made-up text; the row decides all of it.
fn text(row: u64) -> String {
    let mut state = mix(row);
    let copied = row > 0 && state % 10 < 3;
    let (origin, changed) = if copied {
        (mix(state) % row, Some(state >> 32))
    } else {
        (row, None)
    };
    state = mix(origin ^ 0x5bd1_e995);
    let mut text = String::with_capacity(36 * 6);
    for place in 0..36 {
        state = mix(state);
        let word = match changed {
            Some(by) if by % 36 == place => by,
            _ => state,
        };
        write!(text, "w{:x} ", word % 50_000).expect("a string");
    }
    text
}

const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Processor seconds of all threads, where the system tells.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
