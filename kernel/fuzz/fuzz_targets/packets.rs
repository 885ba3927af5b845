//! Any bytes as frames that a network card receives. Errors are fine, nothing else is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| net::exercise::frames(bytes));
