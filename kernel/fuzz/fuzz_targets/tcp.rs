//! Two hosts that talk while their frames are lost, repeated, delayed and changed as the bytes say.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| net::exercise::conversation(bytes));
