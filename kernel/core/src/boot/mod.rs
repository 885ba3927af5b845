//! What the boot loader says: memory, modules, command line, where ACPI's tables are.

#[cfg(kernel)]
mod memory_map;
#[cfg(kernel)]
pub mod pvh;

#[cfg(kernel)]
pub use memory_map::*;
