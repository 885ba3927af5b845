//! What can be wrong with an application's files.

use std::path::PathBuf;

use thiserror::Error;

/// A fault of one ELF file; [`AppError::Elf`] adds the file's name.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElfError {
    /// The file has no bytes.
    #[error("it is empty")]
    Empty,
    /// It starts with `#!`.
    #[error("it is a script for {interpreter}, not an ELF program")]
    Script {
        /// What stands after the `#!`.
        interpreter: String,
    },
    /// It does not start with the ELF magic.
    #[error("it is not an ELF file")]
    NotElf,
    /// Something reaches past the end of the file.
    #[error("it is truncated: {place} needs bytes {start:#x}..{end:#x}, and the file ends at {length:#x}")]
    Truncated {
        /// What was to be read.
        place: String,
        /// Offset of its first byte.
        start: u64,
        /// Offset behind its last byte.
        end: u64,
        /// Length of the file.
        length: u64,
    },
    /// `EI_CLASS` is not `ELFCLASS64`.
    #[error("it is {}; the kernel runs 64-bit programs", if *.class == 1 { "a 32-bit ELF file".to_owned() } else { format!("of unknown ELF class {class}") })]
    Class {
        /// The value of `EI_CLASS`.
        class: u8,
    },
    /// `EI_DATA` is not `ELFDATA2LSB`.
    #[error("its byte order is {}; the kernel runs little-endian programs", if *.data == 2 { "big-endian".to_owned() } else { format!("unknown ({data})") })]
    ByteOrder {
        /// The value of `EI_DATA`.
        data: u8,
    },
    /// The ELF version is not 1.
    #[error("its ELF version is {version}, not 1")]
    Version {
        /// The value found.
        version: u32,
    },
    /// `e_machine` is not x86-64.
    #[error("it is for {}; the kernel runs x86-64 programs", super::elf::machine_name(*.machine))]
    Machine {
        /// The value of `e_machine`.
        machine: u16,
    },
    /// `e_type` is neither `ET_EXEC` nor `ET_DYN`.
    #[error("it is {}, neither an executable nor a shared object", super::elf::type_name(*.kind))]
    Type {
        /// The value of `e_type`.
        kind: u16,
    },
    /// No dynamic section: nothing to take imports from.
    #[error("it is a static executable: it has no PT_DYNAMIC, so no imports that a kernel could serve")]
    Static,
    /// A position-independent executable that is linked statically.
    #[error(
        "it is a static executable (static-pie): it needs no library, so has no imports that a kernel could serve"
    )]
    StaticPie,
    /// A shared library where a program was asked for.
    #[error(
        "it is a shared library, not a program: it has no PT_INTERP (give libraries opened at run time with --also)"
    )]
    Library,
    /// Some field has a value that its place does not allow.
    #[error("{place}: {problem}")]
    Malformed {
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
    },
}

impl ElfError {
    /// A [`ElfError::Malformed`].
    pub(crate) fn malformed(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed { place: place.into(), problem: problem.into() }
    }
}

/// Why an application cannot be specialized for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AppError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no usable ELF file.
    #[error("{}: {source}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ElfError,
    },
    /// A `DT_NEEDED` library is nowhere.
    #[error("{} needs '{soname}', which is in none of {} directories", needed_by.display(), searched.len())]
    MissingLibrary {
        /// The library.
        soname: String,
        /// The object whose `DT_NEEDED` names it.
        needed_by: PathBuf,
        /// The directories looked through, in order.
        searched: Vec<PathBuf>,
    },
    /// A directory given with `--also` has no shared object in it.
    #[error("{} has no shared object that a program could open", path.display())]
    NothingToOpen {
        /// The directory.
        path: PathBuf,
    },
    /// The application is itself one of the libraries that the kernel stands for.
    #[error("{} is {soname}, which the kernel stands for: give the program that uses it", path.display())]
    KernelLibrary {
        /// The file.
        path: PathBuf,
        /// Its soname.
        soname: String,
    },
}
