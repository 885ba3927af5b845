//! One ELF file: the headers, and what its dynamic section says.
//!
//! Everything comes from the program headers and `PT_DYNAMIC`, as the dynamic loader reads them;
//! section headers may be stripped and are used for nothing that matters. Every read is checked
//! against the file and names the place in its error.

use object::LittleEndian as LE;
use object::elf;
use object::pod::{Pod, from_bytes, slice_from_bytes};

use super::ElfError;

/// The file header of a 64-bit little-endian file.
type FileHeader = elf::FileHeader64<LE>;
/// A program header.
pub(super) type ProgramHeader = elf::ProgramHeader64<LE>;
/// An entry of the dynamic section.
type Dynamic = elf::Dyn64<LE>;

/// Dynamic sections have some thirty entries; a longer one than this is damage.
const MOST_DYNAMIC_ENTRIES: usize = 1 << 16;

/// A file's bytes, read with places named.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// `length` bytes from `start`.
    pub fn range(&self, start: u64, length: u64, place: &str) -> Result<&'a [u8], ElfError> {
        let end = start.checked_add(length);
        let range = end.and_then(|end| Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?));
        range.and_then(|range| self.0.get(range)).ok_or_else(|| ElfError::Truncated {
            place: place.to_owned(),
            start,
            end: start.saturating_add(length),
            length: self.0.len() as u64,
        })
    }

    /// One structure at `offset`.
    pub fn one<T: Pod>(&self, offset: u64, place: &str) -> Result<&'a T, ElfError> {
        let bytes = self.range(offset, size_of::<T>() as u64, place)?;
        let (value, _) = from_bytes(bytes).map_err(|()| misaligned(place))?;
        Ok(value)
    }

    /// `count` structures at `offset`.
    pub fn many<T: Pod>(&self, offset: u64, count: u64, place: &str) -> Result<&'a [T], ElfError> {
        let length = count.saturating_mul(size_of::<T>() as u64);
        let bytes = self.range(offset, length, place)?;
        // `range` gave that many bytes, so the count fits.
        let (values, _) = slice_from_bytes(bytes, count as usize).map_err(|()| misaligned(place))?;
        Ok(values)
    }
}

fn misaligned(place: &str) -> ElfError {
    ElfError::malformed(place, "it is not where it could be read")
}

/// A part of the address space that comes from the file (`PT_LOAD`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its virtual address.
    pub address: u64,
    /// Its offset in the file.
    pub offset: u64,
    /// Bytes it has in the file.
    pub file_size: u64,
    /// Bytes it has in memory.
    pub memory_size: u64,
    /// Whether code in it may run.
    pub executable: bool,
    /// Whether it may be written.
    pub writable: bool,
}

/// A table that two dynamic entries describe: its address and its size in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Extent {
    pub address: u64,
    pub size: u64,
}

/// The dynamic string table.
pub(super) struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    /// The string at `offset`, or what is wrong with it.
    pub fn at(&self, offset: u64) -> Result<&'a str, String> {
        let tail = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..));
        let tail = tail.ok_or_else(|| format!("its name is at {offset:#x}, outside of DT_STRTAB"))?;
        let end = memchr::memchr(0, tail);
        let end = end.ok_or_else(|| format!("its name at {offset:#x} of DT_STRTAB has no end"))?;
        let text = std::str::from_utf8(tail.get(..end).unwrap_or_default());
        text.map_err(|_| format!("its name at {offset:#x} of DT_STRTAB is no UTF-8 text"))
    }
}

/// The entries of the dynamic section that are of use.
#[derive(Clone, Default)]
pub(super) struct DynamicSection {
    pub needed: Vec<u64>,
    pub soname: Option<u64>,
    pub rpath: Option<u64>,
    pub runpath: Option<u64>,
    pub strings: Extent,
    pub symbols: Option<u64>,
    pub hash: Option<u64>,
    pub gnu_hash: Option<u64>,
    pub versym: Option<u64>,
    pub verneed: Option<(u64, u64)>,
    pub verdef: Option<(u64, u64)>,
    pub rela: Extent,
    pub plt: Extent,
    pub symbolic: bool,
    pub pie: bool,
}

