//! Mappings on the machine: regions, and the page tables that follow them as pages are touched.

use super::regions::{Promise, Region, Regions};
use super::{Advice, Backing, Place, Promised, Protection, RegionInfo, Request};
use crate::errno::{EEXIST, EFAULT, EINVAL, ENODEV, ENOMEM, Errno, Result};
use crate::memory::frames;
use crate::sync::{Mutex, MutexGuard};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};
use hal::mem::{HEAP_BASE, PAGE_SHIFT, PAGE_SIZE, PhysAddr, clear_frame, copy_frame, phys_to_virt};
use hal::paging::{self, ADDRESS, NO_EXECUTE, PRESENT, SOFTWARE, WRITE};

/// Mappings lie between these.
const LOWEST: usize = 0x1_0000;
const HIGHEST: usize = HEAP_BASE;
/// The entry's frame is the mapping's own, and goes back when the page is unmapped.
const OWNED: u64 = SOFTWARE[0];
/// The page is gone, but processors may still know its translation; its frame is freed after a flush.
const STALE: u64 = SOFTWARE[1];
/// The frame was promised, and the promise goes on when the page is forgotten.
const PROMISED: u64 = SOFTWARE[2];
/// x86's page-fault error bits: a store, an instruction fetch.
const FAULT_STORE: u64 = 2;
const FAULT_FETCH: u64 = 16;
/// A range that has tables of its own, in bytes: as much as one table maps.
const LARGE: usize = 2 << 20;
/// Pages brought in at a time where memory is plentiful.
const AROUND: usize = 16;
/// The largest mapping that is small, and how many bytes of such need not be promised.
const SMALL: usize = 4 << 20;
const SMALL_IN_ALL: usize = 12 << 20;
/// How far the stack is used under the lock, in bytes: see [`lock`].
const STACK_AHEAD: usize = 4096;

struct Space {
    regions: Regions,
    /// Counts changes, so that a fault that had to let go of the lock notices them.
    changes: usize,
    /// Bytes of mappings that are not promised as they are small.
    small: usize,
}

static SPACE: Mutex<Space> = Mutex::new(Space { regions: Regions::new(), changes: 0, small: 0 });

/// Takes the lock. The thread's own stack may be a mapping: what of it is used under the lock is
/// touched before, since the fault handler wants the lock as well.
fn lock() -> MutexGuard<'static, Space> {
    // SAFETY: only reads the stack, below what is in use.
    unsafe {
        core::arch::asm!("test byte ptr [rsp - {ahead}], 0", ahead = const STACK_AHEAD, options(nostack));
    }
    SPACE.lock()
}

fn top() -> PhysAddr {
    hal::boot::top_table()
}

fn rounded(length: usize) -> Result<usize> {
    length.checked_next_multiple_of(PAGE_SIZE).filter(|&length| length != 0).ok_or(EINVAL)
}

/// A range of whole pages that mappings may be in.
fn range(address: usize, length: usize, outside: Errno) -> Result<(usize, usize)> {
    if !address.is_multiple_of(PAGE_SIZE) {
        return Err(EINVAL);
    }
    let end = address.checked_add(rounded(length)?).ok_or(outside)?;
    if address < LOWEST || end > HIGHEST { Err(outside) } else { Ok((address, end)) }
}

/// Makes a mapping and says where it is.
///
/// # Errors
/// `EINVAL` for an empty length or an address that is not a page's; `ENOMEM` without room, or without memory
/// for what is promised;
/// `EEXIST` for [`Place::FixedNoReplace`]; `ENODEV` for a shared writable mapping of something whose
/// pages are not in memory.
pub fn map(request: Request) -> Result<usize> {
    map_region(request, false)
}

/// Maps zeros for a large block of the heap, and says where.
///
/// # Errors
/// `ENOMEM`, also for a block that there is no memory left to fill.
pub(in crate::memory) fn map_heap(length: usize) -> Result<usize> {
    let zeros = Request::zeros(Place::Any, length, Protection::DATA);
    map_region(Request { promised: Promised::Yes, ..zeros }, true)
}

