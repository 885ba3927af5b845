//! The split virtqueue (section 2.7): descriptors, the available ring for what the driver offers,
//! the used ring for what the device has done.
//!
//! The device can write all of it at any time. So the driver keeps its own account of descriptors,
//! and believes an entry of the used ring only if it names a chain that is on its way.

use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{Ordering, fence};

use hal::mem::virt_to_phys;
use kcore::device::bus::{QueueSetup, Virtio};
use kcore::errno::{EIO, ENODEV, ENOMEM, Result};
use kcore::memory::heap;

/// A descriptor's flag: the chain goes on.
const NEXT: u16 = 1;
/// A descriptor's flag: the device writes.
const WRITE: u16 = 2;
/// The used ring's flag: the device does not need to be told.
pub(super) const NO_NOTIFY: u16 = 1;

/// A piece of memory that a request shows to the device.
#[derive(Clone, Copy)]
pub struct Buffer {
    /// Physical address.
    pub address: u64,
    /// Bytes.
    pub length: u32,
    /// The device writes to it, instead of reading.
    pub device_writes: bool,
}

impl Buffer {
    /// Memory that the device reads; `EIO` if it is not in the direct map or too long.
    pub fn read<T: ?Sized>(memory: &T) -> Result<Self> {
        Self::new(core::ptr::from_ref(memory).cast(), size_of_val(memory), false)
    }

    /// Memory that the device writes; `EIO` if it is not in the direct map or too long.
    pub fn write<T: ?Sized>(memory: &mut T) -> Result<Self> {
        Self::new(core::ptr::from_mut(memory).cast(), size_of_val(memory), true)
    }

    fn new(start: *const u8, length: usize, device_writes: bool) -> Result<Self> {
        let address = virt_to_phys(start).ok_or(EIO)?.0;
        Ok(Self { address, length: u32::try_from(length).map_err(|_| EIO)?, device_writes })
    }
}

/// What the driver knows of a descriptor.
#[derive(Clone, Copy, Default)]
struct Account {
    /// The next free descriptor, or the next one of the chain.
    next: u16,
    /// Descriptors of the chain that starts here and is on its way; 0 if none does.
    length: u16,
    /// What the request is to its driver.
    token: usize,
}

/// A queue, and the memory it shares with its device.
pub struct Queue {
    pub(super) index: u16,
    pub(super) size: u16,
    memory: NonNull<u8>,
    accounts: Vec<Account>,
    free_first: u16,
    pub(super) free_count: u16,
    /// Entries offered and taken so far, as the rings count them.
    pub(super) offered: u16,
    pub(super) taken: u16,
    /// Entries offered when the device was told last, where event indices are used.
    pub(super) told: u16,
    /// The device's wish that was followed last.
    pub(super) followed: u16,
    /// Whether event indices are used.
    pub(super) events: bool,
    /// Whether the device named a request that was not on its way.
    pub(super) lied: bool,
}

// SAFETY: the memory is the queue's own; the device shares it, whoever of the kernel uses it.
unsafe impl Send for Queue {}

const DESCRIPTOR: usize = 16;

impl Queue {
    pub(super) fn available_at(size: u16) -> usize {
        usize::from(size) * DESCRIPTOR
    }

    pub(super) fn used_at(size: u16) -> usize {
        // Flags, index, entries, and the word that event indices would use; then aligned to 4.
        (Self::available_at(size) + 6 + 2 * usize::from(size)).next_multiple_of(4)
    }

    fn layout(size: u16) -> Result<Layout> {
        let length = Self::used_at(size) + 6 + 8 * usize::from(size);
        Layout::from_size_align(length, 4096).map_err(|_| ENOMEM)
    }

    /// Sets up queue `index` of a device with at most `wanted` entries (a power of two); interrupts
    /// call `handler(data)`. `ENODEV` if the device has no such queue.
    ///
    /// Second: whether interrupts arrive. If not, the driver has to look by itself.
    pub fn new(
        transport: &dyn Virtio,
        index: u16,
        wanted: u16,
        handler: fn(usize),
        data: usize,
    ) -> Result<(Self, bool)> {
        let most = transport.queue_size_max(index);
        if most == 0 {
            return Err(ENODEV);
        }
        // Sizes are powers of two; a device that says otherwise gets the next lower one.
        let size = wanted.min(if most.is_power_of_two() { most } else { most.next_power_of_two() >> 1 });
        let layout = Self::layout(size)?;
        let memory = NonNull::new(heap::allocate(layout)).ok_or(ENOMEM)?;
        // SAFETY: just allocated with this size.
        unsafe { memory.as_ptr().write_bytes(0, layout.size()) };
        let accounts = (1..=size).map(|next| Account { next, ..Account::default() }).collect();
        let queue = Self {
            index,
            size,
            memory,
            accounts,
            free_first: 0,
            free_count: size,
            offered: 0,
            taken: 0,
            told: 0,
            followed: 0,
            events: false,
            lied: false,
        };
        let base = virt_to_phys(memory.as_ptr()).ok_or(EIO)?.0;
        let setup = QueueSetup {
            index,
            size,
            descriptors: base,
            available: base + Self::available_at(size) as u64,
            used: base + Self::used_at(size) as u64,
        };
        let interrupts = transport.enable_queue(&setup, handler, data)?;
        Ok((queue, interrupts))
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        self.memory.as_ptr().wrapping_add(offset).cast()
    }

