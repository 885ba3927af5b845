//! `<malloc.h>` and the allocation part of `<stdlib.h>`: C's face of the kernel heap.

pub mod cells;

use core::alloc::Layout;
use core::ffi::c_void;
use macros::export;

/// What `malloc` aligns to: enough for `long double` and SSE types.
const ALIGNMENT: usize = 16;

/// The block's size is kept in the word before it, until the kernel heap answers for sizes.
const HEADER: usize = ALIGNMENT;

fn out_of_memory() -> *mut c_void {
    crate::errno::set(crate::errno::ENOMEM);
    core::ptr::null_mut()
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER)?, ALIGNMENT).ok()
}

/// Memory of `size` bytes, aligned to 16; null with `ENOMEM` if there is none.
#[export]
pub extern "C" fn malloc(size: usize) -> *mut c_void {
    let Some(layout) = layout(size) else { return out_of_memory() };
    // SAFETY: the layout is not empty.
    let block = unsafe { alloc::alloc::alloc(layout) };
    if block.is_null() {
        return out_of_memory();
    }
    // SAFETY: the block starts with room for its size.
    unsafe {
        block.cast::<usize>().write(size);
        block.add(HEADER).cast()
    }
}

/// Zeroed memory for `count` objects of `size` bytes.
#[export]
pub extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else { return out_of_memory() };
    let block = malloc(bytes);
    if !block.is_null() {
        // SAFETY: the block is that long.
        unsafe { block.cast::<u8>().write_bytes(0, bytes) };
    }
    block
}

/// Gives back what `malloc` and its kin returned; null is fine.
#[export]
pub unsafe extern "C" fn free(memory: *mut c_void) {
    if memory.is_null() {
        return;
    }
    // SAFETY: the caller's: the block came from `malloc`, so its size is before it.
    unsafe {
        let block = memory.cast::<u8>().sub(HEADER);
        if let Some(layout) = layout(block.cast::<usize>().read()) {
            alloc::alloc::dealloc(block, layout);
        }
    }
}

/// The same contents in a block of `size` bytes, which may have moved.
#[export]
pub unsafe extern "C" fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    if memory.is_null() {
        return malloc(size);
    }
    let moved = malloc(size);
    if !moved.is_null() {
        // SAFETY: both blocks are at least as long as the smaller of their sizes.
        unsafe {
            let old = memory.cast::<u8>().sub(HEADER).cast::<usize>().read();
            moved.cast::<u8>().copy_from_nonoverlapping(memory.cast(), old.min(size));
            free(memory);
        }
    }
    moved
}
