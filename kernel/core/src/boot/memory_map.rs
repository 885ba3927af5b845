//! The boot information, whichever protocol it came by.

use crate::sync::SpinLock;
use crate::table::Table;
use core::cell::UnsafeCell;
use core::ops::Range;
use hal::mem::{PAGE_SIZE, PhysAddr, phys_to_virt};

/// Rows in the table of boot protocols.
pub const ROWS: usize = 3;

/// A row of the table of boot protocols.
pub struct Row {
    /// The number that the protocol's entry code reports.
    pub protocol: u32,
    /// Reads the information at a physical address; `None` if that is not what it should be.
    pub parse: fn(u64) -> Option<BootInfo>,
}

unsafe extern "Rust" {
    /// The boot protocols.
    safe static table_boot: Table<Row, ROWS>;
}

/// A range of physical memory, in bytes.
pub type MemoryRange = Range<u64>;

/// What the boot loader says. Its parts are in memory that is kept out of the frame allocator.
#[derive(Clone, Copy)]
pub struct BootInfo {
    /// The command line.
    pub command_line: &'static [u8],
    /// The first module (an initial file system), if there is one.
    pub module: Option<&'static [u8]>,
    /// The physical address of ACPI's root pointer, if the loader knows it.
    pub acpi_root: Option<PhysAddr>,
    /// The protocol's list of memory, and how many entries it has.
    pub(super) list: usize,
    pub(super) count: usize,
    /// The entry of that number: a range, if it is usable memory.
    pub(super) entry: fn(list: usize, index: usize) -> Option<MemoryRange>,
}

struct Kept(UnsafeCell<BootInfo>);
// SAFETY: written once, by the first processor, before anything reads it.
unsafe impl Sync for Kept {}
static INFO: Kept = Kept(UnsafeCell::new(BootInfo {
    command_line: &[],
    module: None,
    acpi_root: None,
    list: 0,
    count: 0,
    entry: |_, _| None,
}));

/// What may be in use besides the kernel.
const RESERVED: usize = 12;
static IN_USE: SpinLock<[MemoryRange; RESERVED]> = SpinLock::new([const { 0..0 }; RESERVED]);

/// Keeps a range out of the frame allocator. Too many of them is not to be expected: the last one
/// then grows to take the range in as well.
pub(crate) fn reserve(range: MemoryRange) {
    let page = PAGE_SIZE as u64;
    let range = range.start & !(page - 1)..range.end.next_multiple_of(page);
    let mut in_use = IN_USE.lock();
    for place in in_use.iter_mut() {
        if place.is_empty() || (place.start <= range.end && range.start <= place.end) {
            let empty = place.is_empty();
            place.start = if empty { range.start } else { place.start.min(range.start) };
            place.end = place.end.max(range.end);
            return;
        }
    }
    if let Some(last) = in_use.last_mut() {
        *last = last.start.min(range.start)..last.end.max(range.end);
    }
}

/// Reads what the boot loader left; false if no protocol of the table understands it.
///
/// # Safety
/// Called once, by the first processor, with what the entry code reported.
pub unsafe fn initialise(protocol: u32, information: u64) -> bool {
    let row = table_boot.rows().find(|row| row.protocol == protocol);
    let Some(info) = row.and_then(|row| (row.parse)(information)) else { return false };
    // SAFETY: nothing has read it yet.
    unsafe { INFO.0.get().write(info) };
    true
}

/// What the boot loader says.
pub fn info() -> &'static BootInfo {
    // SAFETY: written before anything reads it, never afterwards.
    unsafe { &*INFO.0.get() }
}

impl BootInfo {
    /// Calls `each` for every range of usable memory.
    pub fn usable(&self, each: &mut dyn FnMut(MemoryRange)) {
        (0..self.count).filter_map(|index| (self.entry)(self.list, index)).for_each(each);
    }

    /// Calls `each` for every range of usable memory that is not in use by what was loaded.
    pub fn free(&self, each: &mut dyn FnMut(MemoryRange)) {
        let in_use = IN_USE.lock().clone();
        self.usable(&mut |range| {
            let mut at = range.start;
            while at < range.end {
                // The first range in use that ends after `at`.
                let next = in_use
                    .iter()
                    .filter(|used| used.end > at && used.start < range.end && !used.is_empty())
                    .min_by_key(|used| used.start);
                let end = next.map_or(range.end, |used| used.start.max(at));
                if at < end {
                    each(at..end);
                }
                at = next.map_or(range.end, |used| used.end);
            }
        });
    }
}

/// Bytes at a physical address that the boot loader names.
///
/// # Safety
/// They are there, in the first GB, and stay.
pub(super) unsafe fn bytes_at(address: u64, length: usize) -> &'static [u8] {
    // SAFETY: as the caller says.
    unsafe { core::slice::from_raw_parts(phys_to_virt(PhysAddr(address)), length) }
}
