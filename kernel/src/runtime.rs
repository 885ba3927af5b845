//! What the language and the entry code ask of a kernel.

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use kcore::memory::heap;

/// Where the entry code goes.
///
/// # Safety
/// For the entry code.
#[unsafe(no_mangle)]
unsafe extern "C" fn kernel_main(protocol: u32, information: u64) -> ! {
    // SAFETY: the entry code calls this once.
    unsafe { kcore::start::start(protocol, information, first_thread) }
}

/// The first thread: the program.
unsafe extern "C-unwind" fn first_thread(_argument: usize) -> ! {
    kcore::loader::start::run(kcore::boot::info().command_line)
}

/// The heap as Rust's allocator.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: the heap's blocks are as the trait wants them.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        heap::allocate(layout)
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        // SAFETY: the block came from `alloc`.
        unsafe { heap::release(block) };
    }
}

/// A panic: a broken invariant of the kernel's.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let location = info.location();
    let (file, line) = location.map_or(("", 0), |location| (location.file(), location.line()));
    kcore::fault::panicked(file, line)
}
