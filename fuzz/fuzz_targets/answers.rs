#![no_main]

use dfrs_fuzz::answers;

libfuzzer_sys::fuzz_target!(|text: &str| answers(text));
