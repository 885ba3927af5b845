//! wctype.h: classes and cases of wide characters, as glibc 2.36's C.UTF-8 has them.
//!
//! The tables are `data`, written by an ignored test of this module; a class that no live function
//! asks for is not alive.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

mod class;
#[rustfmt::skip]
pub(crate) mod data;
mod map;
mod set;

#[cfg(test)]
mod tests;

pub use class::*;
pub use map::*;
