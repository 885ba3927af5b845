//! The part of a compiled object that lives, as an object of its own.
//!
//! A linker reads every section and symbol it is given, to keep a tenth of a kernel; this reads the
//! headers of all, and the contents of what lives.

mod unwind;
mod write;

use object::elf::{self, FileHeader64, Rela64};
use object::read::elf::{FileHeader as _, SectionHeader as _, SectionTable, SymbolTable};
use object::{LittleEndian as LE, SectionIndex, SymbolIndex};

/// Why the part that lives cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LivePartError {
    /// The object does not parse.
    #[error("{0}")]
    Read(#[from] object::Error),
    /// The part cannot be written.
    #[error("{0}")]
    Write(#[from] object::write::Error),
    /// The table of symbols whose addresses matter ends inside a number.
    #[error("its table of significant addresses is damaged")]
    Addresses,
    /// An unwind table is not as compilers write them.
    #[error("its unwind tables are damaged at {0:#x}")]
    Unwind(usize),
}

/// What a part's global symbols are when something else defines them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Mistakes.
    Strong,
    /// Given up for the other ones.
    Weak,
}

/// An object with the sections `live` of `object` and what those refer to, without debug information;
/// with the unwind tables of its functions if `unwinds`.
///
/// # Errors
/// The object is damaged.
pub(super) fn live_part(
    object: &[u8],
    live: impl IntoIterator<Item = u32>,
    unwinds: bool,
    binding: Binding,
) -> Result<Vec<u8>, LivePartError> {
    let mut part = Part::of(object)?;
    for section in live {
        part.keep(SectionIndex(section as usize))?;
    }
    part.keep_references()?;
    let unwind = if unwinds { part.unwind_tables()? } else { Vec::new() };
    part.keep_linked()?;
    part.write(unwind, binding)
}

type Header = FileHeader64<LE>;

/// An object, and what is kept of it.
struct Part<'d> {
    bytes: &'d [u8],
    header: &'d Header,
    sections: SectionTable<'d, Header>,
    symbols: SymbolTable<'d, Header>,
    /// The relocations of each section.
    relocations: Vec<&'d [Rela64<LE>]>,
    kept: Vec<bool>,
    /// Kept sections whose references are not followed yet.
    pending: Vec<SectionIndex>,
}

impl<'d> Part<'d> {
    fn of(bytes: &'d [u8]) -> Result<Self, LivePartError> {
        let header = Header::parse(bytes)?;
        let sections = header.sections(LE, bytes)?;
        let symbols = sections.symbols(LE, bytes, elf::SHT_SYMTAB)?;
        let mut relocations: Vec<&[Rela64<LE>]> = vec![&[]; sections.len()];
        for section in sections.iter() {
            if let Some((entries, _)) = section.rela(LE, bytes)?
                && let Some(of) = relocations.get_mut(section.sh_info(LE) as usize)
            {
                *of = entries;
            }
        }
        let kept = vec![false; sections.len()];
        Ok(Self { bytes, header, sections, symbols, relocations, kept, pending: Vec::new() })
    }

    fn keep(&mut self, section: SectionIndex) -> Result<(), LivePartError> {
        // The table of unwind tables is taken apart, function by function.
        let is_unwind_table =
            self.sections.section_name(LE, self.sections.section(section)?)? == b".eh_frame";
        if let Some(kept) = self.kept.get_mut(section.0).filter(|kept| !**kept && !is_unwind_table) {
            *kept = true;
            self.pending.push(section);
        }
        Ok(())
    }

    /// The section that a relocation refers to, if it is of this object.
    fn target(&self, relocation: &Rela64<LE>) -> Result<Option<SectionIndex>, LivePartError> {
        let symbol = SymbolIndex(relocation.r_sym(LE, false) as usize);
        if symbol.0 == 0 {
            return Ok(None);
        }
        Ok(self.symbols.symbol_section(LE, self.symbols.symbol(symbol)?, symbol)?)
    }

