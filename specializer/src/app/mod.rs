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
pub use evidence::{Evidence, EvidenceKind};
pub use imports::{Import, Imports, Interposed, MissingImport};
pub use object::AppObject;
pub use search::SearchPaths;
pub use symbols::{DefinedSymbol, ImportedSymbol, Slot, SymbolKind};

#[cfg(test)]
mod tests;
