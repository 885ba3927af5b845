//! Raw flags become checked options.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::arguments::{self, Target};
use super::error::CliError;
use crate::package::KernelPackage;
use crate::profile::Profile;
use crate::{Effort, ExportSet, Options, Unresolved};

/// The application, or a usage error that says it is wanted.
pub(super) fn app(target: &Target) -> Result<&Path, CliError> {
    target
        .app
        .as_deref()
        .ok_or_else(|| CliError::usage("--app FILE is missing: the application to specialize for"))
}

/// The name or path of the profile, or a usage error that says it is wanted.
pub(super) fn profile_name(target: &Target) -> Result<&str, CliError> {
    target.hv.as_deref().ok_or_else(|| {
        CliError::usage(
            "--hv PROFILE is missing: the hypervisor to specialize for (see `specialize profiles`)",
        )
    })
}

/// The profile, checked against the package's tables.
pub(super) fn profile(target: &Target, package: &KernelPackage) -> Result<Profile, CliError> {
    let name = profile_name(target)?;
    let tables: BTreeMap<String, Vec<String>> = package
        .index
        .tables
        .iter()
        .map(|table| (table.kind.clone(), table.rows.iter().flatten().map(|row| row.name.clone()).collect()))
        .collect();
    Ok(Profile::load(name)?.resolve(&tables)?)
}

/// The options of the pipeline.
pub(super) fn options(target: &Target) -> Result<Options, CliError> {
    Ok(Options {
        effort: match target.effort {
            Some(arguments::Effort::Instant) => Effort::Instant,
            None | Some(arguments::Effort::Balanced) => Effort::Balanced,
            Some(arguments::Effort::Max) => Effort::Max,
        },
        exports: match target.exports {
            arguments::Exports::App => ExportSet::App,
            arguments::Exports::Libc => ExportSet::Libc,
            arguments::Exports::All => ExportSet::All,
        },
        export: exports(&target.export)?,
        tunables: target.set.iter().map(|setting| tunable(setting)).collect::<Result<_, _>>()?,
        drop_rows: target.drop.clone(),
        keep_rows: target.keep.clone(),
        root: target.root.clone(),
        unresolved: match target.unresolved {
            arguments::Unresolved::Error => Unresolved::Error,
            arguments::Unresolved::Trap => Unresolved::Trap,
        },
        verify: target.verify,
        save_dir: target.save_dir.clone(),
        ..Options::default()
    })
}

/// The rows that `--net` leaves out: with `loopback`, all drivers of network cards.
pub(super) fn left_out(target: &Target, package: &KernelPackage) -> Vec<String> {
    let cards = &package.kernel_toml.run.cards;
    let tables = package.index.tables.iter().filter(|table| cards.contains(&table.kind));
    let rows = tables
        .flat_map(|table| table.rows.iter().flatten().map(|row| format!("{}:{}", table.kind, row.name)));
    if target.net == Some(arguments::Net::Loopback) { rows.collect() } else { Vec::new() }
}

/// The names of `--export`, with those of `@FILE` in place of it.
fn exports(names: &[String]) -> Result<Vec<String>, CliError> {
    let mut found = Vec::new();
    for name in names {
        let Some(file) = name.strip_prefix('@') else {
            found.push(name.clone());
            continue;
        };
        let path = PathBuf::from(file);
        let text = std::fs::read_to_string(&path).map_err(|source| CliError::Read { path, source })?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        found.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(found)
}

fn tunable(setting: &str) -> Result<(String, String), CliError> {
    match setting.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(CliError::usage(format!("--set takes NAME=VALUE, not '{setting}'"))),
    }
}

/// A size in bytes: digits, and K, M or G for powers of 1024.
pub(super) fn size(text: &str) -> Result<u64, CliError> {
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (text.get(..at), 10),
        Some((at, 'm' | 'M')) => (text.get(..at), 20),
        Some((at, 'g' | 'G')) => (text.get(..at), 30),
        _ => (Some(text), 0),
    };
    let number = digits.and_then(|digits| digits.parse::<u64>().ok());
    let bytes = number.and_then(|number| number.checked_mul(1 << shift)).filter(|&bytes| bytes > 0);
    bytes.ok_or_else(|| CliError::usage(format!("'{text}' is no size: it is a number with K, M or G")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_powers_of_1024() {
        assert_eq!(size("64M").unwrap(), 64 << 20);
        assert_eq!(size("4096").unwrap(), 4096);
        for wrong in ["", "M", "12X", "-1", "99999999999G", "0"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn settings_need_a_name_and_a_value() {
        assert_eq!(tunable("hz=250").unwrap(), ("hz".to_owned(), "250".to_owned()));
        assert!(tunable("hz").is_err() && tunable("=1").is_err());
    }
}
