//! locale.h: the locales C (POSIX) and C.UTF-8.
//!
//! They differ in character encoding and class alone, so a locale is a few bytes that say, for each
//! category, which of them it is. Nothing here reaches the wide character tables.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

mod name;
mod object;
mod set;

#[cfg(test)]
mod tests;

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};

use macros::export;
pub use name::CATEGORIES;
pub use object::{__locale_struct, duplocale, freelocale, locale_t, newlocale, uselocale};
pub(crate) use object::{encoding_of, name_in, own as current};
pub use set::setlocale;

/// Category numbers of `<locale.h>`; 6 is `LC_ALL`.
pub const LC_CTYPE: c_int = 0;
/// `LC_ALL`.
pub const LC_ALL: c_int = 6;

/// Whether characters are UTF-8 in a locale: else bytes above 127 are no characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// The C locale: ASCII.
    Ascii,
    /// C.UTF-8.
    Utf8,
}

/// The encoding of the calling thread's locale.
#[must_use]
pub fn encoding() -> Encoding {
    let own = object::own();
    // SAFETY: a thread's locale stays valid while it is in use, as POSIX has it.
    let choice = if own.is_null() { set::global(0) } else { unsafe { (*own).choices[0] } };
    if choice == name::Choice::C { Encoding::Ascii } else { Encoding::Utf8 }
}

/// What `MB_CUR_MAX` expands to: 6 in UTF-8, as glibc has it.
#[export]
pub extern "C" fn __ctype_get_mb_cur_max() -> usize {
    if encoding() == Encoding::Utf8 { 6 } else { 1 }
}

/// C `struct lconv`.
#[repr(C)]
pub struct lconv {
    texts: [*const c_char; 10],
    numbers: [c_char; 14],
}

/// C lets the application read it only; the cell is for the missing `Sync` of pointers.
struct Conventions(UnsafeCell<lconv>);

// SAFETY: never written.
unsafe impl Sync for Conventions {}

static EMPTY: &core::ffi::CStr = c"";
static CONVENTIONS: Conventions = Conventions(UnsafeCell::new(lconv {
    texts: {
        let mut texts = [EMPTY.as_ptr(); 10];
        texts[0] = c".".as_ptr();
        texts
    },
    numbers: [c_char::MAX; 14],
}));

/// C `localeconv`: the same in both locales.
#[export]
pub extern "C" fn localeconv() -> *mut lconv {
    CONVENTIONS.0.get()
}