/// A dynamically linked x86-64 ELF file.
pub(super) struct Elf<'a> {
    pub bytes: Bytes<'a>,
    pub executable: bool,
    pub interpreter: Option<String>,
    pub segments: Vec<Segment>,
    pub dynamic: DynamicSection,
    pub sections: Option<(u64, u16)>,
    pub unwind_index: Option<(u64, u64)>,
}

impl<'a> Elf<'a> {
    /// Reads the headers and the dynamic section.
    pub fn parse(data: &'a [u8]) -> Result<Self, ElfError> {
        let bytes = Bytes(data);
        let header = file_header(bytes)?;
        let headers = program_headers(bytes, header)?;
        let segments = segments(bytes, headers)?;
        let interpreter = interpreter(bytes, headers)?;
        let dynamic = headers.iter().find(|h| h.p_type.get(LE) == elf::PT_DYNAMIC).ok_or(ElfError::Static)?;
        let mut elf = Self {
            bytes,
            executable: header.e_type.get(LE) == elf::ET_EXEC,
            interpreter,
            segments,
            dynamic: DynamicSection::default(),
            sections: Some((header.e_shoff.get(LE), header.e_shnum.get(LE)))
                .filter(|&(at, n)| at != 0 && n != 0),
            unwind_index: unwind_index(headers),
        };
        elf.dynamic = elf.dynamic_section(dynamic)?;
        Ok(elf)
    }

    /// The file offset of `length` bytes that are at `address` when loaded.
    pub fn offset(&self, address: u64, length: u64, place: &str) -> Result<u64, ElfError> {
        let segment =
            self.segments.iter().find(|s| address >= s.address && address - s.address < s.file_size);
        let Some(segment) = segment else {
            return Err(ElfError::malformed(
                place,
                format!("its address {address:#x} is in no PT_LOAD segment"),
            ));
        };
        let within = address - segment.address;
        if length > segment.file_size - within {
            return Err(ElfError::malformed(
                place,
                format!("it runs past the end of its PT_LOAD segment, {length:#x} bytes from {address:#x}"),
            ));
        }
        Ok(segment.offset + within)
    }

    /// One structure at a virtual address.
    pub fn one<T: Pod>(&self, address: u64, place: &str) -> Result<&'a T, ElfError> {
        let offset = self.offset(address, size_of::<T>() as u64, place)?;
        self.bytes.one(offset, place)
    }

    /// `count` structures at a virtual address.
    pub fn many<T: Pod>(&self, address: u64, count: u64, place: &str) -> Result<&'a [T], ElfError> {
        if count == 0 {
            return Ok(&[]);
        }
        let offset = self.offset(address, count.saturating_mul(size_of::<T>() as u64), place)?;
        self.bytes.many(offset, count, place)
    }

    /// The string at `offset` of the dynamic string table.
    pub fn string(&self, offset: u64, place: &str) -> Result<String, ElfError> {
        let text = self.strings()?.at(offset);
        text.map(str::to_owned).map_err(|problem| ElfError::malformed(place, problem))
    }

    /// The dynamic string table.
    pub fn strings(&self) -> Result<Strings<'a>, ElfError> {
        let Extent { address, size } = self.dynamic.strings;
        let offset = self.offset(address, size, "DT_STRTAB")?;
        Ok(Strings(self.bytes.range(offset, size, "DT_STRTAB")?))
    }

    fn dynamic_section(&self, header: &ProgramHeader) -> Result<DynamicSection, ElfError> {
        let place = "PT_DYNAMIC";
        let size = header.p_filesz.get(LE);
        let data = self.bytes.range(header.p_offset.get(LE), size, place)?;
        let count = data.len() / size_of::<Dynamic>();
        if count > MOST_DYNAMIC_ENTRIES {
            return Err(ElfError::malformed(place, format!("it has {count} entries")));
        }
        let entries: &[Dynamic] = self.bytes.many(header.p_offset.get(LE), count as u64, place)?;
        let mut section = DynamicSection::default();
        let mut raw = RawTables::default();
        let mut ended = false;
        for entry in entries {
            let (tag, value) = (entry.d_tag.get(LE), entry.d_val.get(LE));
            if tag == elf::DT_NULL {
                ended = true;
                break;
            }
            section.note(tag, value, &mut raw);
        }
        if !ended {
            return Err(ElfError::malformed(place, "it has no DT_NULL at its end"));
        }
        raw.check(&mut section)?;
        Ok(section)
    }
}

