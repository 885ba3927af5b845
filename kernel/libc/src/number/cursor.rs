//! A place in text of bytes or of wide characters, read by one code.

/// A position in a NUL-terminated string.
#[derive(Clone, Copy)]
pub struct Cursor {
    at: *const u8,
    wide: bool,
}

impl Cursor {
    /// A position in a string of bytes.
    ///
    /// # Safety
    /// The string ends in NUL, and lives as long as this is used.
    #[must_use]
    pub const unsafe fn narrow(at: *const core::ffi::c_char) -> Self {
        Self { at: at.cast(), wide: false }
    }

    /// A position in a string of wide characters.
    ///
    /// # Safety
    /// As [`Cursor::narrow`].
    #[must_use]
    pub const unsafe fn wide(at: *const u32) -> Self {
        Self { at: at.cast(), wide: true }
    }

    /// Whether it is of wide characters.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        self.wide
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> *const u8 {
        self.at
    }

    /// The unit here, 0 at the end.
    #[must_use]
    pub fn peek(&self) -> u32 {
        // SAFETY: `narrow`'s and `wide`'s promise; nobody goes beyond the NUL.
        unsafe { if self.wide { self.at.cast::<u32>().read() } else { u32::from(self.at.read()) } }
    }

    /// Goes on by one unit, which is not the NUL.
    pub fn skip(&mut self) {
        self.at = self.at.wrapping_add(if self.wide { 4 } else { 1 });
    }

    /// Goes on by so many units, none of which is the NUL.
    pub fn advance(&mut self, count: usize) {
        self.at = self.at.wrapping_add(if self.wide { 4 * count } else { count });
    }

    /// Goes back by one unit, which was skipped before.
    pub fn back(&mut self) {
        self.at = self.at.wrapping_sub(if self.wide { 4 } else { 1 });
    }

    /// The unit here if it is in ASCII, 0 at the end, 255 otherwise.
    #[must_use]
    pub fn ascii(&self) -> u8 {
        let unit = self.peek();
        if unit < 0x80 { unit as u8 } else { 0xff }
    }

    /// Goes on if this is what is here.
    pub fn take(&mut self, byte: u8) -> bool {
        let here = self.ascii() == byte;
        if here {
            self.skip();
        }
        here
    }

    /// Goes on if this word is here, in small letters or capitals; `word` is in small letters.
    pub fn take_word(&mut self, word: &[u8]) -> bool {
        let mut ahead = *self;
        for &letter in word {
            if ahead.ascii() | 0x20 != letter {
                return false;
            }
            ahead.skip();
        }
        *self = ahead;
        true
    }

    /// Goes on over white space, then over a sign; gives whether it is a minus.
    pub fn take_space_and_sign(&mut self) -> bool {
        while matches!(self.ascii(), b' ' | b'\t'..=b'\r') {
            self.skip();
        }
        let minus = self.take(b'-');
        if !minus {
            self.take(b'+');
        }
        minus
    }

    /// The value of the digit here in this base.
    #[must_use]
    pub fn digit(&self, base: u32) -> Option<u32> {
        char::from(self.ascii()).to_digit(base)
    }
}
