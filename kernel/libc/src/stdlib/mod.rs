//! stdlib.h: what is not allocation (`malloc`), text conversion, or process control.

pub mod arithmetic;
pub mod base64;
pub mod canonical;
pub mod command;
pub mod entropy;
pub mod environment;
pub mod load;
pub mod random;
pub mod random48;
pub mod sort;

#[cfg(test)]
mod tests;

pub use arithmetic::*;
pub use base64::*;
pub use canonical::*;
pub use entropy::*;
pub use environment::*;
pub use load::*;
pub use random::*;
pub use random48::*;
pub use sort::*;
