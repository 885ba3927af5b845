//! Configuration space: where it is, and what is at its start (PCI Local Bus 3.0, chapter 6).

use hal::mem::PhysAddr;
use hal::{mmio, port};
use kcore::sync::{Once, SpinLock};

use super::mcfg::{self, Ecam};

/// A function's address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Function {
    /// Bus, 0 to 255.
    pub bus: u8,
    /// Device (5 bits) and function (3 bits).
    pub number: u8,
}

static ECAM: Once<Option<Ecam>> = Once::new();
/// One at a time between the address port and the data port.
static PORTS: SpinLock<()> = SpinLock::new(());

const ADDRESS_PORT: u16 = 0xcf8;
const DATA_PORT: u16 = 0xcfc;

impl Function {
    /// Reads the 32 bits at `offset`, a multiple of 4; all ones if there is nothing.
    pub fn read(self, offset: u16) -> u32 {
        if let Some(register) = self.mapped(offset) {
            // SAFETY: configuration space, mapped that far.
            return unsafe { mmio::read32(register) };
        }
        if offset >= 256 {
            return u32::MAX;
        }
        let _only = PORTS.lock();
        // SAFETY: the ports of configuration space are this module's.
        unsafe {
            port::write32(ADDRESS_PORT, self.port_address(offset));
            port::read32(DATA_PORT)
        }
    }

    /// Writes the 32 bits at `offset`.
    pub fn write(self, offset: u16, value: u32) {
        if let Some(register) = self.mapped(offset) {
            // SAFETY: configuration space, mapped that far.
            return unsafe { mmio::write32(register, value) };
        }
        if offset < 256 {
            let _only = PORTS.lock();
            // SAFETY: the ports of configuration space are this module's.
            unsafe {
                port::write32(ADDRESS_PORT, self.port_address(offset));
                port::write32(DATA_PORT, value);
            }
        }
    }

    fn port_address(self, offset: u16) -> u32 {
        1 << 31 | u32::from(self.bus) << 16 | u32::from(self.number) << 8 | u32::from(offset & 0xfc)
    }

    fn mapped(self, offset: u16) -> Option<*mut u32> {
        let ecam = (*ECAM.get_or_init(mcfg::find))?;
        let bus = self.bus.checked_sub(ecam.first_bus).filter(|_| self.bus <= ecam.last_bus)?;
        let function = ecam.base + (u64::from(bus) << 20) + (u64::from(self.number) << 12);
        let page = super::scan::map(PhysAddr(function), 4096)?;
        Some(page.wrapping_add(usize::from(offset & 0xffc)).cast())
    }

    /// Vendor (low half) and device; none if there is no such function.
    pub fn identity(self) -> Option<u32> {
        Some(self.read(0)).filter(|identity| identity & 0xffff != 0xffff)
    }

    /// Class, subclass, programming interface and revision.
    pub fn class(self) -> u32 {
        self.read(8)
    }

    /// The header's type, without the bit that says that there are more functions.
    pub fn header(self) -> u8 {
        (self.read(12) >> 16) as u8 & 0x7f
    }

    /// Lets the function decode memory and master the bus.
    pub fn enable(self) {
        const MEMORY_AND_MASTER: u32 = 0b110;
        const INTX_OFF: u32 = 1 << 10;
        // The upper half is status bits that writing ones would clear.
        self.write(4, self.read(4) & 0xffff | MEMORY_AND_MASTER | INTX_OFF);
    }

    /// The physical address in base address register `index`; none if it is for ports, not set or
    /// out of range.
    pub fn memory(self, index: u8) -> Option<u64> {
        if index > 5 {
            return None;
        }
        let offset = 0x10 + 4 * u16::from(index);
        let low = self.read(offset);
        if low & 1 != 0 {
            return None;
        }
        let high = match low >> 1 & 3 {
            2 if index < 5 => self.read(offset + 4),
            2 => return None,
            _ => 0,
        };
        Some(u64::from(high) << 32 | u64::from(low & !0xf)).filter(|&address| address != 0)
    }

    /// The capabilities: identity and offset of each. A list that loops ends all the same.
    pub fn capabilities(self) -> impl Iterator<Item = (u8, u16)> {
        const HAS_LIST: u32 = 1 << 20;
        let first = if self.read(4) & HAS_LIST != 0 { self.read(0x34) as u8 & 0xfc } else { 0 };
        let mut at = u16::from(first);
        // No more than fit into 256 bytes behind the header.
        (0..48).map_while(move |_| {
            if at < 0x40 {
                return None;
            }
            let (offset, head) = (at, self.read(at));
            at = (head >> 8) as u16 & 0xfc;
            Some((head as u8, offset))
        })
    }
}
