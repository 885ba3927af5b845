//! References read from relocations: what a section refers to, its symbols refer to.
//!
//! Relocations see what the linker sees (calls that code generation added, operands of inline
//! assembly, jump tables), so a graph of them is what `--gc-sections` walks, too.

use std::collections::{BTreeSet, HashMap};

use object::elf;
use object::read::elf::ElfFile64;
use object::{
    Endianness, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolSection,
};

use crate::package::{NewSymbol, Place, SymbolKind};

/// Why an object's references cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// It does not parse.
    #[error("{name}: {source}")]
    Parse {
        /// The object.
        name: String,
        /// What is wrong.
        source: object::Error,
    },
    /// Two objects define a symbol.
    #[error("{name}: defines '{symbol}', which is defined elsewhere too")]
    Twice {
        /// The object.
        name: String,
        /// The symbol.
        symbol: String,
    },
}

/// One object of the kernel.
pub struct KernelObject<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Which of the compiled objects it is; `None` for assembly and prebuilt objects, whose sections hold
    /// what they hold.
    pub compiled: Option<u16>,
}

/// The symbols of a kernel, and what is special about some.
pub struct Graph {
    /// The symbols; a reference is a position.
    pub symbols: Vec<NewSymbol>,
    /// What a linker keeps of its own accord: initialiser arrays and notes.
    pub kept_by_linker: Vec<String>,
    /// What code generation refers to although the IR does not name it: library functions such as
    /// `memcpy` and `__udivti3`.
    pub late: BTreeSet<String>,
}

/// A symbol and what it refers to, by name.
struct Node {
    symbol: NewSymbol,
    targets: BTreeSet<String>,
}

/// Reads symbols and references of all objects, and adds the references that the IR has (`in_ir`). Symbols that none defines become
/// [`SymbolKind::External`].
///
/// # Errors
/// An object is damaged, or a symbol is defined twice.
pub fn read(
    objects: &[KernelObject<'_>],
    in_ir: &HashMap<String, BTreeSet<String>>,
) -> Result<Graph, GraphError> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut kept = Vec::new();
    for object in objects {
        let parse = |source| GraphError::Parse { name: object.name.to_owned(), source };
        let file = ElfFile64::<Endianness>::parse(object.bytes).map_err(parse)?;
        let reader = Reader::new(&file, object).map_err(parse)?;
        for node in reader.nodes(&mut kept).map_err(parse)? {
            let name = node.symbol.name.clone();
            match by_name.get(&name) {
                None => {
                    by_name.insert(name, nodes.len());
                    nodes.push(node);
                }
                Some(_) => return Err(GraphError::Twice { name: object.name.to_owned(), symbol: name }),
            }
        }
    }
    let mut late = BTreeSet::new();
    let native: BTreeSet<&String> = nodes
        .iter()
        .map(|node| &node.symbol)
        .filter(|s| s.kind == SymbolKind::Native)
        .map(|s| &s.name)
        .collect();
    for node in nodes.iter().filter(|node| !native.contains(&node.symbol.name)) {
        let named = in_ir.get(&node.symbol.name);
        let unnamed = |target: &&String| named.is_none_or(|named| !named.contains(*target));
        late.extend(node.targets.iter().filter(unnamed).cloned());
    }
    for node in &mut nodes {
        node.targets.extend(in_ir.get(&node.symbol.name).into_iter().flatten().cloned());
        node.targets.remove(&node.symbol.name);
    }
    nodes.sort_by(|a, b| a.symbol.name.cmp(&b.symbol.name));
    let mut ids: HashMap<String, u32> =
        nodes.iter().enumerate().map(|(at, node)| (node.symbol.name.clone(), at as u32)).collect();
    let mut symbols: Vec<NewSymbol> = Vec::new();
    let mut external: Vec<String> = Vec::new();
    let first_external = nodes.len() as u32;
    for node in nodes {
        let mut symbol = node.symbol;
        for target in node.targets {
            let id = *ids.entry(target.clone()).or_insert_with(|| {
                external.push(target);
                first_external + external.len() as u32 - 1
            });
            symbol.references.push(id);
        }
        symbols.push(symbol);
    }
    symbols.extend(external.into_iter().map(|name| NewSymbol {
        name,
        kind: SymbolKind::External,
        size: 0,
        alignment: 0,
        source: 0,
        may_unwind: false,
        place: None,
        references: Vec::new(),
    }));
    Ok(Graph { symbols, kept_by_linker: kept, late })
}

type Section<'d, 'a> = object::read::elf::ElfSection64<'d, 'a, Endianness>;

/// The size of one of the constants that a linker merges, if a section holds such.
fn constant_size(section: &Section<'_, '_>) -> Option<u64> {
    let object::SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
    let has = |flag| sh_flags & flag != elf::SectionFlags(0);
    let size = section.elf_section_header().sh_entsize.get(Endianness::Little);
    (has(elf::SHF_MERGE) && !has(elf::SHF_STRINGS) && size > 0).then_some(size)
}

