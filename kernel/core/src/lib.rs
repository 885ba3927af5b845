//! The kernel proper: memory, scheduler, files, loader, and the tables that drivers fill.
//!
//! May use `hal`; used by `drivers`, `fs`, `net` and `libc`. Names no driver, no file system and
//! no C function: what is pluggable is reached through a table, so that it can be left out.
#![cfg_attr(kernel, no_std)]

extern crate alloc;

pub mod acpi;
pub mod boot;
pub mod console;
pub mod device;
pub mod errno;
pub mod export;
pub mod fault;
pub mod futex;
pub mod irq;
pub mod loader;
pub mod memory;
#[cfg(kernel)]
pub mod power_button;
#[cfg(kernel)]
pub mod poweroff;
pub mod process;
pub mod random;
pub mod sched;
pub mod signal;
#[cfg(kernel)]
pub mod start;
pub mod sync;
pub mod table;
pub mod time;
pub mod tls;
pub mod tty;
pub mod vfs;
