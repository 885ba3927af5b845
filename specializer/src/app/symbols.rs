//! The dynamic symbol table of one ELF file, with the version of each symbol.
//!
//! The table has no count of its own: it is as long as the hash tables and the relocations say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use object::LittleEndian as LE;
use object::elf;
use serde::{Deserialize, Serialize};

use super::ElfError;
use super::elf::{Elf, Extent};

/// What a symbol is, as far as its table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymbolKind {
    /// A function.
    Function,
    /// A variable.
    Object,
    /// A thread-local variable.
    Tls,
    /// The table does not say.
    Unknown,
}

impl SymbolKind {
    fn of(symbol: &elf::Sym64<LE>) -> Self {
        match symbol.st_type() {
            elf::STT_FUNC | elf::STT_GNU_IFUNC => Self::Function,
            elf::STT_OBJECT | elf::STT_COMMON => Self::Object,
            elf::STT_TLS => Self::Tls,
            _ => Self::Unknown,
        }
    }
}

/// A symbol that an object asks others for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedSymbol {
    /// Its name.
    pub name: String,
    /// The version asked for; `None` means any default one.
    pub version: Option<String>,
    /// The soname of the library that this version is expected of. Where the symbol comes from is
    /// settled by look-up order; this is for messages.
    pub library: Option<String>,
    /// Whether the object can do without it.
    pub weak: bool,
    /// What it is.
    pub kind: SymbolKind,
    /// Whether the object has its own copy of the variable (`R_X86_64_COPY`), which everyone else
    /// then uses.
    pub copy_relocated: bool,
    /// The addresses that relocations fill with its address: its slots in the global offset table,
    /// and pointers to it in data.
    pub slots: Vec<Slot>,
    /// Whether non-PIC code takes the address of the function: then its procedure linkage table entry
    /// stands for it.
    pub canonical_plt: bool,
}

/// A word that a relocation fills with the address of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its virtual address.
    pub address: u64,
    /// Whether it may be anything but a global offset table entry: then the pointer is data.
    pub data: bool,
}

/// A symbol that an object offers to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinedSymbol {
    /// Its version; `None` where the object has no version definitions.
    pub version: Option<Arc<str>>,
    /// Whether a reference has to ask for that version by name.
    pub hidden: bool,
    /// What it is.
    pub kind: SymbolKind,
    /// Its size in bytes, 0 where the table does not say.
    pub size: u64,
}

impl DefinedSymbol {
    /// Whether a reference with this version (or none) gets this definition, by the rules of glibc's
    /// dynamic linker.
    pub fn satisfies(&self, version: Option<&str>) -> bool {
        match (version, self.version.as_deref()) {
            (Some(wanted), Some(found)) => wanted == found,
            (_, None) | (None, Some(_)) => !self.hidden,
        }
    }
}

/// Both halves of a dynamic symbol table.
#[derive(Default)]
pub(super) struct Symbols {
    pub imports: Vec<ImportedSymbol>,
    pub defined: HashMap<String, Vec<DefinedSymbol>>,
}

/// The version names of a file, by index.
#[derive(Default)]
struct Versions {
    needed: BTreeMap<u16, (String, String)>,
    defined: BTreeMap<u16, Arc<str>>,
}

