//! Virtio over PCI: modern registers, which transitional devices have too.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hal::mem::PhysAddr;
use hal::mmio;
use kcore::device::bus::{QueueSetup, Virtio};
use kcore::errno::{EIO, Result};
use kcore::irq;
use kcore::sync::SpinLock;

use super::config::Function;
use super::msix::Msix;
use super::scan::{self, map};

const VENDOR: u32 = 0x1af4;
/// Device identities from here on are the type plus this.
const MODERN: u32 = 0x1040;
/// Transitional devices are from 0x1000 on; their subsystem identity is the type.
const TRANSITIONAL: core::ops::Range<u32> = 0x1000..0x1040;

/// The vendor-specific capability that virtio's are.
const CAPABILITY: u8 = 9;

mod common {
    pub const DEVICE_FEATURES_SELECT: usize = 0x00;
    pub const DEVICE_FEATURES: usize = 0x04;
    pub const DRIVER_FEATURES_SELECT: usize = 0x08;
    pub const DRIVER_FEATURES: usize = 0x0c;
    pub const STATUS: usize = 0x14;
    pub const QUEUE_SELECT: usize = 0x16;
    pub const QUEUE_SIZE: usize = 0x18;
    pub const QUEUE_VECTOR: usize = 0x1a;
    pub const QUEUE_ENABLE: usize = 0x1c;
    pub const QUEUE_NOTIFY_OFFSET: usize = 0x1e;
    pub const QUEUE_DESCRIPTORS: usize = 0x20;
    pub const QUEUE_DRIVER: usize = 0x28;
    pub const QUEUE_DEVICE: usize = 0x30;
    pub const SIZE: usize = 0x38;
}

/// A window of device memory.
#[derive(Clone, Copy)]
struct Window {
    base: *mut u8,
    size: usize,
}

/// A virtio device on PCI.
struct Pci {
    common: Window,
    notify: Window,
    multiplier: u32,
    config: Option<Window>,
    msix: Option<Msix>,
    /// The queues that were set up once.
    doorbells: SpinLock<Vec<Doorbell>>,
}

/// What stays of a queue when its device is reset.
#[derive(Clone, Copy)]
struct Doorbell {
    index: u16,
    /// Where the queue is notified.
    address: *mut u16,
    /// Whether it has a message of its own.
    message: bool,
}

// SAFETY: registers may be used from any thread; each access is one load or store.
unsafe impl Send for Pci {}
// SAFETY: as above; queue set-up is one thread's.
unsafe impl Sync for Pci {}

/// The virtio type of a function, if it is one.
fn device_type(function: Function) -> Option<u32> {
    let identity = function.identity()?;
    let device = identity >> 16;
    if identity & 0xffff != VENDOR {
        return None;
    }
    if TRANSITIONAL.contains(&device) { Some(function.read(0x2c) >> 16) } else { device.checked_sub(MODERN) }
}

/// Device number `index` of a type.
pub fn find(wanted: u32, index: usize) -> Option<Box<dyn Virtio>> {
    let mut left = index;
    scan::find(&mut |function| {
        if device_type(function) != Some(wanted) {
            return None;
        }
        if left > 0 {
            left -= 1;
            return None;
        }
        Pci::new(function).map(|device| Box::new(device) as Box<dyn Virtio>)
    })
}

/// The windows that the capabilities of a function name, by type: common 1, notify 2, device 4.
fn window(function: Function, wanted: u8, least: usize) -> Option<(Window, u16)> {
    function.capabilities().filter(|(id, _)| *id == CAPABILITY).find_map(|(_, at)| {
        if (function.read(at) >> 24) as u8 != wanted {
            return None;
        }
        let bar = function.read(at + 4) as u8;
        let (offset, size) = (function.read(at + 8), function.read(at + 12) as usize);
        if size < least {
            return None;
        }
        let address = function.memory(bar)?.checked_add(offset.into())?;
        // No device has more than a page a queue; what a hostile one claims beyond is not mapped.
        let size = size.min(1 << 20);
        Some((Window { base: map(PhysAddr(address), size)?, size }, at))
    })
}

