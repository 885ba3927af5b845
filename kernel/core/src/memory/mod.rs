//! Memory: page frames, the heap over them, and the application's half of the address space.

pub mod frames;
pub mod heap;
pub mod vm;
