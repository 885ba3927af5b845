//! ELF files: the header and the program headers, checked before anything is mapped.
//!
//! Source: System V ABI (gABI) chapters 4 and 5, and the x86-64 psABI. What comes out of here can be
//! mapped: segments ascend, do not overlap, lie inside the file and inside the address space.

use alloc::vec::Vec;

/// Bytes of an ELF header.
pub const HEADER_SIZE: usize = 64;
const PROGRAM_HEADER_SIZE: usize = 56;
/// Mapping works on pages of this size.
pub const PAGE: usize = 4096;
/// Addresses an object may take up at most: far more than any, far less than would overflow.
const SPAN_MAXIMUM: usize = 1 << 40;

/// Execute permission of a segment (`PF_X`).
pub const EXECUTE: u32 = 1;
/// Write permission of a segment (`PF_W`).
pub const WRITE: u32 = 2;
/// Read permission of a segment (`PF_R`).
pub const READ: u32 = 4;

/// The little-endian number of two bytes at `offset`.
#[must_use]
#[inline(never)]
pub fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// The little-endian number of four bytes at `offset`.
#[must_use]
#[inline(never)]
pub fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The little-endian number of eight bytes at `offset`.
#[must_use]
#[inline(never)]
pub fn u64_at(bytes: &[u8], offset: usize) -> Option<usize> {
    bytes.get(offset..)?.first_chunk().map(|bytes| usize::from_le_bytes(*bytes))
}

/// What an ELF header says.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// `ET_EXEC`: linked to a fixed address, as against `ET_DYN`.
    pub fixed: bool,
    /// The entry point, before the load bias is added.
    pub entry: usize,
    /// Where in the file the program headers are.
    pub table: usize,
    /// How many bytes of them there are.
    pub table_length: usize,
}

impl Header {
    /// Checks the first [`HEADER_SIZE`] bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them, in words that `dlerror` reports.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        const SHORT: &str = "file too short";
        if bytes.get(..4).ok_or(SHORT)? != b"\x7fELF" {
            return Err("invalid ELF header");
        }
        if bytes.len() < HEADER_SIZE {
            return Err(SHORT);
        }
        if bytes[4] != 2 {
            return Err("wrong ELF class: not ELFCLASS64");
        }
        if bytes[5] != 1 {
            return Err("ELF file data encoding not little-endian");
        }
        if bytes[6] != 1 || u32_at(bytes, 20) != Some(1) {
            return Err("ELF file version does not match current one");
        }
        if u16_at(bytes, 18) != Some(62) {
            return Err("cannot open shared object file: not for x86-64");
        }
        let fixed = match u16_at(bytes, 16) {
            Some(2) => true,
            Some(3) => false,
            _ => return Err("only ET_DYN and ET_EXEC can be loaded"),
        };
        if u16_at(bytes, 54) != Some(PROGRAM_HEADER_SIZE as u16) {
            return Err("ELF file's phentsize not the expected size");
        }
        Ok(Self {
            fixed,
            entry: u64_at(bytes, 24).ok_or(SHORT)?,
            table: u64_at(bytes, 32).ok_or(SHORT)?,
            table_length: usize::from(u16_at(bytes, 56).ok_or(SHORT)?) * PROGRAM_HEADER_SIZE,
        })
    }
}

/// A `PT_LOAD` segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where in the file it starts.
    pub offset: usize,
    /// Its address, before the load bias is added.
    pub address: usize,
    /// How many bytes the file has of it.
    pub file_length: usize,
    /// How many bytes it has in memory.
    pub length: usize,
    /// `PF_R`, `PF_W`, `PF_X`.
    pub flags: u32,
}

impl Segment {
    /// The address after its last byte, before the load bias is added.
    #[must_use]
    pub fn end(&self) -> usize {
        self.address + self.length
    }
}

/// A range of addresses, before the load bias is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub address: usize,
    /// Bytes.
    pub length: usize,
}

/// The initial image of an object's thread-local variables (`PT_TLS`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsImage {
    /// Address of the initialised part, before the load bias is added.
    pub address: usize,
    /// Bytes of the initialised part.
    pub file_length: usize,
    /// Bytes a thread needs, the zeroed rest included.
    pub length: usize,
    /// Alignment, a power of two.
    pub alignment: usize,
}