impl Pci {
    fn new(function: Function) -> Option<Self> {
        function.enable();
        let (common, _) = window(function, 1, common::SIZE)?;
        let (notify, at) = window(function, 2, 2)?;
        let multiplier = function.read(at + 16);
        let config = window(function, 4, 4).map(|(window, _)| window);
        Some(Self {
            common,
            notify,
            multiplier,
            config,
            msix: Msix::enable(function),
            doorbells: SpinLock::new(Vec::new()),
        })
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        self.common.base.wrapping_add(offset).cast()
    }

    fn read16(&self, offset: usize) -> u16 {
        // SAFETY: a register of the common configuration, whose size was checked.
        unsafe { mmio::read16(self.at(offset)) }
    }

    fn write16(&self, offset: usize, value: u16) {
        // SAFETY: as above.
        unsafe { mmio::write16(self.at(offset), value) }
    }

    fn write32(&self, offset: usize, value: u32) {
        // SAFETY: as above.
        unsafe { mmio::write32(self.at(offset), value) }
    }

    fn write64(&self, offset: usize, value: u64) {
        self.write32(offset, value as u32);
        self.write32(offset + 4, (value >> 32) as u32);
    }

    /// What belongs to queue `index`, which is selected: made once, a message included.
    fn doorbell(&self, index: u16, handler: fn(usize), data: usize) -> Result<Doorbell> {
        let mut doorbells = self.doorbells.lock();
        if let Some(doorbell) = doorbells.iter().find(|doorbell| doorbell.index == index) {
            return Ok(*doorbell);
        }
        let offset = usize::from(self.read16(common::QUEUE_NOTIFY_OFFSET)) * self.multiplier as usize;
        if offset.checked_add(2).is_none_or(|end| end > self.notify.size) {
            return Err(EIO);
        }
        let message = self.msix.as_ref().is_some_and(|msix| {
            irq::allocate_vector(handler, data).is_ok_and(|vector| msix.set(index, vector))
        });
        let address = self.notify.base.wrapping_add(offset).cast();
        let doorbell = Doorbell { index, address, message };
        doorbells.push(doorbell);
        Ok(doorbell)
    }
}

impl Virtio for Pci {
    fn device_features(&self, select: u32) -> u32 {
        self.write32(common::DEVICE_FEATURES_SELECT, select);
        // SAFETY: as in `read16`.
        unsafe { mmio::read32(self.at(common::DEVICE_FEATURES)) }
    }

    fn set_driver_features(&self, select: u32, features: u32) {
        self.write32(common::DRIVER_FEATURES_SELECT, select);
        self.write32(common::DRIVER_FEATURES, features);
    }

    fn status(&self) -> u8 {
        // SAFETY: as in `read16`.
        unsafe { mmio::read8(self.at(common::STATUS)) }
    }

    fn set_status(&self, status: u8) {
        // SAFETY: as in `read16`.
        unsafe { mmio::write8(self.at(common::STATUS), status) }
    }

    fn queue_size_max(&self, index: u16) -> u16 {
        self.write16(common::QUEUE_SELECT, index);
        self.read16(common::QUEUE_SIZE)
    }

    fn enable_queue(&self, queue: &QueueSetup, handler: fn(usize), data: usize) -> Result<bool> {
        self.write16(common::QUEUE_SELECT, queue.index);
        let doorbell = self.doorbell(queue.index, handler, data)?;
        self.write16(common::QUEUE_SIZE, queue.size);
        self.write64(common::QUEUE_DESCRIPTORS, queue.descriptors);
        self.write64(common::QUEUE_DRIVER, queue.available);
        self.write64(common::QUEUE_DEVICE, queue.used);
        let mut interrupts = false;
        if doorbell.message {
            self.write16(common::QUEUE_VECTOR, queue.index);
            // A device that has no room for it answers 0xffff.
            interrupts = self.read16(common::QUEUE_VECTOR) == queue.index;
        }
        self.write16(common::QUEUE_ENABLE, 1);
        Ok(interrupts)
    }

    fn notify(&self, index: u16) {
        let address = self.doorbells.lock().iter().find(|it| it.index == index).map(|it| it.address);
        if let Some(address) = address {
            // SAFETY: within the notification window.
            unsafe { mmio::write16(address, index) }
        }
    }

    fn config(&self, offset: usize, width: usize) -> u32 {
        match self.config {
            // SAFETY: within the window of the device's configuration.
            Some(window) if offset + width <= window.size => unsafe {
                mmio::read(window.base.wrapping_add(offset), width)
            },
            _ => 0,
        }
    }
}
