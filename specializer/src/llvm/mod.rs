//! The only module that names LLVM: loads, prunes, optimises and emits bitcode.
//!
//! Used by `package` to build and by the pipeline to specialize; uses `package` and `reachability`.

mod compile;
mod emit;
mod panics;
mod prune;
mod references;
mod tables;
mod unwinding;
mod wrapper;

pub(crate) use compile::{Compiled, IrInput, compile, lowered};
pub(crate) use prune::specialize;
pub(crate) use wrapper::version;

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
    /// The package cannot be read.
    #[error(transparent)]
    Package(#[from] crate::package::PackageError),
}
