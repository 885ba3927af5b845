//! `_FORTIFY_SOURCE`'s forms of functions that are not printf's.

use super::system;

/// An object is too small for what would be written: says so and aborts (glibc: `__chk_fail`).
pub fn overflow() -> ! {
    system::fatal(&[b"*** buffer overflow detected ***: terminated\n"])
}
