//! This processor's interrupt flag.

/// What [`disable`] found, for [`restore`].
#[derive(Clone, Copy)]
#[must_use]
pub struct Saved(usize);

/// `IF` in RFLAGS.
pub const INTERRUPT_FLAG: usize = 1 << 9;

/// How far the stack may be used with interrupts off, in bytes.
#[cfg(kernel)]
const STACK_AHEAD: usize = 3072;

/// Turns interrupts off on this processor. On the host this does nothing.
///
/// The application's stacks are brought in on demand, and its threads run kernel code on them: so
/// the page that the code with interrupts off may get to is touched before. Where they are off
/// already, the outer call has done so for all that it calls.
pub fn disable() -> Saved {
    #[cfg(kernel)]
    {
        let flags: usize;
        // SAFETY: reads the stack and the flags and clears IF; the caller puts it back with `restore`.
        unsafe {
            core::arch::asm!(
                "pushfq",
                "pop {flags}",
                "test {flags:e}, {on}",
                "jz 2f",
                "test byte ptr [rsp - {ahead}], 0",
                "cli",
                "2:",
                on = const INTERRUPT_FLAG, ahead = const STACK_AHEAD, flags = out(reg) flags);
        }
        Saved(flags)
    }
    #[cfg(not(kernel))]
    Saved(0)
}

/// Turns interrupts on again if they were on at the matching [`disable`].
#[inline]
pub fn restore(saved: Saved) {
    if saved.0 & INTERRUPT_FLAG != 0 {
        enable();
    }
}

/// Turns interrupts on.
#[inline]
pub fn enable() {
    #[cfg(kernel)]
    // SAFETY: the trap vectors are installed before the first thread runs.
    unsafe {
        core::arch::asm!("sti");
    }
}

/// Whether interrupts are on.
#[inline]
#[must_use]
pub fn enabled() -> bool {
    #[cfg(kernel)]
    {
        let flags: usize;
        // SAFETY: only reads the flags.
        unsafe { core::arch::asm!("pushfq", "pop {}", out(reg) flags, options(preserves_flags)) };
        flags & INTERRUPT_FLAG != 0
    }
    #[cfg(not(kernel))]
    true
}

/// Turns interrupts on and waits for one, with no gap between the two in which one could be missed.
#[inline]
pub fn enable_and_halt() {
    #[cfg(kernel)]
    // SAFETY: `sti` takes effect after the next instruction, so the wait cannot miss a wake-up.
    unsafe {
        core::arch::asm!("sti", "hlt");
    }
    #[cfg(not(kernel))]
    std::thread::yield_now();
}
