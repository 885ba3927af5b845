//! The heap: one allocator for the kernel and for the application's `malloc`.
//!
//! Three ways, by size: up to [`classes::LARGEST`] an object of a span of equal objects, through a
//! cache that each processor has; up to [`PAGES_LIMIT`] pages of the frame allocator; beyond that a
//! mapping of its own, whose pages are brought in when touched. The kernel's own blocks are pages as long as
//! there are so many that follow each other: they may be used where a page cannot be brought in. Blocks are aligned to 16 bytes at
//! least, those of a power of two to their size.
//!
//! A block is released by its address alone: the frame allocator's byte for its page says what it is.

mod cache;
pub(crate) mod classes;
mod span;

#[cfg(kernel)]
pub(crate) use cache::Cache;

use super::{frames, vm};
use core::alloc::Layout;
use core::ptr;
use frames::Tag;
use hal::mem::{HEAP_BASE, HEAP_SPAN, PAGE_SHIFT, PAGE_SIZE, PhysAddr};

/// Up to here blocks come from the frame allocator, in bytes.
const PAGES_LIMIT: usize = 256 << 10;
/// The first page of a block of pages, and a further one.
const TAG_FIRST: Tag = Tag(0x01);
const TAG_FURTHER: Tag = Tag(0x02);

/// For whom memory is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Kernel,
    App,
}

/// Memory for the kernel; null if there is none. Works in interrupt handlers.
pub fn allocate(layout: Layout) -> *mut u8 {
    allocate_for(layout.size(), layout.align(), For::Kernel)
}

/// Memory for the application; null if there is none, also when what is left is the kernel's reserve.
pub fn allocate_app(layout: Layout) -> *mut u8 {
    allocate_for(layout.size(), layout.align(), For::App)
}

/// Zeroed memory for the application, as [`allocate_app`].
pub fn allocate_app_zeroed(layout: Layout) -> *mut u8 {
    let block = allocate_app(layout);
    // A mapping of its own is zeros already, and costs nothing until it is used.
    if !block.is_null() && frame_of(block).is_some() {
        // SAFETY: the block is that long.
        unsafe { block.write_bytes(0, layout.size()) };
    }
    block
}

fn allocate_for(size: usize, align: usize, user: For) -> *mut u8 {
    // An object of a power of two is aligned to its size.
    let size = if align > 16 { size.max(align).max(1) } else { size.max(1) };
    if align <= 16 && size <= classes::LARGEST {
        return cache::allocate(classes::index(size), user);
    }
    if align > 16 && align <= PAGE_SIZE && size.next_power_of_two() <= classes::LARGEST {
        return cache::allocate(classes::index(size.next_power_of_two()), user);
    }
    if size <= PAGES_LIMIT {
        return pages(size, align, user);
    }
    if user == For::Kernel && size.max(align) <= PAGE_SIZE << frames::MAX_ORDER {
        // Large blocks leave the reserve alone, whoever they are for.
        let block = pages(size, align, For::App);
        if !block.is_null() || !may_wait() {
            return block;
        }
    }
    mapping(size, align)
}

/// Whether a lock that sleeps may be taken here, and pages be brought in.
fn may_wait() -> bool {
    #[cfg(kernel)]
    return hal::irq::enabled();
    #[cfg(not(kernel))]
    true
}

fn block_at(frame: PhysAddr) -> *mut u8 {
    ptr::with_exposed_provenance_mut(HEAP_BASE + frame.0 as usize)
}

/// The physical address of a block that is not a mapping of its own.
fn frame_of(block: *mut u8) -> Option<PhysAddr> {
    let address = block.expose_provenance();
    if cfg!(kernel) && !(HEAP_BASE..HEAP_BASE + HEAP_SPAN).contains(&address) {
        return None;
    }
    Some(PhysAddr((address - HEAP_BASE) as u64))
}

fn pages(size: usize, align: usize, user: For) -> *mut u8 {
    let count = size.div_ceil(PAGE_SIZE);
    let order = count.next_power_of_two().max(align >> PAGE_SHIFT).ilog2();
    let taken = match user {
        For::Kernel => frames::allocate(order),
        For::App => frames::allocate_app(order),
    };
    let Some(start) = taken else { return ptr::null_mut() };
    // The first page first: until it has its tag, a block that ends where this one starts and is released
    // now would not find its own end.
    frames::set_tag(start, 1, TAG_FIRST);
    frames::set_tag(PhysAddr(start.0 + PAGE_SIZE as u64), count - 1, TAG_FURTHER);
    let rest = PhysAddr(start.0 + ((count as u64) << PAGE_SHIFT));
    // SAFETY: the frames after the block were taken with it and are unused.
    unsafe { frames::release_range(rest, (1 << order) - count) };
    block_at(start)
}

