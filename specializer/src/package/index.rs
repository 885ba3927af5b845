//! The index: every symbol of the kernel with its size, source and references, so that deciding
//! what lives never loads LLVM.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A symbol, as its position in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SymbolId(pub u32);

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SymbolKind {
    /// A function.
    Function,
    /// Data that nothing writes and no relocation fills.
    ReadOnly,
    /// Data that is written.
    Data,
    /// Data that starts as zero.
    Bss,
    /// A section of assembly or of a prebuilt object; holds what its name says and maybe more.
    Native,
    /// A table of the kernel: made anew for each specialization.
    Table,
    /// A tunable: made anew for each specialization.
    Tunable,
    /// Not the kernel's: made by the specializer or by the linker script.
    External,
}

impl SymbolKind {
    /// Whether it is data that the kernel writes.
    pub fn is_written(self) -> bool {
        matches!(self, Self::Data | Self::Bss)
    }
}

/// Where the package's compiled objects have a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The object: `objects/kernel.N.o`.
    pub object: u16,
    /// Its section there.
    pub section: u32,
}

/// One symbol.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Symbol {
    /// End of its name in the name pool (it starts where the one before ends).
    name_end: u32,
    /// End of its references in the edge list.
    references_end: u32,
    /// Bytes.
    pub size: u32,
    /// log2 of its alignment.
    pub alignment: u8,
    /// What it is.
    pub kind: SymbolKind,
    /// Index of its source in [`Index::sources`].
    pub source: u16,
    /// Whether it keeps unwind tables.
    pub may_unwind: bool,
    /// Where it is compiled; nowhere for what is native, made anew or external.
    pub place: Option<Place>,
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The name profiles use: the row's static in lower case with dashes.
    pub name: String,
    /// The row's static.
    pub symbol: SymbolId,
}

/// One table: `None` is a row that the sources themselves leave empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// The name profiles use.
    pub kind: String,
    /// The table's static.
    pub symbol: SymbolId,
    /// Its rows, in the order they are tried.
    pub rows: Vec<Option<Row>>,
}

/// One tunable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tunable {
    /// The name `--set` uses.
    pub name: String,
    /// The static.
    pub symbol: SymbolId,
    /// Its value in the sources.
    pub default: Vec<u8>,
}

/// One object of assembly, or a prebuilt one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Native {
    /// Its file in the package.
    pub file: String,
    /// What it defines.
    pub symbols: Vec<SymbolId>,
}

/// One place that panics, which the kernel knows by a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PanicSite {
    /// The source file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Its column.
    pub column: u32,
    /// The panic's message, or the function that would have made it.
    pub message: String,
}

/// Everything that is known of a kernel without its code.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Index {
    names: String,
    symbols: Vec<Symbol>,
    references: Vec<SymbolId>,
    /// Where symbols come from: paths relative to `kernel.toml`, or crate names.
    pub sources: Vec<String>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The tunables.
    pub tunables: Vec<Tunable>,
    /// Assembly and prebuilt objects.
    pub natives: Vec<Native>,
    /// What a linker keeps of its own accord: notes and arrays of constructors.
    pub kept_by_linker: Vec<SymbolId>,
    /// What code generation refers to although the IR does not name it.
    pub late: Vec<SymbolId>,
    /// All symbols in the order of their names, for look-ups.
    by_name: Vec<SymbolId>,
}

/// A symbol on its way into an index.
#[derive(Debug, Clone)]
pub struct NewSymbol {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Bytes.
    pub size: u32,
    /// log2 of its alignment.
    pub alignment: u8,
    /// Index of its source.
    pub source: u16,
    /// Whether it keeps unwind tables.
    pub may_unwind: bool,
    /// Where it is compiled.
    pub place: Option<Place>,
    /// Positions of the symbols it refers to.
    pub references: Vec<u32>,
}

impl Index {
    /// An index of these symbols; a symbol's position is its id.
    pub fn new(symbols: Vec<NewSymbol>, sources: Vec<String>) -> Self {
        let mut index = Self { sources, ..Self::default() };
        for symbol in symbols {
            index.names.push_str(&symbol.name);
            index.references.extend(symbol.references.into_iter().map(SymbolId));
            index.symbols.push(Symbol {
                name_end: index.names.len() as u32,
                references_end: index.references.len() as u32,
                size: symbol.size,
                alignment: symbol.alignment,
                kind: symbol.kind,
                source: symbol.source,
                may_unwind: symbol.may_unwind,
                place: symbol.place,
            });
        }
        let mut order: Vec<SymbolId> = index.ids().collect();
        order.sort_by(|a, b| index.name(*a).cmp(index.name(*b)));
        index.by_name = order;
        index
    }