    fn keep_references(&mut self) -> Result<(), LivePartError> {
        while let Some(section) = self.pending.pop() {
            for relocation in self.relocations[section.0] {
                if let Some(target) = self.target(relocation)? {
                    self.keep(target)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps what describes kept sections: nothing refers to it, it refers to them by its link.
    fn keep_linked(&mut self) -> Result<(), LivePartError> {
        for (index, section) in self.sections.enumerate() {
            let linked = section.sh_flags(LE) & elf::SHF_LINK_ORDER != elf::SectionFlags(0);
            if linked && self.kept.get(section.sh_link(LE) as usize).is_some_and(|kept| *kept) {
                self.keep(index)?;
            }
        }
        self.keep_references()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

    /// `a` calls `b`; nobody calls `c`; all three have unwind tables, that of `b` with data of its own.
    const SOURCE: &str = r#"
        .section .text.a,"ax",@progbits
        .globl a
        a: .cfi_startproc
        call b
        ret
        .cfi_endproc
        .section .text.c,"ax",@progbits
        .globl c
        c: .cfi_startproc
        .cfi_def_cfa_offset 64
        call a
        ret
        .cfi_endproc
        .section .text.b,"ax",@progbits
        .globl b
        b: .cfi_startproc
        .cfi_lsda 3, .Ldata
        .cfi_def_cfa_offset 32
        ret
        .cfi_endproc
        .section .gcc_except_table.b,"a",@progbits
        .Ldata: .long 7
        .section .llvm_addrsig,"e",@0x6fff4c03
        .uleb128 300
    "#;

    fn assembled() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let (source, object) = (folder.path().join("a.s"), folder.path().join("a.o"));
        std::fs::write(&source, SOURCE).unwrap();
        let status = std::process::Command::new("cc").arg("-c").arg(&source).arg("-o").arg(&object).status();
        assert!(status.unwrap().success());
        std::fs::read(object).unwrap()
    }

    fn part(unwinds: bool) -> Vec<u8> {
        let whole = assembled();
        let file = object::File::parse(&*whole).unwrap();
        let a = file.section_by_name(".text.a").unwrap().index();
        live_part(&whole, [a.0 as u32], unwinds, Binding::Strong).unwrap()
    }

    #[test]
    fn what_is_referred_to_is_kept_and_the_rest_is_not() {
        let part = part(false);
        let file = object::File::parse(&*part).unwrap();
        let names = file.symbols().filter(|symbol| symbol.is_global()).map(|symbol| symbol.name().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
        assert!(file.section_by_name(".text.c").is_none() && file.section_by_name(".eh_frame").is_none());
        let (offset, call) = file.section_by_name(".text.a").unwrap().relocations().next().unwrap();
        let object::RelocationTarget::Symbol(target) = call.target() else { panic!("{call:?}") };
        assert_eq!((offset, file.symbol_by_index(target).unwrap().name().unwrap()), (1, "b"));
    }

    #[test]
    fn what_is_weak_gives_way() {
        let whole = assembled();
        let file = object::File::parse(&*whole).unwrap();
        let a = file.section_by_name(".text.a").unwrap().index();
        let part = live_part(&whole, [a.0 as u32], false, Binding::Weak).unwrap();
        let file = object::File::parse(&*part).unwrap();
        let weak = file.symbols().filter(|symbol| symbol.is_weak()).map(|symbol| symbol.name().unwrap());
        assert_eq!(weak.collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn unwind_tables_are_those_of_what_is_kept() {
        let part = part(true);
        let file = object::File::parse(&*part).unwrap();
        assert!(file.section_by_name(".gcc_except_table.b").is_some());
        let tables = file.section_by_name(".eh_frame").unwrap();
        let data = tables.data().unwrap();
        let records = unwind::records(data).unwrap();
        let common: Vec<_> = records.iter().map(|record| record.common).collect();
        // Two common records, since one of the functions has data of its own.
        assert_eq!(common.iter().filter(|common| common.is_none()).count(), 2);
        assert_eq!(common.iter().filter(|common| common.is_some()).count(), 2);
        for common in common.into_iter().flatten() {
            assert!(records.iter().any(|record| record.start == common && record.common.is_none()));
        }
        let functions = tables.relocations().filter_map(|(offset, relocation)| {
            let object::RelocationTarget::Symbol(symbol) = relocation.target() else { return None };
            let begins = records.iter().any(|r| r.common.is_some() && r.start as u64 + 8 == offset);
            let section = file.symbol_by_index(symbol).unwrap().section_index().unwrap();
            begins.then(|| file.section_by_index(section).unwrap().name().unwrap().to_owned())
        });
        assert_eq!(functions.collect::<Vec<_>>(), [".text.a", ".text.b"]);
    }

    #[test]
    fn every_truncation_is_an_error_and_no_panic() {
        let whole = assembled();
        for length in 0..whole.len() {
            let _ = live_part(&whole[..length], [1], true, Binding::Strong);
        }
        assert!(live_part(&whole[..whole.len() / 2], [1], true, Binding::Strong).is_err());
    }
}
