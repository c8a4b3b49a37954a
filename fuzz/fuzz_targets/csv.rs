#![no_main]

use dfrs_fuzz::{Bytes, csv};

libfuzzer_sys::fuzz_target!(|bytes: Bytes<'_>| csv(bytes));
