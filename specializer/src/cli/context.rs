//! What most commands need first: the kernel package, with a progress bar if it has to be built.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::arguments;
use super::error::CliError;
use crate::app::{AppClosure, SearchPaths};
use crate::exports::Catalogue;
use crate::package::{KernelPackage, Progress};

/// The directory of `kernel.toml`: of the source tree that the current directory is in, or of the
/// one that this program was built from.
pub(super) fn kernel_sources() -> Result<PathBuf, CliError> {
    let here = std::env::current_dir().unwrap_or_default();
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trees = here.ancestors().chain(built.parent());
    trees.map(|tree| tree.join("kernel")).find(|kernel| kernel.join("kernel.toml").is_file()).ok_or_else(
        || {
            CliError::told(
                "there is no kernel here to specialize",
                "--kernel PKG names a package that was built before",
            )
        },
    )
}

/// The directory of the lists that go with these kernel sources.
pub(super) fn symbols_beside(kernel: &Path) -> PathBuf {
    kernel.parent().unwrap_or(kernel).join("symbols")
}

/// Opens the package that was asked for, or the source tree's own, built if need be.
pub(super) fn package(arguments: &arguments::Package, quiet: bool) -> Result<KernelPackage, CliError> {
    if let Some(directory) = &arguments.kernel {
        return Ok(KernelPackage::open(directory)?);
    }
    let kernel = kernel_sources()?;
    let bar = Bar::new(quiet);
    Ok(KernelPackage::ensure(&kernel, &KernelPackage::default_location(&kernel), &bar)?)
}

/// Loads an application with everything that was said to belong to it.
pub(super) fn closure(
    app: &Path,
    arguments: &arguments::Closure,
    catalogue: &Catalogue,
) -> Result<AppClosure, CliError> {
    let search = SearchPaths::host(arguments.lib_path.clone());
    let provided = catalogue.sonames();
    let mut closure = AppClosure::load(app, &search, &provided)?;
    for path in &arguments.also {
        closure.open_also(path, &search, &provided)?;
    }
    Ok(closure)
}

/// A progress bar on a terminal; one line elsewhere.
pub(super) struct Bar {
    bar: ProgressBar,
    quiet: bool,
}

impl Bar {
    /// A bar that shows itself with its first step.
    pub fn new(quiet: bool) -> Self {
        let bar = ProgressBar::hidden();
        let style =
            ProgressStyle::with_template("{spinner} building the kernel package [{bar:24}] {elapsed} {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        Self { bar, quiet }
    }
}

impl Progress for Bar {
    fn step(&self, at: usize, of: usize, what: &str) {
        if self.quiet {
            return;
        }
        if !std::io::stderr().is_terminal() {
            if at <= 1 {
                eprintln!("building the kernel package; it is made once and takes minutes");
            }
            return;
        }
        if self.bar.is_hidden() {
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
        self.bar.set_length(of as u64);
        self.bar.set_position(at as u64);
        self.bar.set_message(what.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
