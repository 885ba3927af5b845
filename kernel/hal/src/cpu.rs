//! One processor: identification, model-specific registers, its time stamp counter.

/// The four registers that CPUID fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cpuid {
    /// EAX.
    pub eax: u32,
    /// EBX.
    pub ebx: u32,
    /// ECX.
    pub ecx: u32,
    /// EDX.
    pub edx: u32,
}

/// CPUID of `leaf`, sub-leaf `subleaf`. A leaf beyond the highest the processor has gives zeros
/// here, not the highest leaf's contents as Intel's do.
#[must_use]
pub fn cpuid(leaf: u32, subleaf: u32) -> Cpuid {
    // The highest leaf of the range that `leaf` is in: basic, hypervisor (0x4000_0000) or extended.
    let highest = core::arch::x86_64::__cpuid(leaf & 0xc000_0000).eax;
    if leaf > highest {
        return Cpuid::default();
    }
    let found = core::arch::x86_64::__cpuid_count(leaf, subleaf);
    Cpuid { eax: found.eax, ebx: found.ebx, ecx: found.ecx, edx: found.edx }
}

/// The time stamp counter.
#[inline]
#[must_use]
pub fn tsc() -> u64 {
    // SAFETY: RDTSC has no effect beyond its result.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Tells the processor that this is a loop waiting for another one.
#[inline]
pub fn pause() {
    core::hint::spin_loop();
}

/// Reads a model-specific register.
///
/// # Safety
/// The processor has the register; otherwise it faults.
#[cfg(kernel)]
#[inline]
#[must_use]
pub unsafe fn read_msr(register: u32) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: the caller has checked that the register exists.
    unsafe {
        core::arch::asm!("rdmsr", in("ecx") register, out("eax") low, out("edx") high,
            options(nomem, nostack, preserves_flags));
    }
    u64::from(high) << 32 | u64::from(low)
}

/// Writes a model-specific register.
///
/// # Safety
/// The processor has the register and takes the value; the caller answers for what it changes.
#[cfg(kernel)]
#[inline]
pub unsafe fn write_msr(register: u32, value: u64) {
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("wrmsr", in("ecx") register, in("eax") value as u32,
            in("edx") (value >> 32) as u32, options(nostack, preserves_flags));
    }
}

/// Stops this processor for good.
#[cfg(kernel)]
pub fn halt_forever() -> ! {
    loop {
        let _ = crate::irq::disable();
        // SAFETY: interrupts are off; nothing is expected to wake this processor.
        unsafe { core::arch::asm!("hlt", options(nomem, nostack)) };
    }
}

/// Ends the test program.
#[cfg(not(kernel))]
pub fn halt_forever() -> ! {
    std::process::abort()
}
