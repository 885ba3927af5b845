//! File systems, one directory each. Each has a row that the top crate lists in the table of file
//! systems, and fills in the tree of `kcore::vfs` as far as it is looked at.
//!
//! May use `kcore` and `hal`; nothing but the top crate uses this.
#![cfg_attr(kernel, no_std)]

extern crate alloc;

pub mod absent;
pub mod devfs;
pub mod devpts;
pub mod procfs;
pub mod ramfs;
pub mod rofs;
