//! `<signal.h>`. A signal set is `sigset_t`, 128 bytes, of which the first word is in use.

pub mod actions;
pub mod sending;
pub mod sets;
pub mod waiting;

pub use actions::*;
pub use sending::*;
pub use sets::*;
pub use waiting::*;

/// `sigset_t`.
pub type SignalSet = [u64; 16];

#[cfg(test)]
mod tests;
