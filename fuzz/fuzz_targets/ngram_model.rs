#![no_main]

use dfrs_fuzz::{Damage, ngram_model};

libfuzzer_sys::fuzz_target!(|damage: Damage<'_>| ngram_model(damage));
