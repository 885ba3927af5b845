//! `malloc`, `free`, `calloc` and `realloc` as the rest of the C library calls them.
//!
//! Memory that goes to the application, or comes from it, is the application's own allocator's when
//! it has one; see [`kcore::loader::interpose`].

use core::ffi::c_void;
use core::mem::transmute;
use kcore::loader::interpose;

/// `malloc`, or the application's.
///
/// # Safety
/// None beyond C's: the application's function may be anything.
pub unsafe fn malloc(size: usize) -> *mut c_void {
    let theirs = interpose::MALLOC.get();
    if theirs.is_null() {
        return super::malloc(size);
    }
    // SAFETY: the application's symbol of this name has this type.
    unsafe { transmute::<*mut c_void, extern "C" fn(usize) -> *mut c_void>(theirs)(size) }
}

/// `free`, or the application's.
///
/// # Safety
/// `memory` is null or came from one of these functions, or of the application's.
pub unsafe fn free(memory: *mut c_void) {
    let theirs = interpose::FREE.get();
    // SAFETY: the caller's; the application's symbol of this name has this type.
    unsafe {
        if theirs.is_null() {
            super::free(memory)
        } else {
            transmute::<*mut c_void, extern "C" fn(*mut c_void)>(theirs)(memory)
        }
    }
}

/// `calloc`, or the application's.
///
/// # Safety
/// None beyond C's.
pub unsafe fn calloc(count: usize, size: usize) -> *mut c_void {
    let theirs = interpose::CALLOC.get();
    if theirs.is_null() {
        return super::calloc(count, size);
    }
    // SAFETY: the application's symbol of this name has this type.
    unsafe { transmute::<*mut c_void, extern "C" fn(usize, usize) -> *mut c_void>(theirs)(count, size) }
}

/// `realloc`, or the application's.
///
/// # Safety
/// As for [`free`].
pub unsafe fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    let theirs = interpose::REALLOC.get();
    // SAFETY: the caller's; the application's symbol of this name has this type.
    unsafe {
        if theirs.is_null() {
            super::realloc(memory, size)
        } else {
            transmute::<*mut c_void, extern "C" fn(*mut c_void, usize) -> *mut c_void>(theirs)(memory, size)
        }
    }
}
