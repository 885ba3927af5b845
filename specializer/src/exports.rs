//! What may be exported: the lists in `symbols/`, one a library that the kernel stands for.
//!
//! A line is `NAME VERSION[!] KIND STATUS [IMPLEMENTATION]`:
//!
//! - `VERSION` as the library's version definitions spell it; `!` marks one that is not the default,
//!   which only programs linked long ago ask for;
//! - `KIND` is `func`, `object SIZE` or `tls SIZE`, with the size in bytes;
//! - `STATUS` is `=` where the kernel provides it and `-` where it does not;
//! - `IMPLEMENTATION` is the kernel symbol that does the work when it has another name.
//!
//! Without a fifth column the kernel symbol is `NAME`, or `NAME.VERSION` for a version that is not
//! the default one: it exists because something about it differs.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is wrong with a list of symbols.
#[derive(Debug, Error)]
pub enum ExportsError {
    /// The directory or a file in it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written (`kernel check --update`).
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The directory has no lists.
    #[error("{} has no *.symbols file", path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// A line is not of the documented form.
    #[error("{soname}.symbols:{line}: {problem}")]
    Line {
        /// The library the list is of.
        soname: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// What an exported symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A function.
    Function,
    /// A variable.
    Object {
        /// Its size in bytes.
        size: u64,
    },
    /// A thread-local variable.
    Tls {
        /// Its size in bytes.
        size: u64,
    },
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function => f.write_str("func"),
            Self::Object { size } => write!(f, "object {size}"),
            Self::Tls { size } => write!(f, "tls {size}"),
        }
    }
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The C name.
    pub name: String,
    /// The version, such as `GLIBC_2.2.5`.
    pub version: String,
    /// Whether a reference made today, or one without a version, gets this version.
    pub default: bool,
    /// Function, variable or thread-local variable.
    pub kind: EntryKind,
    /// Whether the kernel provides it.
    pub provided: bool,
    /// The kernel symbol that implements it, where that is another than [`Entry::own_symbol`].
    pub implementation: Option<String>,
}

impl Entry {
    /// The kernel symbol that would implement just this entry: `NAME`, or `NAME.VERSION` where the
    /// version is not the default one.
    pub fn own_symbol(&self) -> String {
        if self.default { self.name.clone() } else { format!("{}.{}", self.name, self.version) }
    }

    /// The kernel symbol that implements it, whether or not the kernel has it.
    pub fn kernel_symbol(&self) -> String {
        self.implementation.clone().unwrap_or_else(|| self.own_symbol())
    }

    /// Whether it is a name that C programs do not call: the markers that keep an emptied library's
    /// versions alive.
    pub fn is_placeholder(&self) -> bool {
        self.name.ends_with("_version_placeholder")
    }

    fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_ascii_whitespace();
        let mut word = |what: &str| words.next().ok_or_else(|| format!("the line ends before its {what}"));
        let name = word("name")?.to_owned();
        let version = word("version")?;
        let (version, default) = match version.strip_suffix('!') {
            Some(version) => (version, false),
            None => (version, true),
        };
        let kind = word("kind")?;
        let mut size = || {
            let size = word("size")?;
            size.parse::<u64>().map_err(|_| format!("'{size}' is no size in bytes"))
        };
        let kind = match kind {
            "func" => EntryKind::Function,
            "object" => EntryKind::Object { size: size()? },
            "tls" => EntryKind::Tls { size: size()? },
            other => return Err(format!("'{other}' is none of func, object SIZE, tls SIZE")),
        };
        let provided = match word("status")? {
            "=" => true,
            "-" => false,
            other => return Err(format!("'{other}' is neither = (provided) nor - (not provided)")),
        };
        let implementation = words.next().map(str::to_owned);
        if let Some(extra) = words.next() {
            return Err(format!("'{extra}' follows the last column"));
        }
        Ok(Self { name, version: version.to_owned(), default, kind, provided, implementation })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bang = if self.default { "" } else { "!" };
        let status = if self.provided { '=' } else { '-' };
        write!(f, "{} {}{bang} {} {status}", self.name, self.version, self.kind)?;
        match &self.implementation {
            Some(symbol) => write!(f, " {symbol}"),
            None => Ok(()),
        }
    }
}

