#![no_main]

use dfrs_fuzz::{IndexDamage, dedup_index};

libfuzzer_sys::fuzz_target!(|damage: IndexDamage| dedup_index(damage));
