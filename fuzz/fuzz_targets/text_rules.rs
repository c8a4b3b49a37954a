#![no_main]

use dfrs_fuzz::text_rules;

libfuzzer_sys::fuzz_target!(|text: &str| text_rules(text));
