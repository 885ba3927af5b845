//! `specialize kernel build|show|check`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use comfy_table::Cell;
use serde::Serialize;

use super::arguments::{KernelBuild, KernelCheck, KernelShow};
use super::context::{self, Bar};
use super::error::CliError;
use super::output;
use crate::exports::{self, Catalogue, Check, Coverage};
use crate::package::{KernelPackage, SymbolKind, kernel_symbol};
use crate::report::{self, grouped, right};

/// `kernel build`.
pub(super) fn build(arguments: &KernelBuild) -> Result<ExitCode, CliError> {
    let kernel = match &arguments.source {
        Some(directory) => directory.clone(),
        None => context::kernel_sources()?,
    };
    let place = arguments.output.clone().unwrap_or_else(|| KernelPackage::default_location(&kernel));
    let bar = Bar::new(arguments.show.quiet);
    let package = KernelPackage::ensure(&kernel, &place, &bar)?;
    drop(bar);
    if arguments.show.json {
        output::print(&report::json(&Summary::of(&package)))?;
    } else if !arguments.show.quiet {
        output::print(&format!("{}\n", package.directory.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What `kernel show` says of a package.
#[derive(Serialize)]
struct Summary {
    name: String,
    directory: String,
    llvm: String,
    sources: String,
    symbols: usize,
    bytes: BTreeMap<String, u64>,
    tables: BTreeMap<String, Vec<String>>,
    tunables: Vec<String>,
    roots: Vec<String>,
    files: BTreeMap<String, u64>,
    groups: BTreeMap<String, u64>,
}

impl Summary {
    fn of(package: &KernelPackage) -> Self {
        let index = &package.index;
        let mut groups = BTreeMap::new();
        for id in index.ids().filter(|id| index.symbol(*id).kind != SymbolKind::External) {
            *groups.entry(package.kernel_toml.group_of(index.source(id))).or_default() +=
                u64::from(index.symbol(id).size);
        }
        let files = package.manifest.files.keys().map(|name| {
            let bytes = std::fs::metadata(package.directory.join(name)).map_or(0, |metadata| metadata.len());
            (name.clone(), bytes)
        });
        Self {
            name: package.manifest.name.clone(),
            directory: package.directory.display().to_string(),
            llvm: package.manifest.llvm.clone(),
            sources: package.manifest.sources.clone(),
            symbols: index.len(),
            bytes: index
                .sizes()
                .into_iter()
                .map(|(kind, bytes)| (kind_name(kind).to_owned(), bytes))
                .collect(),
            tables: index
                .tables
                .iter()
                .map(|table| {
                    (table.kind.clone(), table.rows.iter().flatten().map(|r| r.name.clone()).collect())
                })
                .collect(),
            tunables: index.tunables.iter().map(|tunable| tunable.name.clone()).collect(),
            roots: package.kernel_toml.roots.keys().cloned().collect(),
            files: files.collect(),
            groups,
        }
    }

    fn text(&self) -> String {
        let mut out = format!("{} in {}\n", self.name, self.directory);
        let _ = writeln!(out, "made with LLVM {}, of sources {}", self.llvm, self.sources);
        let _ = writeln!(out, "\n{} symbols", grouped(self.symbols as u64));
        out.push_str(&two_columns(&self.bytes));
        out.push_str("\nFiles\n");
        out.push_str(&two_columns(&self.files));
        out.push_str("\nTables\n");
        let mut table = report::table();
        for (kind, rows) in &self.tables {
            table.add_row(vec![kind.clone(), rows.join(" ")]);
        }
        out.push_str(&report::lines(&table));
        let _ = writeln!(out, "\nTunables  {}", self.tunables.join(" "));
        let _ = writeln!(out, "Roots     {}", self.roots.join(" "));
        out.push_str("\nBytes by group\n");
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(name, bytes)| (std::cmp::Reverse(**bytes), *name));
        let mut table = report::table();
        for (name, bytes) in groups {
            table.add_row(vec![Cell::new(name), right(grouped(*bytes))]);
        }
        out.push_str(&report::lines(&table));
        out
    }
}

fn two_columns(map: &BTreeMap<String, u64>) -> String {
    let mut table = report::table();
    for (name, bytes) in map {
        table.add_row(vec![Cell::new(name), right(grouped(*bytes))]);
    }
    report::lines(&table)
}

fn kind_name(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Function => "functions",
        SymbolKind::ReadOnly => "read-only data",
        SymbolKind::Data => "data",
        SymbolKind::Bss => "bss",
        SymbolKind::Native => "assembly",
        SymbolKind::Table => "tables",
        SymbolKind::Tunable => "tunables",
        SymbolKind::External => "made by the specializer",
    }
}

/// `kernel show`.
pub(super) fn show(arguments: &KernelShow) -> Result<ExitCode, CliError> {
    let package = context::package(&arguments.package, arguments.show.quiet)?;
    let summary = Summary::of(&package);
    output::print(&if arguments.show.json { report::json(&summary) } else { summary.text() })?;
    Ok(ExitCode::SUCCESS)
}

/// What `kernel check --json` shows.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    check: Check,
    against: Vec<Coverage>,
    updated: Vec<String>,
}

/// `kernel check`: exit status 1 when a list and the package disagree.
pub(super) fn check(arguments: &KernelCheck) -> Result<ExitCode, CliError> {
    let package = context::package(&arguments.package, arguments.show.quiet)?;
    let directory = match &arguments.symbols {
        Some(directory) => directory.clone(),
        None => context::symbols_beside(&context::kernel_sources()?),
    };
    let mut catalogue = Catalogue::load(&directory)?;
    let kernel = |name: &str| kernel_symbol(&package.index, name);
    let mut updated = Vec::new();
    if arguments.update {
        catalogue = exports::refreshed(&catalogue, kernel);
        updated = exports::write(&catalogue, &directory)?;
    }
    let check = exports::check(&catalogue, kernel);
    let mut against = Vec::new();
    for path in &arguments.against {
        let text =
            std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.clone(), source })?;
        let title = path.file_name().unwrap_or_default().to_string_lossy();
        // What the kernel has counts, whatever the list says of it.
        let fresh = exports::refreshed(&catalogue, kernel);
        against.push(exports::coverage_of_imports(&fresh, &title, &text));
    }
    let wrong = check.disagreements.len();
    let checked = Checked { check, against, updated };
    if arguments.show.json {
        output::print(&report::json(&checked))?;
    } else if !arguments.show.quiet {
        output::print(&check_text(&checked))?;
    }
    if wrong > 0 && !arguments.show.quiet {
        let what = if wrong == 1 { "one line".to_owned() } else { format!("{wrong} lines") };
        return Err(CliError::told(
            format!("{what} of the lists in {} disagree with the kernel", directory.display()),
            "specialize kernel check --update corrects the last two columns",
        ));
    }
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

fn check_text(checked: &Checked) -> String {
    let mut out = String::new();
    for disagreement in &checked.check.disagreements {
        let _ = writeln!(out, "{disagreement}");
    }
    for library in &checked.updated {
        let _ = writeln!(out, "{library}.symbols was corrected");
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let mut table = report::table();
    table.set_header(vec![Cell::new(""), right("provided"), right("listed"), right("")]);
    // glibc 2.34 emptied some libraries: all that is left of them are placeholders.
    let coverage =
        checked.check.coverage.iter().chain(&checked.against).filter(|coverage| coverage.listed > 0);
    for coverage in coverage {
        let tenths = coverage.per_mille();
        table.add_row(vec![
            Cell::new(&coverage.of),
            right(grouped(coverage.provided as u64)),
            right(grouped(coverage.listed as u64)),
            right(format!("{}.{} %", tenths / 10, tenths % 10)),
        ]);
    }
    out.push_str(&report::lines(&table));
    for coverage in checked.against.iter().filter(|coverage| !coverage.missing.is_empty()) {
        let _ = writeln!(out, "\n{} takes what is not provided: {}", coverage.of, coverage.missing.join(" "));
    }
    out
}
