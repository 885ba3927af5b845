//! Where all traps arrive.

use super::{FLUSH_VECTOR, RESCHEDULE_VECTOR, SPURIOUS_VECTOR, TIMER_VECTOR, device, lapic};
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
    }
}

fn exception(vector: u8, frame: &mut TrapFrame) {
    if u64::from(vector) == PAGE_FAULT {
        let address = hal::trap::fault_address();
        if frame.interrupts_were_on() {
            hal::irq::enable();
            let handled = crate::memory::vm::handle_fault(address, frame.error);
            let _ = hal::irq::disable();
            if handled.is_ok() {
                return;
            }
        }
        fault::report(frame, address);
    }
    fault::report(frame, 0);
}
