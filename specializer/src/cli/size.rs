//! `specialize size` and `specialize diff`: where a kernel's bytes are.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use super::arguments;
use super::context;
use super::error::CliError;
use super::make::Inputs;
use super::output;
use crate::link::{KernelImage, Linker};
use crate::report::{self, diff::Side, size::SizeReport};

/// `specialize size KERNEL`, or of the kernel for an application and a hypervisor.
pub(super) fn size(arguments: &arguments::Size) -> Result<ExitCode, CliError> {
    let (package, image, title) = match &arguments.image {
        Some(path) => {
            let image = read(path)?;
            let package = context::package(&arguments.target.closure.package, arguments.show.quiet)?;
            (package, image, name(path))
        }
        None => {
            let linker = Linker::start();
            let made = Inputs::read(&arguments.target, arguments.show.quiet)?.make(linker)?;
            let title = format!("{} on {}", made.closure.name(0), made.profile.name);
            (made.package, made.specialized.image, title)
        }
    };
    let sizes = SizeReport::of(&title, &package, &image);
    output::print(&if arguments.show.json { report::json(&sizes) } else { sizes.text(arguments.top) })?;
    Ok(ExitCode::SUCCESS)
}

/// `specialize diff A B`.
pub(super) fn diff(arguments: &arguments::Diff) -> Result<ExitCode, CliError> {
    let side = |path: &Path| -> Result<Side, CliError> {
        let image = read(path)?;
        let mut symbols = BTreeMap::new();
        for symbol in image.symbols.iter().filter(|symbol| symbol.size > 0) {
            let name = format!("{:#}", rustc_demangle::demangle(&symbol.name));
            *symbols.entry(name).or_default() += symbol.size;
        }
        Ok(Side { name: name(path), column: report::column(&image), symbols })
    };
    let diff = report::diff::diff(&side(&arguments.before)?, &side(&arguments.after)?);
    output::print(&if arguments.show.json { report::json(&diff) } else { diff.text(arguments.top) })?;
    Ok(ExitCode::SUCCESS)
}

/// A kernel with symbols.
fn read(path: &Path) -> Result<KernelImage, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let image = KernelImage::pack(bytes).map_err(|error| {
        CliError::told(format!("{}: {error}", path.display()), "give the file that --symbols wrote")
    })?;
    if image.symbols.is_empty() {
        return Err(CliError::told(
            format!("{} has no symbols", path.display()),
            "give the file that --symbols wrote beside it",
        ));
    }
    Ok(image)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
