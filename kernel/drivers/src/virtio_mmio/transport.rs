//! The registers (section 4.2.2).

use alloc::boxed::Box;
use alloc::vec::Vec;

use hal::mmio;
use kcore::device::bus::{QueueSetup, Virtio};
use kcore::errno::Result;
use kcore::irq;
use kcore::sync::{Once, SpinLock};

use super::find::Location;

const MAGIC: usize = 0x000;
const VERSION: usize = 0x004;
const DEVICE_ID: usize = 0x008;
const DEVICE_FEATURES: usize = 0x010;
const DEVICE_FEATURES_SELECT: usize = 0x014;
const DRIVER_FEATURES: usize = 0x020;
const DRIVER_FEATURES_SELECT: usize = 0x024;
const QUEUE_SELECT: usize = 0x030;
const QUEUE_SIZE_MAX: usize = 0x034;
const QUEUE_SIZE: usize = 0x038;
const QUEUE_READY: usize = 0x044;
const QUEUE_NOTIFY: usize = 0x050;
const INTERRUPT_STATUS: usize = 0x060;
const INTERRUPT_ACKNOWLEDGE: usize = 0x064;
const STATUS: usize = 0x070;
const QUEUE_DESCRIPTORS: usize = 0x080;
const QUEUE_DRIVER: usize = 0x090;
const QUEUE_DEVICE: usize = 0x0a0;
const CONFIG: usize = 0x100;

/// "virt", little endian.
const MAGIC_VALUE: u32 = 0x7472_6976;

/// A device behind memory-mapped registers.
pub struct Mmio {
    registers: Registers,
    location: Location,
    /// Connected with the first queue; none inside if it cannot be.
    line: Once<Option<&'static Line>>,
}

/// The registers alone: what the interrupt handler needs.
#[derive(Clone, Copy)]
struct Registers {
    base: *mut u8,
    size: usize,
}

// SAFETY: registers may be used from any thread; each access is one load or store.
unsafe impl Send for Registers {}
// SAFETY: as above.
unsafe impl Sync for Registers {}

impl Registers {
    fn read(self, offset: usize) -> u32 {
        if offset + 4 > self.size {
            return 0;
        }
        // SAFETY: a register of the device, which is mapped that far.
        unsafe { mmio::read32(self.base.wrapping_add(offset).cast()) }
    }

    fn write(self, offset: usize, value: u32) {
        if offset + 4 <= self.size {
            // SAFETY: as above.
            unsafe { mmio::write32(self.base.wrapping_add(offset).cast(), value) }
        }
    }

    fn write64(self, offset: usize, value: u64) {
        self.write(offset, value as u32);
        self.write(offset + 4, (value >> 32) as u32);
    }
}

/// A queue's number, its handler and the handler's data.
type Handler = (u16, fn(usize), usize);

/// The device's one interrupt line, and the handlers of its queues.
struct Line {
    registers: Registers,
    handlers: SpinLock<Vec<Handler>>,
}

/// Acknowledges first, so that what happens afterwards interrupts again; each handler looks at its
/// own queue.
fn interrupt(line: usize) {
    // SAFETY: `line` made it and never frees it.
    let line = unsafe { &*core::ptr::with_exposed_provenance::<Line>(line) };
    let pending = line.registers.read(INTERRUPT_STATUS);
    line.registers.write(INTERRUPT_ACKNOWLEDGE, pending);
    for (_, handler, data) in line.handlers.lock().iter() {
        handler(*data);
    }
}

/// Connects the line of a device, for good.
fn line(registers: Registers, location: &Location) -> Option<&'static Line> {
    let line = Box::leak(Box::new(Line { registers, handlers: SpinLock::new(Vec::new()) }));
    let data = core::ptr::from_ref(line).expose_provenance();
    let vector = irq::allocate_vector(interrupt, data).ok()?;
    irq::route_gsi(location.interrupt, vector, location.trigger).ok()?;
    Some(line)
}

impl Mmio {
    /// The device whose registers are at `base`, if there is one of this type; only the current
    /// version of the interface (2) counts.
    pub fn new(base: *mut u8, location: Location, device_type: u32) -> Option<Self> {
        let registers = Registers { base, size: usize::try_from(location.size).ok()? };
        let found = registers.read(MAGIC) == MAGIC_VALUE
            && registers.read(VERSION) == 2
            && registers.read(DEVICE_ID) == device_type;
        found.then_some(Self { registers, location, line: Once::new() })
    }
}

impl Virtio for Mmio {
    fn device_features(&self, select: u32) -> u32 {
        self.registers.write(DEVICE_FEATURES_SELECT, select);
        self.registers.read(DEVICE_FEATURES)
    }

    fn set_driver_features(&self, select: u32, features: u32) {
        self.registers.write(DRIVER_FEATURES_SELECT, select);
        self.registers.write(DRIVER_FEATURES, features);
    }

    fn status(&self) -> u8 {
        self.registers.read(STATUS) as u8
    }

    fn set_status(&self, status: u8) {
        self.registers.write(STATUS, status.into());
    }

    fn queue_size_max(&self, index: u16) -> u16 {
        self.registers.write(QUEUE_SELECT, index.into());
        self.registers.read(QUEUE_SIZE_MAX).min(1 << 15) as u16
    }

    fn enable_queue(&self, queue: &QueueSetup, handler: fn(usize), data: usize) -> Result<bool> {
        let registers = self.registers;
        registers.write(QUEUE_SELECT, queue.index.into());
        registers.write(QUEUE_SIZE, queue.size.into());
        registers.write64(QUEUE_DESCRIPTORS, queue.descriptors);
        registers.write64(QUEUE_DRIVER, queue.available);
        registers.write64(QUEUE_DEVICE, queue.used);
        let line = *self.line.get_or_init(|| line(registers, &self.location));
        if let Some(line) = line {
            let mut handlers = line.handlers.lock();
            // After a reset it is there already.
            if handlers.iter().all(|(index, ..)| *index != queue.index) {
                handlers.push((queue.index, handler, data));
            }
        }
        registers.write(QUEUE_READY, 1);
        Ok(line.is_some())
    }

    fn notify(&self, index: u16) {
        self.registers.write(QUEUE_NOTIFY, index.into());
    }

    fn config(&self, offset: usize, width: usize) -> u32 {
        let end = CONFIG + offset + width;
        if end > self.registers.size {
            return 0;
        }
        let place = self.registers.base.wrapping_add(CONFIG + offset);
        // SAFETY: a field of the configuration, which is mapped that far.
        unsafe { mmio::read(place, width) }
    }
}
