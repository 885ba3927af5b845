//! The conformance set: the C sources of `tests/conformance`, each a program whose output on the
//! kernel has to equal the host's, and whether together with the boot programs they call every
//! function that the kernel provides.
//!
//! What a source needs besides itself it says in lines that begin with `//! `: fields of a case in
//! `cases.toml`. All of them run on one kernel with every export, so a boot is all that each costs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use specialize::app::{AppClosure, AppObject, Imports};
use specialize::exports::{Catalogue, EntryKind};

use crate::case::Case;
use crate::{Context, Options, build};

/// What the check of coverage is called.
pub const COVERAGE: &str = "conformance-coverage";

/// Provided functions that no program here calls yet, one a line, with a reason after each.
const EXCUSED: &str = "uncovered.txt";

/// The cases of the conformance set.
pub fn cases(directory: &Path) -> Result<Vec<Case>, String> {
    let fault = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| fault(directory, &error))? {
        let path = entry.map_err(|error| fault(directory, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            names.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let mut cases = Vec::new();
    for name in names {
        let path = directory.join(format!("{name}.c"));
        let text = fs::read_to_string(&path).map_err(|error| fault(&path, &error))?;
        let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
        let fields: String =
            lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect();
        let mut case: Case = toml::from_str(&fields).map_err(|error| fault(&path, &error))?;
        case.name = format!("conformance-{name}");
        case.source = Some(format!("../../conformance/{name}.c"));
        case.conformance = true;
        // Calls are to reach the library; C's own spelling of functions that a compiler knows.
        case.flags.splice(0..0, ["-O0".to_string(), "-fno-builtin".to_string()]);
        cases.push(case);
    }
    Ok(cases)
}

/// Whether the options ask for the check of coverage.
pub fn covers(options: &Options) -> bool {
    let wanted = options.filter.iter().any(|text| COVERAGE.contains(text.as_str()));
    (options.filter.is_empty() && options.machine.is_empty()) || wanted
}

/// Checks that the programs of `cases` import, by one name or another, every function that the lists
/// of symbols say is provided.
pub fn coverage(cases: &[Case], context: &Context) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let catalogue = Catalogue::load(&root.join("symbols")).map_err(|error| text(&error))?;
    let mut called = BTreeSet::new();
    for case in cases.iter().filter(|case| case.source.is_some()) {
        for path in build::made(case, &context.directory)? {
            let object = AppObject::open(&path).map_err(|error| text(&error))?;
            let imports = Imports::of(&AppClosure::of_one(object), &catalogue);
            called.extend(imports.required.into_iter().map(|import| import.kernel_symbol));
        }
    }
    let excused = fs::read_to_string(root.join("tests/conformance").join(EXCUSED))
        .map_err(|error| format!("{EXCUSED}: {error}"))?;
    let excused: BTreeSet<&str> = excused
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    // By kernel symbol: names that share one share the function.
    let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (_, entry) in catalogue.entries() {
        let counts = entry.provided && !matches!(entry.kind, EntryKind::Tls { .. });
        let symbol = entry.kernel_symbol();
        if counts && !called.contains(&symbol) && !excused.contains(symbol.as_str()) {
            missing.entry(symbol).or_default().push(&entry.name);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let lines =
        missing.iter().map(|(symbol, names)| format!("  {symbol} (exported as {})\n", names.join(", ")));
    Err(format!(
        "  no program calls these {} provided functions:\n{}",
        missing.len(),
        lines.collect::<String>()
    ))
}
