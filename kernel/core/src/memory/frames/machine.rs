//! The machine's frames: the memory map, brought under management chunk by chunk.

use super::buddy::{Buddy, Tag, Tags};
use crate::boot::{self, BootInfo};
use crate::sync::SpinLock;
use core::cell::UnsafeCell;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};
use hal::mem::{PAGE_SIZE, PhysAddr, phys_to_virt};

struct Frames {
    buddy: Buddy,
    /// Where memory that is not under management yet begins.
    unmanaged: u64,
    /// Frames that mappings were promised and have not taken yet.
    promised: usize,
}

static FRAMES: SpinLock<Frames> = SpinLock::new(Frames { buddy: Buddy::new(), unmanaged: 0, promised: 0 });
struct KeptTags(UnsafeCell<Tags>);
// SAFETY: written once, by the first processor, before anything reads it.
unsafe impl Sync for KeptTags {}
/// Where the frames' bytes are.
static TAGS: KeptTags = KeptTags(UnsafeCell::new(Tags::none()));
/// Frames that the application does not get, so that the kernel can go on when it has taken all others.
static RESERVE: AtomicUsize = AtomicUsize::new(0);

/// Brings the first chunk of memory under management.
///
/// # Safety
/// Called once, before any other function of this module; `info` is right about what is in use.
pub unsafe fn initialise(info: &BootInfo) {
    let (mut start, mut end, mut bytes) = (u64::MAX, 0, 0);
    info.usable(&mut |range| {
        start = start.min(range.start);
        end = end.max(range.end);
        bytes += range.end - range.start;
    });
    let extent = start..end.min(hal::mem::HEAP_SPAN as u64);
    if extent.is_empty() {
        return;
    }
    let size = Buddy::table_size(&extent).next_multiple_of(PAGE_SIZE) as u64;
    // The chunk table comes out of the first range that has room for it and more. Small tables
    // share a page with nobody: it is one page for 512 GB.
    let mut table = None;
    info.free(&mut |range| {
        if table.is_none() && range.end - range.start >= 4 * size {
            table = Some(range.start);
        }
    });
    let Some(table) = table else { return };
    boot::reserve(table..table + size);
    let mut frames = FRAMES.lock();
    // SAFETY: the table is free memory, reserved now.
    unsafe { frames.buddy.set_extent(&extent, phys_to_virt(PhysAddr(table))) };
    // SAFETY: nothing has read it yet.
    unsafe { *TAGS.0.get() = frames.buddy.tags() };
    frames.unmanaged = extent.start;
    grow(&mut frames);
    // An 64th, between 64 KB and 1 MB.
    let frames_in_all = bytes as usize / PAGE_SIZE;
    RESERVE.store((frames_in_all / 64).clamp(16, 256), Ordering::Relaxed);
}

/// Brings one more chunk under management; false if there is none.
fn grow(frames: &mut Frames) -> bool {
    let info = boot::info();
    loop {
        let mut next: Option<u64> = None;
        info.free(&mut |range| {
            if range.end > frames.unmanaged {
                let start = range.start.max(frames.unmanaged);
                next = Some(next.map_or(start, |next| next.min(start)));
            }
        });
        let Some(next) = next else { return false };
        let chunk = frames.buddy.chunk_of(next);
        frames.unmanaged = chunk.end;
        let mut added = false;
        // The largest range first, since it pays for the chunk's bytes.
        let mut largest = 0..0;
        let within = |range: Range<u64>| range.start.max(chunk.start)..range.end.min(chunk.end);
        info.free(&mut |range| {
            let range = within(range);
            if range.end.saturating_sub(range.start) > largest.end - largest.start {
                largest = range;
            }
        });
        // SAFETY: the memory map says that these are memory, and nobody uses them.
        unsafe {
            added |= frames.buddy.add(largest.clone());
            info.free(&mut |range| {
                let range = within(range);
                if range.start < range.end && range != largest {
                    added |= frames.buddy.add(range);
                }
            });
        }
        if added {
            return true;
        }
    }
}

/// Takes a block, if at least `left` frames are left then.
fn take(frames: &mut Frames, order: u32, left: usize) -> Option<PhysAddr> {
    loop {
        if frames.buddy.totals().1 >= left + (1 << order)
            && let Some(block) = frames.buddy.allocate(order)
        {
            return Some(block);
        }
        if !grow(frames) {
            return None;
        }
    }
}

