//! An object's dynamic section (`PT_DYNAMIC`): the addresses of its tables.

use super::elf::Range;
use super::hash;
use super::memory::Memory;
use super::symbol::{SYMBOL_SIZE, Symbol};
use alloc::vec::Vec;

/// `DF_1_NODELETE`.
pub const NODELETE: usize = 8;

/// What the dynamic section says. Addresses are the object's own; a zero address means absent.
#[derive(Debug, Default)]
pub struct Dynamic {
    /// `DT_NEEDED`: offsets into the string table.
    pub needed: Vec<usize>,
    /// `DT_SONAME`: an offset into the string table.
    pub soname: Option<usize>,
    /// `DT_RPATH`: an offset into the string table.
    pub rpath: Option<usize>,
    /// `DT_RUNPATH`: an offset into the string table.
    pub runpath: Option<usize>,
    /// `DT_STRTAB`, `DT_STRSZ`: the strings, the last of them terminated.
    pub strings: &'static [u8],
    /// `DT_SYMTAB`. How many there are is not said: these go on to the end of the segment, as the next do.
    symbols: &'static [[u8; SYMBOL_SIZE]],
    /// `DT_HASH`.
    pub hash: usize,
    /// `DT_GNU_HASH`.
    pub gnu_hash: usize,
    /// `DT_VERSYM`.
    pub version_indices: &'static [[u8; 2]],
    /// `DT_VERNEED`.
    pub versions_needed: usize,
    /// `DT_VERDEF`.
    pub versions_defined: usize,
    /// `DT_RELA`, `DT_RELASZ`.
    pub relocations: Range,
    /// `DT_JMPREL`, `DT_PLTRELSZ`.
    pub plt_relocations: Range,
    /// `DT_RELR`, `DT_RELRSZ`.
    pub relative_relocations: Range,
    /// `DT_PREINIT_ARRAY`.
    pub preinit_array: Range,
    /// `DT_INIT`.
    pub init: usize,
    /// `DT_INIT_ARRAY`.
    pub init_array: Range,
    /// `DT_FINI`.
    pub fini: usize,
    /// `DT_FINI_ARRAY`.
    pub fini_array: Range,
    /// `DT_SYMBOLIC` or `DF_SYMBOLIC`: look-ups start in the object itself.
    pub symbolic: bool,
    /// `DT_TEXTREL` or `DF_TEXTREL`: relocations write to segments that are not writable.
    pub text_relocations: bool,
    /// `DT_FLAGS_1`.
    pub flags1: usize,
    /// Where the value of `DT_DEBUG` is, for debuggers.
    pub debug: usize,
}

impl Dynamic {
    /// Reads the section.
    ///
    /// # Errors
    /// What is wrong with it, in words that `dlerror` reports.
    pub fn parse(memory: &Memory, section: Range) -> Result<Self, &'static str> {
        let mut dynamic = Self::default();
        let mut strings = Range::default();
        let mut address = section.address;
        let end = section.address + section.length;
        while address < end {
            let (Some(tag), Some(value)) = (memory.u64(address), memory.u64(address + 8)) else {
                return Err("the dynamic section is cut off");
            };
            if tag == 0 {
                break;
            }
            match tag {
                5 => strings.address = value,
                10 => strings.length = value,
                6 => dynamic.symbols = memory.rest(value).unwrap_or_default().as_chunks().0,
                0x6fff_fff0 => {
                    dynamic.version_indices = memory.rest(value).unwrap_or_default().as_chunks().0;
                }
                _ => dynamic.set(tag, value, address + 8)?,
            }
            address += 16;
        }
        let strings = memory.bytes(strings).filter(|strings| strings.last() == Some(&0));
        dynamic.strings = strings.ok_or("the dynamic string table is not in a segment or not terminated")?;
        Ok(dynamic)
    }

    fn set(&mut self, tag: usize, value: usize, place: usize) -> Result<(), &'static str> {
        match tag {
            1 => self.needed.push(value),
            2 => self.plt_relocations.length = value,
            4 => self.hash = value,
            7 => self.relocations.address = value,
            8 => self.relocations.length = value,
            9 if value != 24 => return Err("DT_RELAENT is not 24"),
            11 if value != 24 => return Err("DT_SYMENT is not 24"),
            12 => self.init = value,
            13 => self.fini = value,
            14 => self.soname = Some(value),
            15 => self.rpath = Some(value),
            16 => self.symbolic = true,
            17 => return Err("DT_REL is not for x86-64"),
            20 if value != 7 => return Err("DT_PLTREL is not DT_RELA"),
            21 => self.debug = place,
            22 => self.text_relocations = true,
            23 => self.plt_relocations.address = value,
            25 => self.init_array.address = value,
            26 => self.fini_array.address = value,
            27 => self.init_array.length = value,
            28 => self.fini_array.length = value,
            29 => self.runpath = Some(value),
            30 => {
                self.symbolic |= value & 2 != 0;
                self.text_relocations |= value & 4 != 0;
            }
            32 => self.preinit_array.address = value,
            33 => self.preinit_array.length = value,
            35 => self.relative_relocations.length = value,
            36 => self.relative_relocations.address = value,
            37 if value != 8 => return Err("DT_RELRENT is not 8"),
            0x6fff_fef5 => self.gnu_hash = value,
            0x6fff_fffb => self.flags1 = value,
            0x6fff_fffc => self.versions_defined = value,
            0x6fff_fffe => self.versions_needed = value,
            _ => {}
        }
        Ok(())
    }

    /// The string at this offset of the string table.
    #[must_use]
    #[inline(never)]
    pub fn string(&self, offset: usize) -> Option<&'static [u8]> {
        let rest = self.strings.get(offset..)?;
        rest.iter().position(|&byte| byte == 0).map(|length| &rest[..length])
    }

    /// The entry at this index of the symbol table, if it is inside a segment.
    #[must_use]
    pub fn symbol(&self, index: u32) -> Option<Symbol> {
        self.symbols.get(index as usize).map(Symbol)
    }

    /// What the version table says of the symbol at this index.
    #[must_use]
    pub fn version_index(&self, symbol: u32) -> Option<u16> {
        self.version_indices.get(symbol as usize).map(|index| u16::from_le_bytes(*index))
    }

    /// The string at this offset and its hash.
    #[must_use]
    pub fn hashed(&self, offset: usize) -> Option<(&'static [u8], u32)> {
        hash::hashed(self.strings.get(offset..)?)
    }
}