fn map_region(request: Request, heap: bool) -> Result<usize> {
    let length = rounded(request.length)?;
    if let Some((backing, offset)) = &request.backing {
        if !offset.is_multiple_of(PAGE_SIZE as u64) {
            return Err(EINVAL);
        }
        let in_memory = backing.length() == 0 || backing.frame(offset >> PAGE_SHIFT).is_some();
        if request.shared && request.protection.write && !in_memory {
            return Err(ENODEV);
        }
    }
    if length > HIGHEST - LOWEST {
        return Err(ENOMEM);
    }
    let pages = length >> PAGE_SHIFT;
    let mut space = lock();
    let promise = match request.promised {
        _ if request.shared && request.backing.is_some() => Promise::Never,
        Promised::No => Promise::Never,
        _ if !request.protection.write => Promise::Later,
        Promised::UnlessSmall if length <= SMALL && space.small + length <= most_small() => Promise::Small,
        _ => Promise::Made,
    };
    if promise == Promise::Made && !frames::promise(pages) {
        return Err(ENOMEM);
    }
    let start = match choose(&mut space, request.place, length) {
        Ok(start) => start,
        Err(error) => {
            if promise == Promise::Made {
                frames::correct_promised(-(pages as isize));
            }
            return Err(error);
        }
    };
    space.changes += 1;
    space.small += if promise == Promise::Small { length } else { 0 };
    space.regions.insert(Region {
        start,
        end: start + length,
        protection: request.protection,
        shared: request.shared,
        promise,
        heap,
        backing: request.backing,
    });
    Ok(start)
}

/// Bytes of small mappings that need not be promised: three quarters of memory, where that is little.
fn most_small() -> usize {
    SMALL_IN_ALL.min(frames::totals().0 / 4 * 3 * PAGE_SIZE)
}

/// Finds a place that is free, or makes it so.
fn choose(space: &mut Space, place: Place, length: usize) -> Result<usize> {
    let anywhere = |space: &Space| space.regions.highest_hole(length, LOWEST, HIGHEST).ok_or(ENOMEM);
    match place {
        Place::Any => anywhere(space),
        Place::Hint(address) => match range(address & !(PAGE_SIZE - 1), length, ENOMEM) {
            Ok((start, end)) if space.regions.is_free(start, end) => Ok(start),
            _ => anywhere(space),
        },
        Place::Fixed(address) => {
            let (start, end) = range(address, length, ENOMEM)?;
            discard(space, start, end);
            Ok(start)
        }
        Place::FixedNoReplace(address) => {
            let (start, end) = range(address, length, ENOMEM)?;
            if space.regions.is_free(start, end) { Ok(start) } else { Err(EEXIST) }
        }
    }
}

/// Removes what is mapped in a range; that there is nothing is fine.
///
/// # Safety
/// Nobody uses what is mapped there any more.
///
/// # Errors
/// `EINVAL` if it is not a range of pages.
pub unsafe fn unmap(address: usize, length: usize) -> Result<()> {
    let (start, end) = range(address, length, EINVAL)?;
    discard(&mut lock(), start, end);
    Ok(())
}

fn discard(space: &mut Space, start: usize, end: usize) {
    space.changes += 1;
    // Backings are let go of last: their pages may be mapped in place until then.
    let mut regions = Regions::new();
    let mut any = false;
    let (mut promised, mut small) = (0, 0);
    space.regions.take(start, end, &mut |region| {
        promised += region.promised_pages();
        small += if region.promise == Promise::Small { region.end - region.start } else { 0 };
        regions.insert(region);
        any = true;
    });
    space.small -= small;
    if any {
        let there = zap(start, end, false);
        frames::correct_promised(there as isize - promised as isize);
    }
}