struct Reader<'a, 'd> {
    file: &'a ElfFile64<'d, Endianness>,
    object: &'a KernelObject<'d>,
    /// The named symbols of each section, by address.
    owners: HashMap<SectionIndex, Vec<(u64, String)>>,
    /// The section whose symbols own a section without any: of the same group.
    group: HashMap<SectionIndex, SectionIndex>,
}

impl<'a, 'd> Reader<'a, 'd> {
    fn new(file: &'a ElfFile64<'d, Endianness>, object: &'a KernelObject<'d>) -> Result<Self, object::Error> {
        let mut owners: HashMap<SectionIndex, Vec<(u64, String)>> = HashMap::new();
        for symbol in file.symbols() {
            if let SymbolSection::Section(section) = symbol.section()
                && symbol.is_global()
                && !symbol.name()?.is_empty()
            {
                owners.entry(section).or_default().push((symbol.address(), symbol.name()?.to_owned()));
            }
        }
        for symbols in owners.values_mut() {
            symbols.sort();
        }
        let mut group = HashMap::new();
        for section in file.sections() {
            let object::SectionFlags::Elf { sh_type, .. } = section.flags() else { continue };
            if sh_type != elf::SHT_GROUP {
                continue;
            }
            // A word of flags, then the members' indices, whether it is a COMDAT or not.
            let words = section.data()?.chunks_exact(4).skip(1);
            let members = words
                .map(|word| SectionIndex(u32::from_le_bytes([word[0], word[1], word[2], word[3]]) as usize));
            let members: Vec<SectionIndex> = members.collect();
            if let Some(main) = members.iter().find(|member| owners.contains_key(member)) {
                group.extend(members.iter().map(|member| (*member, *main)));
            }
        }
        Ok(Self { file, object, owners, group })
    }

    fn native(&self) -> bool {
        self.object.compiled.is_none()
    }

    /// The name under which a section without symbols stands in the graph, or the part of it that has
    /// `offset`: of constants that a linker merges, each lives for itself.
    fn section_name(&self, section: &Section<'_, '_>, offset: u64) -> Result<String, object::Error> {
        let whole = format!("{}({}.{})", self.object.name, section.name()?, section.index().0);
        Ok(match constant_size(section) {
            Some(size) => format!("{whole}+{:#x}", offset / size * size),
            None => whole,
        })
    }

    /// The symbol that owns a place in a section.
    fn owner(&self, section: SectionIndex, offset: u64) -> Result<String, object::Error> {
        let main = if self.owners.contains_key(&section) { Some(&section) } else { self.group.get(&section) };
        if let Some(symbols) = main.and_then(|main| self.owners.get(main)) {
            // A native section is one piece: its parts may run into each other.
            let after = symbols.partition_point(|(address, _)| *address <= offset).max(1);
            let at = if self.native() || main != Some(&section) { 0 } else { after - 1 };
            return Ok(symbols[at].1.clone());
        }
        self.section_name(&self.file.section_by_index(section)?, offset)
    }

    fn nodes(&self, kept: &mut Vec<String>) -> Result<Vec<Node>, object::Error> {
        let mut nodes: HashMap<String, Node> = HashMap::new();
        let mut order = Vec::new();
        for section in self.file.sections() {
            let object::SectionFlags::Elf { sh_flags, sh_type } = section.flags() else { continue };
            let name = section.name()?;
            if sh_flags & elf::SHF_ALLOC == elf::SectionFlags(0) || name.starts_with(".eh_frame") {
                continue;
            }
            let kind = self.kind(sh_flags, sh_type);
            let alignment = section.align().max(1).trailing_zeros() as u8;
            let section_index = section.index().0 as u32;
            let place = self.object.compiled.map(|object| Place { object, section: section_index });
            let mut add = |name: String, kind, size: u64| {
                order.push(name.clone());
                let symbol = NewSymbol {
                    name: name.clone(),
                    kind,
                    size: size as u32,
                    alignment,
                    source: 0,
                    may_unwind: false,
                    place,
                    references: Vec::new(),
                };
                nodes.insert(name, Node { symbol, targets: BTreeSet::new() });
            };
            match self.owners.get(&section.index()) {
                Some(symbols) if self.native() => {
                    for (at, (_, symbol)) in symbols.iter().enumerate() {
                        add(symbol.clone(), kind, if at == 0 { section.size() } else { 0 });
                    }
                }
                Some(symbols) => {
                    for (at, (address, symbol)) in symbols.iter().enumerate() {
                        let end = symbols[at + 1..].iter().map(|(next, _)| *next).find(|next| next > address);
                        add(symbol.clone(), kind, end.unwrap_or(section.size()).saturating_sub(*address));
                    }
                }
                None if self.group.contains_key(&section.index()) => {}
                None if section.size() > 0 => {
                    let size = constant_size(&section).unwrap_or(section.size());
                    for offset in (0..section.size()).step_by(size as usize) {
                        add(self.section_name(&section, offset)?, kind, size);
                    }
                }
                None => {}
            }
            let by_linker = [".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors"];
            if (by_linker.iter().any(|prefix| name.starts_with(prefix)) || sh_type == elf::SHT_NOTE)
                && section.size() > 0
            {
                kept.push(self.owner(section.index(), 0)?);
            }
        }
        for section in self.file.sections() {
            self.references(&section, &mut nodes)?;
        }
        self.tie_native_sections(&mut nodes);
        self.unwind_references(&mut nodes)?;
        Ok(order.into_iter().filter_map(|name| nodes.remove(&name)).collect())
    }

