//! MSI-X: an interrupt is a write of a message to memory (PCI Local Bus 3.0, section 6.8.2).

use hal::mem::PhysAddr;
use hal::mmio;
use kcore::irq::{Vector, message_for};

use super::config::Function;
use super::scan::map;

const CAPABILITY: u8 = 0x11;
const ENABLE: u32 = 1 << 31;
const MASK_ALL: u32 = 1 << 30;

/// The table of a function's messages.
pub struct Msix {
    table: *mut u32,
    entries: u16,
}

// SAFETY: the table may be written from any thread; each entry has one user.
unsafe impl Send for Msix {}
// SAFETY: as above.
unsafe impl Sync for Msix {}

impl Msix {
    /// Switches MSI-X on; none if the function does not have it.
    pub fn enable(function: Function) -> Option<Self> {
        let (_, at) = function.capabilities().find(|(id, _)| *id == CAPABILITY)?;
        let control = function.read(at);
        let entries = (control >> 16) as u16 & 0x7ff;
        let place = function.read(at + 4);
        let base = function.memory(place as u8 & 7)?.checked_add(u64::from(place & !7))?;
        let table = map(PhysAddr(base), (usize::from(entries) + 1) * 16)?.cast();
        function.write(at, control & !MASK_ALL | ENABLE);
        Some(Self { table, entries: entries + 1 })
    }

    /// Makes message `index` raise `vector`; false if there is no such message.
    pub fn set(&self, index: u16, vector: Vector) -> bool {
        if index >= self.entries {
            return false;
        }
        let (address, data) = message_for(vector);
        let entry = self.table.wrapping_add(usize::from(index) * 4);
        let words = [address as u32, (address >> 32) as u32, data, 0];
        for (offset, word) in words.into_iter().enumerate() {
            // SAFETY: an entry of the table, which is mapped.
            unsafe { mmio::write32(entry.wrapping_add(offset), word) }
        }
        true
    }
}
