//! ROFS, OSv's read-only file system, from a boot module in memory or from a disk.
//!
//! `format` reads the structures, `tree` turns them into nodes, `module` and `disk` are the two
//! places an image can be.

mod disk;
#[cfg(not(kernel))]
mod exercise;
pub mod format;
mod module;
mod tree;

#[cfg(test)]
mod tests;

pub use disk::ROFS_DISK;
#[cfg(not(kernel))]
pub use exercise::exercise;
pub use module::ROFS_MODULE;
pub(crate) use module::mount as mount_module;

/// `f_type` of `statfs`: the magic number of the format.
pub const MAGIC: u32 = 0xDEAD_BEAD;
