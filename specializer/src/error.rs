//! The errors of [`crate::specialize()`], each from the step that found it.

use crate::{generated, link, llvm, package, roots};

/// Why a kernel could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel package is missing, damaged or could not be built.
    #[error(transparent)]
    Package(#[from] package::PackageError),
    /// What was asked for does not fit the package.
    #[error(transparent)]
    Roots(#[from] roots::RootsError),
    /// The tables or exports could not be written.
    #[error(transparent)]
    Generated(#[from] generated::GeneratedError),
    /// Optimisation or code generation failed.
    #[error(transparent)]
    Llvm(#[from] llvm::LlvmError),
    /// The link failed.
    #[error(transparent)]
    Link(#[from] link::LinkError),
}
