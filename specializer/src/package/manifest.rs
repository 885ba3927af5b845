//! The manifest: what a package was made of, and the hash of each of its files.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use super::PackageError;

/// The layout of packages; raised when a file's format changes.
pub const FORMAT: u32 = 2;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is none.
    #[error("{0}: not a kernel package (no manifest.json)")]
    Missing(PathBuf),
    /// It does not parse.
    #[error("{path}: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is of another format version.
    #[error(
        "{path}: package format {found}, but this program reads format {FORMAT}; build the package again"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
}

/// What a package was made of, and the hash of each of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout of packages.
    pub format: u32,
    /// The kernel's name.
    pub name: String,
    /// SHA-256 over names and contents of the kernel's sources.
    pub sources: String,
    /// `rustc -vV`, hashed.
    pub toolchain: String,
    /// The LLVM that wrote the bitcode.
    pub llvm: String,
    /// Hash of the code that made the package.
    pub builder: String,
    /// BLAKE3 of each file, by its path in the package.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// Its file name in a package.
    pub const NAME: &str = "manifest.json";

    /// Reads the manifest of the package in `directory`.
    ///
    /// # Errors
    /// There is none, it does not parse, or it is of another version.
    pub fn read(directory: &Path) -> Result<Self, ManifestError> {
        /// The one field that every format has.
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        let path = directory.join(Self::NAME);
        let text = std::fs::read(&path).map_err(|_| ManifestError::Missing(directory.to_owned()))?;
        let syntax =
            |e: serde_json::Error| ManifestError::Syntax { path: path.clone(), reason: e.to_string() };
        let Versioned { format } = serde_json::from_slice(&text).map_err(syntax)?;
        if format != FORMAT {
            return Err(ManifestError::Format { path, found: format });
        }
        serde_json::from_slice(&text).map_err(syntax)
    }

    /// The bytes of one file of the package, checked against its hash.
    ///
    /// # Errors
    /// The file is missing or is not what the manifest says.
    pub fn read_file(&self, directory: &Path, name: &str) -> Result<Vec<u8>, PackageError> {
        let path = directory.join(name);
        let bytes = std::fs::read(&path).map_err(PackageError::io(&path))?;
        self.check(path, name, &bytes)?;
        Ok(bytes)
    }

    /// One file of the package in memory, checked against its hash.
    ///
    /// # Errors
    /// The file is missing or is not what the manifest says.
    pub fn map_file(&self, directory: &Path, name: &str) -> Result<Mmap, PackageError> {
        let path = directory.join(name);
        let file = File::open(&path).map_err(PackageError::io(&path))?;
        // SAFETY: a package is put in place whole and never written to again.
        let bytes = unsafe { Mmap::map(&file) }.map_err(PackageError::io(&path))?;
        self.check(path, name, &bytes)?;
        Ok(bytes)
    }

    fn check(&self, path: PathBuf, name: &str, bytes: &[u8]) -> Result<(), PackageError> {
        let matches = self.files.get(name).is_some_and(|hash| *hash == content_hash(bytes));
        if matches { Ok(()) } else { Err(PackageError::Hash { path }) }
    }
}

/// The hash that a manifest has of a file: BLAKE3, since every run hashes megabytes.
pub(super) fn content_hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
