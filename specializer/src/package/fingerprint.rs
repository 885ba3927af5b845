//! What a package was made of: sources, toolchain and the code that made it, each as one hash.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::manifest::{FORMAT, hex};
use super::{Config, Manifest, PackageError, Sysroot, builder};
use crate::llvm;

/// What a package made now would be made of.
pub(super) struct Fingerprint {
    pub(super) sources: String,
    pub(super) toolchain: String,
    pub(super) builder: String,
}

impl Fingerprint {
    /// Whether a package with this manifest is still the one that would be made.
    pub(super) fn matches(&self, manifest: &Manifest) -> bool {
        manifest.format == FORMAT
            && manifest.sources == self.sources
            && manifest.toolchain == self.toolchain
            && manifest.builder == self.builder
            && manifest.llvm == llvm::version()
    }
}

/// Name of the file in a package that holds the stamp its sources had when they were last hashed.
const STAMP: &str = "sources.stamp";

/// The hashes as they are now.
pub(super) fn current(kernel: &Path, config: &Config) -> Result<Fingerprint, PackageError> {
    let sources = contents(kernel, &files(kernel, config)?)?;
    Ok(Fingerprint { sources, toolchain: Sysroot::find().identity()?, builder: builder_hash() })
}

/// Whether the package in `directory`, with this manifest, is the one that would be made now.
///
/// Hashing hundreds of files takes longer than linking a kernel, so files whose size and time of
/// modification are those of the last time are taken for unchanged, as build systems take them.
pub(super) fn is_current(
    kernel: &Path,
    config: &Config,
    directory: &Path,
    manifest: &Manifest,
) -> Result<bool, PackageError> {
    let files = files(kernel, config)?;
    let stamp = stamp(kernel, &files)?;
    let path = directory.join(STAMP);
    let seen = stamp.is_some() && std::fs::read_to_string(&path).ok() == stamp;
    let sources = if seen { manifest.sources.clone() } else { contents(kernel, &files)? };
    let now = Fingerprint { sources, toolchain: Sysroot::find().identity()?, builder: builder_hash() };
    let current = now.matches(manifest);
    if let (true, false, Some(stamp)) = (current, seen, stamp) {
        // A package that cannot be written to is hashed again the next time.
        let _ = std::fs::write(path, stamp);
    }
    Ok(current)
}

fn builder_hash() -> String {
    env!("SPECIALIZE_BUILDER_HASH").to_owned()
}

/// What a package is made of.
fn files(kernel: &Path, config: &Config) -> Result<Vec<PathBuf>, PackageError> {
    let mut files = Vec::new();
    if config.build.sources.is_empty() {
        collect(kernel, &mut files)?;
    }
    for path in config.build.sources.iter().map(|path| kernel.join(path)) {
        if path.is_dir() {
            collect(&path, &mut files)?;
        } else {
            files.push(path);
        }
    }
    files.push(kernel.join("kernel.toml"));
    files.extend(builder::symbol_lists(kernel)?.into_iter().map(|(_, path)| path));
    files.sort();
    files.dedup();
    Ok(files)
}

/// A hash over names and contents.
fn contents(kernel: &Path, files: &[PathBuf]) -> Result<String, PackageError> {
    let mut hash = Sha256::new();
    for path in files {
        let bytes = std::fs::read(path).map_err(PackageError::io(path))?;
        name(&mut hash, kernel, path);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hex(&hash.finalize()))
}

/// A hash over names, sizes and times of modification; none while a file is so young that it could
/// be written again without a change of its time.
fn stamp(kernel: &Path, files: &[PathBuf]) -> Result<Option<String>, PackageError> {
    let young = SystemTime::now().checked_sub(Duration::from_secs(1));
    let mut hash = Sha256::new();
    for path in files {
        let metadata = path.metadata().map_err(PackageError::io(path))?;
        let modified = metadata.modified().map_err(PackageError::io(path))?;
        if young.is_none_or(|young| modified > young) {
            return Ok(None);
        }
        name(&mut hash, kernel, path);
        hash.update(metadata.len().to_le_bytes());
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        hash.update(since.as_nanos().to_le_bytes());
    }
    Ok(Some(hex(&hash.finalize())))
}

fn name(hash: &mut Sha256, kernel: &Path, path: &Path) {
    let name = path.strip_prefix(kernel).unwrap_or(path).as_os_str().as_encoded_bytes();
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
}

/// All files below a folder, without what builds leave.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), PackageError> {
    for entry in std::fs::read_dir(folder).map_err(PackageError::io(folder))? {
        let entry = entry.map_err(PackageError::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "target" || name == ".git" || name.ends_with('~') || name.ends_with(".swp") {
            continue;
        }
        let path = entry.path();
        if entry.file_type().map_err(PackageError::io(&path))?.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