/// Takes the pages of a range away: from the processors first, then from the tables. Gives how many of them had
/// been promised; if they are promised again, no frame is free for others in between.
fn zap(start: usize, end: usize, again: bool) -> usize {
    let (mut pages, mut promised) = (0, 0);
    paging::walk(top(), start, end, &mut |address, entry| {
        // SAFETY: entries of the live tables; the lock is held.
        unsafe {
            let value = entry.read_volatile();
            entry.write_volatile(value & !PRESENT | STALE);
            promised += usize::from(value & PROMISED != 0);
            if value & PRESENT != 0 {
                pages += 1;
                paging::flush(address);
            }
        }
    });
    if pages != 0 {
        flush_others();
    }
    if again && promised != 0 {
        frames::correct_promised(promised as isize);
    }
    paging::walk(top(), start, end, &mut |_, entry| {
        // SAFETY: as above; no processor knows the page any more, so its frame is unused.
        unsafe {
            let value = entry.read_volatile();
            entry.write_volatile(0);
            if value & OWNED != 0 {
                frames::release(PhysAddr(value & ADDRESS), 0);
            }
        }
    });
    // Taking tables away wants a flush of its own, so they stay unless they were for a large range.
    if end - start < LARGE {
        return promised;
    }
    // Processors may know a table until they have flushed, so they are chained until then: a link
    // is no entry that a processor would follow, since it is not PRESENT.
    let mut chain = PhysAddr(0);
    paging::prune(top(), start, end, &mut |table| {
        // SAFETY: the table is empty and nothing refers to it.
        unsafe { phys_to_virt(table).cast::<PhysAddr>().write_volatile(chain) };
        chain = table;
    });
    if chain.0 == 0 {
        return promised;
    }
    paging::flush_all();
    flush_others();
    while chain.0 != 0 {
        let table = chain;
        // SAFETY: no processor knows the table any more.
        unsafe {
            chain = phys_to_virt(table).cast::<PhysAddr>().read_volatile();
            frames::release(table, 0);
        }
    }
    promised
}

/// Processors that have still to flush.
static FLUSHING: AtomicU32 = AtomicU32::new(0);

/// Makes the other processors forget all translations, and waits until they have. The lock is held,
/// so there is one such request at a time.
fn flush_others() {
    let others = crate::sched::flush_at_wake(crate::sched::other_cpus());
    if others == 0 {
        return;
    }
    FLUSHING.store(others.count_ones(), Ordering::SeqCst);
    let interrupts = hal::irq::disable();
    crate::sched::for_each_cpu(others, crate::irq::send_flush);
    hal::irq::restore(interrupts);
    while FLUSHING.load(Ordering::SeqCst) != 0 {
        hal::cpu::pause();
    }
}

/// Another processor asks this one to flush.
pub(in crate::memory) fn flush_requested() {
    paging::flush_all();
    FLUSHING.fetch_sub(1, Ordering::SeqCst);
}

/// The entry's bits for a page of a region.
fn bits(protection: Protection, writable: bool) -> u64 {
    let accessible = protection.read || protection.write || protection.execute;
    (if accessible { PRESENT } else { 0 })
        | (if protection.write && writable { WRITE } else { 0 })
        | (if protection.execute { 0 } else { NO_EXECUTE })
}

/// Changes what a range may be used for.
///
/// # Safety
/// Nobody relies on what is taken away.
///
/// # Errors
/// `EINVAL` if it is not a range of pages; `ENOMEM` where nothing is mapped, or without memory for what is now
/// promised.
pub unsafe fn protect(address: usize, length: usize, protection: Protection) -> Result<()> {
    if length == 0 && address.is_multiple_of(PAGE_SIZE) {
        return Ok(());
    }
    let (start, end) = range(address, length, ENOMEM)?;
    let mut space = lock();
    if !space.regions.is_whole(start, end) {
        return Err(ENOMEM);
    }
    if protection.write && !promise_now(&space, start, end) {
        return Err(ENOMEM);
    }
    space.changes += 1;
    let mut narrowed = false;
    let mut at = start;
    while let Some(region) = space.regions.find(at).filter(|_| at < end) {
        let part_end = region.end.min(end);
        let mut part = None;
        space.regions.take(at, part_end, &mut |region| part = Some(region));
        at = part_end;
        let Some(mut region) = part else { break };
        region.protection = protection;
        let kept = ADDRESS | OWNED | PROMISED;
        let mut added = 0;
        if protection.write && region.promise == Promise::Later {
            region.promise = Promise::Made;
            added = PROMISED;
        }
        paging::walk(top(), region.start, region.end, &mut |address, entry| {
            // SAFETY: entries of the live tables; the lock is held.
            unsafe {
                let value = entry.read_volatile();
                // A page of a file that is mapped in place is copied at the first store.
                let writable = region.shared || value & OWNED != 0;
                let added = if value & OWNED != 0 { added } else { 0 };
                let new = value & kept | added | bits(protection, writable);
                if new != value & !0x60 {
                    entry.write_volatile(new);
                    paging::flush(address);
                    narrowed |= value & PRESENT != 0
                        && (value & WRITE & !new != 0
                            || new & PRESENT == 0
                            || new & NO_EXECUTE != value & NO_EXECUTE);
                }
            }
        });
        space.regions.insert(region);
    }
    if narrowed {
        flush_others();
    }
    Ok(())
}

