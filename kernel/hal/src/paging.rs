//! Page tables of four levels (Intel SDM volume 3, chapter 4). Where frames come from is the
//! caller's business, so all of this runs in tests on the host, over tables in its memory.

use crate::mem::{PAGE_SIZE, PhysAddr, clear_frame, phys_to_virt};

/// The entry is used by the processor.
pub const PRESENT: u64 = 1;
/// Stores are allowed.
pub const WRITE: u64 = 1 << 1;
/// Not cached, as device registers have to be: PWT and PCD.
pub const UNCACHED: u64 = 1 << 3 | 1 << 4;
/// The entry maps a large page instead of pointing at a table.
pub const LARGE: u64 = 1 << 7;
/// Kept when the top page table is loaded again.
pub const GLOBAL: u64 = 1 << 8;
/// Bits 9 to 11 are the software's.
pub const SOFTWARE: [u64; 3] = [1 << 9, 1 << 10, 1 << 11];
/// No instruction fetches.
pub const NO_EXECUTE: u64 = 1 << 63;
/// The bits of an entry that hold a physical address.
pub const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

const ENTRIES: usize = 512;
const LARGE_SIZE: usize = 2 << 20;
const HUGE_SIZE: usize = 1 << 30;

/// Takes a frame for a table; its contents are arbitrary.
pub type Allocate<'a> = &'a mut dyn FnMut() -> Option<PhysAddr>;

/// The entry of `address` in a table of this level (0 maps pages, 3 is the top).
fn entry_in(table: PhysAddr, level: u32, address: usize) -> *mut u64 {
    let index = address >> (12 + 9 * level) & (ENTRIES - 1);
    phys_to_virt(table).cast::<u64>().wrapping_add(index)
}

/// The table that an entry points at, made if it is missing. A large page in the way is `None`.
fn table_under(entry: *mut u64, allocate: Allocate<'_>) -> Option<PhysAddr> {
    // SAFETY: entries of live tables; the caller serialises changes.
    let value = unsafe { entry.read_volatile() };
    if value & PRESENT != 0 {
        return (value & LARGE == 0).then_some(PhysAddr(value & ADDRESS));
    }
    let table = allocate()?;
    // SAFETY: the frame is new, the entry as above.
    unsafe {
        clear_frame(table);
        entry.write_volatile(table.0 | PRESENT | WRITE);
    }
    Some(table)
}

/// The entry that maps the page at `address`; missing tables are made. `None` without memory, or
/// if a large page is in the way.
pub fn entry(top: PhysAddr, address: usize, allocate: Allocate<'_>) -> Option<*mut u64> {
    entry_at(top, address, 0, allocate)
}

/// The entry for `address` in the table of `level`.
fn entry_at(top: PhysAddr, address: usize, level: u32, allocate: Allocate<'_>) -> Option<*mut u64> {
    let mut table = top;
    for above in (level + 1..=3).rev() {
        table = table_under(entry_in(table, above, address), allocate)?;
    }
    Some(entry_in(table, level, address))
}

/// The entry that maps the page at `address`, if its table exists.
pub fn existing_entry(top: PhysAddr, address: usize) -> Option<*mut u64> {
    entry(top, address, &mut || None)
}

/// Calls `each` with the address and the entry of every page in a range whose entry is not zero.
pub fn walk(top: PhysAddr, start: usize, end: usize, each: &mut dyn FnMut(usize, *mut u64)) {
    walk_level(top, 3, start, end, each);
}

fn walk_level(table: PhysAddr, level: u32, start: usize, end: usize, each: &mut dyn FnMut(usize, *mut u64)) {
    let size = PAGE_SIZE << (9 * level);
    let mut address = start;
    while address < end {
        let entry = entry_in(table, level, address);
        // SAFETY: an entry of a live table; the caller serialises changes.
        let value = unsafe { entry.read_volatile() };
        let next = (address & !(size - 1)).saturating_add(size);
        if level == 0 {
            if value != 0 {
                each(address, entry);
            }
        } else if value & PRESENT != 0 && value & LARGE == 0 {
            walk_level(PhysAddr(value & ADDRESS), level - 1, address, next.min(end), each);
        }
        address = next;
    }
}

/// Gives back the tables in a range that are empty. No processor may use their entries any more:
/// flush first.
pub fn prune(top: PhysAddr, start: usize, end: usize, release: &mut dyn FnMut(PhysAddr)) {
    prune_level(top, 3, start, end, release);
}

/// Returns whether the table is empty.
fn prune_level(
    table: PhysAddr,
    level: u32,
    start: usize,
    end: usize,
    release: &mut dyn FnMut(PhysAddr),
) -> bool {
    let size = PAGE_SIZE << (9 * level);
    let mut address = start;
    while level != 0 && address < end {
        let entry = entry_in(table, level, address);
        // SAFETY: an entry of a live table; the caller serialises changes.
        let value = unsafe { entry.read_volatile() };
        let next = (address & !(size - 1)).saturating_add(size);
        if value & PRESENT != 0 && value & LARGE == 0 {
            let under = PhysAddr(value & ADDRESS);
            if prune_level(under, level - 1, address, next.min(end), release) {
                // SAFETY: as above; the table under it holds nothing.
                unsafe { entry.write_volatile(0) };
                release(under);
            }
        }
        address = next;
    }
    let entries = phys_to_virt(table).cast::<u64>();
    // SAFETY: a live table has this many entries.
    (0..ENTRIES).all(|index| unsafe { entries.add(index).read_volatile() } == 0)
}

