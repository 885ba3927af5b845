//! Virtio over memory-mapped registers (section 4.2), as microvm machines and Firecracker have it.
//!
//! Devices are found on the kernel command line, where these machines put them:
//! `virtio_mmio.device=<size>@<address>:<interrupt>`, as Linux reads it; or, if none is there, in
//! ACPI's DSDT, whose devices with the identity `LNRO0005` they are.

mod dsdt;
mod find;
mod transport;

#[cfg(test)]
mod tests;

use kcore::device::bus::Bus;

/// The row.
pub static VIRTIO_MMIO: Bus = Bus { find: find::find };
