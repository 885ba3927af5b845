//! Fewer notifications and interrupts (section 2.7.10): each side says at which entry it wants to
//! hear from the other again. Without `VIRTIO_F_EVENT_IDX` flags do the same, all or nothing.

use core::sync::atomic::{Ordering, fence};

use kcore::device::bus::Virtio;

use super::queue::{NO_NOTIFY, Queue};

/// `VIRTIO_F_EVENT_IDX`.
pub const EVENT_INDEX: u64 = 1 << 29;
/// The available ring's flag: no interrupts, please.
const NO_INTERRUPT: u16 = 1;

impl Queue {
    /// Says whether event indices were agreed on; before the first entry is offered.
    pub fn use_events(&mut self, events: bool) {
        self.events = events;
    }

    /// Tells the device about new entries, if it asked for that.
    ///
    /// A device that waits at an entry which was offered before, and was not told, is told as well:
    /// QEMU 7.2 leaves fences out where it emulates a single processor, so its wish may have been
    /// read before it could see the entry. Nothing else would ever wake it.
    pub fn announce(&mut self, transport: &dyn Virtio) {
        // The index is visible before the device's wish is read.
        fence(Ordering::SeqCst);
        let (old, new) = (self.told, self.offered);
        self.told = new;
        let used = Self::used_at(self.size);
        let wanted = if self.events {
            let event = self.load16(used + 4 + 8 * usize::from(self.size));
            let is_since = |entry| new.wrapping_sub(event).wrapping_sub(1) < new.wrapping_sub(entry);
            let wanted = is_since(old) || event != self.followed && is_since(self.load16(used + 2));
            if wanted {
                self.followed = event;
            }
            wanted
        } else {
            new != old && self.load16(used) & NO_NOTIFY == 0
        };
        if wanted {
            transport.notify(self.index);
        }
    }

    /// Asks for no interrupts. A few may come all the same.
    pub fn quiet(&mut self) {
        let available = Self::available_at(self.size);
        if self.events {
            // The entry that was done last: the device has passed it.
            self.store16(available + 4 + 2 * usize::from(self.size), self.taken.wrapping_sub(1));
        } else {
            self.store16(available, NO_INTERRUPT);
        }
    }

    /// Asks for an interrupt when `after` more entries than the next are done. True if they are
    /// already: then perhaps none will come.
    pub fn listen(&mut self, after: u16) -> bool {
        let available = Self::available_at(self.size);
        if self.events {
            let event = self.taken.wrapping_add(after);
            self.store16(available + 4 + 2 * usize::from(self.size), event);
        } else {
            self.store16(available, 0);
        }
        // The wish is visible before the index is read.
        fence(Ordering::SeqCst);
        self.done() > after
    }

    /// Whether the device has said something that cannot be.
    pub fn is_broken(&self) -> bool {
        self.lied || self.done() > self.size
    }

    /// Entries that are done and not taken yet, as the device says.
    fn done(&self) -> u16 {
        self.load16(Self::used_at(self.size) + 2).wrapping_sub(self.taken)
    }

    /// Descriptors that are free.
    pub fn room(&self) -> u16 {
        self.free_count
    }
}