/// How many pages a block has whose first page is at `start`.
fn page_count(start: PhysAddr) -> usize {
    let further = |index: &usize| frames::tag(start.0 + ((*index as u64) << PAGE_SHIFT)) == TAG_FURTHER;
    1 + (1..1 << frames::MAX_ORDER).take_while(further).count()
}

fn mapping(size: usize, align: usize) -> *mut u8 {
    let align = align.max(PAGE_SIZE);
    let Some(length) = size.checked_add(align - PAGE_SIZE) else { return ptr::null_mut() };
    let Ok(start) = vm::map_heap(length) else { return ptr::null_mut() };
    // Alignment beyond a page costs address space only: what is outside the block is unmapped.
    let block = start.next_multiple_of(align);
    let (end, last) = (block + size.next_multiple_of(PAGE_SIZE), start + length.next_multiple_of(PAGE_SIZE));
    // SAFETY: nobody uses the ends.
    unsafe {
        if block > start {
            let _ = vm::unmap(start, block - start);
        }
        if last > end {
            let _ = vm::unmap(end, last - end);
        }
    }
    ptr::with_exposed_provenance_mut(block)
}

/// Gives memory back; null is nothing.
///
/// # Safety
/// `block` came from this heap and nobody uses it any more.
pub unsafe fn release(block: *mut u8) {
    if block.is_null() {
        return;
    }
    let known = match frame_of(block) {
        Some(frame) => match frames::tag(frame.0) {
            TAG_FIRST if frame.0.is_multiple_of(PAGE_SIZE as u64) => {
                // SAFETY: the pages of the block are unused now.
                unsafe { frames::release_range(frame, page_count(frame)) };
                true
            }
            tag => match span::order_of(tag) {
                // SAFETY: it is an object of a span, unused now.
                Some(order) => unsafe { cache::release(block, order) },
                None => cfg!(not(kernel)) && release_mapping(block),
            },
        },
        None => release_mapping(block),
    };
    if !known {
        corrupt();
    }
}

fn release_mapping(block: *mut u8) -> bool {
    let address = block.expose_provenance();
    // SAFETY: the caller of `release` gives the block up.
    vm::heap_length(address).is_some_and(|length| unsafe { vm::unmap(address, length) }.is_ok())
}

/// A block that is none of ours: the heap's user is broken, and so may be the heap.
#[cold]
fn corrupt() -> ! {
    crate::fault::stop("free(): invalid pointer")
}

/// How many bytes of a block may be used: at least as many as were asked for. 0 for null.
///
/// # Safety
/// `block` came from this heap and is in use.
pub unsafe fn usable_size(block: *mut u8) -> usize {
    if block.is_null() {
        return 0;
    }
    let Some(frame) = frame_of(block) else {
        return vm::heap_length(block.expose_provenance()).unwrap_or_else(|| corrupt());
    };
    let tag = frames::tag(frame.0);
    if tag == TAG_FIRST {
        return page_count(frame) << PAGE_SHIFT;
    }
    match span::order_of(tag) {
        // SAFETY: the span holds an object in use, so it is alive.
        Some(order) => unsafe { span::object_size(block, order) },
        None if cfg!(not(kernel)) => vm::heap_length(block.expose_provenance()).unwrap_or_else(|| corrupt()),
        None => corrupt(),
    }
}

/// Makes a block `size` bytes long without a copy: where it is, or, for a large one, by moving its
/// pages. Null if it can't be had that way; the block is then as it was.
///
/// # Safety
/// `block` came from this heap and is in use; if it moves, nobody uses the old address any more.
pub unsafe fn resize(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: as the caller says.
    let usable = unsafe { usable_size(block) };
    let address = block.expose_provenance();
    if usable > PAGES_LIMIT && size > PAGES_LIMIT && vm::heap_length(address).is_some() {
        // SAFETY: as the caller says.
        return unsafe { vm::remap(address, usable, size, true, None) }
            .map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut);
    }
    // A block that would be mostly empty is better copied to a smaller one.
    if size <= usable && size >= usable / 2 { block } else { ptr::null_mut() }
}

#[cfg(test)]
mod tests;
