//! Numbers as text: the conversions of `stdlib.h`, `wchar.h` and `inttypes.h`, exactly rounded, and
//! the one big number that they share with printf.
//!
//! Used by the application, by `stdio` and by whoever needs an exact conversion; uses nothing but `errno`.

pub mod classic;
pub mod cursor;
pub mod decimal;
pub mod float;
pub mod integer;
pub mod strtod;

#[cfg(test)]
mod tests;
