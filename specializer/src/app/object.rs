//! One object of the closure: the application itself or a library.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;

use super::elf::{Elf, Segment};
use super::search::OwnPaths;
use super::symbols::{self, DefinedSymbol, ImportedSymbol};
use super::{AppError, ElfError};

/// The bytes of a file.
#[derive(Debug)]
pub enum FileBytes {
    /// In memory.
    Read(Vec<u8>),
    /// Where the file is cached.
    Mapped(Mmap),
}

impl FileBytes {
    fn of(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let kind = file.metadata()?.file_type();
        if kind.is_dir() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        if !kind.is_file() {
            return Ok(Self::Read(std::fs::read(path)?));
        }
        // SAFETY: the file is only read here. One that is written to meanwhile is read in part, as it would
        // be without the map; one that is cut short ends the process, as it would end the program.
        Ok(Self::Mapped(unsafe { Mmap::map(&file) }?))
    }
}

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Read(bytes)
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(bytes) => bytes,
        }
    }
}

/// A dynamically linked ELF file, read.
#[derive(Clone, Debug)]
pub struct AppObject {
    /// The file, as it was found.
    pub path: PathBuf,
    /// Its `DT_SONAME`.
    pub soname: Option<String>,
    /// Its `DT_NEEDED` entries, in order.
    pub needed: Vec<String>,
    /// The program interpreter that it asks for (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// Whether it has fixed addresses (`ET_EXEC`).
    pub fixed: bool,
    /// Whether it is an executable, as `ET_EXEC` or by `DF_1_PIE`.
    pub executable: bool,
    /// Whether its references look into itself first (`DT_SYMBOLIC`).
    pub symbolic: bool,
    /// What it asks others for.
    pub imports: Vec<ImportedSymbol>,
    /// What it offers to others, by name.
    pub defined: HashMap<String, Vec<DefinedSymbol>>,
    /// Its loadable segments.
    pub segments: Vec<Segment>,
    /// The whole file.
    pub bytes: Arc<FileBytes>,
    /// BLAKE3 of the file.
    pub hash: [u8; 32],
    /// The object through which it was loaded; `None` for the application and for what `--also` names.
    pub loaded_by: Option<usize>,
    /// Whether it came in by `--also`: opened at run time, so outside of the closure proper.
    pub opened_at_run_time: bool,
    /// The scope in which its references are looked up after the global one.
    pub(super) scope: usize,
    pub(super) paths: OwnPaths,
    pub(super) strings: (u64, u64),
    pub(super) addends: Vec<u64>,
    pub(super) code: Vec<(u64, u64)>,
    pub(super) data: Vec<(u64, u64)>,
    pub(super) unwind_index: Option<(u64, u64)>,
}

impl AppObject {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, AppError> {
        let read = |source| AppError::Read { path: path.to_owned(), source };
        Self::parse(path, FileBytes::of(path).map_err(read)?)
            .map_err(|source| AppError::Elf { path: path.to_owned(), source })
    }

    /// Reads a file's bytes; `path` is what it is called.
    pub fn parse(path: &Path, bytes: impl Into<FileBytes>) -> Result<Self, ElfError> {
        let bytes = bytes.into();
        let file = Elf::parse(&bytes)?;
        let dynamic = &file.dynamic;
        let text = |offset: Option<u64>, place: &str| offset.map(|o| file.string(o, place)).transpose();
        let mut needed = Vec::new();
        for (index, &offset) in dynamic.needed.iter().enumerate() {
            let name = file.string(offset, &format!("DT_NEEDED entry {index}"))?;
            if name.is_empty() {
                return Err(ElfError::malformed(format!("DT_NEEDED entry {index}"), "its name is empty"));
            }
            needed.push(name);
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let origin = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        let paths = OwnPaths {
            origin,
            rpath: text(dynamic.rpath, "DT_RPATH")?,
            runpath: text(dynamic.runpath, "DT_RUNPATH")?,
        };
        let (symbols, hash) = rayon::join(|| symbols::read(&file), || *blake3::hash(&bytes).as_bytes());
        let symbols = symbols?;
        Ok(Self {
            path: path.to_owned(),
            soname: text(dynamic.soname, "DT_SONAME")?,
            needed,
            interpreter: file.interpreter.clone(),
            fixed: file.executable,
            executable: file.executable || dynamic.pie,
            symbolic: dynamic.symbolic,
            imports: symbols.imports,
            defined: symbols.defined,
            segments: file.segments.clone(),
            hash,
            loaded_by: None,
            opened_at_run_time: false,
            scope: 0,
            paths,
            strings: (dynamic.strings.address, dynamic.strings.size),
            addends: symbols::relative_addends(&file)?,
            code: file.code_sections(),
            data: file.data_sections(),
            unwind_index: file.unwind_index,
            bytes: Arc::new(bytes),
        })
    }

    /// The file's name without its directories, for messages.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Whether one of its definitions of `name` serves a reference with this version.
    pub fn defines(&self, name: &str, version: Option<&str>) -> bool {
        self.defined.get(name).is_some_and(|all| all.iter().any(|definition| definition.satisfies(version)))
    }

    /// Whether it asks for this name.
    pub fn import(&self, name: &str) -> Option<&ImportedSymbol> {
        self.imports.iter().find(|import| import.name == name)
    }

    /// The parts that hold data which the program may read, with their addresses.
    pub(super) fn data(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.data.iter().filter_map(|&(address, size)| Some((address, self.at(address, size)?)))
    }

    /// The bytes of an address range, as far as they are in the file.
    pub(super) fn at(&self, address: u64, size: u64) -> Option<&[u8]> {
        let segment =
            self.segments.iter().find(|s| address >= s.address && address - s.address < s.file_size)?;
        let data = self.contents(segment);
        let start = usize::try_from(address - segment.address).ok()?;
        let end = start.saturating_add(usize::try_from(size).ok()?).min(data.len());
        data.get(start..end)
    }

    /// The bytes of a segment that are in the file.
    pub(super) fn contents(&self, segment: &Segment) -> &[u8] {
        let start = usize::try_from(segment.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(segment.file_size).unwrap_or(usize::MAX));
        self.bytes.get(start..end).unwrap_or_default()
    }
}