/// Promises the pages of a range that is to be writable, where that waited for this and they are not there.
fn promise_now(space: &Space, start: usize, end: usize) -> bool {
    let mut pages = 0;
    space.regions.for_each(start, end, &mut |region| {
        if region.promise == Promise::Later {
            let (from, to) = (region.start.max(start), region.end.min(end));
            pages += (to - from) >> PAGE_SHIFT;
            paging::walk(top(), from, to, &mut |_, entry| {
                // SAFETY: entries of the live tables; the lock is held.
                pages -= usize::from(unsafe { entry.read_volatile() } & OWNED != 0);
            });
        }
    });
    pages == 0 || frames::promise(pages)
}

/// Promises a mapping that was small until now.
fn promise_small(space: &mut Space, region: Region) -> Result<Region> {
    let (start, end) = (region.start, region.end);
    let mut pages = (end - start) >> PAGE_SHIFT;
    paging::walk(top(), start, end, &mut |_, entry| {
        // SAFETY: entries of the live tables; the lock is held.
        pages -= usize::from(unsafe { entry.read_volatile() } & OWNED != 0);
    });
    if !frames::promise(pages) {
        return Err(ENOMEM);
    }
    paging::walk(top(), start, end, &mut |_, entry| {
        // SAFETY: as above; processors do not look at this bit.
        unsafe {
            let value = entry.read_volatile();
            if value & OWNED != 0 {
                entry.write_volatile(value | PROMISED);
            }
        }
    });
    let region = Region { promise: Promise::Made, ..region };
    space.regions.take(start, end, &mut |_| {});
    space.regions.insert(region.clone());
    space.small -= end - start;
    Ok(region)
}

/// Makes a mapping longer or shorter, and says where it is afterwards (mremap(2)): it stays where it
/// is unless `may_move`, and goes to `to` if that is given.
///
/// # Safety
/// Nobody uses what goes away.
///
/// # Errors
/// `EINVAL`, `EFAULT` where nothing is mapped, `ENOMEM` without room.
pub unsafe fn remap(
    address: usize,
    old: usize,
    new: usize,
    may_move: bool,
    to: Option<usize>,
) -> Result<usize> {
    let (start, end) = range(address, old, EFAULT)?;
    let new = rounded(new)?;
    let mut space = lock();
    let mut region = space.regions.find(start).filter(|region| region.end >= end).ok_or(EFAULT)?.clone();
    space.changes += 1;
    if region.promise == Promise::Small && new > end - start {
        region = promise_small(&mut space, region)?;
    }
    if to.is_none() {
        if start + new <= end {
            if start + new < end {
                discard(&mut space, start + new, end);
            }
            return Ok(start);
        }
        // Longer: in place if what follows is free.
        let wanted = start.checked_add(new).ok_or(ENOMEM)?;
        if end == region.end && wanted <= HIGHEST && space.regions.is_free(end, wanted) {
            if region.promise == Promise::Made && !frames::promise((wanted - end) >> PAGE_SHIFT) {
                return Err(ENOMEM);
            }
            space.regions.take(region.start, region.end, &mut |_| {});
            space.regions.insert(Region { end: wanted, ..region });
            return Ok(start);
        }
    }
    if !may_move {
        return Err(ENOMEM);
    }
    let place = match to {
        Some(address) => {
            let (place, place_end) = range(address, new, EINVAL)?;
            if place < end && start < place_end {
                return Err(EINVAL);
            }
            discard(&mut space, place, place_end);
            place
        }
        None => space.regions.highest_hole(new, LOWEST, HIGHEST).ok_or(ENOMEM)?,
    };
    let old = end - start;
    if !make_tables(start, old.min(new), place) {
        return Err(ENOMEM);
    }
    space.small += if region.promise == Promise::Small { new } else { 0 };
    if region.promise == Promise::Made {
        // The pages that are there stay what they are; the others' promises go and come with their addresses.
        if new > old && !frames::promise((new - old) >> PAGE_SHIFT) {
            return Err(ENOMEM);
        }
        frames::correct_promised((old.min(new) >> PAGE_SHIFT) as isize);
    }
    let offset = (start - region.start) as u64;
    let backing = region.backing.map(|(backing, at)| (backing, at + offset));
    space.regions.insert(Region { start: place, end: place + new, backing, ..region });
    move_pages(start, old.min(new), place);
    discard(&mut space, start, end);
    Ok(place)
}

