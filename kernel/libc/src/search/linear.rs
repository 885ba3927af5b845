//! `lfind` and `lsearch` (POSIX).

use core::ffi::c_void;

use macros::export;

use super::Compare;

/// The first of `*count` elements of `width` bytes at `base` that equals `key`; null if none does.
#[export]
pub unsafe extern "C-unwind" fn lfind(
    key: *const c_void,
    base: *const c_void,
    count: *mut usize,
    width: usize,
    compare: Compare,
) -> *mut c_void {
    // SAFETY: the caller's array has `*count` elements of `width` bytes.
    unsafe {
        let mut element = base.cast_mut();
        for _ in 0..*count {
            if compare(key, element) == 0 {
                return element;
            }
            element = element.byte_add(width);
        }
    }
    core::ptr::null_mut()
}

/// [`lfind`]; appends `key` if it is not there (the caller's array has room).
#[export]
pub unsafe extern "C-unwind" fn lsearch(
    key: *const c_void,
    base: *mut c_void,
    count: *mut usize,
    width: usize,
    compare: Compare,
) -> *mut c_void {
    // SAFETY: as for `lfind`; there is room for one element more.
    unsafe {
        let found = lfind(key, base, count, width, compare);
        if !found.is_null() {
            return found;
        }
        let end = base.byte_add(*count * width);
        core::ptr::copy_nonoverlapping(key.cast::<u8>(), end.cast(), width);
        *count += 1;
        end
    }
}
