//! The builds that a kernel is compared with: made and measured, never estimated.

use super::build::kept_rows;
use super::model::Cause;
use crate::app::AppClosure;
use crate::generated::Generated;
use crate::link::{self, Inputs, KernelImage};
use crate::package::KernelPackage;
use crate::profile::Profile;
use crate::reachability::{self, LiveSet};
use crate::roots::Roots;
use crate::{Effort, Error, Options, Specialized};

/// A kernel to compare with.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What it is.
    pub title: String,
    /// How it was made, in a few words.
    pub how: String,
    /// The kernel.
    pub image: KernelImage,
    /// Rows of its export table.
    pub exports: u64,
    /// Table rows that it has, in the order of the package's tables.
    pub rows: Vec<u64>,
}

/// All comparison builds of one specialization, and what they say of the saving.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The kernels, the conventional build last.
    pub columns: Vec<Compared>,
    /// Where the saving against the conventional build comes from.
    pub causes: Vec<Cause>,
    /// What lives in the full kernel.
    pub full: LiveSet,
}

/// Makes the full kernel and the conventional build, and measures what each step saved.
pub fn comparisons(
    package: &KernelPackage,
    closure: &AppClosure,
    profile: &Profile,
    specialized: &Specialized,
    options: &Options,
) -> Result<Comparison, Error> {
    let plain = Options { save_dir: None, ..options.clone() };
    let everything = Roots::everything(package)?;
    let full = compiled(package, &everything, &plain, "full kernel", "every export")?;
    let mut every_row = Roots::collect(package, closure, &specialized.imports, profile, options)?;
    every_row.every_row();
    let conventional = compiled(package, &every_row, &plain, "conventional", "gc-sections")?;
    let chosen = match options.effort {
        Effort::Instant => loaded(&specialized.image),
        _ => loaded(&compiled(package, &specialized.roots, &plain, "", "")?.image),
    };
    let mut causes =
        vec![Cause { name: "table rows".to_owned(), bytes: loaded(&conventional.image) - chosen }];
    if options.effort != Effort::Instant {
        let name = "internalisation and constants".to_owned();
        causes.push(Cause { name, bytes: chosen - loaded(&specialized.image) });
    }
    let all = reachability::mark(&package.index, &everything);
    Ok(Comparison { columns: vec![full, conventional], causes, full: all })
}

/// A kernel linked from the package's compiled object.
fn compiled(
    package: &KernelPackage,
    roots: &Roots,
    options: &Options,
    title: &str,
    how: &str,
) -> Result<Compared, Error> {
    let live = reachability::mark(&package.index, roots);
    let extra = Generated::new(package, roots, &live, [0; 32])?;
    let image = link::link(package, &Inputs::precompiled(package, &extra)?, options)?;
    Ok(Compared {
        title: title.to_owned(),
        how: how.to_owned(),
        image,
        exports: roots.exports.len() as u64,
        rows: kept_rows(&live),
    })
}

/// Bytes of text, read-only and initialised data.
fn loaded(image: &KernelImage) -> i64 {
    i64::try_from(super::column(image).loaded()).unwrap_or(i64::MAX)
}
