//! `specialize explain`: what a code that a kernel printed stands for.

use std::process::ExitCode;

use super::arguments::Explain;
use super::context;
use super::error::CliError;
use super::output;
use crate::package::{PackageError, PanicSite};
use crate::report;

/// `specialize explain CODE`.
pub(super) fn explain(arguments: &Explain) -> Result<ExitCode, CliError> {
    let code = number(&arguments.code).ok_or_else(|| {
        CliError::usage(format!("'{}' is no code: it is a number, with 0x in hexadecimal", arguments.code))
    })?;
    let package = context::package(&arguments.package, arguments.show.quiet)?;
    let bytes = package.read("panics.json")?;
    let sites: Vec<PanicSite> = serde_json::from_slice(&bytes).map_err(|error| PackageError::Index {
        path: package.directory.join("panics.json"),
        reason: error.to_string(),
    })?;
    let site = usize::try_from(code).ok().and_then(|code| sites.get(code));
    let Some(site) = site else {
        return Err(CliError::told(
            format!("this kernel has no code {}", arguments.code),
            "a code is of the package that the kernel was made with; --kernel PKG names another one",
        ));
    };
    let text = if arguments.show.json { report::json(site) } else { text(site) };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(site: &PanicSite) -> String {
    format!("{}:{}:{}: {}\n", site.file, site.line, site.column, site.message)
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
