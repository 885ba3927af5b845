//! Why a kernel holds anything at all: its entry, what the application needs, and the rows and
//! tunables that were chosen.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::{AppClosure, AppObject, Evidence, EvidenceKind, Formats, Imports, MissingImport, texts};
use crate::exports::EntryKind;
use crate::generated::gnu_hash;
use crate::package::{KernelPackage, PackageError, Row, SymbolId, TableRule, TunableType, WhenRule};
use crate::profile::{Profile, RowSet};
use crate::{ExportSet, Options, Unresolved};

/// Why a symbol is a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootReason {
    /// A boot protocol enters there, or `kernel.toml` keeps it in every kernel.
    Entry,
    /// The application or a library imports it.
    AppImport {
        /// The name as imported.
        symbol: String,
        /// The objects of the closure that import it.
        by: Vec<usize>,
    },
    /// A chosen row of a live table.
    TableRow {
        /// The table's kind.
        table: String,
        /// The profile that lists it.
        profile: String,
    },
    /// The application's own bytes show that it is used.
    Evidence {
        /// What was found.
        kind: EvidenceKind,
        /// The name as found.
        symbol: String,
        /// The object that shows it.
        object: usize,
    },
    /// A flag asks for it.
    Preserved {
        /// The flag.
        flag: String,
    },
    /// Code generation may call it.
    RuntimeHelper,
}

/// One root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The symbol.
    pub symbol: SymbolId,
    /// Why it is one.
    pub reason: RootReason,
}

/// One row of the export table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Export {
    /// The C name.
    pub name: String,
    /// The version.
    pub version: String,
    /// Whether an unversioned reference binds to it.
    pub default: bool,
    /// The size of an object, 0 for a function.
    pub size: u32,
    /// Whether it is an object.
    pub object: bool,
    /// The kernel's symbol; `None` for one that is missing and traps.
    pub symbol: Option<SymbolId>,
}

/// More rows of a table, when something lives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Widening {
    /// The symbols any of which asks for the rows.
    pub any_of: Vec<SymbolId>,
    /// Whether each row is among them.
    pub rows: Vec<bool>,
}

/// The choice of rows of one table, in the order of [`crate::package::Index::tables`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableChoice {
    /// Whether each row is there when the table lives.
    pub rows: Vec<bool>,
    /// When there are more.
    pub widenings: Vec<Widening>,
}

/// All that is asked of one kernel.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// The roots, each symbol once, with the first reason.
    pub symbols: Vec<Root>,
    /// The export table, sorted by name and version.
    pub exports: Vec<Export>,
    /// The rows, by table.
    pub tables: Vec<TableChoice>,
    /// The tunables' values, in the order of [`crate::package::Index::tunables`].
    pub tunables: Vec<Vec<u8>>,
    /// The sonames that the kernel stands for.
    pub sonames: Vec<String>,
    /// The GNU hashes of the names that the package exports.
    pub provided: Vec<u32>,
    /// Imports that trap.
    pub missing: Vec<MissingImport>,
    /// What the application's bytes say of rows.
    pub evidence: Vec<Evidence>,
    /// Rows that its bytes seem to have no use for.
    pub left_out: Vec<LeftOut>,
}

/// A row that is left out since the application's bytes do not ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The row, as `table:row`.
    pub row: String,
    /// What was looked for.
    pub sought: String,
    /// It would be there if one of these lives.
    pub any_of: Vec<SymbolId>,
}

