//! Any bytes as a message of the domain name system: read in every way. Nothing may panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|message: &[u8]| libc::resolv::message::exercise(message));
