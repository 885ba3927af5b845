//! The top crate: fills the tables that `core` declares, one line a row, and ties the parts
//! together: where the entry code goes, the allocator, what a panic does.
#![cfg_attr(kernel, no_std)]

pub mod devices;
#[cfg(kernel)]
pub mod machine;
pub mod network;
#[cfg(kernel)]
mod runtime;
pub mod tables;