/// Why what was asked for does not fit the package.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The closure imports what the kernel does not have.
    #[error("{}", missing_text(.missing))]
    Missing {
        /// Each missing symbol, with the files that import it.
        missing: Vec<(String, Vec<String>)>,
    },
    /// The package lacks a symbol that its own `kernel.toml` names.
    #[error("kernel package: kernel.toml names '{0}', which the kernel does not define")]
    PackageLacks(String),
    /// No table has such a row.
    #[error("no table of this kernel has a row '{row}'{}", suggestion(.similar))]
    UnknownRow {
        /// The row.
        row: String,
        /// A row with a similar name.
        similar: Option<String>,
    },
    /// The profile names a table that this kernel does not have.
    #[error("profile '{profile}' names the table '{kind}', which this kernel does not have{}", suggestion(.similar))]
    UnknownTable {
        /// The profile.
        profile: String,
        /// The table.
        kind: String,
        /// A table with a similar name.
        similar: Option<String>,
    },
    /// No such root.
    #[error("this kernel has no root '{root}'; it has {}", .known.join(", "))]
    UnknownRoot {
        /// What was asked for.
        root: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No such tunable.
    #[error("this kernel has no tunable '{name}'{}", suggestion(.similar))]
    UnknownTunable {
        /// What was asked for.
        name: String,
        /// A tunable with a similar name.
        similar: Option<String>,
    },
    /// The value does not fit the tunable.
    #[error("tunable '{name}' takes {expected}, not '{value}'")]
    TunableValue {
        /// The tunable.
        name: String,
        /// The value given.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// `--export` names what the kernel cannot export.
    #[error("the kernel does not provide '{name}', which --export names{}", suggestion(.similar))]
    UnknownExport {
        /// The name.
        name: String,
        /// A symbol with a similar name.
        similar: Option<String>,
    },
    /// A symbols file of the package is damaged.
    #[error(transparent)]
    Package(#[from] PackageError),
}

fn missing_text(missing: &[(String, Vec<String>)]) -> String {
    let lines = missing.iter().map(|(symbol, files)| {
        format!("{} needs '{symbol}'; the kernel does not provide it", files.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn suggestion(similar: &Option<String>) -> String {
    similar.as_ref().map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}

/// The most similar of these names, if it is similar at all.
fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|k| (strsim::jaro_winkler(name, k), k)).filter(|(score, _)| *score > 0.8);
    scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1))).map(|(_, k)| k.to_owned())
}

impl Roots {
    /// The roots of one specialization.
    ///
    /// # Errors
    /// An import is missing, or a row, root, tunable or export is asked for that does not exist.
    pub fn collect(
        package: &KernelPackage,
        closure: &AppClosure,
        imports: &Imports,
        profile: &Profile,
        options: &Options,
    ) -> Result<Self, RootsError> {
        Self::collect_for(package, &closure.objects, imports, Some(profile), options)
    }

    fn collect_for(
        package: &KernelPackage,
        objects: &[AppObject],
        imports: &Imports,
        profile: Option<&Profile>,
        options: &Options,
    ) -> Result<Self, RootsError> {
        let mut collector = Collector::new(package);
        collector.entry()?;
        collector.imports(objects, imports, options)?;
        collector.asked_for(objects, options)?;
        collector.tables(objects, profile, imports, options)?;
        collector.tunables(options)?;
        Ok(collector.finish())
    }

    /// Everything that the package can export, with every row and the tunables' defaults.
    ///
    /// # Errors
    /// The package is damaged.
    pub fn everything(package: &KernelPackage) -> Result<Self, RootsError> {
        let options = Options { exports: ExportSet::All, ..Options::default() };
        let mut roots = Self::collect_for(package, &[], &Imports::default(), None, &options)?;
        roots.every_row();
        Ok(roots)
    }

    /// Chooses every row of every table, as a conventional build has them.
    pub fn every_row(&mut self) {
        for row in self.tables.iter_mut().flat_map(|table| &mut table.rows) {
            *row = true;
        }
    }

    /// Roots that are just these symbols.
    pub fn of_symbols(symbols: &[SymbolId]) -> Self {
        let roots = symbols.iter().map(|symbol| Root { symbol: *symbol, reason: RootReason::Entry });
        Self { symbols: roots.collect(), ..Self::default() }
    }
}

struct Collector<'a> {
    package: &'a KernelPackage,
    seen: BTreeSet<SymbolId>,
    exports: BTreeMap<(String, String), Export>,
    roots: Roots,
}

