//! Reasons to keep more than the imports: what the closure's bytes say it may ask for at run time.
//!
//! Some questions cannot be answered by imports. Which names does `dlsym` get? Which numbers do functions
//! get that do a different thing for each, such as `syscall` and `socket`? Which conversions does `printf`
//! get, does the program know a path? They are answered soundly where the bytes allow it, and otherwise the
//! answer is "any", which the report lists as an assumption.

mod calls;
mod code;
mod formats;
mod names;
mod numbers;
pub(crate) mod texts;

pub use formats::{Directive, Formats};

use rayon::prelude::*;
use serde::Serialize;

use super::closure::AppClosure;
use crate::exports::Catalogue;

/// What a piece of evidence says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum EvidenceKind {
    /// A call of `dlsym` or `dlvsym` with this name.
    DlsymCall,
    /// An object that imports `dlsym` or `dlvsym` has the name of this export as a string,
    /// and looks up names that its code does not show.
    Dlsym,
    /// A call of a function that takes a number first, with this number.
    Number {
        /// The number.
        number: u32,
    },
    /// A call of such a function, or a pointer to it, whose number the bytes do not show: every row of
    /// its table has to stay.
    AnyNumber,
    /// A string that, as a format, has this conversion.
    Format {
        /// The directive.
        directive: String,
    },
    /// Formats are made or taken apart here, so that every conversion may be asked for.
    AnyFormat,
    /// A text without which a row cannot be asked for.
    Text {
        /// The text.
        text: String,
    },
}

/// A reason to keep something that nothing imports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What it says.
    #[serde(flatten)]
    pub kind: EvidenceKind,
    /// What it is about: an export whose name is a string, the function that takes a number, or a row.
    pub symbol: String,
    /// The export's version.
    pub version: String,
    /// The kernel symbol that implements the export.
    pub kernel_symbol: String,
    /// The object in which it was found, by its index in the closure.
    pub object: usize,
    /// The address in that object: of the string, or of the call.
    pub address: u64,
}

/// All evidence of a closure, sorted by object, then by kind and name.
pub(super) fn collect(closure: &AppClosure, catalogue: &Catalogue) -> Vec<Evidence> {
    let calls: Vec<_> = closure.objects.par_iter().map(calls::of).collect();
    let mut found = names::collect(closure, &calls, catalogue);
    found.extend(numbers::collect(&calls, catalogue));
    found.sort_by(|a, b| {
        (a.object, &a.kind, &a.symbol, a.address).cmp(&(b.object, &b.kind, &b.symbol, b.address))
    });
    found
}
