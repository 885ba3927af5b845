//! The generated parts as an ELF object, for the linker.

use object::write::{Object, Relocation, SectionId, StandardSection, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope, elf,
};
use std::collections::HashMap;

use super::{Generated, GeneratedError, Piece};

/// The function that reports a call of a missing import; its argument is the name.
pub(crate) const MISSING_HANDLER: &str = "kernel_missing_symbol";

impl Generated {
    /// The object that defines the exports, the identity and, if `with_tables`, the tables and
    /// tunables; `has_handler` says whether the kernel can report a missing import itself.
    ///
    /// # Errors
    /// The object cannot be written.
    pub fn object(&self, with_tables: bool, has_handler: bool) -> Result<Vec<u8>, GeneratedError> {
        let mut writer = Writer::new();
        let tables = self.tables.iter().chain(&self.tunables).filter(|_| with_tables);
        for piece in tables.chain(&self.exports) {
            writer.define(piece);
        }
        for (stub, name) in &self.missing {
            writer.stub(stub, name, has_handler)?;
        }
        for piece in self.tables.iter().chain(&self.tunables).filter(|_| with_tables).chain(&self.exports) {
            writer.addresses(piece)?;
        }
        writer.note(&self.identity);
        Ok(writer.object.write()?)
    }
}

struct Writer {
    object: Object<'static>,
    symbols: HashMap<String, SymbolId>,
    at: HashMap<String, (SectionId, u64)>,
}

impl Writer {
    fn new() -> Self {
        Self {
            object: Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little),
            symbols: HashMap::new(),
            at: HashMap::new(),
        }
    }

    fn define(&mut self, piece: &Piece) {
        let section = self.object.add_section(
            Vec::new(),
            format!(".rodata.{}", piece.symbol).into_bytes(),
            SectionKind::ReadOnlyData,
        );
        let offset = self.object.append_section_data(section, &piece.bytes, piece.alignment);
        let size = piece.bytes.len() as u64;
        self.symbol(&piece.symbol, SymbolKind::Data, Some((section, offset, size)));
        self.at.insert(piece.symbol.clone(), (section, offset));
    }

    fn symbol(&mut self, name: &str, kind: SymbolKind, place: Option<(SectionId, u64, u64)>) -> SymbolId {
        if let (None, Some(id)) = (place, self.symbols.get(name)) {
            return *id;
        }
        let (section, value, size) = match place {
            Some((section, value, size)) => (SymbolSection::Section(section), value, size),
            None => (SymbolSection::Undefined, 0, 0),
        };
        let id = self.object.add_symbol(Symbol {
            name: name.as_bytes().to_vec(),
            value,
            size,
            kind,
            scope: if place.is_some() { SymbolScope::Linkage } else { SymbolScope::Unknown },
            weak: false,
            section,
            flags: SymbolFlags::None,
        });
        self.symbols.insert(name.to_owned(), id);
        id
    }

    fn relocate(
        &mut self,
        section: SectionId,
        offset: u64,
        symbol: &str,
        r_type: elf::RelocationType,
        addend: i64,
    ) -> Result<(), GeneratedError> {
        let symbol = self.symbol(symbol, SymbolKind::Unknown, None);
        let flags = RelocationFlags::Elf { r_type };
        Ok(self.object.add_relocation(section, Relocation { offset, symbol, addend, flags })?)
    }

    fn addresses(&mut self, piece: &Piece) -> Result<(), GeneratedError> {
        let (section, start) = self.at[&piece.symbol];
        for address in &piece.addresses {
            let kind = if address.size == 8 { elf::R_X86_64_64 } else { elf::R_X86_64_32S };
            self.relocate(section, start + address.offset, &address.symbol, kind, 0)?;
        }
        Ok(())
    }

    /// `lea rdi, [name]; jmp handler`, or `lea rdi, [name]; ud2` for a kernel without a handler.
    fn stub(&mut self, stub: &str, name: &str, has_handler: bool) -> Result<(), GeneratedError> {
        let data = self.object.section_id(StandardSection::ReadOnlyString);
        let text = [name.as_bytes(), b"\0"].concat();
        let at = self.object.append_section_data(data, &text, 1);
        let label = format!("{stub}.name");
        self.symbol(&label, SymbolKind::Data, Some((data, at, text.len() as u64)));

        let section_name = format!(".text.{stub}").into_bytes();
        let section = self.object.add_section(Vec::new(), section_name, SectionKind::Text);
        let mut code = vec![0x48, 0x8d, 0x3d, 0, 0, 0, 0];
        code.extend_from_slice(if has_handler { &[0xe9, 0, 0, 0, 0][..] } else { &[0x0f, 0x0b][..] });
        let start = self.object.append_section_data(section, &code, 1);
        self.symbol(stub, SymbolKind::Text, Some((section, start, code.len() as u64)));
        self.relocate(section, start + 3, &label, elf::R_X86_64_PC32, -4)?;
        if has_handler {
            self.relocate(section, start + 8, MISSING_HANDLER, elf::R_X86_64_PLT32, -4)?;
        }
        Ok(())
    }

    /// `.note.specialize`: name `specialize`, type 1, the 32 bytes of the identity.
    fn note(&mut self, identity: &[u8; 32]) {
        let section = self.object.add_section(Vec::new(), b".note.specialize".to_vec(), SectionKind::Note);
        self.object.section_mut(section).flags =
            object::SectionFlags::Elf { sh_type: elf::SHT_NOTE, sh_flags: elf::SHF_ALLOC };
        let name = b"specialize\0\0";
        let mut note = Vec::new();
        for field in [11_u32, 32, 1] {
            note.extend_from_slice(&field.to_le_bytes());
        }
        note.extend_from_slice(name);
        note.extend_from_slice(identity);
        self.object.append_section_data(section, &note, 4);
    }
}
