//! Port input and output. On the host ports read as all ones and writes are lost, as on a bus with
//! nothing behind it.

macro_rules! port {
    ($read:ident, $write:ident, $type:ty, $register:tt, $bits:literal) => {
        #[doc = concat!("Reads ", $bits, " bits from a port.")]
        ///
        /// # Safety
        /// Reading may change the state of the device behind the port: the caller owns the device.
        #[inline]
        #[must_use]
        pub unsafe fn $read(port: u16) -> $type {
            #[cfg(kernel)]
            {
                let value: $type;
                // SAFETY: the caller owns the device.
                unsafe {
                    core::arch::asm!(concat!("in ", $register, ", dx"), out($register) value, in("dx") port,
                        options(nomem, nostack, preserves_flags));
                }
                value
            }
            #[cfg(not(kernel))]
            {
                let _ = port;
                <$type>::MAX
            }
        }

        #[doc = concat!("Writes ", $bits, " bits to a port.")]
        ///
        /// # Safety
        /// The caller owns the device behind the port, and what the write makes it do.
        #[inline]
        pub unsafe fn $write(port: u16, value: $type) {
            #[cfg(kernel)]
            // SAFETY: the caller owns the device.
            unsafe {
                core::arch::asm!(concat!("out dx, ", $register), in("dx") port, in($register) value,
                    options(nostack, preserves_flags));
            }
            #[cfg(not(kernel))]
            let _ = (port, value);
        }
    };
}

port!(read8, write8, u8, "al", "8");
port!(read16, write16, u16, "ax", "16");
port!(read32, write32, u32, "eax", "32");
