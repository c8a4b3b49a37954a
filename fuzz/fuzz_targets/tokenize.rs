#![no_main]

use dfrs_fuzz::tokenize;

libfuzzer_sys::fuzz_target!(|text: &str| tokenize(text));
