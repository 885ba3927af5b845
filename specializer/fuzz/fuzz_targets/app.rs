//! The application's ELF reader, on any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| specialize::app::look_at(data));