impl<'a> Collector<'a> {
    fn new(package: &'a KernelPackage) -> Self {
        let catalogue = &package.catalogue;
        let provided = catalogue.entries().filter(|(_, entry)| entry.provided);
        let roots = Roots {
            sonames: catalogue.sonames().into_iter().collect(),
            provided: provided.map(|(_, entry)| gnu_hash(&entry.name)).collect(),
            ..Roots::default()
        };
        Self { package, seen: BTreeSet::new(), exports: BTreeMap::new(), roots }
    }

    fn root(&mut self, symbol: SymbolId, reason: RootReason) {
        if self.seen.insert(symbol) {
            self.roots.symbols.push(Root { symbol, reason });
        }
    }

    fn named(&self, name: &str) -> Result<SymbolId, RootsError> {
        self.package.index.find(name).ok_or_else(|| RootsError::PackageLacks(name.to_owned()))
    }

    fn entry(&mut self) -> Result<(), RootsError> {
        let config = &self.package.kernel_toml;
        for name in std::iter::once(&config.entry).chain(&config.keep) {
            self.root(self.named(name)?, RootReason::Entry);
        }
        for symbol in &self.package.index.kept_by_linker {
            self.root(*symbol, RootReason::Entry);
        }
        Ok(())
    }

    fn imports(
        &mut self,
        objects: &[AppObject],
        imports: &Imports,
        options: &Options,
    ) -> Result<(), RootsError> {
        let mut missing: Vec<MissingImport> = imports.missing.clone();
        for import in &imports.required {
            match self.package.index.find_defined(&import.kernel_symbol) {
                Some(symbol) => {
                    let reason =
                        RootReason::AppImport { symbol: import.symbol.clone(), by: import.by.clone() };
                    self.root(symbol, reason);
                    self.export(&import.symbol, Some(&import.version), symbol);
                }
                None if import.weak => {}
                None => missing.push(MissingImport {
                    symbol: import.symbol.clone(),
                    version: Some(import.version.clone()),
                    library: Some(import.library.clone()),
                    by: import.by.clone(),
                    run_time_only: import.run_time_only,
                    known: true,
                    other_version: None,
                }),
            }
        }
        for evidence in &imports.evidence {
            if let Some(symbol) = self.package.index.find_defined(&evidence.kernel_symbol) {
                let reason = RootReason::Evidence {
                    kind: evidence.kind.clone(),
                    symbol: evidence.symbol.clone(),
                    object: evidence.object,
                };
                self.root(symbol, reason);
                self.export(&evidence.symbol, Some(&evidence.version), symbol);
            }
        }
        for interposed in imports.interposed.iter().filter(|interposed| interposed.variable) {
            // No root: the row is there if the variable lives for another reason.
            if let Some(symbol) = self.package.index.find_defined(&interposed.kernel_symbol) {
                self.export(&interposed.symbol, None, symbol);
            }
        }
        // What only objects opened at run time lack makes their `dlopen` fail, and no more.
        missing.retain(|import| !import.run_time_only);
        if options.unresolved == Unresolved::Error && !missing.is_empty() {
            let file = |at: &usize| objects.get(*at).map_or_else(String::new, crate::app::AppObject::name);
            let named = missing.iter().map(|m| (versioned(m), m.by.iter().map(file).collect()));
            return Err(RootsError::Missing { missing: named.collect() });
        }
        for import in &missing {
            let version = import.version.clone().unwrap_or_default();
            let export = Export {
                name: import.symbol.clone(),
                version: version.clone(),
                default: true,
                size: 0,
                object: false,
                symbol: None,
            };
            self.exports.insert((import.symbol.clone(), version), export);
        }
        self.roots.missing = missing;
        Ok(())
    }

    /// Adds the export row of a name; without a version, the default one's.
    fn export(&mut self, name: &str, version: Option<&str>, symbol: SymbolId) {
        let entry = self.package.catalogue.find(name, version).map(|(_, entry)| entry);
        let (version, default, kind) = match entry {
            Some(entry) => (entry.version.clone(), entry.default, entry.kind),
            None => (version.unwrap_or_default().to_owned(), true, EntryKind::Function),
        };
        let (object, size) = match kind {
            EntryKind::Function => (false, 0),
            EntryKind::Object { size } | EntryKind::Tls { size } => (true, size as u32),
        };
        let export = Export {
            name: name.to_owned(),
            version: version.clone(),
            default,
            size,
            object,
            symbol: Some(symbol),
        };
        self.exports.insert((name.to_owned(), version), export);
    }

