#![no_main]

use dfrs_fuzz::{Numbers, vectors};

libfuzzer_sys::fuzz_target!(|numbers: Numbers| vectors(numbers));
