//! The checked options of one specialization.

use std::path::PathBuf;

use crate::package::KernelPackage;
use crate::reachability::LiveSet;

/// How much is done for one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effort {
    /// Links what the package holds compiled. Milliseconds.
    Instant,
    /// Prunes the bitcode, propagates constants, compiles and links. About a second.
    Balanced,
    /// Runs the full optimisation pipeline on what is left. Seconds.
    Max,
}

/// Which exports a kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportSet {
    /// What the application's closure imports or shows it looks up.
    App,
    /// Everything of the libraries that the closure names in DT_NEEDED.
    Libc,
    /// Everything.
    All,
}

/// What happens when the closure imports what the kernel lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unresolved {
    /// No kernel is made; the error names every missing symbol.
    Error,
    /// The kernel names the symbol and stops if it is ever called.
    Trap,
}

/// The checked options of one specialization.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much is done.
    pub effort: Effort,
    /// Which exports are kept.
    pub exports: ExportSet,
    /// Exports kept besides, by C name or `name@VERSION`.
    pub export: Vec<String>,
    /// Tunables set, by name.
    pub tunables: Vec<(String, String)>,
    /// Rows left out although the profile lists them, as `row` or `table:row`.
    pub drop_rows: Vec<String>,
    /// Rows kept although the profile does not list them, as `row` or `table:row`.
    pub keep_rows: Vec<String>,
    /// The root file system, one of the names in the package's `kernel.toml`; otherwise the profile's.
    pub root: Option<String>,
    /// What happens when an import is missing.
    pub unresolved: Unresolved,
    /// Whether what survives is checked against the live set.
    pub verify: bool,
    /// Whether code is compiled for size and equal functions become one; comparison builds do without.
    pub code_for_size: bool,
    /// Whether unwind tables stay though nothing that lives reads them, as they do in comparison builds.
    pub keep_unwind_tables: bool,
    /// Where intermediate files (objects, IR before and after each step, the link line) are left.
    pub save_dir: Option<PathBuf>,
}

impl Options {
    /// Whether a kernel of what lives has unwind tables.
    pub(crate) fn unwinds(&self, package: &KernelPackage, live: &LiveSet) -> bool {
        package.unwinds(live) || self.keep_unwind_tables
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            effort: Effort::Balanced,
            exports: ExportSet::App,
            export: Vec::new(),
            tunables: Vec::new(),
            drop_rows: Vec::new(),
            keep_rows: Vec::new(),
            root: None,
            unresolved: Unresolved::Error,
            verify: false,
            code_for_size: true,
            keep_unwind_tables: false,
            save_dir: None,
        }
    }
}
