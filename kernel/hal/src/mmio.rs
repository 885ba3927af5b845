//! Memory-mapped device registers: one load or store of exactly the width asked for.
//!
//! Instructions are written out, because under a hypervisor an access is decoded: a compiler may
//! otherwise choose a form (a vector move, a read-modify-write) that the decoder refuses.

macro_rules! mmio {
    ($read:ident, $write:ident, $type:ty, $class:ident, $load:literal, $store:literal, $bits:literal) => {
        #[doc = concat!("Loads a register of ", $bits, " bits.")]
        ///
        /// # Safety
        /// `address` is a register of a device that the caller owns, mapped and aligned.
        #[inline]
        #[must_use]
        pub unsafe fn $read(address: *const $type) -> $type {
            let value: $type;
            // SAFETY: as above.
            unsafe {
                core::arch::asm!($load, out($class) value, in(reg) address,
                    options(nostack, preserves_flags));
            }
            value
        }

        #[doc = concat!("Stores to a register of ", $bits, " bits.")]
        ///
        /// # Safety
        /// `address` is a register of a device that the caller owns, mapped and aligned.
        #[inline]
        pub unsafe fn $write(address: *mut $type, value: $type) {
            // SAFETY: as above.
            unsafe {
                core::arch::asm!($store, in(reg) address, in($class) value,
                    options(nostack, preserves_flags));
            }
        }
    };
}

mmio!(read8, write8, u8, reg_byte, "mov {0}, byte ptr [{1}]", "mov byte ptr [{0}], {1}", "8");
mmio!(read16, write16, u16, reg, "mov {0:x}, word ptr [{1}]", "mov word ptr [{0}], {1:x}", "16");
mmio!(read32, write32, u32, reg, "mov {0:e}, dword ptr [{1}]", "mov dword ptr [{0}], {1:e}", "32");
mmio!(read64, write64, u64, reg, "mov {0}, qword ptr [{1}]", "mov qword ptr [{0}], {1}", "64");

/// Loads a register of `width` bytes: 1, 2 or 4.
///
/// # Safety
/// As for each of these.
#[must_use]
pub unsafe fn read(address: *const u8, width: usize) -> u32 {
    // SAFETY: as the caller says.
    unsafe {
        match width {
            1 => read8(address).into(),
            2 => read16(address.cast()).into(),
            _ => read32(address.cast()),
        }
    }
}
