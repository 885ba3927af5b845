//! From the entry code to the first thread.

use crate::memory::vm::{self, Place, Protection, Request};
use crate::sched::{self, Spawn};
use crate::{boot, fault, memory, time};

/// Bytes of the first thread's stack until the program's own is made; memory is taken as it is touched.
const STACK_LENGTH: usize = 256 << 10;

/// Sets the machine up and runs `first` on the first thread. `protocol` and `information` are what
/// the entry code reports.
///
/// # Safety
/// Called once, by the entry code, on the boot stack with interrupts off.
pub unsafe fn start(protocol: u32, information: u64, first: unsafe extern "C-unwind" fn(usize) -> !) -> ! {
    time::started();
    // SAFETY: each of these is called once, in this order.
    unsafe {
        if !boot::initialise(protocol, information) {
            // Without a memory map nothing can be done; and without a direct map nothing can be said.
            hal::cpu::halt_forever();
        }
        memory::initialise(boot::info());
        sched::initialise();
    }
    let request = Request::zeros(Place::Any, STACK_LENGTH, Protection::DATA);
    let Ok(stack) = vm::map(request) else { fault::stop("no memory for the first thread") };
    // Its first page is brought in by hand: this is the idle thread, which must not fault.
    let top = stack + STACK_LENGTH;
    if vm::handle_fault(top - 1, 0).is_err() {
        fault::stop("no memory for the first thread");
    }
    let request = Spawn { entry: first, argument: 0, stack_top: top, tcb: 0, clear_on_exit: 0, affinity: 0 };
    if sched::spawn_here(request).is_err() {
        fault::stop("no memory for the first thread");
    }
    sched::idle()
}