    fn asked_for(&mut self, objects: &[AppObject], options: &Options) -> Result<(), RootsError> {
        let needed: BTreeSet<&str> =
            objects.iter().flat_map(|object| object.needed.iter().map(String::as_str)).collect();
        for library in self.package.catalogue.libraries() {
            let flag = match options.exports {
                ExportSet::App => continue,
                ExportSet::Libc if !needed.contains(library.soname.as_str()) => continue,
                ExportSet::Libc => "--exports libc",
                ExportSet::All => "--exports all",
            };
            for entry in &library.entries {
                if let Some(symbol) = self.package.index.find_defined(&entry.kernel_symbol()) {
                    self.root(symbol, RootReason::Preserved { flag: flag.to_owned() });
                    self.export(&entry.name, Some(&entry.version), symbol);
                }
            }
        }
        for wanted in &options.export {
            let (name, version) = match wanted.split_once('@') {
                Some((name, version)) => (name, Some(version.trim_start_matches('@'))),
                None => (wanted.as_str(), None),
            };
            let entry = self.package.catalogue.find(name, version).map(|(_, entry)| entry);
            let implementation = entry.map_or_else(|| name.to_owned(), |entry| entry.kernel_symbol());
            let Some(symbol) = self.package.index.find_defined(&implementation) else {
                let similar =
                    similar(name, self.package.catalogue.entries().map(|(_, entry)| entry.name.as_str()));
                return Err(RootsError::UnknownExport { name: wanted.clone(), similar });
            };
            self.root(symbol, RootReason::Preserved { flag: format!("--export {wanted}") });
            self.export(name, version, symbol);
        }
        Ok(())
    }

