//! string.h and strings.h.
//!
//! Nothing here may be written as a plain copy, fill or scan loop that the compiler would turn
//! into a call of the very function it implements: those loops are SSE or assembly.
//! Used by everything; uses `locale` only for the `_l` forms' types.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

pub mod checked;
pub mod compare;
pub mod copy;
pub mod error_text;
pub mod find;
pub mod memory;
pub mod signal_text;
pub mod token;

#[cfg(test)]
mod tests;

pub use checked::*;
pub use compare::*;
pub use copy::*;
pub use error_text::*;
pub use find::*;
pub use memory::*;
pub use signal_text::*;
pub use token::*;
