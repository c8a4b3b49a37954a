#![no_main]

use dfrs_fuzz::{Bytes, json_lines};

libfuzzer_sys::fuzz_target!(|bytes: Bytes<'_>| json_lines(bytes));
