//! Device drivers, one directory each. Each has a row that the top crate lists in the table of its
//! kind, and touches its device when that table is first read, not before.
//!
//! May use `kcore` and `hal`; nothing but the top crate uses this. What a device says is never
//! trusted: lengths, indices and addresses are checked before use.
#![cfg_attr(kernel, no_std)]

extern crate alloc;

pub mod pci;
pub mod uart16550;
pub mod virtio;
pub mod virtio_blk;
pub mod virtio_console;
pub mod virtio_mmio;
pub mod virtio_net;
pub mod virtio_rng;
