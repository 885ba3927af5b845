//! PCI: configuration space through ports 0xcf8 and 0xcfc, or memory-mapped (ECAM) where ACPI's
//! MCFG table says so; MSI-X; and virtio devices on it (Virtual I/O Device 1.2, section 4.1).

mod config;
mod mcfg;
mod msix;
mod scan;
mod virtio;

#[cfg(test)]
mod tests;

use kcore::device::bus::Bus;

pub use config::Function;
pub use scan::find;

/// The row.
pub static PCI: Bus = Bus { find: virtio::find };
