//! Any bytes as a DHCP server's message.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| net::exercise::dhcp(bytes));
