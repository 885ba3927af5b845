//! Any bytes as a ROFS image: mounted, listed and read. Errors are fine, nothing else is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fs::rofs::exercise(bytes));
