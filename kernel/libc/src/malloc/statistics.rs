//! What programs ask of and tell an allocator beside its work. The kernel heap keeps no statistics
//! of the application's blocks alone, and it gives memory back by itself.

use crate::errno::EINVAL;
use core::ffi::{c_char, c_int, c_void};
use hal::mem::PAGE_SIZE;
use kcore::memory::frames;
use macros::export;

/// `struct mallinfo2`.
#[repr(C)]
#[derive(Default)]
pub struct mallinfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

/// `struct mallinfo`: the same in numbers that are too small.
#[repr(C)]
#[derive(Default)]
pub struct mallinfo {
    arena: c_int,
    ordblks: c_int,
    smblks: c_int,
    hblks: c_int,
    hblkhd: c_int,
    usmblks: c_int,
    fsmblks: c_int,
    uordblks: c_int,
    fordblks: c_int,
    keepcost: c_int,
}

/// The machine's memory in bytes: all of it, what is in use (the kernel's too), and what is free.
#[export]
pub extern "C" fn mallinfo2() -> mallinfo2 {
    let (total, free) = frames::totals();
    mallinfo2 {
        arena: total * PAGE_SIZE,
        uordblks: (total - free) * PAGE_SIZE,
        fordblks: free * PAGE_SIZE,
        keepcost: free * PAGE_SIZE,
        ..mallinfo2::default()
    }
}

/// `mallinfo2` in numbers that wrap around.
#[export]
pub extern "C" fn mallinfo() -> mallinfo {
    let all = mallinfo2();
    mallinfo {
        arena: all.arena as c_int,
        uordblks: all.uordblks as c_int,
        fordblks: all.fordblks as c_int,
        keepcost: all.keepcost as c_int,
        ..mallinfo::default()
    }
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

/// Writes statistics as XML to a stream. Zero, or `EINVAL` itself.
#[export]
pub unsafe extern "C" fn malloc_info(options: c_int, stream: *mut c_void) -> c_int {
    const TEXT: &[u8] = b"<malloc version=\"1\">\n</malloc>\n";
    if options != 0 {
        return EINVAL.number();
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