    /// Reads what [`Index::to_bytes`] wrote.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let index: Self = postcard::from_bytes(bytes).map_err(|e| e.to_string())?;
        index.check()?;
        Ok(index)
    }

    /// The index as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("an index holds nothing that cannot be written")
    }

    /// Whether every position is inside what it points into, so that look-ups cannot fail.
    fn check(&self) -> Result<(), String> {
        let count = self.symbols.len();
        let (mut name, mut reference) = (0, 0);
        for (at, symbol) in self.symbols.iter().enumerate() {
            let name_end = symbol.name_end as usize;
            let references_end = symbol.references_end as usize;
            if name_end < name || !self.names.is_char_boundary(name_end) {
                return Err(format!("symbol {at} has no name"));
            }
            if references_end < reference || references_end > self.references.len() {
                return Err(format!("symbol {at} has references outside the list"));
            }
            if usize::from(symbol.source) >= self.sources.len() {
                return Err(format!("symbol {at} has no source"));
            }
            (name, reference) = (name_end, references_end);
        }
        let tables = self
            .tables
            .iter()
            .flat_map(|t| std::iter::once(t.symbol).chain(t.rows.iter().flatten().map(|row| row.symbol)));
        let tunables = self.tunables.iter().map(|t| t.symbol);
        let all =
            self.references.iter().copied().chain(tables).chain(tunables).chain(self.by_name.iter().copied());
        match all.into_iter().find(|id| id.0 as usize >= count) {
            Some(id) => Err(format!("reference to symbol {}, of {count}", id.0)),
            None if self.by_name.len() != count => Err("the order of names is not whole".into()),
            None => Ok(()),
        }
    }

    /// Every symbol's id.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = SymbolId> + use<> {
        (0..self.symbols.len() as u32).map(SymbolId)
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// One symbol.
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.0 as usize]
    }

    /// Its name, as the linker sees it.
    pub fn name(&self, id: SymbolId) -> &str {
        let at = id.0 as usize;
        let start = if at == 0 { 0 } else { self.symbols[at - 1].name_end };
        &self.names[start as usize..self.symbols[at].name_end as usize]
    }

    /// Its name, as its author wrote it.
    pub fn demangled(&self, id: SymbolId) -> String {
        format!("{:#}", rustc_demangle::demangle(self.name(id)))
    }

    /// Where it comes from: a path relative to `kernel.toml`, or a crate's name.
    pub fn source(&self, id: SymbolId) -> &str {
        &self.sources[usize::from(self.symbol(id).source)]
    }

    /// What it refers to.
    pub fn references(&self, id: SymbolId) -> &[SymbolId] {
        let at = id.0 as usize;
        let start = if at == 0 { 0 } else { self.symbols[at - 1].references_end };
        &self.references[start as usize..self.symbols[at].references_end as usize]
    }

    /// The symbol of this name.
    pub fn find(&self, name: &str) -> Option<SymbolId> {
        let at = self.by_name.binary_search_by(|id| self.name(*id).cmp(name)).ok()?;
        Some(self.by_name[at])
    }

    /// The symbol of this name, if the kernel defines it.
    pub fn find_defined(&self, name: &str) -> Option<SymbolId> {
        self.find(name).filter(|id| self.symbol(*id).kind != SymbolKind::External)
    }

    /// The table of this kind.
    pub fn table(&self, kind: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.kind == kind)
    }

    /// Changes what a symbol is.
    pub fn set_kind(&mut self, id: SymbolId, kind: SymbolKind) {
        self.symbols[id.0 as usize].kind = kind;
    }

    /// Bytes by kind of symbol.
    pub fn sizes(&self) -> BTreeMap<SymbolKind, u64> {
        let mut sizes = BTreeMap::new();
        for symbol in &self.symbols {
            *sizes.entry(symbol.kind).or_default() += u64::from(symbol.size);
        }
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str, references: &[u32]) -> NewSymbol {
        NewSymbol {
            name: name.into(),
            kind: SymbolKind::Function,
            size: 1,
            alignment: 0,
            source: 0,
            may_unwind: false,
            place: None,
            references: references.to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let index = Index::new(vec![symbol("b", &[1]), symbol("a", &[0, 1])], vec!["k".into()]);
        let read = Index::parse(&index.to_bytes()).unwrap();
        assert_eq!(read.find("a"), Some(SymbolId(1)));
        assert_eq!(read.references(SymbolId(1)), [SymbolId(0), SymbolId(1)]);
        assert_eq!(read.name(SymbolId(0)), "b");
    }

    #[test]
    fn a_reference_to_nowhere_is_refused() {
        let index = Index::new(vec![symbol("a", &[7])], vec!["k".into()]);
        assert_eq!(Index::parse(&index.to_bytes()).unwrap_err(), "reference to symbol 7, of 1");
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = Index::new(vec![symbol("a", &[0]), symbol("b", &[0])], vec!["k".into()]).to_bytes();
        for length in 0..bytes.len() {
            assert!(Index::parse(&bytes[..length]).is_err(), "{length}");
        }
    }
}
