//! stdlib.h: what is not allocation (`malloc`), text conversion, or process control.

pub mod arithmetic;
pub mod environment;
pub mod sort;

#[cfg(test)]
mod tests;

pub use arithmetic::*;
pub use environment::*;
pub use sort::*;
