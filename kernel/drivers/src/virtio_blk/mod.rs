//! The virtio block device (section 5.2).

mod device;
#[cfg(test)]
mod tests;

pub use device::VIRTIO_BLK;
