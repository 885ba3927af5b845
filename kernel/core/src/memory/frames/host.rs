//! Frames on the host: an arena of its memory, under the same allocator.

use super::buddy::{Buddy, Tag};
use crate::sync::{SpinGuard, SpinLock};
use hal::mem::{PAGE_SIZE, PhysAddr};
use std::alloc::{Layout, alloc};

/// Bytes of the arena; the host provides them as they are touched.
const SIZE: usize = 1 << 30;

static BUDDY: SpinLock<Buddy> = SpinLock::new(Buddy::new());

fn buddy() -> SpinGuard<'static, Buddy> {
    let mut buddy = BUDDY.lock();
    if buddy.totals().0 == 0 {
        let layout = Layout::from_size_align(SIZE, 128 << 20).expect("the size is small");
        // SAFETY: the size is not zero.
        let start = unsafe { alloc(layout) }.expose_provenance() as u64;
        let extent = start..start + SIZE as u64;
        let table = vec![0u64; Buddy::table_size(&extent) / 8].leak();
        // SAFETY: the table is large enough, and the arena is nobody else's.
        unsafe {
            buddy.set_extent(&extent, table.as_mut_ptr().cast());
            for chunk in extent.step_by(128 << 20) {
                buddy.add(chunk..chunk + (128 << 20));
            }
        }
    }
    buddy
}

/// Takes 2^`order` frames that follow each other, aligned to their size; their contents are arbitrary.
pub fn allocate(order: u32) -> Option<PhysAddr> {
    buddy().allocate(order)
}

/// [`allocate`] for who can be refused: fails also when what is left is the kernel's reserve, or promised.
pub fn allocate_app(order: u32) -> Option<PhysAddr> {
    allocate(order)
}

/// Frames that [`allocate_app`] could give.
pub fn available() -> usize {
    totals().1
}

/// Gives 2^`order` frames back.
///
/// # Safety
/// They came from [`allocate`] with this order, and nobody uses them any more.
pub unsafe fn release(frames: PhysAddr, order: u32) {
    // SAFETY: as the caller says.
    unsafe { buddy().release(frames, order) };
}

/// Gives `count` frames back, which may be a part of what was taken.
///
/// # Safety
/// As for [`release`].
pub unsafe fn release_range(start: PhysAddr, count: usize) {
    // SAFETY: as the caller says.
    unsafe { buddy().release_range(start, count) };
}

/// What is noted of a frame.
pub(in crate::memory) fn tag(frame: u64) -> Tag {
    buddy().tag(frame & !(PAGE_SIZE as u64 - 1))
}

/// Notes something of frames that the caller has.
pub(in crate::memory) fn set_tag(frame: PhysAddr, count: usize, tag: Tag) {
    buddy().set_tag(frame, count, tag);
}

/// How many frames there are, and how many of them are free.
pub fn totals() -> (usize, usize) {
    buddy().totals()
}