/// The list of one library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Its soname, such as `libc.so.6`.
    pub soname: String,
    /// The comment lines at the head of the file, with their `#`.
    pub heading: Vec<String>,
    /// Its entries, in the order of the file.
    pub entries: Vec<Entry>,
}

impl Library {
    /// Reads the text of `SONAME.symbols`.
    pub fn parse(soname: &str, text: &str) -> Result<Self, ExportsError> {
        let mut library = Self { soname: soname.to_owned(), heading: Vec::new(), entries: Vec::new() };
        let mut seen = HashSet::new();
        for (index, line) in text.lines().enumerate() {
            let fault = |problem| ExportsError::Line { soname: soname.to_owned(), line: index + 1, problem };
            if line.starts_with('#') {
                if library.entries.is_empty() {
                    library.heading.push(line.to_owned());
                }
                continue;
            }
            if line.trim().is_empty() {
                continue;
            }
            let entry = Entry::parse(line).map_err(fault)?;
            let mut words = line.split_ascii_whitespace();
            if !seen.insert((words.next(), words.next().map(|version| version.trim_end_matches('!')))) {
                return Err(fault(format!("'{}' version {} is listed twice", entry.name, entry.version)));
            }
            library.entries.push(entry);
        }
        Ok(library)
    }

    /// The text of `SONAME.symbols`; parsing it gives the same list.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for line in &self.heading {
            text.push_str(line);
            text.push('\n');
        }
        for entry in &self.entries {
            let _ = writeln!(text, "{entry}");
        }
        text
    }
}

/// All lists: what an application may import from the kernel.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    libraries: Vec<Library>,
    /// Every entry, as its library's place and its own there, in the order of the names.
    by_name: Vec<(usize, usize)>,
}

impl Catalogue {
    /// Reads every `*.symbols` file of a directory.
    pub fn load(directory: &Path) -> Result<Self, ExportsError> {
        let read = |source| ExportsError::Read { path: directory.to_owned(), source };
        let mut libraries = Vec::new();
        for item in std::fs::read_dir(directory).map_err(read)? {
            let path = item.map_err(read)?.path();
            let Some(soname) =
                path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".symbols"))
            else {
                continue;
            };
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ExportsError::Read { path: path.clone(), source })?;
            libraries.push(Library::parse(soname, &text)?);
        }
        if libraries.is_empty() {
            return Err(ExportsError::Empty { path: directory.to_owned() });
        }
        Ok(Self::new(libraries))
    }

    /// A catalogue of these lists; they are put in the order of their sonames.
    pub fn new(mut libraries: Vec<Library>) -> Self {
        libraries.sort_by(|a, b| a.soname.cmp(&b.soname));
        let mut by_name: Vec<(usize, usize)> = Vec::new();
        for (l, library) in libraries.iter().enumerate() {
            by_name.extend((0..library.entries.len()).map(|e| (l, e)));
        }
        by_name.sort_by(|&(l, e), &(m, f)| libraries[l].entries[e].name.cmp(&libraries[m].entries[f].name));
        Self { libraries, by_name }
    }

    /// The lists, in the order of their sonames.
    pub fn libraries(&self) -> &[Library] {
        &self.libraries
    }

    /// The sonames that the kernel stands for: these libraries are never loaded.
    pub fn sonames(&self) -> BTreeSet<String> {
        self.libraries.iter().map(|library| library.soname.clone()).collect()
    }

    /// Every entry, with the soname of its library.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.libraries.iter().flat_map(|l| l.entries.iter().map(move |e| (l.soname.as_str(), e)))
    }

    /// The entries of this name in any library, with their sonames.
    pub fn named(&self, name: &str) -> impl Iterator<Item = (&str, &Entry)> {
        let entry = |&(l, e): &(usize, usize)| &self.libraries[l].entries[e];
        let first = self.by_name.partition_point(|at| entry(at).name.as_str() < name);
        let same = self.by_name[first..].iter().take_while(move |at| entry(at).name == name);
        same.map(move |at| (self.libraries[at.0].soname.as_str(), entry(at)))
    }

    /// The entry that a reference gets: the one of this version, or the default one where the
    /// reference has none. A provided entry goes before one that is not, since a name may stand in
    /// two libraries (glibc moved whole libraries into libc.so.6).
    pub fn find(&self, name: &str, version: Option<&str>) -> Option<(&str, &Entry)> {
        let fits = |entry: &Entry| match version {
            Some(version) => entry.version == version,
            None => entry.default,
        };
        let mut best = None;
        for (soname, entry) in self.named(name).filter(|(_, entry)| fits(entry)) {
            if entry.provided {
                return Some((soname, entry));
            }
            best = best.or(Some((soname, entry)));
        }
        best
    }

    /// The default entry of this name that the kernel provides.
    pub fn provided(&self, name: &str) -> Option<&Entry> {
        self.find(name, None).map(|(_, entry)| entry).filter(|entry| entry.provided)
    }
}

