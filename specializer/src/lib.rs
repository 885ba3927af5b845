//! Links a unikernel so that it holds what one application on one hypervisor can reach, and
//! nothing else. [`specialize()`] is the whole pipeline.

pub mod app;
pub mod boot;
pub mod cli;
pub mod diagnostic;
mod error;
pub mod exports;
pub mod generated;
pub mod graph;
pub mod link;
mod llvm;
mod options;
pub mod package;
pub mod profile;
pub mod reachability;
pub mod report;
pub mod roots;

pub use error::Error;
pub use options::{Effort, ExportSet, Options, Unresolved};

use app::{AppClosure, Imports};
use link::{KernelImage, Linker};
use package::KernelPackage;
use profile::Profile;
use reachability::LiveSet;
use roots::Roots;

/// A finished kernel, with what led to it.
#[derive(Debug)]
pub struct Specialized {
    /// The kernel, ready to boot.
    pub image: KernelImage,
    /// What it holds of the package, and through whom.
    pub live: LiveSet,
    /// What was asked for, and which rows and exports that came to.
    pub roots: Roots,
    /// What the application needs.
    pub imports: Imports,
    /// The hash of application, package and options that image and kernel share.
    pub identity: [u8; 32],
}

/// Makes the kernel for one application (`closure` includes what `--also` added) on one hypervisor, by a
/// linker that best starts before package and closure are read.
///
/// # Errors
/// An import the package lacks, a row or tunable it does not have, a damaged package, or a failure
/// of the linker; each names the file and the symbol.
pub fn specialize(
    package: &KernelPackage,
    closure: &AppClosure,
    profile: &Profile,
    options: &Options,
    linker: Linker,
) -> Result<Specialized, Error> {
    let imports = Imports::of(closure, &package.catalogue);
    let roots = Roots::collect(package, closure, &imports, profile, options)?;
    let live = reachability::mark(&package.index, &roots);
    let identity = generated::identity(package, closure, profile, options);
    let extra = generated::Generated::new(package, &roots, &live, identity)?;
    let objects = match options.effort {
        Effort::Instant => link::Inputs::precompiled(package, &live, &extra, options)?,
        effort => {
            let objects = llvm::specialize(package, &live, &extra, effort, options)?;
            link::Inputs::compiled(package, &live, &extra, objects, options)?
        }
    };
    let image = link::link(linker, package, &live, &objects, options)?;
    if options.verify {
        image.verify(package, &live).map_err(link::LinkError::from)?;
    }
    Ok(Specialized { image, live, roots, imports, identity })
}
