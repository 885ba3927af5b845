//! What the loader says when something is wrong: the text that `dlerror` returns.

use alloc::vec::Vec;

/// A message, without a NUL.
pub type Message = Vec<u8>;

/// What loading operations return.
pub type Result<T, E = Message> = core::result::Result<T, E>;

/// One message of several parts.
#[must_use]
#[cold]
#[inline(never)]
pub fn join(parts: &[&[u8]]) -> Message {
    parts.concat()
}

/// `FILE: WHAT`.
#[must_use]
#[cold]
#[inline(never)]
pub fn about(file: &[u8], what: &str) -> Message {
    join(&[file, b": ", what.as_bytes()])
}

/// A number in hexadecimal, for messages.
#[must_use]
#[cold]
#[inline(never)]
pub fn hexadecimal(mut number: usize) -> Vec<u8> {
    let mut digits = Vec::new();
    loop {
        digits.insert(0, b"0123456789abcdef"[number % 16]);
        number /= 16;
        if number == 0 {
            return digits;
        }
    }
}