/// What a kernel symbol is, as far as the lists can be held against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelSymbol {
    /// A function.
    Function,
    /// An exported variable.
    Object {
        /// Bytes of the variable itself; `None` where the package does not say.
        size: Option<u64>,
    },
}

/// One point in which a list and the kernel disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The library.
    pub soname: String,
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// What is wrong.
    pub problem: Problem,
}

/// How a line and the kernel disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Problem {
    /// The line says `=`, and the kernel has no such symbol.
    NotInKernel {
        /// The kernel symbol that the line leads to.
        symbol: String,
    },
    /// The line says `-`, and the kernel has it.
    NotListed {
        /// The kernel symbol that would implement it.
        symbol: String,
    },
    /// The fifth column should be another, or absent.
    Implementation {
        /// The symbol that the line leads to.
        listed: String,
        /// The symbol that the kernel has for it.
        found: String,
    },
    /// A variable where the list says function, or the other way about.
    Kind {
        /// The kernel symbol.
        symbol: String,
    },
    /// The variable has another size, so that copy relocations would cut it.
    Size {
        /// The kernel symbol.
        symbol: String,
        /// Bytes by the list.
        listed: u64,
        /// Bytes in the kernel.
        found: u64,
    },
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} ", self.soname, self.name, self.version)?;
        match &self.problem {
            Problem::NotInKernel { symbol } => {
                write!(f, "is listed as provided, but the kernel has no '{symbol}'")
            }
            Problem::NotListed { symbol } => {
                write!(f, "is listed as not provided, but the kernel has '{symbol}'")
            }
            Problem::Implementation { listed, found } => {
                write!(f, "is listed as implemented by '{listed}', but the kernel has '{found}' for it")
            }
            Problem::Kind { symbol } => {
                write!(f, "and the kernel's '{symbol}' are not both a function or both data")
            }
            Problem::Size { symbol, listed, found } => {
                write!(f, "has {listed} bytes, the kernel's '{symbol}' {found}")
            }
        }
    }
}

/// How much of a list the kernel provides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// What was counted: a library, a list of imports, or everything.
    pub of: String,
    /// Names provided.
    pub provided: usize,
    /// Names listed.
    pub listed: usize,
    /// The names that are not provided, for lists of imports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Coverage {
    /// The share provided, in tenths of a percent.
    pub fn per_mille(&self) -> usize {
        (self.provided * 1000).checked_div(self.listed).unwrap_or(1000)
    }
}

/// The lists held against a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Every point of disagreement, in the order of the lists.
    pub disagreements: Vec<Disagreement>,
    /// Coverage of each library, then of all of them. Only default versions count, and no
    /// placeholders.
    pub coverage: Vec<Coverage>,
}

/// The lists with their last two columns as this kernel has them.
///
/// `kernel` says what the kernel has under a name. An entry's own symbol goes first; then the one
/// its line names; then whatever other name the lists hold to be the same function.
pub fn refreshed(catalogue: &Catalogue, kernel: impl Fn(&str) -> Option<KernelSymbol>) -> Catalogue {
    let mut same: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, entry) in catalogue.entries() {
        same.entry(entry.kernel_symbol()).or_default().push(entry.own_symbol());
    }
    let find = |entry: &Entry| {
        let own = entry.own_symbol();
        let listed = entry.kernel_symbol();
        if kernel(&own).is_some() {
            return Some(own);
        }
        if kernel(&listed).is_some() {
            return Some(listed);
        }
        same.get(&listed)?.iter().find(|symbol| kernel(symbol).is_some()).cloned()
    };
    let mut libraries = catalogue.libraries.clone();
    for entry in libraries.iter_mut().flat_map(|library| &mut library.entries) {
        let found = find(entry);
        entry.provided = found.is_some();
        if let Some(found) = found {
            entry.implementation = (found != entry.own_symbol()).then_some(found);
        }
    }
    Catalogue::new(libraries)
}