/// The physical address behind `address`, if it is mapped.
#[must_use]
pub fn translate(top: PhysAddr, address: usize) -> Option<PhysAddr> {
    let mut table = top;
    for level in (0..=3).rev() {
        // SAFETY: an entry of a live table.
        let value = unsafe { entry_in(table, level, address).read_volatile() };
        if value & PRESENT == 0 {
            return None;
        }
        if level == 0 || value & LARGE != 0 {
            let within = (PAGE_SIZE << (9 * level)) - 1;
            return Some(PhysAddr((value & ADDRESS & !(within as u64)) + (address & within) as u64));
        }
        table = PhysAddr(value & ADDRESS);
    }
    None
}

/// Maps a physical range at `base` + its address with the largest pages that fit, leaving alone
/// what is mapped already. `bits` are the entry's, without PRESENT. With `outwards` the range may
/// be rounded to 2 MB at both ends, which spares tables. False without memory.
pub fn map_linear(
    top: PhysAddr,
    base: usize,
    range: core::ops::Range<u64>,
    bits: u64,
    outwards: bool,
    huge_pages: bool,
    allocate: Allocate<'_>,
) -> bool {
    let unit = if outwards { LARGE_SIZE as u64 } else { PAGE_SIZE as u64 };
    let mut at = range.start & !(unit - 1);
    let end = range.end.next_multiple_of(unit);
    while at < end {
        let address = base.wrapping_add(at as usize);
        let fits = |size: usize| at.is_multiple_of(size as u64) && end - at >= size as u64;
        let level = if huge_pages && fits(HUGE_SIZE) {
            2
        } else if fits(LARGE_SIZE) {
            1
        } else {
            0
        };
        // A large page or a table that is there already stays.
        let size = if translate(top, address).is_some() {
            PAGE_SIZE << (9 * u32::from(fits(LARGE_SIZE)))
        } else {
            let Some(entry) = entry_at(top, address, level, allocate) else { return false };
            // SAFETY: an entry of a live table; the caller serialises changes.
            unsafe {
                if entry.read_volatile() & PRESENT == 0 {
                    let large = if level == 0 { 0 } else { LARGE };
                    entry.write_volatile(at | bits | large | PRESENT);
                    PAGE_SIZE << (9 * level)
                } else {
                    // A table with a hole in it: fill it page by page.
                    let Some(entry) = entry_at(top, address, 0, allocate) else { return false };
                    entry.write_volatile(at | bits | PRESENT);
                    PAGE_SIZE
                }
            }
        };
        at += size as u64;
    }
    true
}

/// Forgets one page's translation on this processor.
#[inline]
pub fn flush(address: usize) {
    #[cfg(kernel)]
    // SAFETY: only drops a cached translation.
    unsafe {
        core::arch::asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags));
    }
    #[cfg(not(kernel))]
    let _ = address;
}

/// Forgets all translations on this processor, but for global ones.
#[inline]
pub fn flush_all() {
    #[cfg(kernel)]
    // SAFETY: loads the register with what it holds.
    unsafe {
        core::arch::asm!("mov {0}, cr3", "mov cr3, {0}", out(reg) _, options(nostack, preserves_flags));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    #[repr(align(4096))]
    struct Frame(#[expect(dead_code, reason = "only its place counts")] [u8; PAGE_SIZE]);

    #[derive(Default)]
    struct Frames(RefCell<BTreeSet<u64>>);

    impl Frames {
        fn take(&self) -> Option<PhysAddr> {
            let frame = Box::into_raw(Box::new(Frame([0xaa; PAGE_SIZE])));
            self.0.borrow_mut().insert(frame.expose_provenance() as u64);
            Some(PhysAddr(frame.expose_provenance() as u64))
        }

        fn top(&self) -> PhysAddr {
            let top = self.take().unwrap();
            // SAFETY: the frame is new.
            unsafe { clear_frame(top) };
            top
        }
    }

    #[test]
    fn a_page_is_found_again_and_its_tables_are_given_back() {
        let frames = Frames::default();
        let top = frames.top();
        let address = 0x7123_4567_8000;
        let slot = entry(top, address, &mut || frames.take()).unwrap();
        // SAFETY: an entry of our own table.
        unsafe { slot.write(0x5000 | PRESENT) };
        assert_eq!(translate(top, address + 0x123), Some(PhysAddr(0x5123)));
        assert_eq!(translate(top, address + PAGE_SIZE), None);
        let mut seen = Vec::new();
        walk(top, 0, 1 << 47, &mut |at, slot| {
            seen.push(at);
            // SAFETY: an entry of our own table.
            unsafe { slot.write(0) };
        });
        assert_eq!(seen, [address]);
        let mut back = BTreeSet::new();
        prune(top, 0, 1 << 47, &mut |table| {
            back.insert(table.0);
        });
        assert_eq!(back.len(), 3);
        assert!(existing_entry(top, address).is_none());
    }

    #[test]
    fn linear_maps_use_large_pages_where_they_fit() {
        let frames = Frames::default();
        let top = frames.top();
        let base = 0x1000_0000_0000;
        let before = frames.0.borrow().len();
        assert!(map_linear(top, base, 0..3 << 30, WRITE, true, true, &mut || frames.take()));
        assert_eq!(frames.0.borrow().len() - before, 1);
        assert!(
            map_linear(top, base, 3 << 30..(3 << 30) + 0x40_1000, WRITE, false, true, &mut || frames.take())
        );
        for at in [0usize, 0x1234_5678, (3 << 30) + 0x40_0fff] {
            assert_eq!(translate(top, base + at), Some(PhysAddr(at as u64)), "{at:#x}");
        }
        assert_eq!(translate(top, base + (3 << 30) + 0x40_1000), None);
    }
}
