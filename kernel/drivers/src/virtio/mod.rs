//! What all virtio devices have in common (Virtual I/O Device 1.2): initialisation and the split
//! virtqueue. `kcore::device::bus::Virtio` is the transport under it, PCI or memory-mapped.

pub mod events;
pub mod queue;

#[cfg(test)]
pub(crate) mod model;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;

use kcore::device::bus::{Virtio, find_virtio};
use kcore::errno::{ENODEV, Result};

pub use queue::{Buffer, Queue};

/// Device types (section 5).
pub mod kind {
    /// Network card.
    pub const NETWORK: u32 = 1;
    /// Block device.
    pub const BLOCK: u32 = 2;
    /// Console.
    pub const CONSOLE: u32 = 3;
    /// Entropy source.
    pub const ENTROPY: u32 = 4;
}

/// Status bits (section 2.1).
mod status {
    pub const ACKNOWLEDGE: u8 = 1;
    pub const DRIVER: u8 = 2;
    pub const DRIVER_OK: u8 = 4;
    pub const FEATURES_OK: u8 = 8;
    pub const FAILED: u8 = 128;
}

/// `VIRTIO_F_VERSION_1`: the device follows the standard, not what came before it.
const VERSION_1: u64 = 1 << 32;

/// A device whose features are agreed on; [`Device::start`] lets it work.
pub struct Device {
    transport: Box<dyn Virtio>,
    /// The features that both sides have.
    pub features: u64,
}

impl Device {
    /// Finds device number `index` of a type and agrees on features: those of `wanted` that it has.
    ///
    /// `ENODEV` if there is none, or if it is older than version 1.
    pub fn find(device_type: u32, index: usize, wanted: u64) -> Result<Self> {
        Self::negotiate(find_virtio(device_type, index).ok_or(ENODEV)?, wanted)
    }

    /// Resets the device behind `transport` and agrees on features.
    pub fn negotiate(transport: Box<dyn Virtio>, wanted: u64) -> Result<Self> {
        let features = agree(&*transport, wanted)?;
        Ok(Self { transport, features })
    }

    /// Resets the device, for its queues to be set up anew; it works on after [`Device::start`].
    ///
    /// `ENODEV` if it does not come back as it was.
    pub fn reset(&self) -> Result<()> {
        if agree(&*self.transport, self.features)? == self.features { Ok(()) } else { Err(ENODEV) }
    }

    /// Lets the device work; its queues are set up.
    pub fn start(&self) {
        let all = status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK | status::DRIVER_OK;
        self.transport.set_status(all);
    }

    /// The transport.
    pub fn transport(&self) -> &dyn Virtio {
        &*self.transport
    }

    /// 64 bits of the configuration, at a multiple of 4.
    pub fn config64(&self, offset: usize) -> u64 {
        u64::from(self.transport.config(offset, 4)) | u64::from(self.transport.config(offset + 4, 4)) << 32
    }
}

/// Resets a device and agrees on features, those of `wanted` that it has; gives them.
fn agree(transport: &dyn Virtio, wanted: u64) -> Result<u64> {
    transport.set_status(0);
    // The reset is done when the status reads 0.
    let mut patience = 1 << 20;
    while transport.status() != 0 {
        patience -= 1;
        if patience == 0 {
            return Err(ENODEV);
        }
        hal::cpu::pause();
    }
    transport.set_status(status::ACKNOWLEDGE);
    transport.set_status(status::ACKNOWLEDGE | status::DRIVER);
    let features = offered(transport) & (wanted | VERSION_1);
    if features & VERSION_1 == 0 {
        transport.set_status(status::FAILED);
        return Err(ENODEV);
    }
    transport.set_driver_features(0, features as u32);
    transport.set_driver_features(1, (features >> 32) as u32);
    let agreed = status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK;
    transport.set_status(agreed);
    if transport.status() & status::FEATURES_OK == 0 {
        transport.set_status(status::FAILED);
        return Err(ENODEV);
    }
    Ok(features)
}

/// The features that a device offers.
pub fn offered(transport: &dyn Virtio) -> u64 {
    u64::from(transport.device_features(0)) | u64::from(transport.device_features(1)) << 32
}
