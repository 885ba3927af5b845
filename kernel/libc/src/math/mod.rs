//! math.h (libm.so.6) without complex numbers and most `long double`s.
//!
//! The functions that programs print results of (`exp`, `log`, `pow`, `sin`, `atan2` …) are worked
//! out in integers of 64 bits and more and rounded once, so they give the nearest double in all but
//! about one case in a thousand, as glibc's do. The rest is the `libm` crate's, or fdlibm's formulas
//! over these, as glibc has them. `errno` and the exceptions are set as glibc's wrappers do.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

mod constant;
mod exponential;
mod failure;
mod float_forms;
mod hyperbolic;
mod inverse;
mod logarithm;
mod long;
mod parts;
mod payload;
mod power;
mod remainder;
mod rounding;
mod selection;
mod special;
mod trigonometric;
mod unpacked;

#[cfg(test)]
mod tests;

pub use exponential::*;
pub use float_forms::*;
pub use hyperbolic::*;
pub use inverse::*;
pub use logarithm::*;
pub use long::*;
pub use parts::*;
pub use payload::*;
pub use power::*;
pub use remainder::*;
pub use rounding::*;
pub use selection::*;
pub use special::*;
pub use trigonometric::*;
