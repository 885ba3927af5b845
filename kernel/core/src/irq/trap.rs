//! Where all traps arrive.

use super::{FLUSH_VECTOR, RESCHEDULE_VECTOR, SPURIOUS_VECTOR, TIMER_VECTOR, device, lapic};
use crate::errno::{EFAULT, Errno};
use crate::memory::vm;
use crate::signal::{self, Info, Interrupted};
use crate::{fault, sched, time};
use hal::trap::{PAGE_FAULT, TrapFrame};

/// Called by the entry code with the interrupted state; interrupts are off.
#[unsafe(no_mangle)]
extern "C" fn kernel_trap(frame: &mut TrapFrame) {
    match frame.vector as u8 {
        TIMER_VECTOR => {
            lapic::end();
            time::timer::interrupt();
        }
        RESCHEDULE_VECTOR => {
            lapic::end();
            sched::reschedule_interrupt();
        }
        FLUSH_VECTOR => {
            lapic::end();
            crate::memory::flush_interrupt();
        }
        SPURIOUS_VECTOR => {}
        vector if vector >= 32 => device(vector),
        vector => exception(vector, frame),
    }
    if frame.interrupts_were_on() {
        sched::preempt();
        if signal::is_wanted() {
            // What is written to the thread's stack may have to be brought in.
            hal::irq::enable();
            let delivered = signal::at_trap_return(&mut interrupted(frame));
            let _ = hal::irq::disable();
            if !delivered {
                sched::look_again();
            }
        }
    }
}

fn interrupted(frame: &mut TrapFrame) -> Interrupted<'_> {
    Interrupted { instruction: &mut frame.rip, stack: &mut frame.rsp, flags: frame.rflags }
}

fn exception(vector: u8, frame: &mut TrapFrame) {
    let is_page_fault = u64::from(vector) == PAGE_FAULT;
    let address = if is_page_fault { hal::trap::fault_address() } else { frame.rip as usize };
    if !frame.interrupts_were_on() {
        fault::report(frame, address, None);
    }
    hal::irq::enable();
    let mut error = None;
    let mut handled = false;
    if is_page_fault {
        error = vm::handle_fault(address, frame.error).err();
        handled = error.is_none();
    }
    if !handled && sched::current().tcb() != 0 {
        let (number, code) = signal_of(vector, frame.error, address, error);
        let info = Info::fault(number, code, address);
        handled = signal::raise_fault(&mut interrupted(frame), &info);
    }
    let _ = hal::irq::disable();
    if !handled {
        fault::report(frame, address, error);
    }
}

/// The signal that Linux sends for an exception, and its `si_code` (sigaction(2)).
fn signal_of(vector: u8, code: u64, address: usize, error: Option<Errno>) -> (i32, i32) {
    const SEGV_MAPERR: i32 = 1;
    const SEGV_ACCERR: i32 = 2;
    const BUS_ADRERR: i32 = 2;
    let signal = fault::name(vector.into()).1;
    let code = match vector {
        14 if error != Some(EFAULT) => return (7, BUS_ADRERR),
        // Bit 0 of the error code: the page is there.
        14 if code & 1 != 0 || vm::is_mapped(address) => SEGV_ACCERR,
        14 => SEGV_MAPERR,
        // FPE_INTDIV, ILL_ILLOPN, BUS_ADRALN, TRAP_TRACE, TRAP_BRKPT.
        0 | 3 | 17 => 1,
        1 | 6 => 2,
        // FPE_FLTINV; which of the exceptions it was is in the saved state.
        16 | 19 => 7,
        _ => signal::FROM_KERNEL,
    };
    (signal, code)
}