/// What is left free for the kernel, for what was promised, and for pages that cannot be refused.
fn spoken_for(frames: &Frames) -> usize {
    let reserve = RESERVE.load(Ordering::Relaxed);
    reserve + reserve / 2 + frames.promised
}

/// Takes 2^`order` frames that follow each other, aligned to their size; their contents are arbitrary.
pub fn allocate(order: u32) -> Option<PhysAddr> {
    take(&mut FRAMES.lock(), order, 0)
}

/// [`allocate`] for who can be refused: fails also when what is left is the kernel's reserve, or promised.
pub fn allocate_app(order: u32) -> Option<PhysAddr> {
    let mut frames = FRAMES.lock();
    let left = spoken_for(&frames);
    take(&mut frames, order, left)
}

/// A frame for a page that was touched and was not promised: of a stack, or of a file. To refuse it is to end
/// the program, so it goes before all that can be refused.
pub(in crate::memory) fn allocate_touched() -> Option<PhysAddr> {
    take(&mut FRAMES.lock(), 0, RESERVE.load(Ordering::Relaxed) / 2)
}

/// One of the frames that were promised.
pub(in crate::memory) fn allocate_promised() -> Option<PhysAddr> {
    let mut frames = FRAMES.lock();
    let frame = take(&mut frames, 0, RESERVE.load(Ordering::Relaxed) / 2)?;
    frames.promised = frames.promised.saturating_sub(1);
    Some(frame)
}

/// Promises so many frames; false if not all of them are there.
pub(in crate::memory) fn promise(count: usize) -> bool {
    let mut frames = FRAMES.lock();
    while frames.buddy.totals().1 < spoken_for(&frames).saturating_add(count) {
        if !grow(&mut frames) {
            return false;
        }
    }
    frames.promised += count;
    true
}

/// Corrects the number of promised frames: by those that go back and stay promised, or that nobody wants any more.
pub(in crate::memory) fn correct_promised(by: isize) {
    let mut frames = FRAMES.lock();
    frames.promised = frames.promised.saturating_add_signed(by);
}

/// Frames that [`allocate_app`] could give.
pub fn available() -> usize {
    let spoken_for = spoken_for(&FRAMES.lock());
    totals().1.saturating_sub(spoken_for)
}

/// Gives 2^`order` frames back.
///
/// # Safety
/// They came from [`allocate`] with this order, and nobody uses them any more.
pub unsafe fn release(frames: PhysAddr, order: u32) {
    // SAFETY: as the caller says.
    unsafe { FRAMES.lock().buddy.release(frames, order) };
}

/// Gives `count` frames back, which may be a part of what was taken.
///
/// # Safety
/// As for [`release`].
pub unsafe fn release_range(start: PhysAddr, count: usize) {
    // SAFETY: as the caller says.
    unsafe { FRAMES.lock().buddy.release_range(start, count) };
}

/// What is noted of a frame that the caller has, or that holds what the caller has.
pub(in crate::memory) fn tag(frame: u64) -> Tag {
    // SAFETY: written once, before any frame was given out.
    unsafe { *TAGS.0.get() }.get(frame)
}

/// Notes something of frames that the caller has.
pub(in crate::memory) fn set_tag(frame: PhysAddr, count: usize, tag: Tag) {
    FRAMES.lock().buddy.set_tag(frame, count, tag);
}

/// Whether there is so much memory that some may be used to save time: 16 MB free.
pub(in crate::memory) fn are_plentiful() -> bool {
    let frames = FRAMES.lock();
    frames.buddy.totals().1 > 4096
}

/// How many frames there are, and how many of them are free.
pub fn totals() -> (usize, usize) {
    let mut managed = {
        let frames = FRAMES.lock();
        let (total, free) = frames.buddy.totals();
        (total, free, frames.unmanaged)
    };
    boot::info().free(&mut |range| {
        let frames = (range.end.saturating_sub(range.start.max(managed.2)) / PAGE_SIZE as u64) as usize;
        managed.0 += frames;
        managed.1 += frames;
    });
    (managed.0, managed.1)
}
