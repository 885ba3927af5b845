//! When something is broken beyond repair: the report on the console, and the end.

/// Reports a broken invariant and stops. On the host this panics.
#[cold]
pub fn stop(what: &str) -> ! {
    #[cfg(kernel)]
    {
        use crate::console::{Part, message};
        message(&[Part::Text("\nfatal: "), Part::Text(what), Part::Text("\n")]);
        machine::finish(6)
    }
    #[cfg(not(kernel))]
    panic!("{what}")
}

/// Reports where the kernel panicked, and stops.
#[cfg(kernel)]
#[cold]
pub fn panicked(file: &str, line: u32) -> ! {
    use crate::console::{Part, message};
    message(&[
        Part::Text("\nfatal: kernel panic at "),
        Part::Text(file),
        Part::Text(":"),
        Part::Decimal(line.into()),
    ]);
    message(&[Part::Text("\n")]);
    machine::finish(6)
}

#[cfg(kernel)]
mod machine {
    use crate::console::{Part, message};
    use crate::errno::{EFAULT, ENOMEM, Errno};
    use crate::memory::{self, vm};
    use core::sync::atomic::{AtomicBool, Ordering};
    use hal::trap::TrapFrame;

    /// Linux's number.
    const SIGBUS: i32 = 7;
    /// Addresses in a backtrace, at most.
    const BACKTRACE: usize = 24;
    /// How many pages a stack may have overflowed by.
    const OVERFLOW: usize = 16;
    /// How much of the stack is searched, in bytes.
    const SEARCHED: usize = 8192;
    /// x86's page-fault error bits: the page is there, a store, an instruction fetch.
    const PRESENT: u64 = 1;
    const STORE: u64 = 2;
    const FETCH: u64 = 16;

    /// What an exception is called, and the signal that Linux would send.
    pub(crate) fn name(vector: u64) -> (&'static str, i32) {
        match vector {
            0 => ("division by zero", 8),
            1 | 3 => ("breakpoint", 5),
            2 => ("non-maskable interrupt", 7),
            4 | 5 => ("overflow or bounds", 11),
            6 => ("invalid instruction", 4),
            8 => ("double fault", 11),
            12 => ("stack fault", 7),
            13 => ("general protection fault", 11),
            14 => ("page fault", 11),
            16 | 19 => ("floating-point exception", 8),
            17 => ("misaligned access", 7),
            18 => ("machine check", 7),
            _ => ("exception", 11),
        }
    }

    /// Reports an exception that nothing handles, and ends the program. `why` is what a page fault failed with.
    #[cold]
    pub(crate) fn report(frame: &TrapFrame, address: usize, why: Option<Errno>) -> ! {
        // A fault in the report itself: no second report.
        static REPORTING: AtomicBool = AtomicBool::new(false);
        let (what, mut signal) = name(frame.vector);
        if why.is_some_and(|why| why != EFAULT) {
            signal = SIGBUS;
        }
        if REPORTING.swap(true, Ordering::SeqCst) {
            finish(signal);
        }
        message(&[Part::Text("\nfatal: "), Part::Text(what)]);
        if frame.vector == hal::trap::PAGE_FAULT {
            let how = match frame.error {
                error if error & FETCH != 0 => ": executing ",
                error if error & STORE != 0 => ": writing ",
                _ => ": reading ",
            };
            message(&[Part::Text(how), Part::Hex(address as u64)]);
            if why == Some(ENOMEM) {
                message(&[Part::Text(" (out of memory)")]);
            } else if frame.error & (STORE | PRESENT) == STORE | PRESENT {
                message(&[Part::Text(" (read-only memory)")]);
            } else if address < 4096 {
                message(&[Part::Text(" (null pointer)")]);
            } else if vm::is_guard(address) && address.abs_diff(frame.rsp as usize) < 65536 {
                message(&[Part::Text(" (stack overflow)")]);
            }
        }
        message(&[Part::Text(" at "), Part::Hex(frame.rip)]);
        if frame.error != 0 {
            message(&[Part::Text(", code "), Part::Hex(frame.error)]);
        }
        message(&[Part::Text("\n")]);
        registers(frame);
        backtrace(frame);
        finish(signal)
    }

