//! The dynamic loader: what `ld.so` is on Linux.
//!
//! Maps the program and the libraries it needs, binds them to one another and to the kernel's
//! exports, and opens more at run time. Uses `memory::vm` and `vfs`; `libc::dlfcn` is its C face.

pub mod dynamic;
pub mod elf;
pub mod hash;
pub mod interpose;
pub mod lifecycle;
pub mod load;
pub mod lock;
pub mod map;
pub mod memory;
pub mod message;
pub mod object;
pub mod open;
pub mod relocate;
pub mod search;
pub mod start;
pub mod symbol;
pub mod symbols;
pub mod tls;
pub mod unwind;

#[cfg(test)]
mod tests;
