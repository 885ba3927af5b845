//! x87, SSE and AVX state: what there is, and how much room it takes (Intel SDM volume 1, chapter 13).

use crate::cpu::cpuid;
use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

/// x87, SSE, AVX, and the three parts of AVX-512.
const WANTED: u64 = 0b1110_0111;
/// x87 and SSE.
const LEGACY: u64 = 0b11;
/// Bytes of the area that FXSAVE writes.
const FXSAVE_SIZE: u32 = 512;
/// Bytes of the header that follows it in an XSAVE area.
const HEADER_SIZE: u32 = 64;

/// Bytes of an XSAVE area with what is enabled; 0 where there is only FXSAVE.
pub(crate) static XSAVE_SIZE: AtomicU32 = AtomicU32::new(0);

/// Enables, on this processor, what it has. All processors have the same.
pub fn enable() {
    let has_xsave = cpuid(1, 0).ecx & 1 << 26 != 0;
    if !has_xsave {
        return;
    }
    // Leaf 13: the components there are, and the size of what is enabled.
    let found = cpuid(13, 0);
    let components = (u64::from(found.edx) << 32 | u64::from(found.eax)) & WANTED | LEGACY;
    // AVX-512 is all of its parts, over AVX, or none.
    let components = if components & 0b1110_0100 == 0b1110_0100 { components } else { components & 0b111 };
    // SAFETY: XSAVE exists, and the components are ones that it reports.
    unsafe {
        asm!("mov {0}, cr4", "or {0}, 0x40000", "mov cr4, {0}", out(reg) _, options(nostack));
        asm!("xsetbv", in("ecx") 0, in("eax") components as u32, in("edx") (components >> 32) as u32,
            options(nostack, preserves_flags));
    }
    let size = cpuid(13, 0).ebx.max(FXSAVE_SIZE + HEADER_SIZE);
    XSAVE_SIZE.store(size, Ordering::Relaxed);
}

/// Bytes of the area behind `TrapFrame::extended`: an XSAVE area in standard form, or an FXSAVE area.
pub fn area_size() -> usize {
    XSAVE_SIZE.load(Ordering::Relaxed).max(FXSAVE_SIZE) as usize
}

/// Whether the area is an XSAVE area.
pub fn has_xsave() -> bool {
    XSAVE_SIZE.load(Ordering::Relaxed) != 0
}
