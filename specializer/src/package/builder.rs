//! Building a package: compile the kernel, make it one module, index it, put it in place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::index::{Native, NewSymbol, Row, SymbolKind, Table, Tunable};
use super::manifest::{FORMAT, content_hash};
use super::{Config, Index, KernelPackage, Manifest, PackageError, SymbolId, cargo, fingerprint, lists};
use crate::graph::{self, Graph, KernelObject};
use crate::llvm::{self, Compiled};

/// Told what the builder is doing, for a progress bar.
pub trait Progress: Sync {
    /// Step `at` of `of` begins.
    fn step(&self, at: usize, of: usize, what: &str);
}

/// Says nothing.
impl Progress for () {
    fn step(&self, _at: usize, _of: usize, _what: &str) {}
}

const STEPS: usize = 5;

impl KernelPackage {
    /// Where the package of the kernel in `kernel` (the folder of `kernel.toml`) is kept.
    pub fn default_location(kernel: &Path) -> PathBuf {
        kernel.parent().unwrap_or(kernel).join("target/kernel-package")
    }

    /// Opens the package in `directory`, after making it of the sources in `kernel` if it is
    /// missing or stale: if the sources, the toolchain or the code of this builder have changed.
    ///
    /// # Errors
    /// The package cannot be built or opened.
    pub fn ensure(kernel: &Path, directory: &Path, progress: &dyn Progress) -> Result<Self, PackageError> {
        let config = read_config(kernel)?;
        if let Ok(manifest) = Manifest::read(directory) {
            let (opened, current) = std::thread::scope(|scope| {
                let opened = scope.spawn(|| Self::open(directory));
                let current = fingerprint::is_current(kernel, &config, directory, &manifest);
                (opened.join(), current)
            });
            if current? {
                return opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        }
        Self::build(kernel, directory, progress)
    }

    /// Makes the package of the sources in `kernel` and puts it, whole or not at all, at `directory`.
    ///
    /// # Errors
    /// The sources do not compile, or break a rule of `kernel.toml`.
    pub fn build(kernel: &Path, directory: &Path, progress: &dyn Progress) -> Result<Self, PackageError> {
        let kernel = &kernel.canonicalize().map_err(PackageError::io(kernel))?;
        let config = read_config(kernel)?;
        let work = work_folder(directory)?;
        let made_of = fingerprint::current(kernel, &config)?;
        progress.step(1, STEPS, "compiling the kernel");
        let sources = cargo::sources(kernel, &work, &config)?;
        progress.step(2, STEPS, "optimising the kernel as a whole");
        let compiled = llvm::compile(&sources.modules, &config, &kernel.to_string_lossy())?;
        progress.step(3, STEPS, "indexing");
        let natives = natives(&compiled, &sources.natives, &config)?;
        let index = index(&compiled, &natives, &config)?;
        progress.step(4, STEPS, "compiling the kernel as linkers build it, to compare with");
        let conventional = cargo::conventional(kernel, &work, &config, &sources)?;
        progress.step(5, STEPS, "writing the package");
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        files.insert("kernel.bc".into(), compiled.bitcode);
        for (at, object) in compiled.objects.into_iter().enumerate() {
            files.insert(format!("objects/kernel.{at}.o"), object);
        }
        files.insert("index".into(), index.to_bytes());
        let panics = serde_json::to_vec_pretty(&compiled.panics).unwrap_or_default();
        files.insert("panics.json".into(), panics);
        files.extend(natives.into_iter().map(|(name, bytes)| (format!("natives/{name}"), bytes)));
        files.extend(conventional);
        let read = |path: &Path| std::fs::read(path).map_err(PackageError::io(path));
        files.insert("kernel.toml".into(), read(&kernel.join("kernel.toml"))?);
        files.insert("kernel.ld".into(), read(&kernel.join(&config.linker_script))?);
        for (name, text) in lists::fresh(kernel, &index)? {
            files.insert(format!("symbols/{name}"), text);
        }
        let manifest = Manifest {
            format: FORMAT,
            name: config.name.clone(),
            sources: made_of.sources,
            toolchain: made_of.toolchain,
            llvm: llvm::version(),
            builder: made_of.builder,
            files: files.iter().map(|(name, bytes)| (name.clone(), content_hash(bytes))).collect(),
        };
        put_in_place(directory, &files, &manifest)?;
        Self::open(directory)
    }
}

/// Where the compiler keeps what it can use again: beside the package.
fn work_folder(directory: &Path) -> Result<PathBuf, PackageError> {
    let mut name = directory.file_name().unwrap_or_default().to_owned();
    name.push("-build");
    std::path::absolute(directory.with_file_name(name)).map_err(PackageError::io(directory))
}

pub(super) fn read_config(kernel: &Path) -> Result<Config, PackageError> {
    let path = kernel.join("kernel.toml");
    let bytes = std::fs::read(&path).map_err(PackageError::io(&path))?;
    Ok(Config::parse(&path, &bytes)?)
}

/// The lists of exports: in `symbols` beside or inside the kernel's folder.
pub(super) fn symbol_lists(kernel: &Path) -> Result<Vec<(String, PathBuf)>, PackageError> {
    let beside = kernel.parent().map(|parent| parent.join("symbols"));
    let folders = [Some(kernel.join("symbols")), beside];
    let Some(folder) = folders.into_iter().flatten().find(|folder| folder.is_dir()) else {
        return Ok(Vec::new());
    };
    let mut lists = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(PackageError::io(&folder))? {
        let path = entry.map_err(PackageError::io(&folder))?.path();
        if path.extension().is_some_and(|extension| extension == "symbols") {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            lists.push((name, path));
        }
    }
    lists.sort();
    Ok(lists)
}

/// The assembly, the kernel's own native objects, and of the compiler's those that are referred to.
fn natives(
    compiled: &Compiled,
    offered: &[cargo::NativeObject],
    config: &Config,
) -> Result<BTreeMap<String, Vec<u8>>, PackageError> {
    let mut natives = BTreeMap::new();
    let mut wanted: BTreeSet<String> = compiled.undefined.clone();
    for (at, assembly) in compiled.assembly.iter().enumerate() {
        wanted.extend(cargo::undefined(assembly));
        natives.insert(format!("assembly.{at:03}.o"), assembly.clone());
    }
    let mut offered: Vec<_> = offered.iter().map(|native| (cargo::defined(&native.bytes), native)).collect();
    loop {
        let needed = offered.iter().position(|(defined, native)| {
            !native.only_if_needed || defined.iter().any(|symbol| wanted.contains(symbol))
        });
        let Some(at) = needed else { break };
        let (defined, native) = offered.swap_remove(at);
        wanted.extend(cargo::undefined(&native.bytes));
        wanted.retain(|symbol| !defined.contains(symbol));
        natives.insert(native.name.clone(), native.bytes.clone());
    }
    let defined: BTreeSet<String> =
        natives.values().chain(&compiled.objects).flat_map(|bytes| cargo::defined(bytes)).collect();
    let unknown: Vec<&String> = wanted
        .iter()
        .filter(|symbol| !defined.contains(*symbol) && !config.may_be_undefined(symbol))
        .collect();
    if unknown.is_empty() {
        return Ok(natives);
    }
    let names = unknown.iter().map(|name| format!("{:#}", rustc_demangle::demangle(name)));
    Err(PackageError::Build {
        place: format!("kernel '{}'", config.name),
        reason: format!(
            "it refers to symbols that nothing defines and kernel.toml does not list as undefined: {}",
            names.collect::<Vec<_>>().join(", ")
        ),
    })
}

/// The index: symbols and references from the objects, names and sources from the compilation.
fn index(
    compiled: &Compiled,
    natives: &BTreeMap<String, Vec<u8>>,
    config: &Config,
) -> Result<Index, PackageError> {
    let mut objects: Vec<KernelObject<'_>> = Vec::new();
    for (bytes, at) in compiled.objects.iter().zip(0..) {
        objects.push(KernelObject { name: "kernel", bytes, compiled: Some(at) });
    }
    for (name, bytes) in natives {
        objects.push(KernelObject { name, bytes, compiled: None });
    }
    let Graph { mut symbols, kept_by_linker, late } = graph::read(&objects, &compiled.references)?;
    let sources = sources(&mut symbols, compiled);
    for symbol in &mut symbols {
        symbol.may_unwind = compiled.unwinding.contains(&symbol.name);
    }
    let mut position: HashMap<String, u32> =
        symbols.iter().enumerate().map(|(at, symbol)| (symbol.name.clone(), at as u32)).collect();
    // A table that nothing reads is in no object, but profiles name its rows all the same.
    let mut ensure = |name: &str, kind: SymbolKind, size: usize, symbols: &mut Vec<NewSymbol>| {
        let at = *position.entry(name.to_owned()).or_insert_with(|| {
            symbols.push(NewSymbol {
                name: name.to_owned(),
                kind,
                size: 0,
                alignment: 3,
                source: 0,
                may_unwind: false,
                place: None,
                references: Vec::new(),
            });
            symbols.len() as u32 - 1
        });
        let symbol = &mut symbols[at as usize];
        (symbol.kind, symbol.size, symbol.alignment) = (kind, size as u32, 3);
        SymbolId(at)
    };
    let mut tables = Vec::new();
    for table in &compiled.tables {
        let symbol = ensure(&table.symbol, SymbolKind::Table, table.rows.len() * 8, &mut symbols);
        tables.push((table, symbol));
    }
    let mut tunables = Vec::new();
    for tunable in &compiled.tunables {
        let symbol = ensure(&tunable.symbol, SymbolKind::Tunable, tunable.bytes.len(), &mut symbols);
        tunables.push(Tunable { name: tunable.name.clone(), symbol, default: tunable.bytes.clone() });
    }
    let mut index = Index::new(symbols, sources);
    for (table, symbol) in tables {
        let mut rows = Vec::new();
        for row in &table.rows {
            let Some(name) = row else {
                rows.push(None);
                continue;
            };
            let symbol = index.find(name).ok_or_else(|| PackageError::Build {
                place: format!("table '{}' of kernel '{}'", table.kind, config.name),
                reason: format!("its row '{name}' is not in the compiled kernel"),
            })?;
            rows.push(Some(Row { name: row_name(name), symbol }));
        }
        index.tables.push(Table { kind: table.kind.clone(), symbol, rows });
    }
    index.tunables = tunables;
    index.natives = natives
        .iter()
        .map(|(name, bytes)| {
            let symbols = cargo::defined(bytes).into_iter().filter_map(|symbol| index.find(&symbol));
            Native { file: format!("natives/{name}"), symbols: symbols.collect() }
        })
        .collect();
    index.kept_by_linker = kept_by_linker.iter().filter_map(|name| index.find(name)).collect();
    let is_code = |id: &SymbolId| matches!(index.symbol(*id).kind, SymbolKind::Function | SymbolKind::Native);
    index.late = late.iter().filter_map(|name| index.find_defined(name)).filter(is_code).collect();
    Ok(index)
}

/// A row's name: its static's, in lower case with dashes.
fn row_name(symbol: &str) -> String {
    let path = format!("{:#}", rustc_demangle::demangle(symbol));
    path.rsplit("::").next().unwrap_or_default().to_lowercase().replace('_', "-")
}

/// Where data is from that no source names, and that several use.
const SHARED: &str = "(shared)";

/// Gives each symbol its source; one without takes that of the symbols that refer to it, if they agree.
fn sources(symbols: &mut [NewSymbol], compiled: &Compiled) -> Vec<String> {
    let anonymous = |symbol: &NewSymbol| {
        ["alloc_", "anon.", "unnamed.", "switch.table", "vtable.", "str.", ".L"]
            .iter()
            .any(|p| symbol.name.starts_with(p))
    };
    let known = |symbol: &NewSymbol| {
        let source = compiled.sources.get(&symbol.name).map(String::as_str);
        // What is not the kernel's is nobody's; tables and tunables, set aside, have their sources.
        let nobody = (symbol.kind == SymbolKind::External).then_some("");
        source.filter(|_| !anonymous(symbol)).or(nobody)
    };
    let mut names: Vec<Option<&str>> = symbols.iter().map(known).collect();
    let known: Vec<bool> = names.iter().map(Option::is_some).collect();
    let mut pending: Vec<usize> = (0..symbols.len()).filter(|at| known[*at]).collect();
    while let Some(at) = pending.pop() {
        for &target in &symbols[at].references {
            let target = target as usize;
            let joined = match names[target] {
                None => names[at],
                same if same == names[at] => same,
                Some(_) => Some(SHARED),
            };
            if !known[target] && joined != names[target] {
                names[target] = joined;
                pending.push(target);
            }
        }
    }
    let names: Vec<String> = names
        .into_iter()
        .zip(symbols.iter())
        .map(|(name, symbol)| match (name, symbol.kind) {
            (Some(name), _) if !name.is_empty() => name.to_owned(),
            (_, SymbolKind::Native) => "assembly".to_owned(),
            _ => "(compiler)".to_owned(),
        })
        .collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    let distinct: Vec<String> = distinct.into_iter().cloned().collect();
    for (symbol, name) in symbols.iter_mut().zip(&names) {
        symbol.source = distinct.binary_search(name).map_or(0, |at| at as u16);
    }
    distinct
}

/// Writes all files to a folder beside `directory` and renames it, so that a package is whole or
/// not there at all.
fn put_in_place(
    directory: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    manifest: &Manifest,
) -> Result<(), PackageError> {
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(PackageError::io(parent))?;
    let fresh =
        tempfile::Builder::new().prefix(".package-").tempdir_in(parent).map_err(PackageError::io(parent))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = fresh.path().join(name);
        let folder = path.parent().unwrap_or(fresh.path());
        std::fs::create_dir_all(folder).map_err(PackageError::io(folder))?;
        std::fs::write(&path, bytes).map_err(PackageError::io(&path))
    };
    for (name, bytes) in files {
        write(name, bytes)?;
    }
    let text = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    write(Manifest::NAME, &text)?;
    let old = tempfile::Builder::new()
        .prefix(".package-old-")
        .tempdir_in(parent)
        .map_err(PackageError::io(parent))?;
    if directory.exists() {
        std::fs::rename(directory, old.path().join("package")).map_err(PackageError::io(directory))?;
    }
    std::fs::rename(fresh.keep(), directory).map_err(PackageError::io(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unnamed_data_is_of_a_source_only_if_that_alone_uses_it() {
        let symbol = |name: &str, references: &[u32]| NewSymbol {
            name: name.into(),
            kind: SymbolKind::ReadOnly,
            size: 16,
            alignment: 0,
            source: 0,
            may_unwind: false,
            place: None,
            references: references.to_vec(),
        };
        // Two functions; a constant of each, one of both, and one that this one refers to.
        let mut symbols = [
            symbol("f", &[2, 4]),
            symbol("g", &[3, 4]),
            symbol("kernel(.rodata.cst16.9)+0x0", &[]),
            symbol("kernel(.rodata.cst16.9)+0x10", &[]),
            symbol("anon.1.2", &[5]),
            symbol("alloc_1", &[]),
            symbol("alloc_2", &[]),
        ];
        let named = [("f", "net/src/lib.rs"), ("g", "libc/src/lib.rs"), ("alloc_1", "net")];
        let named = named.map(|(name, source)| (name.to_owned(), source.to_owned()));
        let compiled = Compiled { sources: HashMap::from(named), ..Compiled::default() };
        let list = sources(&mut symbols, &compiled);
        let of: Vec<&str> = symbols.iter().map(|symbol| list[usize::from(symbol.source)].as_str()).collect();
        let (net, libc) = ("net/src/lib.rs", "libc/src/lib.rs");
        assert_eq!(of, [net, libc, net, libc, SHARED, SHARED, "(compiler)"]);
    }

    #[test]
    fn a_row_is_named_after_its_static() {
        assert_eq!(row_name("_ZN5probe10VIRTIO_BLK17he58bc4519556dbfdE"), "virtio-blk");
        assert_eq!(row_name("NVME"), "nvme");
    }

    #[test]
    fn a_package_replaces_the_one_before_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("package");
        let manifest = Manifest {
            format: FORMAT,
            name: "k".into(),
            sources: String::new(),
            toolchain: String::new(),
            llvm: String::new(),
            builder: String::new(),
            files: BTreeMap::new(),
        };
        let files = |name: &str| BTreeMap::from([(name.to_owned(), vec![1])]);
        put_in_place(&place, &files("natives/a"), &manifest).unwrap();
        put_in_place(&place, &files("b"), &manifest).unwrap();
        assert!(place.join("b").exists() && !place.join("natives").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
