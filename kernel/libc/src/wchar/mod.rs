//! wchar.h: wide strings and their conversion (wide streams and numbers are `stdio`'s), and the
//! same of stdlib.h and uchar.h. A `wchar_t` is a code point; both locales are the encodings of
//! `locale::Encoding`.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

pub mod checked;
pub mod convert;
pub mod memory;
pub mod string;
pub mod strings_convert;
pub mod uchar;
pub mod width;

#[cfg(test)]
mod tests;

pub use checked::*;
pub use convert::*;
pub use memory::*;
pub use string::*;
pub use strings_convert::*;
pub use uchar::*;
pub use width::*;

/// C `wchar_t`.
pub type wchar_t = i32;
/// C `wint_t`; [`WEOF`] is no character.
pub type wint_t = u32;
/// What functions that return a `wint_t` give at the end or for no character.
pub const WEOF: wint_t = u32::MAX;
