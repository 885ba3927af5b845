//! Buses: the rows of `table_bus`, through which drivers of virtio devices find theirs.

use alloc::boxed::Box;

use crate::errno::Result;

/// The registers of a virtio device, however it is attached (Virtual I/O Device 1.2, section 4).
pub trait Virtio: Send + Sync {
    /// Device features, 32 bits at a time.
    fn device_features(&self, select: u32) -> u32;
    /// Accepts driver features, 32 bits at a time.
    fn set_driver_features(&self, select: u32, features: u32);
    /// The device status byte.
    fn status(&self) -> u8;
    /// Sets the status byte; 0 resets.
    fn set_status(&self, status: u8);
    /// Entries that queue `index` may have; 0 if there is no such queue.
    fn queue_size_max(&self, index: u16) -> u16;
    /// Sets a queue up, with the physical addresses of its three parts, and enables it. Its
    /// interrupts call `handler(data)` in interrupt context; false if none will arrive.
    fn enable_queue(&self, queue: &QueueSetup, handler: fn(usize), data: usize) -> Result<bool>;
    /// Tells the device that queue `index` has new buffers.
    fn notify(&self, index: u16);
    /// A field of the device's own configuration, `width` bytes wide: 1, 2 or 4, and at a multiple of
    /// that. A device may answer a read that goes beyond its last field with ones.
    fn config(&self, offset: usize, width: usize) -> u32;
}

/// Where a virtqueue lies.
pub struct QueueSetup {
    /// Which queue.
    pub index: u16,
    /// Entries, a power of two.
    pub size: u16,
    /// Physical address of the descriptor table.
    pub descriptors: u64,
    /// Physical address of the available ring.
    pub available: u64,
    /// Physical address of the used ring.
    pub used: u64,
}

/// A bus that virtio devices are found on.
pub struct Bus {
    /// The transport of device number `index` among those with this virtio device type.
    pub find: fn(device_type: u32, index: usize) -> Option<Box<dyn Virtio>>,
}

super::table!("table_bus", Bus, 2);

/// The virtio device number `index` of a type, over all buses in order.
pub fn find_virtio(device_type: u32, index: usize) -> Option<Box<dyn Virtio>> {
    let mut left = index;
    for row in rows() {
        let mut own = 0;
        while let Some(device) = (row.find)(device_type, own) {
            if left == 0 {
                return Some(device);
            }
            drop(device);
            left -= 1;
            own += 1;
        }
    }
    None
}
