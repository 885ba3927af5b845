//! Where all traps arrive.

use super::{FLUSH_VECTOR, RESCHEDULE_VECTOR, SPURIOUS_VECTOR, TIMER_VECTOR, device, lapic};
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
        signals(frame);
    }
}

/// Lets a thread that goes back to the application handle the signals that wait for it.
fn signals(frame: &mut TrapFrame) {
    hal::irq::enable();
    signal::at_trap_return(&mut interrupted(frame));
    let _ = hal::irq::disable();
}

fn interrupted(frame: &mut TrapFrame) -> Interrupted<'_> {
    Interrupted { instruction: &mut frame.rip, stack: &mut frame.rsp, flags: frame.rflags }
}

fn exception(vector: u8, frame: &mut TrapFrame) {
    let (mut address, mut beyond_file) = (0, false);
    if u64::from(vector) == PAGE_FAULT {
        address = hal::trap::fault_address();
        if frame.interrupts_were_on() {
            hal::irq::enable();
            let handled = crate::memory::vm::handle_fault(address, frame.error);
            let _ = hal::irq::disable();
            if handled.is_ok() {
                return;
            }
            beyond_file = handled == Err(crate::errno::ENXIO);
        }
    }
    if frame.interrupts_were_on() {
        hal::irq::enable();
        let info = describe(vector, frame, address, beyond_file);
        let handled = signal::raise_fault(&mut interrupted(frame), &info);
        let _ = hal::irq::disable();
        if handled {
            return;
        }
    }
    fault::report(frame, address);
}

/// The signal of an exception, as Linux sends it.
fn describe(vector: u8, frame: &TrapFrame, address: usize, beyond_file: bool) -> Info {
    /// The page is there, but not for this.
    const PRESENT: u64 = 1;
    let at = frame.rip as usize;
    match vector {
        // SIGFPE: FPE_INTDIV, and FPE_FLTINV for want of a look at the status.
        0 => Info::fault(8, 1, at),
        16 | 19 => Info::fault(8, 7, at),
        // SIGTRAP: TRAP_TRACE and TRAP_BRKPT.
        1 => Info::fault(5, 2, at),
        3 => Info::fault(5, 1, at),
        // SIGILL: ILL_ILLOPN.
        6 => Info::fault(4, 2, at),
        // SIGBUS: BUS_ADRERR.
        14 if beyond_file => Info::fault(7, 2, address),
        // SIGSEGV: SEGV_ACCERR or SEGV_MAPERR.
        14 => Info::fault(11, if frame.error & PRESENT != 0 { 2 } else { 1 }, address),
        // SIGBUS: BUS_ADRALN.
        17 => Info::fault(7, 1, 0),
        _ => Info::fault(11, signal::FROM_KERNEL, 0),
    }
}
