//! `<malloc.h>` and the allocation part of `<stdlib.h>`: C's face of the kernel heap.

pub mod cells;
pub mod statistics;

use crate::errno::{EINVAL, ENOMEM};
use core::alloc::Layout;
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use kcore::memory::heap;
use macros::export;

/// What `malloc` aligns to: enough for `long double` and SSE types.
const ALIGNMENT: usize = 16;
const PAGE: usize = 4096;

/// Memory for the application; null with `ENOMEM` if there is none.
fn allocate(size: usize, alignment: usize, from: fn(Layout) -> *mut u8) -> *mut c_void {
    // As in glibc, no object is larger than `PTRDIFF_MAX`, and a block of no bytes is one of its own.
    let block = match Layout::from_size_align(size.max(1), alignment) {
        Ok(layout) => from(layout),
        Err(_) => null_mut(),
    };
    if block.is_null() {
        crate::errno::set(ENOMEM);
    }
    block.cast()
}

/// Memory of `size` bytes, aligned to 16; null with `ENOMEM` if there is none.
#[export]
pub extern "C" fn malloc(size: usize) -> *mut c_void {
    allocate(size, ALIGNMENT, heap::allocate_app)
}

/// Zeroed memory for `count` objects of `size` bytes; null with `ENOMEM` if there is none.
#[export]
pub extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    allocate(count.saturating_mul(size), ALIGNMENT, heap::allocate_app_zeroed)
}

/// Gives back what `malloc` and its kin returned; null is fine. `errno` stays. Alias: `cfree`.
#[export]
pub unsafe extern "C" fn free(memory: *mut c_void) {
    if !memory.is_null() {
        // SAFETY: the caller's: the block came from this heap and is not used any more.
        unsafe { heap::release(memory.cast()) };
    }
}

/// The same contents in a block of `size` bytes, which may have moved; null with `ENOMEM`, and the
/// old block as it was, if there is none. A size of 0 frees the block.
#[export]
pub unsafe extern "C" fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    if memory.is_null() {
        return malloc(size);
    }
    // SAFETY: the caller's: the block came from this heap.
    unsafe {
        if size == 0 {
            free(memory);
            return null_mut();
        }
        let usable = heap::usable_size(memory.cast());
        // It stays where it is if it fits and would not waste more than half.
        if size <= usable && size >= usable / 2 {
            return memory;
        }
        let moved = malloc(size);
        if !moved.is_null() {
            moved.cast::<u8>().copy_from_nonoverlapping(memory.cast(), usable.min(size));
            free(memory);
        }
        moved
    }
}

/// `realloc` to `count` objects of `size` bytes; null with `ENOMEM` if that overflows.
#[export]
pub unsafe extern "C" fn reallocarray(memory: *mut c_void, count: usize, size: usize) -> *mut c_void {
    match count.checked_mul(size) {
        // SAFETY: the caller's.
        Some(bytes) => unsafe { realloc(memory, bytes) },
        None => {
            crate::errno::set(ENOMEM);
            null_mut()
        }
    }
}

/// Memory at a multiple of `alignment`, which is rounded up to a power of two; null with `ENOMEM`
/// or `EINVAL`. Alias: `aligned_alloc`.
#[export]
pub extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    match alignment.checked_next_power_of_two() {
        Some(alignment) => allocate(size, alignment.max(ALIGNMENT), heap::allocate_app),
        None => {
            crate::errno::set(EINVAL);
            null_mut()
        }
    }
}

/// As `memalign`; a program with a `memalign` of its own need not have an `aligned_alloc`.
#[export]
pub extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    memalign(alignment, size)
}

/// Stores memory at a multiple of `alignment`, a power of two and multiple of 8. Zero, `EINVAL` or `ENOMEM`.
#[export]
pub unsafe extern "C" fn posix_memalign(to: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(8) {
        return EINVAL.number();
    }
    let errno = crate::errno::get();
    let block = allocate(size, alignment.max(ALIGNMENT), heap::allocate_app);
    if block.is_null() {
        crate::errno::set_number(errno);
        return ENOMEM.number();
    }
    // SAFETY: the caller's.
    unsafe { *to = block };
    0
}

/// Memory at a multiple of the page size; null with `ENOMEM`.
#[export]
pub extern "C" fn valloc(size: usize) -> *mut c_void {
    allocate(size, PAGE, heap::allocate_app)
}

/// Whole pages; null with `ENOMEM`.
#[export]
pub extern "C" fn pvalloc(size: usize) -> *mut c_void {
    allocate(size.checked_next_multiple_of(PAGE).unwrap_or(usize::MAX), PAGE, heap::allocate_app)
}

/// How many bytes of a block may be used; 0 for null.
#[export]
pub unsafe extern "C" fn malloc_usable_size(memory: *mut c_void) -> usize {
    if memory.is_null() {
        return 0;
    }
    // SAFETY: the caller's: the block came from this heap.
    unsafe { heap::usable_size(memory.cast()) }
}