    fn registers(frame: &TrapFrame) {
        let all = [
            (" rax ", frame.rax),
            (" rbx ", frame.rbx),
            (" rcx ", frame.rcx),
            (" rdx ", frame.rdx),
            (" rsi ", frame.rsi),
            (" rdi ", frame.rdi),
            (" rbp ", frame.rbp),
            (" rsp ", frame.rsp),
            (" r8 ", frame.r8),
            (" r9 ", frame.r9),
            (" r10 ", frame.r10),
            (" r11 ", frame.r11),
            (" r12 ", frame.r12),
            (" r13 ", frame.r13),
            (" r14 ", frame.r14),
            (" r15 ", frame.r15),
            (" flags ", frame.rflags),
            (" thread ", crate::sched::current().id().into()),
        ];
        for (index, (name, value)) in all.into_iter().enumerate() {
            let end = if index % 4 == 3 { "\n" } else { "" };
            message(&[Part::Text(name), Part::Hex(value), Part::Text(end)]);
        }
        message(&[Part::Text("\n")]);
    }

    /// The words of the stack that follow a call instruction: return addresses, and sometimes what
    /// an earlier call has left behind.
    fn backtrace(frame: &TrapFrame) {
        message(&[Part::Text("called from:")]);
        let mut places = [0; BACKTRACE];
        let mut found = 0;
        // A stack that overflowed points below what is there.
        let mut start = (frame.rsp as usize).next_multiple_of(8);
        for _ in 0..OVERFLOW {
            if memory::is_readable(start) {
                break;
            }
            start = (start | 4095).saturating_add(1);
        }
        for place in (start..start.saturating_add(SEARCHED)).step_by(8) {
            if found == BACKTRACE || !memory::is_readable(place) {
                break;
            }
            // SAFETY: the page is there.
            let word = unsafe { core::ptr::with_exposed_provenance::<usize>(place).read() };
            if follows_call(word) {
                message(&[Part::Text(" "), Part::Hex(word as u64)]);
                places[found] = word;
                found += 1;
            }
        }
        message(&[Part::Text("\n")]);
        objects(frame.rip as usize, &places);
    }

    /// Where the objects are that these addresses are in, so that they can be given names elsewhere.
    fn objects(at: usize, places: &[usize]) {
        // Whoever holds the list may be the thread that has failed.
        let Some(objects) = crate::loader::lock::OBJECTS.try_lock() else { return };
        for object in objects.iter() {
            if object.contains(at) || places.iter().any(|&place| object.contains(place)) {
                message(&[
                    Part::Bytes(object.path()),
                    Part::Text(" is at "),
                    Part::Hex(object.memory.bias as u64),
                ]);
                message(&[Part::Text("\n")]);
            }
        }
    }

    /// Whether there is a call instruction in front of an address: E8 and four bytes, or FF /2 in
    /// one of its lengths.
    fn follows_call(address: usize) -> bool {
        let Some(start) = address.checked_sub(7) else { return false };
        if !memory::is_executable(start) || !memory::is_executable(address) {
            return false;
        }
        // SAFETY: both pages are there.
        let before: [u8; 7] =
            unsafe { core::ptr::with_exposed_provenance::<[u8; 7]>(start).read_unaligned() };
        let [a, b, c, d, e, f, _] = before;
        let is_call = |opcode: u8, operand: u8| opcode == 0xff && operand & 0x38 == 0x10;
        c == 0xe8 || is_call(f, before[6]) || is_call(e, f) || is_call(b, c) || is_call(a, b) || is_call(d, e)
    }

    /// The end, as if by a signal.
    pub(super) fn finish(signal: i32) -> ! {
        crate::process::end(crate::process::Ending::Signal(signal))
    }
}
#[cfg(kernel)]
pub(crate) use machine::{name, report};