/// Entries that only mean something together with another.
#[derive(Default)]
struct RawTables {
    strings: Option<u64>,
    string_size: Option<u64>,
    symbol_entry: Option<u64>,
    rela_entry: Option<u64>,
    plt_kind: Option<u64>,
    verneed: Option<u64>,
    verneed_count: Option<u64>,
    verdef: Option<u64>,
    verdef_count: Option<u64>,
}

impl RawTables {
    fn check(self, section: &mut DynamicSection) -> Result<(), ElfError> {
        let missing = |tag: &str| ElfError::malformed("PT_DYNAMIC", format!("it has no {tag}"));
        section.strings.address = self.strings.ok_or_else(|| missing("DT_STRTAB"))?;
        section.strings.size = self.string_size.ok_or_else(|| missing("DT_STRSZ"))?;
        if section.symbols.is_none() {
            return Err(missing("DT_SYMTAB"));
        }
        let size = |name: &str, found: Option<u64>, expected: usize| match found {
            Some(found) if found != expected as u64 => {
                Err(ElfError::malformed(name, format!("its entries have {found} bytes, not {expected}")))
            }
            _ => Ok(()),
        };
        size("DT_SYMENT", self.symbol_entry, size_of::<elf::Sym64<LE>>())?;
        size("DT_RELAENT", self.rela_entry, size_of::<elf::Rela64<LE>>())?;
        if self.plt_kind.is_some_and(|kind| kind != u64::try_from(elf::DT_RELA.0).unwrap_or_default()) {
            return Err(ElfError::malformed("DT_PLTREL", "x86-64 relocations are DT_RELA"));
        }
        section.verneed = pair("DT_VERNEED", self.verneed, self.verneed_count)?;
        section.verdef = pair("DT_VERDEF", self.verdef, self.verdef_count)?;
        Ok(())
    }
}

fn pair(name: &str, table: Option<u64>, count: Option<u64>) -> Result<Option<(u64, u64)>, ElfError> {
    match (table, count) {
        (Some(table), Some(count)) => Ok(Some((table, count))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ElfError::malformed("PT_DYNAMIC", format!("it has {name}, but no {name}NUM"))),
        (None, Some(_)) => Err(ElfError::malformed("PT_DYNAMIC", format!("it has {name}NUM, but no {name}"))),
    }
}

impl DynamicSection {
    fn note(&mut self, tag: elf::DynamicTag, value: u64, raw: &mut RawTables) {
        match tag {
            elf::DT_NEEDED => self.needed.push(value),
            elf::DT_SONAME => self.soname = Some(value),
            elf::DT_RPATH => self.rpath = Some(value),
            elf::DT_RUNPATH => self.runpath = Some(value),
            elf::DT_STRTAB => raw.strings = Some(value),
            elf::DT_STRSZ => raw.string_size = Some(value),
            elf::DT_SYMTAB => self.symbols = Some(value),
            elf::DT_SYMENT => raw.symbol_entry = Some(value),
            elf::DT_HASH => self.hash = Some(value),
            elf::DT_GNU_HASH => self.gnu_hash = Some(value),
            elf::DT_VERSYM => self.versym = Some(value),
            elf::DT_VERNEED => raw.verneed = Some(value),
            elf::DT_VERNEEDNUM => raw.verneed_count = Some(value),
            elf::DT_VERDEF => raw.verdef = Some(value),
            elf::DT_VERDEFNUM => raw.verdef_count = Some(value),
            elf::DT_RELA => self.rela.address = value,
            elf::DT_RELASZ => self.rela.size = value,
            elf::DT_RELAENT => raw.rela_entry = Some(value),
            elf::DT_JMPREL => self.plt.address = value,
            elf::DT_PLTRELSZ => self.plt.size = value,
            elf::DT_PLTREL => raw.plt_kind = Some(value),
            elf::DT_SYMBOLIC => self.symbolic = true,
            elf::DT_FLAGS => self.symbolic |= value & 0x2 != 0,
            elf::DT_FLAGS_1 => self.pie |= value & 0x0800_0000 != 0,
            _ => {}
        }
    }
}

