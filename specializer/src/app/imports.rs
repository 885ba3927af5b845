//! What a closure needs from the kernel: each import settled as the dynamic linker would settle it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::closure::{AppClosure, ScopeEntry};
use super::evidence::{self, Evidence, EvidenceKind};
use super::symbols::{ImportedSymbol, SymbolKind};
use crate::exports::{Catalogue, Entry, EntryKind};

/// A symbol that the kernel has to provide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The C name.
    pub symbol: String,
    /// The version of the export that serves it.
    pub version: String,
    /// The library that the kernel stands for when it serves it.
    pub library: String,
    /// The kernel symbol that implements it.
    pub kernel_symbol: String,
    /// What it is, by the lists.
    pub kind: EntryKind,
    /// The objects that ask for it, by their index in the closure.
    pub by: Vec<usize>,
    /// Whether all of them can do without it.
    pub weak: bool,
    /// Whether one of them has its own copy of the variable.
    pub copy_relocated: bool,
    /// Whether only objects that are opened at run time (`--also`) ask for it.
    pub run_time_only: bool,
}

/// A symbol that nobody provides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingImport {
    /// The C name.
    pub symbol: String,
    /// The version asked for.
    pub version: Option<String>,
    /// The library that the version is expected of.
    pub library: Option<String>,
    /// The objects that ask for it, by their index in the closure.
    pub by: Vec<usize>,
    /// Whether only objects that are opened at run time ask for it: then `dlopen` fails, the
    /// application does not.
    pub run_time_only: bool,
    /// Whether the lists name it, so that it is known and just not provided.
    pub known: bool,
    /// A version of the same name that the kernel does provide.
    pub other_version: Option<String>,
}

/// A kernel export that the closure itself defines as well, and so takes precedence over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interposed {
    /// The C name.
    pub symbol: String,
    /// The kernel symbol whose place it takes.
    pub kernel_symbol: String,
    /// The object that defines it, by its index in the closure.
    pub object: usize,
    /// Whether it is a variable: then the kernel follows it as it follows a copy relocation.
    pub variable: bool,
}

/// All that a closure needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imports {
    /// What the kernel has to provide, sorted by name and version.
    pub required: Vec<Import>,
    /// What nobody provides, sorted by name and version.
    pub missing: Vec<MissingImport>,
    /// Weak imports that nobody provides, which Linux programs live without; sorted.
    pub absent: Vec<String>,
    /// Exports that the closure replaces, sorted by name.
    pub interposed: Vec<Interposed>,
    /// How many imports the closure's own objects serve.
    pub served_inside: usize,
    /// Reasons to keep more than the imports.
    pub evidence: Vec<Evidence>,
}

/// Who serves an import.
enum Served<'a> {
    Inside,
    Kernel(&'a str, &'a Entry),
    Nobody,
}

impl Imports {
    /// Settles every import of a closure against these lists.
    pub fn of(closure: &AppClosure, catalogue: &Catalogue) -> Self {
        let mut required: BTreeMap<(String, String), Import> = BTreeMap::new();
        let mut missing: BTreeMap<(String, Option<String>), MissingImport> = BTreeMap::new();
        let mut absent = BTreeSet::new();
        let mut served_inside = 0;
        for (index, object) in closure.objects.iter().enumerate() {
            for import in &object.imports {
                match serve(closure, catalogue, index, import) {
                    Served::Inside => served_inside += 1,
                    Served::Kernel(library, entry) => {
                        let found = required.entry((entry.name.clone(), entry.version.clone()));
                        found.or_insert_with(|| required_import(library, entry)).note(
                            index,
                            import,
                            object.opened_at_run_time,
                        );
                    }
                    Served::Nobody if import.weak => {
                        absent.insert(import.name.clone());
                    }
                    Served::Nobody => {
                        let found = missing.entry((import.name.clone(), import.version.clone()));
                        let found = found.or_insert_with(|| missing_import(catalogue, import));
                        found.by.push(index);
                        found.run_time_only &= object.opened_at_run_time;
                    }
                }
            }
        }
        let evidence = evidence::collect(closure, catalogue);
        Self {
            required: required.into_values().collect(),
            missing: missing.into_values().collect(),
            absent: absent.into_iter().collect(),
            interposed: interposed(closure, catalogue),
            served_inside,
            evidence,
        }
    }

