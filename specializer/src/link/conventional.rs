//! The kernels to compare with: what a linker makes of the same sources with `--gc-sections` and the
//! same exports, compiled crate by crate as cargo does, panic texts and all table rows kept.

use super::{Inputs, KernelImage, LinkError, Linker, run};
use crate::Options;
use crate::generated::Generated;
use crate::package::KernelPackage;
use crate::reachability::{self, LiveSet};
use crate::roots::Roots;

/// Which of the specializer's means a comparison build has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conventional {
    /// None: `--gc-sections` and an export list.
    Plain,
    /// None, but link-time optimisation over all crates before the link.
    Lto,
    /// The chosen table rows and tunables.
    Rows,
    /// The chosen table rows and tunables, and panics as traps.
    RowsAndPanics,
}

/// The archive of one kind of comparison build.
fn archive(kind: Conventional) -> &'static str {
    match kind {
        Conventional::Plain | Conventional::Rows => "conventional/plain.a",
        Conventional::Lto => "conventional/bitcode.a",
        Conventional::RowsAndPanics => "conventional/lowered.a",
    }
}

/// Links a comparison kernel with the exports of `roots`.
///
/// # Errors
/// The package has no comparison archive, or the linker refuses.
pub fn conventional(
    package: &KernelPackage,
    roots: &Roots,
    live: &LiveSet,
    kind: Conventional,
) -> Result<KernelImage, LinkError> {
    let linker = Linker::start();
    let extra = Generated::new(package, roots, live, [0; 32])?;
    let with_rows = matches!(kind, Conventional::Rows | Conventional::RowsAndPanics);
    let mut inputs = Inputs::default();
    // Before the archive, so that its tables, and not the archive's, are taken.
    inputs.generated(package, &extra, with_rows)?;
    inputs.file(package, archive(kind))?;
    // The compiler's own crates were compiled to unwind; panics do not, so nothing of it is kept.
    let unwinding = ["--defsym=rust_eh_personality=0", "--defsym=_Unwind_Resume=0"];
    let mut flags = [&["--allow-multiple-definition"][..], &unwinding].concat();
    if kind == Conventional::Lto {
        // The kernel's own optimisation level is in its functions' attributes.
        let code = ["--lto-O2", "-mllvm", "-code-model=kernel", "-mllvm", "-relocation-model=static"];
        flags.extend(code);
    }
    run(linker, package, &inputs, &flags, true, &Options::default())
}

/// Links the full kernel: every export, every row.
///
/// # Errors
/// As [`conventional`].
pub fn full(package: &KernelPackage) -> Result<KernelImage, crate::Error> {
    let roots = Roots::everything(package)?;
    let live = reachability::mark(&package.index, &roots);
    Ok(conventional(package, &roots, &live, Conventional::Plain)?)
}
