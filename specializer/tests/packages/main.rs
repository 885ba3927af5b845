//! The transformations, each shown on a small kernel of `tests/packages` at every effort.

mod cxx;
mod damage;
mod rebuild;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use specialize::app::AppClosure;
use specialize::link::Linker;
use specialize::package::KernelPackage;
use specialize::profile::{Profile, RowSet};
use specialize::{Effort, Error, Options, Specialized};

const EFFORTS: [Effort; 3] = [Effort::Instant, Effort::Balanced, Effort::Max];

/// The sources of a test kernel.
fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/packages").join(name)
}

/// The package of a test kernel, made if its sources have changed.
fn package(name: &str) -> KernelPackage {
    // Tests run side by side; the package is made once.
    static MAKING: Mutex<()> = Mutex::new(());
    let _made = MAKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-package"));
    KernelPackage::ensure(&sources(name), &place, &()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A specialization without an application: `--export` asks for what is kept.
struct Ask<'a> {
    exports: &'a [&'a str],
    rows: &'a [(&'a str, &'a [&'a str])],
    root: Option<&'a str>,
    set: &'a [(&'a str, &'a str)],
}

const NOTHING: Ask<'_> = Ask { exports: &[], rows: &[], root: None, set: &[] };

fn attempt(package: &KernelPackage, ask: &Ask<'_>, effort: Effort) -> Result<Specialized, Error> {
    let rows = ask.rows.iter().map(|(kind, rows)| {
        let rows = rows.iter().map(|row| (*row).to_owned()).collect();
        ((*kind).to_owned(), RowSet::Listed(rows))
    });
    let profile = Profile::of_rows("test", rows.collect::<BTreeMap<_, _>>());
    let options = Options {
        effort,
        export: ask.exports.iter().map(|name| (*name).to_owned()).collect(),
        tunables: ask.set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        root: ask.root.map(str::to_owned),
        verify: true,
        ..Options::default()
    };
    specialize::specialize(package, &AppClosure::default(), &profile, &options, Linker::start())
}

fn specialized(package: &KernelPackage, ask: &Ask<'_>, effort: Effort) -> Specialized {
    attempt(package, ask, effort).unwrap_or_else(|e| panic!("{effort:?}: {e}"))
}

/// Whether a kernel holds a symbol.
fn holds(kernel: &Specialized, name: &str) -> bool {
    kernel.image.symbols.iter().any(|symbol| symbol.name == name)
}
