//! The lists of exports that go into a package: those in `symbols/`, with what this very kernel
//! provides.

use std::path::Path;

use super::builder::symbol_lists;
use super::{Index, PackageError, SymbolKind};
use crate::exports::{self, Catalogue, KernelSymbol, Library};

/// The name and text of each list, its last two columns as the kernel has them: a package says the
/// truth about itself even where `specialize kernel check` would find fault with the sources.
pub(super) fn fresh(kernel: &Path, index: &Index) -> Result<Vec<(String, Vec<u8>)>, PackageError> {
    let mut lists = Vec::new();
    for (name, path) in symbol_lists(kernel)? {
        let text = std::fs::read_to_string(&path).map_err(PackageError::io(&path))?;
        let soname = name.strip_suffix(".symbols").unwrap_or(&name);
        lists.push(Library::parse(soname, &text)?);
    }
    let fresh = exports::refreshed(&Catalogue::new(lists), |name| kernel_symbol(index, name));
    let text = |list: &Library| (format!("{}.symbols", list.soname), list.to_text().into_bytes());
    Ok(fresh.libraries().iter().map(text).collect())
}

/// What a kernel has under a name, as the lists see it.
pub fn kernel_symbol(index: &Index, name: &str) -> Option<KernelSymbol> {
    let id = index.find_defined(name)?;
    Some(match index.symbol(id).kind {
        SymbolKind::Function | SymbolKind::Native => KernelSymbol::Function,
        // An exported variable is a cell around the variable; the index does not say how large that is.
        _ => KernelSymbol::Object { size: None },
    })
}
