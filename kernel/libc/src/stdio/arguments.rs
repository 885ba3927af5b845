//! Reading a C `va_list` (SysV ABI for AMD64, 3.5.7), `long double` included.

use crate::f80::F80;

/// `__va_list_tag`, what a `va_list` parameter points at.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct VaList {
    gp_offset: u32,
    fp_offset: u32,
    overflow_arg_area: *mut u8,
    reg_save_area: *mut u8,
}

/// Bytes of general-purpose registers in the save area: rdi, rsi, rdx, rcx, r8, r9.
const GP_END: u32 = 6 * 8;
/// Bytes of the save area in all: the above and xmm0 to xmm7.
const FP_END: u32 = GP_END + 8 * 16;

impl VaList {
    /// A list whose arguments are all in memory, one after the other as on the stack.
    #[must_use]
    pub const fn of_memory(arguments: *mut u8) -> Self {
        Self {
            gp_offset: GP_END,
            fp_offset: FP_END,
            overflow_arg_area: arguments,
            reg_save_area: core::ptr::null_mut(),
        }
    }

    /// The next argument of an integer or pointer type, in 64 bits; those above the type's width
    /// are unspecified.
    ///
    /// # Safety
    /// The list is a live one, and the next argument is of such a type.
    pub unsafe fn integer(&mut self) -> u64 {
        // SAFETY: by the caller's promise the slot below is the next argument.
        unsafe {
            if self.gp_offset < GP_END {
                let slot = self.reg_save_area.add(self.gp_offset as usize);
                self.gp_offset += 8;
                slot.cast::<u64>().read()
            } else {
                self.overflow()
            }
        }
    }

    /// The next argument, a `double`, as its bits.
    ///
    /// # Safety
    /// As [`VaList::integer`].
    pub unsafe fn double(&mut self) -> u64 {
        // SAFETY: by the caller's promise the slot below is the next argument.
        unsafe {
            if self.fp_offset < FP_END {
                let slot = self.reg_save_area.add(self.fp_offset as usize);
                self.fp_offset += 16;
                slot.cast::<u64>().read()
            } else {
                self.overflow()
            }
        }
    }

    /// The next argument, a `long double`: always in memory, aligned to 16.
    ///
    /// # Safety
    /// As [`VaList::integer`].
    pub unsafe fn extended(&mut self) -> F80 {
        let at = self.overflow_arg_area.wrapping_add(15);
        let at = at.map_addr(|address| address & !15);
        self.overflow_arg_area = at.wrapping_add(16);
        // SAFETY: by the caller's promise; ten bytes are the value, six are padding.
        unsafe { F80 { mantissa: at.cast::<u64>().read(), sign_exponent: at.add(8).cast::<u16>().read() } }
    }

    unsafe fn overflow(&mut self) -> u64 {
        let at = self.overflow_arg_area;
        self.overflow_arg_area = at.wrapping_add(8);
        // SAFETY: by the promise of `integer` and `double`.
        unsafe { at.cast::<u64>().read() }
    }
}

/// The `va_list` of a variadic function's `...`, to pass to what takes a [`VaList`].
macro_rules! list {
    ($arguments:ident) => {
        (&raw mut $arguments).cast::<$crate::stdio::arguments::VaList>()
    };
}
pub(crate) use list;