/// Reads the dynamic symbols of a file.
pub(super) fn read(file: &Elf<'_>) -> Result<Symbols, ElfError> {
    let mut relocations = Relocations::read(file)?;
    let count = symbol_count(file)?.max(relocations.symbols);
    let table = file.dynamic.symbols.unwrap_or_default();
    let symbols: &[elf::Sym64<LE>] = file.many(table, count, "DT_SYMTAB")?;
    let versym: &[elf::Versym<LE>] = match file.dynamic.versym {
        Some(address) => file.many(address, count, "DT_VERSYM")?,
        None => &[],
    };
    let versions = Versions::read(file)?;
    let strings = file.strings()?;
    let mut found = Symbols::default();
    for (index, symbol) in symbols.iter().enumerate().skip(1) {
        let place = || format!("dynamic symbol {index}");
        let bind = symbol.st_bind();
        if bind == elf::STB_LOCAL || [elf::STT_SECTION, elf::STT_FILE].contains(&symbol.st_type()) {
            continue;
        }
        let name = strings.at(symbol.st_name.get(LE).into());
        let name = name.map_err(|problem| ElfError::malformed(place(), problem))?.to_owned();
        if name.is_empty() {
            continue;
        }
        let version = versym.get(index).map_or(1, |v| v.0.get(LE).0);
        let kind = SymbolKind::of(symbol);
        let slots = relocations.slots.remove(&(index as u64)).unwrap_or_default();
        let copied = relocations.copies.contains(&(index as u64));
        if symbol.st_shndx.get(LE) == elf::SHN_UNDEF || copied {
            let (library, version) = versions.wanted(version, place)?.unzip();
            found.imports.push(ImportedSymbol {
                canonical_plt: !copied && kind == SymbolKind::Function && symbol.st_value.get(LE) != 0,
                name: name.clone(),
                version,
                library,
                weak: bind == elf::STB_WEAK && !copied,
                kind,
                copy_relocated: copied,
                slots,
            });
            // The copy is a definition for everyone else, but not one that makes the import needless.
            continue;
        }
        let definition = DefinedSymbol {
            version: versions.defined.get(&(version & 0x7fff)).cloned(),
            hidden: version & 0x8000 != 0,
            kind,
            size: symbol.st_size.get(LE),
        };
        found.defined.entry(name).or_default().push(definition);
    }
    Ok(found)
}

impl Versions {
    fn read(file: &Elf<'_>) -> Result<Self, ElfError> {
        let mut versions = Self::default();
        if let Some((address, count)) = file.dynamic.verneed {
            versions.read_needed(file, address, count)?;
        }
        if let Some((address, count)) = file.dynamic.verdef {
            versions.read_defined(file, address, count)?;
        }
        Ok(versions)
    }

    fn read_needed(&mut self, file: &Elf<'_>, mut address: u64, count: u64) -> Result<(), ElfError> {
        for index in 0..count {
            let place = format!("DT_VERNEED entry {index}");
            let need: &elf::Verneed<LE> = file.one(address, &place)?;
            if need.vn_version.get(LE) != 1 {
                return Err(ElfError::malformed(place, "its version is not 1"));
            }
            let library = file.string(need.vn_file.get(LE).into(), &place)?;
            let mut at = step(address, need.vn_aux.get(LE), &place)?;
            for aux in 0..need.vn_cnt.get(LE) {
                let place = format!("{place}, version {aux}");
                let version: &elf::Vernaux<LE> = file.one(at, &place)?;
                let name = file.string(version.vna_name.get(LE).into(), &place)?;
                self.needed.insert(version.vna_other.get(LE).0 & 0x7fff, (library.clone(), name));
                if version.vna_next.get(LE) == 0 {
                    break;
                }
                at = step(at, version.vna_next.get(LE), &place)?;
            }
            if need.vn_next.get(LE) == 0 {
                break;
            }
            address = step(address, need.vn_next.get(LE), &place)?;
        }
        Ok(())
    }

    fn read_defined(&mut self, file: &Elf<'_>, mut address: u64, count: u64) -> Result<(), ElfError> {
        for index in 0..count {
            let place = format!("DT_VERDEF entry {index}");
            let definition: &elf::Verdef<LE> = file.one(address, &place)?;
            if definition.vd_version.get(LE) != 1 {
                return Err(ElfError::malformed(place, "its version is not 1"));
            }
            if definition.vd_cnt.get(LE) > 0 {
                let at = step(address, definition.vd_aux.get(LE), &place)?;
                let aux: &elf::Verdaux<LE> = file.one(at, &place)?;
                let name = file.string(aux.vda_name.get(LE).into(), &place)?;
                self.defined.insert(definition.vd_ndx.get(LE).0 & 0x7fff, name.into());
            }
            if definition.vd_next.get(LE) == 0 {
                break;
            }
            address = step(address, definition.vd_next.get(LE), &place)?;
        }
        Ok(())
    }

    /// The library and the version that an undefined symbol with this `DT_VERSYM` value asks for.
    fn wanted(&self, version: u16, place: impl Fn() -> String) -> Result<Option<(String, String)>, ElfError> {
        let index = version & 0x7fff;
        if index <= 1 {
            return Ok(None);
        }
        if let Some(wanted) = self.needed.get(&index) {
            return Ok(Some(wanted.clone()));
        }
        // A version of the file's own: linkers write that for a weak reference to it.
        if self.defined.contains_key(&index) {
            return Ok(None);
        }
        Err(ElfError::malformed(
            place(),
            format!("its version {index} is in neither DT_VERNEED nor DT_VERDEF"),
        ))
    }
}

