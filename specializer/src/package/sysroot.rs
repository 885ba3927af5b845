//! The compiler's own files: its linker, and what identifies it.

use std::path::{Path, PathBuf};

use super::PackageError;

/// The compiler that this program was built with, whose LLVM it is linked to.
#[derive(Debug, Clone)]
pub struct Sysroot {
    /// Its directory.
    pub directory: PathBuf,
}

impl Sysroot {
    /// The compiler's directory: `$SPECIALIZE_SYSROOT` if set, else the one this program was built with.
    pub fn find() -> Self {
        let directory = std::env::var_os("SPECIALIZE_SYSROOT")
            .map_or_else(|| PathBuf::from(env!("SPECIALIZE_SYSROOT")), PathBuf::from);
        Self { directory }
    }

    /// Its linker, in LLD's GNU flavour.
    pub fn linker(&self) -> PathBuf {
        self.directory.join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld")
    }

    /// Its `rustc`.
    pub fn rustc(&self) -> PathBuf {
        self.directory.join("bin/rustc")
    }

    /// Its `cargo`.
    pub fn cargo(&self) -> PathBuf {
        self.directory.join("bin/cargo")
    }

    /// Names the compiler: the version this program was built with, and the LLVM library's file.
    /// (Running `rustc` would take longer than linking a kernel.)
    ///
    /// # Errors
    /// There is no compiler there.
    pub fn identity(&self) -> Result<String, PackageError> {
        let library = self.llvm_path();
        let metadata = std::fs::metadata(&library).map_err(PackageError::io(&library))?;
        Ok(format!("rustc {} with {} of {} bytes", env!("SPECIALIZE_RUSTC"), Self::llvm(), metadata.len()))
    }

    /// The file name of the LLVM library that this program is linked to.
    pub fn llvm() -> &'static str {
        env!("SPECIALIZE_LIBLLVM")
    }

    /// Its LLVM library, which this program is linked to.
    pub fn llvm_path(&self) -> PathBuf {
        Path::new(&self.directory).join("lib").join(Self::llvm())
    }
}
