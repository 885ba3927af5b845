//! The kernel package: the kernel compiled once, as bitcode, as an object and as an index.
//!
//! Used by every step after it; uses `llvm` and `graph` to build, and only the file system to open.

mod archive;
mod builder;
mod cargo;
mod config;
mod fingerprint;
mod index;
mod lists;
mod manifest;
mod sysroot;

pub use builder::Progress;
pub use config::{
    Config, ConfigError, FormatRule, GroupRule, RootRule, TableRule, TunableRule, TunableType, WhenRule,
};
pub use index::{
    Index, Native, NewSymbol, PanicSite, Place, Row, Symbol, SymbolId, SymbolKind, Table, Tunable,
};
pub use lists::kernel_symbol;
pub use manifest::{Manifest, ManifestError};
pub use sysroot::Sysroot;

use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::exports::{Catalogue, ExportsError};
use crate::reachability::LiveSet;

/// A package that was opened: what it says of itself is checked, its large files are not yet read.
#[derive(Debug)]
pub struct KernelPackage {
    /// Its directory.
    pub directory: PathBuf,
    /// Hashes of its files, of the sources and of the tools that made it.
    pub manifest: Manifest,
    /// Its `kernel.toml`.
    pub kernel_toml: Config,
    /// Symbols, sizes, references, tables.
    pub index: Index,
    /// What the kernel may export, as the package's copies of the symbols files say.
    pub catalogue: Catalogue,
}

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest is damaged, or speaks of other files than these.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// `kernel.toml` is damaged.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file of the package is not what its manifest says.
    #[error("{path}: its hash is not the one in the package's manifest; build the package again")]
    Hash {
        /// The file.
        path: PathBuf,
    },
    /// The index does not parse.
    #[error("{path}: damaged index: {reason}")]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The package was made for another LLVM.
    #[error("{path}: made with LLVM {found}, but this program uses LLVM {expected}; build the package again")]
    LlvmVersion {
        /// The package.
        path: PathBuf,
        /// The version it was made with.
        found: String,
        /// The version this program is linked to.
        expected: String,
    },
    /// A symbols file is damaged.
    #[error(transparent)]
    Catalogue(#[from] ExportsError),
    /// The objects' references cannot be read.
    #[error(transparent)]
    Graph(#[from] crate::graph::GraphError),
    /// The bitcode cannot be compiled.
    #[error(transparent)]
    Llvm(Box<crate::llvm::LlvmError>),
    /// A tool that builds the package failed.
    #[error("{tool} failed while building the kernel package:\n{output}")]
    Tool {
        /// Its name.
        tool: String,
        /// What it printed.
        output: String,
    },
    /// The kernel's archive or bitcode is not as the builder needs it.
    #[error("cannot make a package of {place}: {reason}")]
    Build {
        /// The file, or the symbol, at fault.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl PackageError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

impl KernelPackage {
    /// Opens the package in `directory`, checking its manifest and version.
    ///
    /// # Errors
    /// A file is missing, damaged, or of another version.
    pub fn open(directory: &Path) -> Result<Self, PackageError> {
        let manifest = Manifest::read(directory)?;
        let expected = crate::llvm::version();
        if manifest.llvm != expected {
            let (path, found) = (directory.to_owned(), manifest.llvm);
            return Err(PackageError::LlvmVersion { path, found, expected });
        }
        let text = manifest.read_file(directory, "kernel.toml")?;
        let kernel_toml = Config::parse(&directory.join("kernel.toml"), &text)?;
        let index = Index::parse(&manifest.read_file(directory, "index")?)
            .map_err(|reason| PackageError::Index { path: directory.join("index"), reason })?;
        let catalogue = Catalogue::load(&directory.join("symbols"))?;
        Ok(Self { directory: directory.to_owned(), manifest, kernel_toml, index, catalogue })
    }

    /// How many compiled objects it has: `objects/kernel.0.o` and so on.
    pub fn objects(&self) -> u16 {
        self.manifest.files.keys().filter(|name| name.starts_with("objects/")).count() as u16
    }

    /// One of its files in memory, checked against the manifest.
    ///
    /// # Errors
    /// The file is missing or was changed.
    pub fn map(&self, name: &str) -> Result<Mmap, PackageError> {
        self.manifest.map_file(&self.directory, name)
    }

    /// The bytes of one of its files, checked against the manifest.
    ///
    /// # Errors
    /// The file is missing or was changed.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, PackageError> {
        self.manifest.read_file(&self.directory, name)
    }
}

impl KernelPackage {
    /// The functions that code generation may call without the IR naming them.
    pub fn helpers(&self) -> Vec<SymbolId> {
        let listed = self.kernel_toml.runtime_helpers.iter();
        let listed = listed.filter_map(|name| self.index.find_defined(name));
        let late = listed.chain(self.index.late.iter().copied());
        // Optimising again may ask for more of the compiler's arithmetic than the first time did.
        let is_arithmetic = |id: &SymbolId| {
            self.index.source(*id) == "compiler_builtins" && self.index.name(*id).starts_with("__")
        };
        late.chain(self.index.ids().filter(is_arithmetic)).collect()
    }

    /// Whether anybody who lives can read the kernel's unwind tables.
    pub fn unwinds(&self, live: &LiveSet) -> bool {
        let Some(symbol) = &self.kernel_toml.unwind_tables else { return true };
        self.index.find(symbol).is_some_and(|symbol| live.contains(symbol))
    }

    /// Checks one of its files against the manifest.
    ///
    /// # Errors
    /// The file is missing or was changed.
    pub fn check(&self, name: &str) -> Result<(), PackageError> {
        self.map(name).map(drop)
    }
}

impl From<crate::llvm::LlvmError> for PackageError {
    fn from(error: crate::llvm::LlvmError) -> Self {
        Self::Llvm(Box::new(error))
    }
}
