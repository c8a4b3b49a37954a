#![no_main]

use dfrs_fuzz::{Rows, deduplication};

libfuzzer_sys::fuzz_target!(|rows: Rows| deduplication(rows));