fn file_header(bytes: Bytes<'_>) -> Result<&FileHeader, ElfError> {
    let data = bytes.0;
    if data.is_empty() {
        return Err(ElfError::Empty);
    }
    if let Some(rest) = data.strip_prefix(b"#!") {
        let line = rest.get(..rest.len().min(256)).unwrap_or_default();
        let line = line.split(|&b| b == b'\n').next().unwrap_or_default();
        return Err(ElfError::Script { interpreter: printable(line.trim_ascii()) });
    }
    let magic = data.get(..data.len().min(4)).unwrap_or_default();
    if !elf::ELFMAG.starts_with(magic) {
        return Err(ElfError::NotElf);
    }
    let ident = bytes.range(0, 16, "the ELF identification (e_ident)")?;
    let at = |index: usize| ident.get(index).copied().unwrap_or_default();
    if at(4) != elf::ELFCLASS64.0 {
        return Err(ElfError::Class { class: at(4) });
    }
    if at(5) != elf::ELFDATA2LSB.0 {
        return Err(ElfError::ByteOrder { data: at(5) });
    }
    if at(6) != 1 {
        return Err(ElfError::Version { version: at(6).into() });
    }
    let header: &FileHeader = bytes.one(0, "the ELF header")?;
    if header.e_machine.get(LE) != elf::EM_X86_64 {
        return Err(ElfError::Machine { machine: header.e_machine.get(LE).0 });
    }
    if ![elf::ET_EXEC, elf::ET_DYN].contains(&header.e_type.get(LE)) {
        return Err(ElfError::Type { kind: header.e_type.get(LE).0 });
    }
    Ok(header)
}

fn program_headers<'a>(bytes: Bytes<'a>, header: &FileHeader) -> Result<&'a [ProgramHeader], ElfError> {
    let (count, size) = (header.e_phnum.get(LE), header.e_phentsize.get(LE));
    let place = "the program header table";
    if count == 0 {
        return Err(ElfError::malformed(place, "it is empty (e_phnum is 0)"));
    }
    if usize::from(size) != size_of::<ProgramHeader>() {
        let problem =
            format!("its entries have {size} bytes (e_phentsize), not {}", size_of::<ProgramHeader>());
        return Err(ElfError::malformed(place, problem));
    }
    bytes.many(header.e_phoff.get(LE), count.into(), place)
}

fn segments(bytes: Bytes<'_>, headers: &[ProgramHeader]) -> Result<Vec<Segment>, ElfError> {
    let mut segments = Vec::new();
    for (index, header) in headers.iter().enumerate() {
        if header.p_type.get(LE) != elf::PT_LOAD {
            continue;
        }
        let place = format!("segment {index} (PT_LOAD)");
        let flags = header.p_flags.get(LE);
        let segment = Segment {
            address: header.p_vaddr.get(LE),
            offset: header.p_offset.get(LE),
            file_size: header.p_filesz.get(LE),
            memory_size: header.p_memsz.get(LE),
            executable: flags.0 & elf::PF_X.0 != 0,
            writable: flags.0 & elf::PF_W.0 != 0,
        };
        bytes.range(segment.offset, segment.file_size, &place)?;
        if segment.file_size > segment.memory_size {
            return Err(ElfError::malformed(place, "it has more bytes in the file than in memory"));
        }
        if segment.address.checked_add(segment.memory_size).is_none() {
            return Err(ElfError::malformed(place, "it runs past the end of the address space"));
        }
        segments.push(segment);
    }
    if segments.is_empty() {
        return Err(ElfError::malformed("the program header table", "it has no PT_LOAD"));
    }
    Ok(segments)
}

fn interpreter(bytes: Bytes<'_>, headers: &[ProgramHeader]) -> Result<Option<String>, ElfError> {
    let Some(header) = headers.iter().find(|h| h.p_type.get(LE) == elf::PT_INTERP) else { return Ok(None) };
    let text = bytes.range(header.p_offset.get(LE), header.p_filesz.get(LE), "PT_INTERP")?;
    match text.split_last() {
        Some((0, path)) => Ok(Some(printable(path))),
        _ => Err(ElfError::malformed("PT_INTERP", "the path has no end")),
    }
}

