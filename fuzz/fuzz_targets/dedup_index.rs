#![no_main]

use dfrs_fuzz::{Damage, dedup_index};

libfuzzer_sys::fuzz_target!(|damage: Damage| dedup_index(damage));
