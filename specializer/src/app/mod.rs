//! The application: its ELF files, what they import, and what their bytes prove.
//!
//! Reads files and nothing else; knows of the kernel only what `exports` lists. Used by the pipeline
//! before the graph is walked, by `imports`, and by `run` for what goes on the image.

mod closure;
mod elf;
mod error;
mod evidence;
mod imports;
mod object;
mod search;
mod symbols;

pub use closure::{AppClosure, Note, ScopeEntry};
pub use elf::Segment;
pub use error::{AppError, ElfError};
pub(crate) use evidence::texts;
pub use evidence::{Directive, Evidence, EvidenceKind, Formats};
pub use imports::{Import, Imports, Interposed, MissingImport};
pub use object::{AppObject, FileBytes};
pub use search::SearchPaths;
pub use symbols::{DefinedSymbol, ImportedSymbol, Slot, SymbolKind};

/// Reads bytes as an application and looks for all that can be found in them: what fuzzing calls.
#[doc(hidden)]
pub fn look_at(data: &[u8]) {
    let Ok(object) = AppObject::parse(std::path::Path::new("app"), data.to_vec()) else { return };
    let list = "dlsym V func =\ndlvsym V func =\nsyscall V func =\nclose V func =\nmalloc V func =\n";
    let library = crate::exports::Library::parse("libc.so.6", list);
    let catalogue = crate::exports::Catalogue::new(library.into_iter().collect());
    let _ = Imports::of(&AppClosure::of_one(object), &catalogue);
}

#[cfg(test)]
mod tests;