/// Makes the tables that the pages of a range want elsewhere: without one, a page of zeros or of the file would
/// take the place of contents.
fn make_tables(from: usize, length: usize, to: usize) -> bool {
    let mut all = true;
    paging::walk(top(), from, from + length, &mut |address, _| {
        all = all && paging::entry(top(), to + (address - from), &mut || frames::allocate(0)).is_some();
    });
    all
}

/// Moves the pages of a range; the tables are there.
fn move_pages(from: usize, length: usize, to: usize) {
    let mut any = false;
    paging::walk(top(), from, from + length, &mut |address, entry| {
        let Some(target) = paging::entry(top(), to + (address - from), &mut || None) else { return };
        // SAFETY: entries of the live tables; the lock is held.
        unsafe {
            target.write_volatile(entry.read_volatile());
            entry.write_volatile(0);
        }
        paging::flush(address);
        any = true;
    });
    if any {
        flush_others();
    }
}

/// Takes advice about a range.
///
/// # Safety
/// Nobody relies on contents that are forgotten.
///
/// # Errors
/// `EINVAL` if it is not a range of pages, `ENOMEM` where nothing is mapped or there is no memory.
pub unsafe fn advise(address: usize, length: usize, advice: Advice) -> Result<()> {
    if length == 0 && address.is_multiple_of(PAGE_SIZE) {
        return Ok(());
    }
    let (start, end) = range(address, length, ENOMEM)?;
    let mut space = lock();
    if !space.regions.is_whole(start, end) {
        return Err(ENOMEM);
    }
    match advice {
        Advice::DontNeed | Advice::Free => {
            space.changes += 1;
            zap(start, end, true);
            Ok(())
        }
        Advice::WillNeed => {
            drop(space);
            (start..end).step_by(PAGE_SIZE).try_for_each(|page| {
                match handle_fault(page, 0) {
                    // What may not be read is not brought in, and that is no error.
                    Err(error) if error == ENOMEM => Err(error),
                    _ => Ok(()),
                }
            })
        }
    }
}

/// Calls `each` for every mapping, in order. Mappings are locked meanwhile.
pub fn regions(each: &mut dyn FnMut(&RegionInfo)) {
    lock().regions.for_each(0, usize::MAX, &mut |region| each(&region.info()));
}

/// The length of the block of the heap that starts at `address`.
pub(in crate::memory) fn heap_length(address: usize) -> Option<usize> {
    let space = lock();
    let region = space.regions.find(address).filter(|region| region.heap && region.start == address)?;
    Some(region.end - region.start)
}

/// Whether `address` is mapped without access, or just below something that is mapped; for reports.
pub(crate) fn is_guard(address: usize) -> bool {
    let Some(space) = SPACE.try_lock() else { return false };
    match space.regions.find(address) {
        Some(region) => region.protection == Protection::default(),
        None => {
            space.regions.find(address | (PAGE_SIZE - 1)).is_none()
                && space.regions.find(address + PAGE_SIZE).is_some()
        }
    }
}

