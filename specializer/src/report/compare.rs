//! The builds that a kernel is compared with: made and measured, never estimated.

use super::build::kept_rows;
use super::model::Cause;
use crate::app::AppClosure;
use crate::generated::Generated;
use crate::link::{self, Conventional, Inputs, KernelImage, Linker};
use crate::llvm;
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

/// Makes the full kernel and the conventional builds, and measures what each step saved. Each build
/// has one more of the specializer's means than the one before, so a cause's bytes are a difference
/// of two kernels that were made.
pub fn comparisons(
    package: &KernelPackage,
    closure: &AppClosure,
    profile: &Profile,
    specialized: &Specialized,
    options: &Options,
) -> Result<Comparison, Error> {
    let all = Roots::everything(package)?;
    let full =
        compared(package, &all, Conventional::Plain, "full kernel", "every export and row, --gc-sections")?;
    let mut every_row = Roots::collect(package, closure, &specialized.imports, profile, options)?;
    every_row.every_row();
    let plain = "same exports, every row, --gc-sections";
    let plain = compared(package, &every_row, Conventional::Plain, "conventional", plain)?;
    let lto = compared(
        package,
        &every_row,
        Conventional::Lto,
        "with LTO",
        "conventional, with fat LTO before the link",
    )?;
    let rows = compared(package, &specialized.roots, Conventional::Rows, "", "")?;
    let lowered = "conventional, with this tool's rows and panic lowering";
    let lowered =
        compared(package, &specialized.roots, Conventional::RowsAndPanics, "rows, panics", lowered)?;
    let instant_with = |options: &Options| instant(package, specialized, options);
    let bare = Options { code_for_size: false, ..Options::default() };
    let unwinding = instant_with(&Options { keep_unwind_tables: true, ..bare.clone() })?;
    let mut sizes = vec![
        ("", loaded(&plain.image)),
        ("table rows", loaded(&rows.image)),
        ("panic lowering", loaded(&lowered.image)),
        ("one compilation, unwind tables of callbacks alone", loaded(&unwinding)),
        ("unwind tables that nobody reads", loaded(&instant_with(&bare)?)),
    ];
    if options.effort != Effort::Instant {
        let bare = Options { effort: options.effort, ..bare };
        sizes.push(("internalisation and constants", loaded(&again(package, specialized, &bare)?)));
    }
    let last = match options.effort {
        Effort::Instant => "equal code folded",
        _ => "code for size, equal code folded",
    };
    sizes.push((last, loaded(&specialized.image)));
    let steps: Vec<_> = sizes.windows(2).map(|pair| (pair[1].0, pair[0].1 - pair[1].1)).collect();
    let causes = steps.into_iter().map(|(name, bytes)| Cause { name: name.to_owned(), bytes });
    let all = reachability::mark(&package.index, &all);
    Ok(Comparison { columns: vec![full, lto, lowered, plain], causes: causes.collect(), full: all })
}

fn compared(
    package: &KernelPackage,
    roots: &Roots,
    kind: Conventional,
    title: &str,
    how: &str,
) -> Result<Compared, Error> {
    let live = reachability::mark(&package.index, roots);
    let image = link::conventional(package, roots, &live, kind)?;
    Ok(Compared {
        title: title.to_owned(),
        how: how.to_owned(),
        image,
        exports: roots.exports.len() as u64,
        rows: kept_rows(&live),
    })
}

/// The kernel that `--effort instant` makes.
fn instant(
    package: &KernelPackage,
    specialized: &Specialized,
    options: &Options,
) -> Result<KernelImage, Error> {
    let linker = Linker::start();
    let (roots, live) = (&specialized.roots, &specialized.live);
    let extra = Generated::new(package, roots, live, specialized.identity)?;
    let inputs = Inputs::precompiled(package, live, &extra, options)?;
    Ok(link::link(linker, package, live, &inputs, options)?)
}

/// The same kernel made anew with other options.
fn again(
    package: &KernelPackage,
    specialized: &Specialized,
    options: &Options,
) -> Result<KernelImage, Error> {
    let linker = Linker::start();
    let (roots, live) = (&specialized.roots, &specialized.live);
    let extra = Generated::new(package, roots, live, specialized.identity)?;
    let objects = llvm::specialize(package, live, &extra, options.effort, options)?;
    let inputs = Inputs::compiled(package, live, &extra, objects, options)?;
    Ok(link::link(linker, package, live, &inputs, options)?)
}

/// Bytes of text, read-only and initialised data.
fn loaded(image: &KernelImage) -> i64 {
    i64::try_from(super::column(image).loaded()).unwrap_or(i64::MAX)
}
