#![no_main]

use dfrs_fuzz::{Damage, fasttext};

libfuzzer_sys::fuzz_target!(|damage: Damage<'_>| fasttext(damage));