/// Whether something is mapped at `address`, with whatever rights.
pub(crate) fn is_mapped(address: usize) -> bool {
    lock().regions.find(address).is_some()
}

/// Whether `address` is in an executable mapping; for reports.
pub(crate) fn is_executable(address: usize) -> bool {
    SPACE
        .try_lock()
        .is_some_and(|space| space.regions.find(address).is_some_and(|region| region.protection.execute))
}

/// Deals with a page fault: brings the page in. Called with interrupts on.
///
/// # Errors
/// `EFAULT` if the access is not allowed, `ENOMEM` without memory, `ENXIO` beyond the end of a file
/// (SIGBUS), and those of the device that the file is on.
pub(crate) fn handle_fault(address: usize, error: u64) -> Result<()> {
    let page = address & !(PAGE_SIZE - 1);
    let mut space = lock();
    let region = space.regions.find(page).ok_or(EFAULT)?;
    let protection = region.protection;
    let allowed = match error {
        error if error & FAULT_FETCH != 0 => protection.execute,
        error if error & FAULT_STORE != 0 => protection.write,
        _ => protection.read || protection.write || protection.execute,
    };
    if !allowed {
        return Err(EFAULT);
    }
    let store = error & FAULT_STORE != 0;
    let promised = region.promise == Promise::Made;
    let Some((backing, offset)) = region.backing.as_ref() else {
        return bring_zeros(region.start, region.end, page, protection, promised);
    };
    let offset = offset + (page - region.start) as u64;
    if offset >= backing.length() {
        return Err(crate::errno::ENXIO);
    }
    if let Some(frame) = backing.frame(offset >> PAGE_SHIFT) {
        if region.shared || !store {
            let entry = set_entry(page, frame.0 | bits(protection, region.shared), true)?;
            if !region.shared {
                map_neighbours(region, backing.as_ref(), page, offset, entry);
            }
            return Ok(());
        }
        // A private page is written to: a copy takes its place.
        let copy = take_page(promised)?;
        // SAFETY: the copy is new; the frame stays as long as the backing, which the region holds.
        unsafe { copy_frame(frame, PhysAddr(copy & ADDRESS)) };
        return set_entry(page, copy | bits(protection, true), true).map(drop);
    }
    // The file has to be read, without the lock.
    let backing: Arc<dyn Backing> = backing.clone();
    let changes = space.changes;
    drop(space);
    let copy = frames::allocate_touched().ok_or(ENOMEM)?;
    let filled = fill(&*backing, offset, copy);
    space = lock();
    if filled.is_err() || space.changes != changes {
        // SAFETY: the frame was taken above and is mapped nowhere.
        unsafe { frames::release(copy, 0) };
        // If something changed, the access is tried again and faults again if it has to.
        return filled;
    }
    let mut entry = copy.0 | OWNED;
    if promised {
        entry |= PROMISED;
        frames::correct_promised(-1);
    }
    set_entry(page, entry | bits(protection, true), false).map(drop)
}

/// Takes a frame for a page of a mapping's own: the entry for it, but for its rights.
fn take_page(promised: bool) -> Result<u64> {
    if promised {
        return frames::allocate_promised().map(|frame| frame.0 | OWNED | PROMISED).ok_or(ENOMEM);
    }
    frames::allocate_touched().map(|frame| frame.0 | OWNED).ok_or(ENOMEM)
}

/// Gives back what [`take_page`] gave and what is mapped nowhere.
fn give_page_back(entry: u64) {
    if entry & PROMISED != 0 {
        frames::correct_promised(1);
    }
    if entry & OWNED != 0 {
        // SAFETY: as the caller says.
        unsafe { frames::release(PhysAddr(entry & ADDRESS), 0) };
    }
}

