//! An entry of an object's symbol table.
//!
//! Source: gABI chapter 4, "Symbol Table".

/// Bytes of an `Elf64_Sym`.
pub const SYMBOL_SIZE: usize = 24;
/// `STT_TLS`.
pub const TLS: u8 = 6;
/// `STT_GNU_IFUNC`.
pub const IFUNC: u8 = 10;
/// `STT_FUNC`.
pub const FUNCTION: u8 = 2;
/// `STB_WEAK`.
const WEAK: u8 = 2;
const UNDEFINED: u16 = 0;
const ABSOLUTE: u16 = 0xfff1;

/// A symbol table's entry, where it is.
#[derive(Clone, Copy, Debug)]
pub struct Symbol(pub &'static [u8; SYMBOL_SIZE]);

impl Symbol {
    fn word(&self, index: usize) -> u64 {
        self.0.as_chunks().0.get(index).map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// Offset of its name in the string table.
    #[must_use]
    pub fn name(&self) -> usize {
        self.word(0) as u32 as usize
    }

    /// `STB_…` in the high four bits, `STT_…` in the low four.
    fn info(&self) -> u8 {
        (self.word(0) >> 32) as u8
    }

    /// `STV_…`.
    fn visibility(&self) -> u8 {
        (self.word(0) >> 40) as u8 & 3
    }

    fn section(&self) -> u16 {
        (self.word(0) >> 48) as u16
    }

    /// Its address before the load bias is added, or its offset in the TLS image.
    #[must_use]
    pub fn value(&self) -> usize {
        self.word(1) as usize
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.word(2) as usize
    }

    /// `STT_…`.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.info() & 15
    }

    /// `STB_WEAK`.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.info() >> 4 == WEAK
    }

    /// `STB_LOCAL`, or a visibility that keeps references inside the object.
    #[must_use]
    pub fn binds_locally(&self) -> bool {
        self.info() >> 4 == 0 || self.visibility() != 0 && self.section() != UNDEFINED
    }

    /// Whether the object defines it.
    #[must_use]
    pub fn is_defined(&self) -> bool {
        self.section() != UNDEFINED
    }

    /// Whether it answers a reference; `strict` leaves out the PLT addresses of an executable.
    #[must_use]
    pub fn answers(&self, strict: bool) -> bool {
        let named = self.value() != 0 || self.section() == ABSOLUTE || self.kind() == TLS;
        named
            && !(self.section() == UNDEFINED && (strict || self.value() == 0))
            && matches!(self.kind(), 0..=2 | 5 | 6 | 10)
            && matches!(self.info() >> 4, 1 | 2 | 10)
            && matches!(self.visibility(), 0 | 3)
    }
}
