//! Memory: page frames, the heap over them, and the application's half of the address space.

pub mod frames;
pub mod heap;
pub mod vm;

#[cfg(kernel)]
mod machine;
#[cfg(kernel)]
pub(crate) use machine::{flush_interrupt, is_executable, is_readable, map_firmware};
#[cfg(kernel)]
pub use machine::{initialise, map_device};