    fn tables(
        &mut self,
        objects: &[AppObject],
        profile: Option<&Profile>,
        imports: &Imports,
        options: &Options,
    ) -> Result<(), RootsError> {
        let index = &self.package.index;
        let config = &self.package.kernel_toml;
        let kinds = || index.tables.iter().map(|table| table.kind.as_str());
        for (kind, rows) in profile.into_iter().flat_map(|profile| &profile.rows) {
            let Some(table) = index.table(kind) else {
                let similar = similar(kind, kinds());
                return Err(RootsError::UnknownTable {
                    profile: profile.map_or_else(String::new, |p| p.name.clone()),
                    kind: kind.clone(),
                    similar,
                });
            };
            if let RowSet::Listed(rows) = rows {
                for row in rows {
                    self.known_row(row, Some(&table.kind))?;
                }
            }
        }
        for row in options.drop_rows.iter().chain(&options.keep_rows) {
            let (kind, name) = split_row(row);
            self.known_row(name, kind)?;
        }
        let root = match options.root.as_ref().or_else(|| profile.and_then(|p| p.root.as_ref())) {
            Some(name) => Some(config.roots.get(name).ok_or_else(|| RootsError::UnknownRoot {
                root: name.clone(),
                known: config.roots.keys().cloned().collect(),
            })?),
            None => None,
        };
        // Objects that are not known yet may ask for anything.
        let known = options.exports == ExportSet::App && !objects.is_empty();
        let formats = std::cell::OnceCell::new();
        let formats = || formats.get_or_init(|| Formats::of(objects));
        let mut evidence = Vec::new();
        for table in &index.tables {
            let rule = config.tables.iter().find(|rule| rule.kind == table.kind);
            let by_root = rule.is_some_and(|rule| rule.by_root);
            let asked = |rows: &[String], name: &str| {
                rows.iter()
                    .map(|row| split_row(row))
                    .any(|(kind, row)| row == name && kind.is_none_or(|kind| kind == table.kind))
            };
            let numbers = rule
                .map(|rule| &rule.by_number_of)
                .filter(|exports| {
                    options.exports == ExportSet::App
                        && !exports.iter().any(|export| options.export.contains(export))
                })
                .and_then(|exports| imports.numbers_of_all(exports));
            let numbered = |name: &str| {
                let number = name.rsplit('-').next().and_then(|digits| digits.parse().ok());
                numbers.as_ref().is_none_or(|numbers| number.is_none_or(|number| numbers.contains(&number)))
            };
            let in_profile = |row: &str| {
                let rows = profile.and_then(|profile| profile.rows.get(&table.kind));
                rows.is_none_or(|rows| rows.contains(row))
            };
            let by_choice_of_root = |row: &str| match root {
                Some(root) if by_root => {
                    (in_profile(row) && root.profile.contains(&table.kind))
                        || root.rows.get(&table.kind).is_some_and(|rows| rows.iter().any(|name| name == row))
                }
                _ => in_profile(row),
            };
            let unused = match rule.filter(|rule| known && !rule.formats.is_empty()) {
                Some(rule) => unused_by_formats(rule, formats(), &mut evidence),
                None => BTreeSet::new(),
            };
            self.roots.left_out.extend(unused.iter().map(|row| LeftOut {
                row: format!("{}:{row}", table.kind),
                sought: "a format that asks for it".to_owned(),
                any_of: vec![table.symbol],
            }));
            let choose = |wanted: &dyn Fn(&str) -> bool| -> Vec<bool> {
                let choose = |row: &Option<Row>| {
                    let Some(Row { name, .. }) = row else { return false };
                    !asked(&options.drop_rows, name)
                        && (asked(&options.keep_rows, name) || wanted(name) && numbered(name))
                };
                table.rows.iter().map(choose).collect()
            };
            let mut widenings = Vec::new();
            for when in rule.into_iter().flat_map(|rule| &rule.when) {
                let any_of: Vec<_> = when.live.iter().filter_map(|name| index.find_defined(name)).collect();
                let found = !known || text_of(&table.kind, when, objects, &mut evidence);
                if let (false, Some(text)) = (found, &when.text) {
                    self.roots.left_out.extend(when.rows.iter().flatten().map(|row| LeftOut {
                        row: format!("{}:{row}", table.kind),
                        sought: format!("the text {text}"),
                        any_of: any_of.clone(),
                    }));
                }
                widenings.push(Widening {
                    any_of,
                    rows: match &when.rows {
                        Some(rows) if found => choose(&|row| rows.iter().any(|name| name == row)),
                        Some(_) => choose(&|row| when.otherwise.iter().any(|name| name == row)),
                        None if found => choose(&in_profile),
                        None => choose(&|_| false),
                    },
                });
            }
            let rows = choose(&|row| by_choice_of_root(row) && !unused.contains(row));
            self.roots.tables.push(TableChoice { rows, widenings });
        }
        self.roots.evidence = evidence;
        Ok(())
    }

    fn known_row(&self, name: &str, kind: Option<&str>) -> Result<(), RootsError> {
        let tables = self.package.index.tables.iter();
        let rows = tables
            .filter(|table| kind.is_none_or(|kind| kind == table.kind))
            .flat_map(|t| t.rows.iter().flatten());
        let names: Vec<&str> = rows.map(|row| row.name.as_str()).collect();
        if names.contains(&name) {
            return Ok(());
        }
        Err(RootsError::UnknownRow { row: name.to_owned(), similar: similar(name, names.into_iter()) })
    }

    fn tunables(&mut self, options: &Options) -> Result<(), RootsError> {
        let index = &self.package.index;
        let mut values: Vec<Vec<u8>> = index.tunables.iter().map(|tunable| tunable.default.clone()).collect();
        for (name, value) in &options.tunables {
            let Some(at) = index.tunables.iter().position(|tunable| tunable.name == *name) else {
                let similar = similar(name, index.tunables.iter().map(|tunable| tunable.name.as_str()));
                return Err(RootsError::UnknownTunable { name: name.clone(), similar });
            };
            let rules = &self.package.kernel_toml.tunables;
            let kind =
                rules.iter().find(|rule| rule.name == *name).map_or(TunableType::U64, |rule| rule.kind);
            let bytes = tunable_bytes(kind, value).ok_or_else(|| RootsError::TunableValue {
                name: name.clone(),
                value: value.clone(),
                expected: match kind {
                    TunableType::Bool => "true or false".into(),
                    _ => format!("a number below 2^{}", kind.size() * 8),
                },
            })?;
            values[at][..bytes.len()].copy_from_slice(&bytes);
        }
        self.roots.tunables = values;
        Ok(())
    }