/// Where the table is that finds the unwind table of an address (`PT_GNU_EH_FRAME`).
fn unwind_index(headers: &[ProgramHeader]) -> Option<(u64, u64)> {
    let header = headers.iter().find(|h| h.p_type.get(LE) == elf::PT_GNU_EH_FRAME)?;
    Some((header.p_vaddr.get(LE), header.p_filesz.get(LE)))
}

/// Text from a file, fit to be shown: anything that is not printable ASCII is escaped.
fn printable(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The name of an `e_machine` for messages.
pub(super) fn machine_name(machine: u16) -> String {
    match elf::Machine(machine) {
        elf::EM_386 => "i386".to_owned(),
        elf::EM_ARM => "32-bit Arm".to_owned(),
        elf::EM_AARCH64 => "AArch64".to_owned(),
        elf::EM_RISCV => "RISC-V".to_owned(),
        elf::EM_PPC64 => "PowerPC 64".to_owned(),
        elf::EM_S390 => "S/390".to_owned(),
        elf::EM_LOONGARCH => "LoongArch".to_owned(),
        _ => format!("machine {machine}"),
    }
}

/// The name of an `e_type` for messages.
pub(super) fn type_name(kind: u16) -> String {
    match elf::FileType(kind) {
        elf::ET_REL => "a relocatable object (.o)".to_owned(),
        elf::ET_CORE => "a core dump".to_owned(),
        _ => format!("of ELF type {kind}"),
    }
}

impl Elf<'_> {
    /// The address ranges that hold instructions: the executable sections, or where the section
    /// headers are stripped or damaged, the executable segments.
    pub fn code_sections(&self) -> Vec<(u64, u64)> {
        let found = self.program_sections(true, |_| true);
        found.unwrap_or_else(|| self.segments_that(|segment| segment.executable))
    }

    /// The address ranges that hold data which the program may read: its sections without those that only
    /// unwinders know, or where the section headers are stripped or damaged, the other segments.
    pub fn data_sections(&self) -> Vec<(u64, u64)> {
        let found = self.program_sections(false, |name| {
            !name.starts_with(b".eh_frame") && !name.starts_with(b".gcc_except_table")
        });
        found.unwrap_or_else(|| self.segments_that(|segment| !segment.executable))
    }

    fn segments_that(&self, wanted: impl Fn(&Segment) -> bool) -> Vec<(u64, u64)> {
        self.segments.iter().filter(|s| wanted(s)).map(|s| (s.address, s.file_size)).collect()
    }

    /// The sections that hold what the program brings along, executable or not, by name.
    fn program_sections(&self, code: bool, wanted: impl Fn(&[u8]) -> bool) -> Option<Vec<(u64, u64)>> {
        let (offset, count) = self.sections?;
        let headers: &[elf::SectionHeader64<LE>] = self.bytes.many(offset, count.into(), "sections").ok()?;
        let names: Option<&[u8]> = (|| {
            let header: &elf::FileHeader64<LE> = self.bytes.many(0, 1, "header").ok()?.first()?;
            let names = headers.get(header.e_shstrndx.get(LE).0 as usize)?;
            self.bytes.range(names.sh_offset.get(LE), names.sh_size.get(LE), "section names").ok()
        })();
        let named = |h: &elf::SectionHeader64<LE>| {
            let at = usize::try_from(h.sh_name.get(LE)).unwrap_or(usize::MAX);
            let name = names.and_then(|names| names.get(at..)).unwrap_or_default();
            name.split(|&byte| byte == 0).next().is_none_or(&wanted)
        };
        let fits = |h: &&elf::SectionHeader64<LE>| {
            let flags = h.sh_flags.get(LE).0;
            h.sh_type.get(LE) == elf::SHT_PROGBITS
                && flags & elf::SHF_ALLOC.0 != 0
                && (flags & elf::SHF_EXECINSTR.0 != 0) == code
                && named(h)
        };
        let ranges = headers.iter().filter(fits).map(|h| (h.sh_addr.get(LE), h.sh_size.get(LE)));
        let ranges: Vec<_> = ranges.filter(|&(at, size)| self.offset(at, size, "section").is_ok()).collect();
        (!ranges.is_empty()).then_some(ranges)
    }
}