/// Reads a page of a file into a frame; what is beyond the file's end is zero.
fn fill(backing: &dyn Backing, offset: u64, frame: PhysAddr) -> Result<()> {
    // SAFETY: the frame is ours.
    let page = unsafe {
        clear_frame(frame);
        core::slice::from_raw_parts_mut(phys_to_virt(frame), PAGE_SIZE)
    };
    let mut done = 0;
    while let Some(rest) = page.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match backing.read_at(offset + done as u64, rest)? {
            0 => break,
            count => done += count,
        }
    }
    Ok(())
}

/// Sets the entry of a page, and says where it is. If it is set already, another thread was faster, and the new frame goes
/// back; but a page that was mapped in place gives way to its copy, where `replace` says so.
fn set_entry(page: usize, value: u64, replace: bool) -> Result<*mut u64> {
    let Some(entry) = paging::entry(top(), page, &mut || frames::allocate(0)) else {
        give_page_back(value);
        return Err(ENOMEM);
    };
    // SAFETY: an entry of the live tables; the lock is held.
    let old = unsafe { entry.read_volatile() };
    if old & OWNED != 0 || (old & PRESENT != 0 && !replace) {
        give_page_back(value);
        paging::flush(page);
        return Ok(entry);
    }
    // SAFETY: as above.
    unsafe { entry.write_volatile(value) };
    paging::flush(page);
    if old & PRESENT != 0 && (old ^ value) & ADDRESS != 0 {
        flush_others();
    }
    Ok(entry)
}

/// The pages of a mapping around one of its pages, which are likely to be wanted next, and the entry of
/// each: they are in one table, so that the entries are beside the page's own.
fn neighbours(
    (start, end): (usize, usize),
    page: usize,
    entry: *mut u64,
) -> impl Iterator<Item = (usize, *mut u64)> {
    const LENGTH: usize = AROUND * PAGE_SIZE;
    let first = (page & !(LENGTH - 1)).max(start);
    let last = (first - first % LENGTH + LENGTH).min(end);
    (first..last).step_by(PAGE_SIZE).filter(move |&neighbour| neighbour != page).map(move |neighbour| {
        (neighbour, entry.wrapping_offset((neighbour as isize - page as isize) / PAGE_SIZE as isize))
    })
}

/// Maps what is in memory already of the file around a page of it, which has this entry and is at `offset`.
fn map_neighbours(region: &Region, backing: &dyn Backing, page: usize, offset: u64, entry: *mut u64) {
    let bits = bits(region.protection, false);
    for (neighbour, beside) in neighbours((region.start, region.end), page, entry) {
        // SAFETY: an entry of the live tables; the lock is held.
        if unsafe { beside.read_volatile() } != 0 {
            continue;
        }
        let at = offset.wrapping_add(neighbour.wrapping_sub(page) as u64);
        if let Some(frame) = backing.resident(at >> PAGE_SHIFT) {
            // SAFETY: as above; the frame stays as long as the backing, which the region holds.
            unsafe { beside.write_volatile(frame.0 | bits) };
        }
    }
}

/// Brings in zeros: the page, and, where there is memory enough, some of its neighbours.
fn bring_zeros(start: usize, end: usize, page: usize, protection: Protection, promised: bool) -> Result<()> {
    let entry = paging::entry(top(), page, &mut || frames::allocate(0)).ok_or(ENOMEM)?;
    // SAFETY: an entry of the live tables; the lock is held.
    if unsafe { entry.read_volatile() } == 0 {
        zero_page(entry, protection, promised)?;
    }
    if frames::are_plentiful() {
        for (_, beside) in neighbours((start, end), page, entry) {
            // SAFETY: as above.
            if unsafe { beside.read_volatile() } == 0 && zero_page(beside, protection, promised).is_err() {
                break;
            }
        }
    }
    paging::flush(page);
    Ok(())
}

fn zero_page(entry: *mut u64, protection: Protection, promised: bool) -> Result<()> {
    let page = take_page(promised)?;
    // SAFETY: the frame is new; the entry is of the live tables and the lock is held.
    unsafe {
        clear_frame(PhysAddr(page & ADDRESS));
        entry.write_volatile(page | bits(protection, true));
    }
    Ok(())
}