    pub(super) fn load16(&self, offset: usize) -> u16 {
        // SAFETY: offsets are within the layout and aligned; the device may write meanwhile.
        unsafe { self.at::<u16>(offset).read_volatile() }
    }

    pub(super) fn store16(&self, offset: usize, value: u16) {
        // SAFETY: as above.
        unsafe { self.at::<u16>(offset).write_volatile(value) }
    }

    fn load32(&self, offset: usize) -> u32 {
        // SAFETY: as above.
        unsafe { self.at::<u32>(offset).read_volatile() }
    }

    /// Entries that the queue has.
    pub fn size(&self) -> u16 {
        self.size
    }

    /// Offers a request made of `buffers`, those that the device reads first. False if the queue is
    /// full. `token` comes back from [`Queue::take`].
    pub fn offer(&mut self, buffers: &[Buffer], token: usize) -> bool {
        let Ok(count) = u16::try_from(buffers.len()) else { return false };
        if count == 0 || count > self.free_count {
            return false;
        }
        let first = self.free_first;
        let mut at = first;
        for (number, buffer) in buffers.iter().enumerate() {
            let Some(account) = self.accounts.get_mut(usize::from(at)) else { return false };
            let last = number + 1 == buffers.len();
            let flags = if last { 0 } else { NEXT } | if buffer.device_writes { WRITE } else { 0 };
            let next = account.next;
            if number == 0 {
                account.length = count;
                account.token = token;
            }
            let base = usize::from(at) * DESCRIPTOR;
            // SAFETY: a descriptor of the table, which is aligned to 16.
            unsafe {
                self.at::<u64>(base).write_volatile(buffer.address);
                self.at::<u32>(base + 8).write_volatile(buffer.length);
            }
            self.store16(base + 12, flags);
            self.store16(base + 14, next);
            at = next;
        }
        self.free_first = at;
        self.free_count -= count;
        let available = Self::available_at(self.size);
        let slot = usize::from(self.offered & (self.size - 1));
        self.store16(available + 4 + 2 * slot, first);
        // The entry is there before the index says so.
        fence(Ordering::Release);
        self.offered = self.offered.wrapping_add(1);
        self.store16(available + 2, self.offered);
        true
    }

    /// Tells the device about new entries, unless it does not want to know.
    pub fn kick(&self, transport: &dyn Virtio) {
        // The index is visible before the device's wish is read.
        fence(Ordering::SeqCst);
        if self.load16(Self::used_at(self.size)) & NO_NOTIFY == 0 {
            transport.notify(self.index);
        }
    }

    /// Takes a request that is done: its token, and how many bytes the device says it wrote.
    pub fn take(&mut self) -> Option<(usize, u32)> {
        let used = Self::used_at(self.size);
        // More done than offered is a lie; so is an entry that names no request. Both are passed over.
        loop {
            let done = self.load16(used + 2);
            fence(Ordering::Acquire);
            if done == self.taken || done.wrapping_sub(self.taken) > self.size {
                return None;
            }
            let slot = used + 4 + 8 * usize::from(self.taken & (self.size - 1));
            let (first, written) = (self.load32(slot), self.load32(slot + 4));
            self.taken = self.taken.wrapping_add(1);
            if let Some(token) = self.release(first) {
                return Some((token, written));
            }
            self.lied = true;
        }
    }

    /// Gives the descriptors of the chain at `first` back.
    fn release(&mut self, first: u32) -> Option<usize> {
        let start = usize::try_from(first).ok()?;
        let account = self.accounts.get_mut(start).filter(|account| account.length > 0)?;
        let (length, token) = (core::mem::take(&mut account.length), account.token);
        let mut last = start;
        for _ in 1..length {
            last = usize::from(self.accounts.get(last)?.next);
        }
        self.accounts.get_mut(last)?.next = self.free_first;
        self.free_first = start as u16;
        self.free_count += length;
        Some(token)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the memory came from the heap, and a driver resets its device before it drops a
        // queue.
        unsafe { heap::release(self.memory.as_ptr()) }
    }
}