    fn finish(mut self) -> Roots {
        self.roots.exports = self.exports.into_values().collect();
        self.roots
    }
}

/// The rows of a table that no format can ask for; what asks for the others is noted.
fn unused_by_formats(rule: &TableRule, formats: &Formats, evidence: &mut Vec<Evidence>) -> BTreeSet<String> {
    let mut dropped = BTreeSet::new();
    for format in &rule.formats {
        let served = formats.directives.iter().find(|(directive, _)| format.serves(directive));
        let found = match (served, formats.made) {
            (Some((_, (text, object, address))), _) => {
                (EvidenceKind::Format { directive: text.clone() }, *object, *address)
            }
            (None, Some((object, address))) => (EvidenceKind::AnyFormat, object, address),
            (None, None) => {
                dropped.extend(format.rows.iter().cloned());
                continue;
            }
        };
        evidence.extend(format.rows.iter().map(|row| row_evidence(&rule.kind, row, &found)));
    }
    dropped
}

/// Whether the application has the text that rows depend on, if they do.
fn text_of(kind: &str, when: &WhenRule, objects: &[AppObject], evidence: &mut Vec<Evidence>) -> bool {
    let Some(text) = &when.text else { return true };
    let Some((object, address)) = texts::find(objects, text.as_bytes()) else { return false };
    let found = (EvidenceKind::Text { text: text.clone() }, object, address);
    evidence.extend(when.rows.iter().flatten().map(|row| row_evidence(kind, row, &found)));
    true
}

fn row_evidence(table: &str, row: &str, (kind, object, address): &(EvidenceKind, usize, u64)) -> Evidence {
    Evidence {
        kind: kind.clone(),
        symbol: format!("{table}:{row}"),
        version: String::new(),
        kernel_symbol: String::new(),
        object: *object,
        address: *address,
    }
}

fn versioned(import: &MissingImport) -> String {
    match &import.version {
        Some(version) => format!("{}@{version}", import.symbol),
        None => import.symbol.clone(),
    }
}

/// `table:row` or `row`.
fn split_row(row: &str) -> (Option<&str>, &str) {
    match row.split_once(':') {
        Some((table, row)) => (Some(table), row),
        None => (None, row),
    }
}

/// The bytes of a tunable's value, or `None` if it does not fit.
fn tunable_bytes(kind: TunableType, value: &str) -> Option<Vec<u8>> {
    let number = match (kind, value) {
        (TunableType::Bool, "true") => 1,
        (TunableType::Bool, "false") => 0,
        (TunableType::Bool, _) => return None,
        (_, value) => match value.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok()?,
            None => value.parse().ok()?,
        },
    };
    let size = kind.size();
    (size == 8 || number >> (size * 8) == 0).then(|| number.to_le_bytes()[..size].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunable_takes_what_fits_its_type() {
        assert_eq!(tunable_bytes(TunableType::U16, "0x1234"), Some(vec![0x34, 0x12]));
        assert_eq!(tunable_bytes(TunableType::U8, "256"), None);
        assert_eq!(tunable_bytes(TunableType::Bool, "true"), Some(vec![1]));
        assert_eq!(tunable_bytes(TunableType::Bool, "1"), None);
        assert_eq!(tunable_bytes(TunableType::U64, "18446744073709551615"), Some(vec![255; 8]));
    }

    #[test]
    fn a_mistyped_name_gets_a_suggestion_only_if_one_is_close() {
        assert_eq!(similar("virtio-blok", ["virtio-blk", "nvme"].into_iter()), Some("virtio-blk".into()));
        assert_eq!(similar("zfs", ["virtio-blk", "nvme"].into_iter()), None);
    }
}
