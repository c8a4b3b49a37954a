#![no_main]

use dfrs_fuzz::{Texts, minhash};

libfuzzer_sys::fuzz_target!(|texts: Texts| minhash(texts));
