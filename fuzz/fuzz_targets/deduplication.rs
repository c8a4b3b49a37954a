#![no_main]

use dfrs_fuzz::{DeduplicatedRows, deduplication};

libfuzzer_sys::fuzz_target!(|rows: DeduplicatedRows| deduplication(rows));
