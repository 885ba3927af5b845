//! What a package was made of: sources, toolchain and the code that made it, each as one hash.

use std::path::{Path, PathBuf};

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

/// The hashes as they are now.
pub(super) fn current(kernel: &Path, config: &Config) -> Result<Fingerprint, PackageError> {
    let mut hash = Sha256::new();
    let mut files = Vec::new();
    let listed: Vec<PathBuf> = if config.build.sources.is_empty() {
        vec![kernel.to_owned()]
    } else {
        config.build.sources.iter().map(|path| kernel.join(path)).collect()
    };
    for path in &listed {
        collect(path, &mut files)?;
    }
    files.push(kernel.join("kernel.toml"));
    files.extend(builder::symbol_lists(kernel)?.into_iter().map(|(_, path)| path));
    files.sort();
    files.dedup();
    for path in files {
        let bytes = std::fs::read(&path).map_err(PackageError::io(&path))?;
        let name = path.strip_prefix(kernel).unwrap_or(&path).to_string_lossy().into_owned();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(Fingerprint {
        sources: hex(&hash.finalize()),
        toolchain: Sysroot::find().identity()?,
        builder: env!("SPECIALIZE_BUILDER_HASH").to_owned(),
    })
}

/// All files below a path, without what builds leave.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), PackageError> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(PackageError::io(path))? {
        let entry = entry.map_err(PackageError::io(path))?.path();
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "target" || name == ".git" || name.ends_with('~') || name.ends_with(".swp") {
            continue;
        }
        collect(&entry, files)?;
    }
    Ok(())
}
