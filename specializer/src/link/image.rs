//! The linked kernel: its bytes, packed; what its sections hold; its symbols.

use std::collections::BTreeSet;

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, pod};

use crate::package::KernelPackage;
use crate::reachability::{self, LiveSet};
use crate::roots::Roots;

/// Why a linked file is no kernel.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// It does not parse.
    #[error("the linked kernel does not parse: {0}")]
    Parse(#[from] object::Error),
    /// A segment lies outside the file.
    #[error("the linked kernel is cut off")]
    Truncated,
    /// A symbol survived that nothing live refers to.
    #[error("'{0}' is in the kernel although nothing live refers to it")]
    Survivor(String),
}

/// Bytes by kind of section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sections {
    /// Machine code.
    pub text: u64,
    /// Read-only data, tables and exports included, unwind tables not.
    pub rodata: u64,
    /// `.eh_frame` and `.eh_frame_hdr`.
    pub unwind: u64,
    /// Data that is written.
    pub data: u64,
    /// Data that starts as zero; not in the file.
    pub bss: u64,
}

/// One symbol of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImageSymbol {
    /// Its name, as the linker sees it.
    pub name: String,
    /// Its address.
    pub address: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is a function.
    pub function: bool,
}

/// A kernel, ready to boot.
#[derive(Debug, Clone)]
pub struct KernelImage {
    /// The file: ELF, without symbols or section headers.
    pub bytes: Vec<u8>,
    /// The file as linked, with symbols, for debuggers.
    pub with_symbols: Vec<u8>,
    /// What it holds, by kind of section.
    pub sections: Sections,
    /// How many bytes it takes in memory, from the start of the first segment to the end of the last.
    pub memory: u64,
    /// Its symbols, by address.
    pub symbols: Vec<ImageSymbol>,
}

impl KernelImage {
    /// Reads what the linker wrote, and packs it.
    ///
    /// # Errors
    /// It does not parse.
    pub fn pack(linked: Vec<u8>) -> Result<Self, ImageError> {
        let file = ElfFile64::<Endianness>::parse(&*linked)?;
        let mut sections = Sections::default();
        for section in file.sections() {
            let object::SectionFlags::Elf { sh_flags, sh_type } = section.flags() else { continue };
            if sh_flags & elf::SHF_ALLOC == elf::SectionFlags(0) {
                continue;
            }
            let name = section.name().unwrap_or_default();
            let size = section.size();
            if name.starts_with(".eh_frame") || name.starts_with(".gcc_except_table") {
                sections.unwind += size;
            } else if sh_type == elf::SHT_NOBITS {
                sections.bss += size;
            } else {
                match rights(&file, section.address()) {
                    Rights::Execute => sections.text += size,
                    Rights::Write => sections.data += size,
                    Rights::Read => sections.rodata += size,
                }
            }
        }
        let mut symbols: Vec<ImageSymbol> = file
            .symbols()
            .filter(|symbol| symbol.is_definition() && !symbol.name_bytes().unwrap_or_default().is_empty())
            .filter(|symbol| symbol.section_index().is_some())
            .map(|symbol| ImageSymbol {
                name: symbol.name().unwrap_or_default().to_owned(),
                address: symbol.address(),
                size: symbol.size(),
                function: symbol.kind() == object::SymbolKind::Text,
            })
            .collect();
        symbols.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
        let (bytes, memory) = packed(&file, &linked)?;
        Ok(Self { bytes, with_symbols: linked, sections, memory, symbols })
    }

    /// Checks that nothing of the package is in the kernel but what lives, and the functions that code
    /// generation may call, with what those need.
    ///
    /// # Errors
    /// Names the first symbol that should not be there.
    pub fn verify(&self, package: &KernelPackage, live: &LiveSet) -> Result<(), ImageError> {
        let index = &package.index;
        let helpers = reachability::mark(index, &Roots::of_symbols(&package.helpers()));
        let lives = |symbol: &ImageSymbol| {
            index.find_defined(&symbol.name).is_none_or(|id| live.contains(id) || helpers.contains(id))
        };
        // An alias of what lives is at the same place, and costs nothing.
        let places: BTreeSet<u64> = self.symbols.iter().filter(|s| lives(s)).map(|s| s.address).collect();
        let mut survivors = self.symbols.iter().filter(|symbol| symbol.size > 0 && !lives(symbol));
        let survivor = survivors.find(|symbol| !places.contains(&symbol.address));
        survivor.map_or(Ok(()), |symbol| Err(ImageError::Survivor(symbol.name.clone())))
    }

