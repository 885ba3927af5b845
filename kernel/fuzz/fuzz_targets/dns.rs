#![no_main]
libfuzzer_sys::fuzz_target!(|message: &[u8]| libc::resolv::message::exercise(message));
