//! `obstack_printf`: onto the object that grows at the end of an obstack.

use core::ffi::{c_char, c_int, c_long, c_void};

use macros::export;

use super::{Format, Sink, print};
use crate::stdio::arguments::{VaList, list};

/// The first fields of `struct obstack` (`obstack.h`), which its macros work on.
#[repr(C)]
pub struct Obstack {
    chunk_size: c_long,
    chunk: *mut c_void,
    object_base: *mut u8,
    next_free: *mut u8,
    chunk_limit: *mut u8,
}

unsafe extern "C" {
    /// Moves the object to a chunk with room for so many bytes more.
    fn _obstack_newchunk(obstack: *mut Obstack, size: usize);
}

impl Sink for Obstack {
    fn bytes(&mut self, text: &[u8]) -> bool {
        // SAFETY: the caller's obstack; `_obstack_newchunk` makes room, or does not return.
        unsafe {
            if (self.chunk_limit as usize) - (self.next_free as usize) < text.len() {
                _obstack_newchunk(self, text.len());
            }
            self.next_free.copy_from_nonoverlapping(text.as_ptr(), text.len());
            self.next_free = self.next_free.add(text.len());
        }
        true
    }
}

/// Formats onto the growing object.
#[export]
pub unsafe extern "C" fn obstack_vprintf(
    obstack: *mut Obstack,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { print(&mut *obstack, Format::narrow(format), arguments, false) }
}

/// Formats onto the growing object.
#[export]
pub unsafe extern "C" fn obstack_printf(
    obstack: *mut Obstack,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { print(&mut *obstack, Format::narrow(format), list!(arguments), false) }
}

/// `obstack_vprintf` with checks.
#[export]
pub unsafe extern "C" fn __obstack_vprintf_chk(
    obstack: *mut Obstack,
    checks: c_int,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { print(&mut *obstack, Format::narrow(format), arguments, checks > 0) }
}

/// `obstack_printf` with checks.
#[export]
pub unsafe extern "C" fn __obstack_printf_chk(
    obstack: *mut Obstack,
    checks: c_int,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { print(&mut *obstack, Format::narrow(format), list!(arguments), checks > 0) }
}
