//! time.h's calendar part: broken-down time, time zones, formatting and parsing. Clocks are in
//! [`clock`] when the application takes them.
//!
//! A program that only formats UTC holds no zone code: `calendar` and `format` reach a zone through
//! the `tm` they are given.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

pub mod calendar;
pub mod clock;
mod countdown;
pub mod format;
pub mod getdate;
pub mod local;
pub mod parse;
mod rule;
pub mod text;
pub mod timer;
mod tzif;
mod zone;

#[cfg(test)]
mod tests;

pub use calendar::*;
pub use clock::*;
pub use format::*;
pub use getdate::*;
pub use local::*;
pub use parse::*;
pub use text::*;