fn step(address: u64, by: u32, place: &str) -> Result<u64, ElfError> {
    let next = address.checked_add(by.into());
    next.ok_or_else(|| ElfError::malformed(place, "what follows it is past the end of the address space"))
}

/// What relocations say of symbols.
#[derive(Default)]
struct Relocations {
    /// One more than the highest symbol index.
    symbols: u64,
    copies: Vec<u64>,
    slots: HashMap<u64, Vec<Slot>>,
}

impl Relocations {
    fn read(file: &Elf<'_>) -> Result<Self, ElfError> {
        let mut found = Self::default();
        for (table, place) in [(file.dynamic.rela, "DT_RELA"), (file.dynamic.plt, "DT_JMPREL")] {
            for relocation in entries(file, table, place)? {
                let info = relocation.r_info.get(LE);
                let (symbol, kind) = (info >> 32, elf::RelocationType(info as u32));
                if symbol == 0 {
                    continue;
                }
                found.symbols = found.symbols.max(symbol + 1);
                if kind == elf::R_X86_64_COPY {
                    found.copies.push(symbol);
                    continue;
                }
                let data = ![elf::R_X86_64_JUMP_SLOT, elf::R_X86_64_GLOB_DAT].contains(&kind);
                let slot = Slot { address: relocation.r_offset.get(LE), data };
                found.slots.entry(symbol).or_default().push(slot);
            }
        }
        Ok(found)
    }
}

fn entries<'a>(file: &Elf<'a>, table: Extent, place: &str) -> Result<&'a [elf::Rela64<LE>], ElfError> {
    let size = size_of::<elf::Rela64<LE>>() as u64;
    if !table.size.is_multiple_of(size) {
        return Err(ElfError::malformed(place, format!("its size {} is no multiple of {size}", table.size)));
    }
    file.many(table.address, table.size / size, place)
}

/// The addends of the relocations without a symbol: pointers into the file's own data and code.
pub(super) fn relative_addends(file: &Elf<'_>) -> Result<Vec<u64>, ElfError> {
    let mut addends = Vec::new();
    for relocation in entries(file, file.dynamic.rela, "DT_RELA")? {
        if relocation.r_info.get(LE) >> 32 == 0 {
            addends.push(relocation.r_addend.get(LE) as u64);
        }
    }
    Ok(addends)
}

/// How many symbols the hash tables speak for; 0 without one.
fn symbol_count(file: &Elf<'_>) -> Result<u64, ElfError> {
    if let Some(address) = file.dynamic.hash {
        let header: &elf::HashHeader<LE> = file.one(address, "DT_HASH")?;
        return Ok(header.chain_count.get(LE).into());
    }
    let Some(address) = file.dynamic.gnu_hash else { return Ok(0) };
    let place = "DT_GNU_HASH";
    let header: &elf::GnuHashHeader<LE> = file.one(address, place)?;
    let base = u64::from(header.symbol_base.get(LE));
    let buckets_at = address
        .checked_add(size_of::<elf::GnuHashHeader<LE>>() as u64)
        .and_then(|at| at.checked_add(u64::from(header.bloom_count.get(LE)) * 8))
        .ok_or_else(|| ElfError::malformed(place, "it runs past the end of the address space"))?;
    let bucket_count = u64::from(header.bucket_count.get(LE));
    let buckets: &[object::U32<LE>] = file.many(buckets_at, bucket_count, place)?;
    let Some(last) = buckets.iter().map(|b| u64::from(b.get(LE))).max().filter(|&last| last != 0) else {
        return Ok(base);
    };
    if last < base {
        return Err(ElfError::malformed(
            place,
            format!("a bucket starts at symbol {last}, before the first, {base}"),
        ));
    }
    // The last bucket's chain ends at the entry whose lowest bit is set.
    let chains_at = buckets_at.saturating_add(bucket_count * 4);
    let mut index = last;
    loop {
        let at = chains_at.saturating_add((index - base).saturating_mul(4));
        let value: &object::U32<LE> = file.one(at, "the last chain of DT_GNU_HASH")?;
        index += 1;
        if value.get(LE) & 1 != 0 {
            return Ok(index);
        }
    }
}
