//! Writes what is kept of an object as an object.

use std::borrow::Cow;

use object::elf::{self, Rela64, SectionHeader64};
use object::read::elf::{SectionHeader as _, Sym as _};
use object::write::elf::{FileHeader, Rel, SectionHeader, Sym, Writer};
use object::{LittleEndian as LE, SectionIndex, SymbolIndex};

use super::{Binding, LivePartError, Part};

/// `SHT_LLVM_ADDRSIG`: the symbols whose addresses matter, each as ULEB128.
const ADDRESS_TABLE: elf::SectionType = elf::SectionType(0x6fff_4c03);

/// A section as it will be written.
pub(super) struct Output<'d> {
    pub(super) header: &'d SectionHeader64<LE>,
    pub(super) name: &'d [u8],
    pub(super) data: Cow<'d, [u8]>,
    pub(super) relocations: Cow<'d, [Rela64<LE>]>,
    /// Its index before.
    pub(super) was: SectionIndex,
}

impl<'d> Part<'d> {
    /// The symbols to write, by their indices: those that kept relocations use, and the global ones of kept
    /// sections; local ones first, as the format wants it, and how many those are.
    fn symbols(&self, sections: &[Output<'d>]) -> Result<(Vec<SymbolIndex>, usize), LivePartError> {
        let mut used = vec![false; self.symbols.len()];
        for relocation in sections.iter().flat_map(|section| section.relocations.iter()) {
            if let Some(used) = used.get_mut(relocation.r_sym(LE, false) as usize) {
                *used = true;
            }
        }
        let (mut locals, mut globals) = (Vec::new(), Vec::new());
        for (index, symbol) in self.symbols.enumerate() {
            if symbol.st_bind() == elf::STB_LOCAL {
                if used[index.0] && index.0 != 0 {
                    locals.push(index);
                }
                continue;
            }
            let here = match self.symbols.symbol_section(LE, symbol, index)? {
                Some(section) => self.kept.get(section.0).is_some_and(|kept| *kept),
                None => !symbol.is_undefined(LE),
            };
            if here || used[index.0] {
                globals.push(index);
            }
        }
        let count = locals.len();
        locals.append(&mut globals);
        Ok((locals, count))
    }

    /// The table of symbols whose addresses matter, with the symbols' new indices.
    fn significant_addresses(&self, numbers: &[u32]) -> Result<Option<(Output<'d>, Vec<u8>)>, LivePartError> {
        for (was, header) in self.sections.enumerate() {
            if header.sh_type(LE) != ADDRESS_TABLE {
                continue;
            }
            let mut bytes = header.data(LE, self.bytes)?;
            let mut renumbered = Vec::new();
            while !bytes.is_empty() {
                let symbol = uleb128(&mut bytes).ok_or(LivePartError::Addresses)?;
                if let Some(&number) = numbers.get(symbol as usize).filter(|number| **number != 0) {
                    write_uleb128(&mut renumbered, number.into());
                }
            }
            let name = self.sections.section_name(LE, header)?;
            let none = Output { header, name, data: (&[][..]).into(), relocations: (&[][..]).into(), was };
            return Ok(Some((none, renumbered)));
        }
        Ok(None)
    }

    /// The object.
    pub(super) fn write(
        &self,
        mut unwind: Vec<Output<'d>>,
        binding: Binding,
    ) -> Result<Vec<u8>, LivePartError> {
        let mut outputs: Vec<Output<'d>> = Vec::new();
        for (was, header) in self.sections.enumerate().filter(|(index, _)| self.kept[index.0]) {
            let name = self.sections.section_name(LE, header)?;
            let data = header.data(LE, self.bytes)?.into();
            outputs.push(Output { header, name, data, relocations: self.relocations[was.0].into(), was });
        }
        outputs.append(&mut unwind);
        let (symbols, locals) = self.symbols(&outputs)?;
        let mut numbers = vec![0; self.symbols.len()];
        for (symbol, number) in symbols.iter().zip(1..) {
            numbers[symbol.0] = number;
        }
        let mut new_index = vec![0; self.sections.len()];
        for (output, index) in outputs.iter().zip(1..) {
            new_index[output.was.0] = index;
        }
        if let Some((mut table, bytes)) = self.significant_addresses(&numbers)? {
            table.data = bytes.into();
            outputs.push(table);
        }

        let mut file = Vec::new();
        let mut writer = Writer::new(object::Endianness::Little, true, &mut file);
        writer.reserve_file_header();
        let mut places = Vec::new();
        for output in &outputs {
            let name = writer.add_section_name(output.name);
            let aligned = output.header.sh_addralign(LE).max(1);
            let offset = match output.header.sh_type(LE) {
                elf::SHT_NOBITS => writer.reserved_len(),
                _ => writer.reserve(output.data.len() as u64, aligned),
            };
            writer.reserve_section_index();
            places.push((name, offset));
        }
        let mut tables = Vec::new();
        for output in outputs.iter().filter(|output| !output.relocations.is_empty()) {
            let name = writer.add_section_name(b".rela");
            let size = size_of_val(&*output.relocations);
            tables.push((output, name, writer.reserve(size as u64, 8)));
            writer.reserve_section_index();
        }
        writer.reserve_null_symbol_index();
        let mut names = Vec::new();
        for &index in &symbols {
            let symbol = self.symbols.symbol(index)?;
            let section = self.symbols.symbol_section(LE, symbol, index)?;
            let section = section.map(|section| new_index[section.0]);
            let name = self.symbols.symbol_name(LE, symbol)?;
            let name = if name.is_empty() { None } else { Some(writer.add_string(name)) };
            writer.reserve_symbol_index(section.map(object::write::elf::SectionIndex));
            names.push((symbol, section, name));
        }
        writer.reserve_symtab_section_index();
        if writer.symtab_shndx_needed() {
            writer.reserve_symtab_shndx_section_index();
        }
        writer.reserve_symtab();
        writer.reserve_symtab_shndx();
        writer.reserve_strtab_section_index();
        writer.reserve_strtab()?;
        writer.reserve_shstrtab_section_index();
        writer.reserve_shstrtab()?;
        writer.reserve_section_headers();

        writer.write_file_header(&FileHeader::from_raw(LE, self.header))?;
        for (output, (_, offset)) in outputs.iter().zip(&places) {
            if output.header.sh_type(LE) != elf::SHT_NOBITS {
                writer.pad_until(*offset);
                writer.write(&output.data);
            }
        }
        for (output, _, offset) in &tables {
            writer.pad_until(*offset);
            for relocation in output.relocations.iter() {
                let mut relocation = Rel::from_rela(LE, relocation, false);
                relocation.r_sym = numbers.get(relocation.r_sym as usize).copied().unwrap_or_default();
                writer.write_relocation(true, &relocation);
            }
        }
        writer.write_null_symbol();
        for (symbol, section, name) in names {
            let st_name = writer.string_offset(name);
            let mut written = Sym { st_name, ..Sym::from_raw(LE, symbol, section) };
            if binding == Binding::Weak && section.is_some() && symbol.st_bind() == elf::STB_GLOBAL {
                written.st_info = elf::SymbolInfo::new(elf::STB_WEAK, symbol.st_type());
            }
            writer.write_symbol(&written);
        }
        writer.write_symtab_shndx();
        writer.write_strtab();
        writer.write_shstrtab();
        writer.write_null_section_header();
        let symbol_table = writer.symtab_index().0;
        for (output, (name, sh_offset)) in outputs.iter().zip(places) {
            let linked = output.header.sh_flags(LE) & elf::SHF_LINK_ORDER != elf::SectionFlags(0);
            let sh_link = match output.header.sh_link(LE) {
                to if linked => new_index[to as usize],
                _ if output.header.sh_type(LE) == ADDRESS_TABLE => symbol_table,
                _ => 0,
            };
            let (sh_name, sh_size) = (writer.section_name_offset(Some(name)), output.data.len() as u64);
            let before = SectionHeader::from_raw(LE, output.header);
            let sh_size = if before.sh_type == elf::SHT_NOBITS { before.sh_size } else { sh_size };
            // Every section stands alone: what a group kept together is kept by its references.
            let sh_flags = elf::SectionFlags(before.sh_flags.0 & !elf::SHF_GROUP.0);
            let header =
                SectionHeader { sh_name, sh_offset, sh_size, sh_link, sh_info: 0, sh_flags, ..before };
            writer.write_section_header(&header);
        }
        for (output, name, offset) in tables {
            let of = object::write::elf::SectionIndex(new_index[output.was.0]);
            let table = object::write::elf::SectionIndex(symbol_table);
            writer.write_relocation_section_header(name, of, table, offset, output.relocations.len(), true);
        }
        writer.write_symtab_section_header(locals as u32 + 1);
        writer.write_symtab_shndx_section_header();
        writer.write_strtab_section_header();
        writer.write_shstrtab_section_header();
        Ok(file)
    }
}

fn uleb128(bytes: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

fn write_uleb128(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
