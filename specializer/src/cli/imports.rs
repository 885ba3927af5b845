//! `specialize imports`: what an application needs, from which library, and what the kernel lacks.

use std::fmt::Write as _;
use std::process::ExitCode;

use comfy_table::Cell;
use serde::Serialize;

use super::arguments;
use super::context;
use super::error::CliError;
use super::output;
use crate::app::{AppClosure, Import, Imports, MissingImport};
use crate::report;

/// What `--json` shows.
#[derive(Serialize)]
struct Listing<'a> {
    objects: Vec<Object>,
    #[serde(flatten)]
    imports: &'a Imports,
}

#[derive(Serialize)]
struct Object {
    path: String,
    soname: Option<String>,
    needed: Vec<String>,
    opened_at_run_time: bool,
}

/// `specialize imports APP`; fails when the application cannot start for want of a symbol.
pub(super) fn imports(arguments: &arguments::Imports) -> Result<ExitCode, CliError> {
    std::fs::File::open(&arguments.app)
        .map_err(|source| CliError::Read { path: arguments.app.clone(), source })?;
    let package = context::package(&arguments.closure.package, arguments.show.quiet)?;
    let catalogue = &package.catalogue;
    let closure = context::closure(&arguments.app, &arguments.closure, catalogue)?;
    let imports = Imports::of(&closure, catalogue);
    let fatal = imports.fatal().count();
    if arguments.show.json {
        let objects = closure.objects.iter().map(|object| Object {
            path: object.path.display().to_string(),
            soname: object.soname.clone(),
            needed: object.needed.clone(),
            opened_at_run_time: object.opened_at_run_time,
        });
        output::print(&report::json(&Listing { objects: objects.collect(), imports: &imports }))?;
    } else if !arguments.show.quiet {
        output::print(&text(&closure, &imports))?;
    }
    Ok(ExitCode::from(u8::from(fatal > 0)))
}

fn text(closure: &AppClosure, imports: &Imports) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "{} needs {} of the kernel",
        closure.name(0),
        report::counted(imports.required.len(), "symbol")
    );
    if !imports.missing.is_empty() {
        let _ = write!(out, " and {} that it does not provide", imports.missing.len());
    }
    let libraries = closure.objects.len().saturating_sub(1);
    if libraries > 0 {
        let served = report::counted(imports.served_inside, "import");
        let _ =
            write!(out, "; with {}, {served} served among themselves", report::counted(libraries, "object"));
    }
    out.push('\n');
    if !imports.missing.is_empty() {
        let _ = write!(out, "\nNot provided\n{}", missing(closure, &imports.missing));
    }
    if !imports.required.is_empty() {
        let _ = write!(out, "\nProvided\n{}", provided(closure, &imports.required));
    }
    if !imports.evidence.is_empty() {
        out.push_str("\nKept on evidence\n");
        let mut table = report::table();
        for evidence in report::evidence_lines(closure, &imports.evidence) {
            table.add_row(vec![
                evidence.kind,
                evidence.what,
                evidence.object,
                format!("{:#x}", evidence.address),
            ]);
        }
        out.push_str(&report::lines(&table));
    }
    if !imports.interposed.is_empty() {
        let names: Vec<_> = imports.interposed.iter().map(|i| i.symbol.as_str()).collect();
        let _ = writeln!(out, "\nDefined by the application itself: {}", names.join(", "));
    }
    if !imports.absent.is_empty() {
        let _ = writeln!(out, "\nWeak and provided by nobody: {}", imports.absent.join(", "));
    }
    for note in &closure.notes {
        let _ = writeln!(out, "\nNote: {}", report::note_text(note));
    }
    out
}

/// The file names of some objects.
fn names(closure: &AppClosure, by: &[usize]) -> String {
    by.iter().map(|&object| closure.name(object)).collect::<Vec<_>>().join(" ")
}

fn missing(closure: &AppClosure, missing: &[MissingImport]) -> String {
    let mut table = report::table();
    for missing in missing {
        let why = match (&missing.other_version, missing.known, missing.run_time_only) {
            (Some(version), ..) => format!("provided as {version} only"),
            (None, _, true) => "wanted at run time only".to_owned(),
            (None, true, _) => "known, not provided".to_owned(),
            (None, false, _) => "in no library".to_owned(),
        };
        table.add_row(vec![
            missing.symbol.clone(),
            missing.version.clone().unwrap_or_default(),
            missing.library.clone().unwrap_or_default(),
            names(closure, &missing.by),
            why,
        ]);
    }
    report::lines(&table)
}

fn provided(closure: &AppClosure, required: &[Import]) -> String {
    let mut table = report::table();
    table.set_header(["symbol", "version", "library", "implemented by", "wanted by"].map(Cell::new).to_vec());
    for import in required {
        let same = import.kernel_symbol == import.symbol;
        let mut by = names(closure, &import.by);
        let marks =
            [(import.weak, "weak"), (import.copy_relocated, "copied"), (import.run_time_only, "at run time")];
        let marks: Vec<_> = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
        if !marks.is_empty() {
            let _ = write!(by, " ({})", marks.join(", "));
        }
        table.add_row(vec![
            import.symbol.clone(),
            import.version.clone(),
            import.library.clone(),
            if same { String::new() } else { import.kernel_symbol.clone() },
            by,
        ]);
    }
    report::lines(&table)
}