/// What an object's program headers say.
#[derive(Debug, Default)]
pub struct Layout {
    /// `PT_LOAD`, ascending, at least one.
    pub segments: Vec<Segment>,
    /// `PT_DYNAMIC`.
    pub dynamic: Option<Range>,
    /// `PT_TLS`.
    pub tls: Option<TlsImage>,
    /// `PT_GNU_RELRO`.
    pub relro: Option<Range>,
    /// `PT_GNU_EH_FRAME`.
    pub eh_frame_header: Option<Range>,
    /// Address at which the program headers are in memory, if a segment holds them.
    pub headers: Option<usize>,
    /// How many program headers there are.
    pub header_count: usize,
    /// The largest alignment that a segment asks for, at least a page.
    pub alignment: usize,
}

impl Layout {
    /// Checks the program headers `table`, which came from `table_offset` of a file of `file_length` bytes.
    ///
    /// # Errors
    /// What is wrong with them, in words that `dlerror` reports.
    pub fn parse(table: &[u8], table_offset: usize, file_length: usize) -> Result<Self, &'static str> {
        let mut layout = Self { alignment: PAGE, ..Self::default() };
        for entry in table.chunks_exact(PROGRAM_HEADER_SIZE) {
            layout.add(entry, file_length).ok_or("invalid program header")?;
            layout.header_count += 1;
        }
        let (Some(first), Some(last)) = (layout.segments.first(), layout.segments.last()) else {
            return Err("object file has no loadable segments");
        };
        if last.end() - first.address > SPAN_MAXIMUM {
            return Err("object file is too large");
        }
        layout.headers = layout.segments.iter().find_map(|segment| {
            let inside = table_offset.checked_sub(segment.offset)?;
            (inside + table.len() <= segment.file_length).then_some(segment.address + inside)
        });
        let ranges = [layout.dynamic, layout.relro, layout.eh_frame_header];
        let tls = layout.tls.map(|tls| Range { address: tls.address, length: tls.file_length });
        if !ranges.into_iter().chain([tls]).flatten().all(|range| layout.holds(range)) {
            return Err("a program header points outside the segments");
        }
        Ok(layout)
    }

    fn add(&mut self, entry: &[u8], file_length: usize) -> Option<()> {
        let (kind, flags) = (u32_at(entry, 0)?, u32_at(entry, 4)?);
        let (offset, address) = (u64_at(entry, 8)?, u64_at(entry, 16)?);
        let (in_file, length, alignment) = (u64_at(entry, 32)?, u64_at(entry, 40)?, u64_at(entry, 48)?);
        let range = Range { address, length };
        address.checked_add(length)?.checked_add(PAGE)?;
        match kind {
            1 if length > 0 => {
                let page_end = self.segments.last().map_or(0, |last| last.end().next_multiple_of(PAGE));
                let inside = offset.checked_add(in_file)? <= file_length && in_file <= length;
                let congruent = offset % PAGE == address % PAGE;
                let ascending = self.segments.is_empty() || address / PAGE * PAGE >= page_end;
                if !inside || !congruent || !ascending || alignment > SPAN_MAXIMUM {
                    return None;
                }
                if alignment.is_power_of_two() {
                    self.alignment = self.alignment.max(alignment);
                }
                self.segments.push(Segment { offset, address, file_length: in_file, length, flags });
            }
            2 => self.dynamic = Some(range),
            7 if length > 0 => {
                let alignment = alignment.max(1);
                if !alignment.is_power_of_two() || alignment > 1 << 20 || in_file > length || length > 1 << 30
                {
                    return None;
                }
                self.tls = Some(TlsImage { address, file_length: in_file, length, alignment });
            }
            0x6474_e550 => self.eh_frame_header = Some(range),
            0x6474_e552 => self.relro = Some(range),
            _ => {}
        }
        Some(())
    }

    /// Whether a segment holds the whole range; the end of `PT_GNU_RELRO` may be rounded up to a page.
    fn holds(&self, range: Range) -> bool {
        self.segments.iter().any(|segment| {
            let end = segment.end().next_multiple_of(PAGE);
            range.address >= segment.address && range.address + range.length <= end
        })
    }

    /// First page and length in whole pages of what the segments take up, before the load bias.
    #[must_use]
    pub fn span(&self) -> Range {
        let first = self.segments.first().map_or(0, |segment| segment.address / PAGE * PAGE);
        let end = self.segments.last().map_or(0, |segment| segment.end().next_multiple_of(PAGE));
        Range { address: first, length: end - first }
    }
}