    /// The numbers that calls of `export`, a function that takes a number first, are shown to have;
    /// `None` where the bytes leave others possible.
    pub fn numbers_of(&self, export: &str) -> Option<BTreeSet<u32>> {
        let mut numbers = BTreeSet::new();
        for evidence in self.evidence.iter().filter(|evidence| evidence.symbol == export) {
            match evidence.kind {
                EvidenceKind::Number { number } => drop(numbers.insert(number)),
                // Who looks the function up may call it with any number.
                _ => return None,
            }
        }
        (!numbers.is_empty()).then_some(numbers)
    }

    /// The numbers of several such functions together; `None` where the bytes of any leave others
    /// possible, or none is called.
    pub fn numbers_of_all(&self, exports: &[String]) -> Option<BTreeSet<u32>> {
        let mut numbers = BTreeSet::new();
        for export in exports.iter().filter(|export| self.evidence.iter().any(|e| e.symbol == **export)) {
            numbers.extend(self.numbers_of(export)?);
        }
        (!numbers.is_empty()).then_some(numbers)
    }

    /// The missing imports without which the application itself does not start.
    pub fn fatal(&self) -> impl Iterator<Item = &MissingImport> {
        self.missing.iter().filter(|missing| !missing.run_time_only)
    }
}

impl Import {
    fn note(&mut self, object: usize, import: &ImportedSymbol, at_run_time: bool) {
        if !self.by.contains(&object) {
            self.by.push(object);
        }
        self.weak &= import.weak;
        self.copy_relocated |= import.copy_relocated;
        self.run_time_only &= at_run_time;
    }
}

fn required_import(library: &str, entry: &Entry) -> Import {
    Import {
        symbol: entry.name.clone(),
        version: entry.version.clone(),
        library: library.to_owned(),
        kernel_symbol: entry.kernel_symbol(),
        kind: entry.kind,
        by: Vec::new(),
        weak: true,
        copy_relocated: false,
        run_time_only: true,
    }
}

fn missing_import(catalogue: &Catalogue, import: &ImportedSymbol) -> MissingImport {
    let provided = catalogue.named(&import.name).find(|(_, entry)| entry.provided);
    MissingImport {
        symbol: import.name.clone(),
        version: import.version.clone(),
        library: import.library.clone(),
        by: Vec::new(),
        run_time_only: true,
        known: catalogue.find(&import.name, import.version.as_deref()).is_some(),
        other_version: provided.map(|(_, entry)| entry.version.clone()),
    }
}

/// Walks the look-up scope. The kernel stands where the first of its libraries does; a name that it
/// does not provide is looked for further on.
fn serve<'a>(
    closure: &AppClosure,
    catalogue: &'a Catalogue,
    object: usize,
    import: &ImportedSymbol,
) -> Served<'a> {
    let version = import.version.as_deref();
    let defines = |index: usize| closure.objects.get(index).is_some_and(|o| o.defines(&import.name, version));
    if closure.objects.get(object).is_some_and(|o| o.symbolic) && defines(object) {
        return Served::Inside;
    }
    let kernel = || {
        let found = catalogue.find(&import.name, version).filter(|(_, entry)| entry.provided);
        found.map(|(library, entry)| Served::Kernel(library, entry))
    };
    for entry in closure.scope(object) {
        match entry {
            // What a copy relocation copies is defined by another.
            ScopeEntry::Object(index) if *index == object && import.copy_relocated => {}
            ScopeEntry::Object(index) if defines(*index) => return Served::Inside,
            ScopeEntry::Object(_) => {}
            ScopeEntry::Kernel(_) => {
                if let Some(served) = kernel() {
                    return served;
                }
            }
        }
    }
    // A library may use a symbol of libc without saying that it needs libc.
    kernel().unwrap_or(Served::Nobody)
}

/// The exports that an object defines before the kernel's turn comes. What is opened at run time
/// replaces nothing: the application's imports are settled by then.
fn interposed(closure: &AppClosure, catalogue: &Catalogue) -> Vec<Interposed> {
    let mut found: BTreeMap<String, Interposed> = BTreeMap::new();
    for entry in closure.scope(0) {
        let ScopeEntry::Object(index) = entry else { break };
        let Some(object) = closure.objects.get(*index) else { continue };
        for (name, definitions) in &object.defined {
            let Some(entry) = catalogue.provided(name) else { continue };
            let Some(definition) = definitions.iter().find(|d| d.satisfies(None)) else { continue };
            found.entry(name.clone()).or_insert_with(|| Interposed {
                symbol: name.clone(),
                kernel_symbol: entry.kernel_symbol(),
                object: *index,
                variable: definition.kind == SymbolKind::Object,
            });
        }
    }
    found.into_values().collect()
}
