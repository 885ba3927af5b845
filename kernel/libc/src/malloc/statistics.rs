//! What programs ask of and tell an allocator beside its work. The kernel heap keeps no statistics
//! of the application's blocks, so figures are zero, and it gives memory back by itself.

use crate::errno::{self, EINVAL};
use core::ffi::{c_char, c_int, c_void};
use macros::export;

/// `struct mallinfo2`: ten sizes.
#[export]
pub extern "C" fn mallinfo2() -> [usize; 10] {
    [0; 10]
}

/// `struct mallinfo`: ten numbers.
#[export]
pub extern "C" fn mallinfo() -> [c_int; 10] {
    [0; 10]
}

/// Sets a parameter of the allocator: there are none to set. 1, as glibc returns for what it accepts.
#[export]
pub extern "C" fn mallopt(_parameter: c_int, _value: c_int) -> c_int {
    1
}

/// Gives free memory back: nothing is kept from the system. 0.
#[export]
pub extern "C" fn malloc_trim(_keep: usize) -> c_int {
    0
}

/// Prints statistics to standard error: there are none.
#[export]
pub extern "C" fn malloc_stats() {}

/// Writes statistics as XML to a stream. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn malloc_info(options: c_int, stream: *mut c_void) -> c_int {
    const TEXT: &[u8] = b"<malloc version=\"1\">\n</malloc>\n";
    if options != 0 {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's stream.
    unsafe { crate::stdio::write::fwrite(TEXT.as_ptr().cast(), 1, TEXT.len(), stream.cast()) };
    0
}

/// Starts a trace of the allocator into a file: blocks are not traced.
#[export]
pub extern "C" fn mtrace() {}

/// Ends a trace.
#[export]
pub extern "C" fn muntrace() {}

/// Asks for checks of blocks: the heap has none to switch on. -1.
#[export]
pub extern "C" fn mcheck(_failed: Option<extern "C" fn(c_int)>) -> c_int {
    -1
}

/// As `mcheck`. -1.
#[export]
pub extern "C" fn mcheck_pedantic(_failed: Option<extern "C" fn(c_int)>) -> c_int {
    -1
}

/// Checks all blocks.
#[export]
pub extern "C" fn mcheck_check_all() {}

/// Checks a block: `MCHECK_DISABLED` (-1).
#[export]
pub extern "C" fn mprobe(_memory: *mut c_char) -> c_int {
    -1
}
