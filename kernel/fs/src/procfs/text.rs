//! Text as it is put together.

use alloc::vec::Vec;

use kcore::console::decimal;

/// Text that grows.
#[derive(Default)]
pub struct Text(pub Vec<u8>);

impl Text {
    /// Adds bytes as they are.
    pub fn put(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    /// Adds a decimal number.
    pub fn number(&mut self, value: u64) -> &mut Self {
        self.put(decimal(value, &mut [0; 20]))
    }

    /// Adds a decimal number, with blanks before it up to `width`.
    pub fn padded(&mut self, value: u64, width: usize) -> &mut Self {
        let mut digits = [0; 20];
        let digits = decimal(value, &mut digits);
        for _ in digits.len()..width {
            self.put(b" ");
        }
        self.put(digits)
    }

    /// Adds so many hexadecimal digits.
    pub fn hex(&mut self, value: u64, digits: u32) -> &mut Self {
        for digit in (0..digits).rev() {
            let nibble = (value >> (4 * digit) & 15) as u8;
            self.0.push(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
        }
        self
    }

    /// Adds a hexadecimal number of at least eight digits, as `/proc/self/maps` has them.
    pub fn address(&mut self, value: u64) -> &mut Self {
        self.hex(value, (64 - value.leading_zeros()).div_ceil(4).max(8))
    }

    /// Adds seconds with two decimals.
    pub fn hundredths(&mut self, value: u64) -> &mut Self {
        self.number(value / 100).put(b".");
        if value % 100 < 10 {
            self.put(b"0");
        }
        self.number(value % 100)
    }
}