    /// How many functions it holds.
    pub fn functions(&self) -> usize {
        self.symbols.iter().filter(|symbol| symbol.function && symbol.size > 0).count()
    }
}

/// What the kernel may do with a segment.
enum Rights {
    Read,
    Write,
    Execute,
}

/// The rights of the segment that an address is in: they are the linker script's choice, while a
/// section's flags are those of the inputs.
fn rights(file: &ElfFile64<'_, Endianness>, address: u64) -> Rights {
    let endian = file.endian();
    let within = |segment: &&ProgramHeader64<Endianness>| {
        let start = segment.p_vaddr(endian);
        segment.p_type(endian) == elf::PT_LOAD && (start..start + segment.p_memsz(endian)).contains(&address)
    };
    let has = |flags: elf::ProgramFlags, flag| flags & flag != elf::ProgramFlags(0);
    match file.elf_program_headers().iter().find(within).map(|segment| segment.p_flags(endian)) {
        Some(flags) if has(flags, elf::PF_X) => Rights::Execute,
        Some(flags) if has(flags, elf::PF_W) => Rights::Write,
        _ => Rights::Read,
    }
}

/// The file without section headers and symbols, its segments one after the other: a loader reads
/// them, it does not map them, so their file offsets need no more alignment than 16 bytes.
fn packed(file: &ElfFile64<'_, Endianness>, linked: &[u8]) -> Result<(Vec<u8>, u64), ImageError> {
    const ALIGN: usize = 16;
    let endian = file.endian();
    let mut header: FileHeader64<Endianness> = *file.elf_header();
    let mut segments: Vec<ProgramHeader64<Endianness>> = header.program_headers(endian, linked)?.to_vec();
    let table = size_of::<FileHeader64<Endianness>>();
    let mut bytes = vec![0; table + segments.len() * size_of::<ProgramHeader64<Endianness>>()];
    let (mut low, mut high) = (u64::MAX, 0);
    let mut moved: Vec<(u64, u64, u64)> = Vec::new();
    for segment in segments.iter_mut().filter(|s| s.p_type(endian) == elf::PT_LOAD) {
        let data = segment.data(endian, linked).map_err(|()| ImageError::Truncated)?;
        let used = data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        // Trailing zeros need not be in the file: p_memsz makes the loader write them.
        let data = &data[..used];
        while !bytes.len().is_multiple_of(ALIGN) {
            bytes.push(0);
        }
        moved.push((segment.p_offset(endian), data.len() as u64, bytes.len() as u64));
        segment.p_offset.set(endian, bytes.len() as u64);
        segment.p_filesz.set(endian, data.len() as u64);
        segment.p_align.set(endian, ALIGN as u64);
        bytes.extend_from_slice(data);
        low = low.min(segment.p_paddr(endian));
        high = high.max(segment.p_paddr(endian) + segment.p_memsz(endian));
    }
    for segment in segments.iter_mut().filter(|s| s.p_type(endian) != elf::PT_LOAD) {
        let offset = segment.p_offset(endian);
        if let Some((old, _, new)) = moved.iter().find(|(old, size, _)| offset >= *old && offset < old + size)
        {
            segment.p_offset.set(endian, offset - old + new);
        }
    }
    header.e_phoff.set(endian, table as u64);
    header.e_shoff.set(endian, 0);
    header.e_shnum.set(endian, 0);
    header.e_shstrndx.set(endian, elf::SHN_UNDEF);
    bytes[..table].copy_from_slice(pod::bytes_of(&header));
    let end = table + size_of_val(&*segments);
    bytes[table..end].copy_from_slice(pod::bytes_of_slice(&segments));
    Ok((bytes, high.saturating_sub(low)))
}