    fn kind(&self, flags: elf::SectionFlags, section_type: elf::SectionType) -> SymbolKind {
        let has = |flag| flags & flag != elf::SectionFlags(0);
        match () {
            () if self.native() => SymbolKind::Native,
            () if has(elf::SHF_EXECINSTR) => SymbolKind::Function,
            () if section_type == elf::SHT_NOBITS => SymbolKind::Bss,
            () if has(elf::SHF_WRITE) => SymbolKind::Data,
            () => SymbolKind::ReadOnly,
        }
    }

    fn references(
        &self,
        section: &Section<'d, '_>,
        nodes: &mut HashMap<String, Node>,
    ) -> Result<(), object::Error> {
        for (offset, relocation) in section.relocations() {
            let from = self.owner(section.index(), offset)?;
            let Some(node) = nodes.get_mut(&from) else { continue };
            let to = match relocation.target() {
                RelocationTarget::Symbol(symbol) => {
                    let symbol = self.file.symbol_by_index(symbol)?;
                    match symbol.section() {
                        SymbolSection::Section(target) if !symbol.is_global() => {
                            // A PC-relative reference counts from after its own four bytes. One to a label is
                            // to what stands there, however long the instruction goes on.
                            let relative = relocation.kind() != object::RelocationKind::Absolute;
                            let addend = match symbol.kind() {
                                object::SymbolKind::Section if relative => relocation.addend() + 4,
                                object::SymbolKind::Section => relocation.addend(),
                                _ => 0,
                            };
                            self.owner(target, symbol.address().saturating_add_signed(addend))?
                        }
                        _ => symbol.name()?.to_owned(),
                    }
                }
                RelocationTarget::Section(target) => {
                    self.owner(target, relocation.addend().unsigned_abs())?
                }
                _ => continue,
            };
            if to != from {
                node.targets.insert(to);
            }
        }
        Ok(())
    }

    /// A linker keeps the personality routines that an object's unwind tables name, whichever of its
    /// functions live; those of the kernel's own bitcode have none.
    fn unwind_references(&self, nodes: &mut HashMap<String, Node>) -> Result<(), object::Error> {
        let Some(section) = self.file.section_by_name(".eh_frame").filter(|_| self.native()) else {
            return Ok(());
        };
        for (_, relocation) in section.relocations() {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
            let symbol = self.file.symbol_by_index(symbol)?;
            let name = symbol.name()?.to_owned();
            for node in nodes.values_mut() {
                if !name.is_empty() && symbol.is_global() && node.symbol.name != name {
                    node.targets.insert(name.clone());
                }
            }
        }
        Ok(())
    }

    /// All symbols of a native section live together.
    fn tie_native_sections(&self, nodes: &mut HashMap<String, Node>) {
        if !self.native() {
            return;
        }
        for symbols in self.owners.values() {
            let Some((_, first)) = symbols.first() else { continue };
            for (_, other) in &symbols[1..] {
                if let Some(node) = nodes.get_mut(other) {
                    node.targets.insert(first.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_merged_constant_lives_for_itself() {
        let source = r#"
            .section .text.f,"ax",@progbits
            .globl f
            f: pshufd $1, .Lsecond(%rip), %xmm0
            .section .text.g,"ax",@progbits
            .globl g
            g: movaps .Lfirst(%rip), %xmm0
            .section .rodata.cst16,"aM",@progbits,16
            .Lfirst: .octa 1
            .Lsecond: .octa 2
        "#;
        let folder = tempfile::tempdir().unwrap();
        let (assembly, object) = (folder.path().join("a.s"), folder.path().join("a.o"));
        std::fs::write(&assembly, source).unwrap();
        let status =
            std::process::Command::new("cc").arg("-c").arg(&assembly).arg("-o").arg(&object).status();
        assert!(status.unwrap().success());
        let bytes = std::fs::read(object).unwrap();
        let objects = [KernelObject { name: "kernel", bytes: &bytes, compiled: Some(0) }];
        let graph = read(&objects, &HashMap::new()).unwrap();
        let find = |name: &str| graph.symbols.iter().find(|symbol| symbol.name == name).unwrap();
        for (function, constant) in [("f", "+0x10"), ("g", "+0x0")] {
            let [target] = find(function).references[..] else { panic!("{function}") };
            let target = &graph.symbols[target as usize];
            assert!(target.name.starts_with("kernel(.rodata.cst16.") && target.name.ends_with(constant));
            assert_eq!(target.size, 16);
        }
    }
}