/// Holds the lists against a kernel; `kernel` says what it has under a name.
pub fn check(catalogue: &Catalogue, kernel: impl Fn(&str) -> Option<KernelSymbol>) -> Check {
    let fresh = refreshed(catalogue, &kernel);
    let mut disagreements = Vec::new();
    let mut coverage = Vec::new();
    let mut total = Coverage { of: "all".to_owned(), ..Coverage::default() };
    for (library, now) in catalogue.libraries.iter().zip(&fresh.libraries) {
        let mut count = Coverage { of: library.soname.clone(), ..Coverage::default() };
        for (entry, now) in library.entries.iter().zip(&now.entries) {
            if entry.default && !entry.is_placeholder() {
                count.listed += 1;
                count.provided += usize::from(now.provided);
            }
            if let Some(problem) = problem(entry, now, &kernel) {
                disagreements.push(Disagreement {
                    soname: library.soname.clone(),
                    name: entry.name.clone(),
                    version: entry.version.clone(),
                    problem,
                });
            }
        }
        total.listed += count.listed;
        total.provided += count.provided;
        coverage.push(count);
    }
    coverage.push(total);
    Check { disagreements, coverage }
}

fn problem(entry: &Entry, now: &Entry, kernel: impl Fn(&str) -> Option<KernelSymbol>) -> Option<Problem> {
    let symbol = now.kernel_symbol();
    match (entry.provided, now.provided) {
        (false, false) => return None,
        (true, false) => return Some(Problem::NotInKernel { symbol }),
        (false, true) => return Some(Problem::NotListed { symbol }),
        (true, true) if entry.kernel_symbol() != symbol => {
            return Some(Problem::Implementation { listed: entry.kernel_symbol(), found: symbol });
        }
        (true, true) => {}
    }
    match (entry.kind, kernel(&symbol)?) {
        (EntryKind::Function, KernelSymbol::Function) => None,
        (EntryKind::Object { size: listed }, KernelSymbol::Object { size: Some(found) })
            if listed != found =>
        {
            Some(Problem::Size { symbol, listed, found })
        }
        (EntryKind::Object { .. }, KernelSymbol::Object { .. }) => None,
        // The kernel has no thread-local symbols: only GLIBC_PRIVATE names ever were.
        _ => Some(Problem::Kind { symbol }),
    }
}

/// Coverage of a list of imports: one name a line, optionally after a count and before a library, as
/// `SYMBOL`, `SYMBOL LIBRARY …` or `COUNT SYMBOL LIBRARY`; `#` starts a comment. Names that no
/// library of the catalogue lists are passed over: they come from elsewhere.
pub fn coverage_of_imports(catalogue: &Catalogue, title: &str, text: &str) -> Coverage {
    let mut coverage = Coverage { of: title.to_owned(), ..Coverage::default() };
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace().peekable();
        words.next_if(|word| word.bytes().all(|b| b.is_ascii_digit()));
        let Some(word) = words.next() else { continue };
        let (name, version) = match word.split_once('@') {
            Some((name, version)) => (name, Some(version.trim_start_matches('@')).filter(|v| !v.is_empty())),
            None => (word, None),
        };
        if catalogue.named(name).next().is_none() || !seen.insert(name.to_owned()) {
            continue;
        }
        coverage.listed += 1;
        if catalogue.find(name, version).is_some_and(|(_, entry)| entry.provided) {
            coverage.provided += 1;
        } else {
            coverage.missing.push(name.to_owned());
        }
    }
    coverage
}

/// Writes those lists of `fresh` that differ from the files in `directory`; returns their names.
pub fn write(fresh: &Catalogue, directory: &Path) -> Result<Vec<String>, ExportsError> {
    let mut written = Vec::new();
    for library in &fresh.libraries {
        let path = directory.join(format!("{}.symbols", library.soname));
        let text = library.to_text();
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        std::fs::write(&path, text).map_err(|source| ExportsError::Write { path: path.clone(), source })?;
        written.push(library.soname.clone());
    }
    Ok(written)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod host_tests;
