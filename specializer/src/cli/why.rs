//! `specialize why`: the chain of references that keeps a symbol alive.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::arguments;
use super::error::CliError;
use super::make::Inputs;
use super::output;
use crate::app::Imports;
use crate::package::{Index, SymbolId};
use crate::reachability::{self, LiveSet};
use crate::report;
use crate::roots::Roots;

/// How many symbols one argument may stand for.
const MOST_MATCHES: usize = 10;
/// The same, where the argument is no whole name.
const MOST_LIKELY: usize = 3;

/// The answer for one symbol.
#[derive(Serialize)]
struct Answer {
    symbol: String,
    alive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chain: Vec<Link>,
}

#[derive(Serialize)]
struct Link {
    symbol: String,
    source: String,
    bytes: u32,
}

/// `specialize why SYMBOL … --app APP --hv PROFILE`. Nothing is compiled for it.
pub(super) fn why(arguments: &arguments::Why) -> Result<ExitCode, CliError> {
    let inputs = Inputs::read(&arguments.target, arguments.show.quiet)?;
    let Inputs { package, closure, profile, options } = &inputs;
    let catalogue = &package.catalogue;
    let imports = Imports::of(closure, catalogue);
    let failed = |error: crate::Error| CliError::Specialize { error: Box::new(error), app: closure.name(0) };
    let roots = Roots::collect(package, closure, &imports, profile, options).map_err(|e| failed(e.into()))?;
    let live = reachability::mark(&package.index, &roots);
    let mut answers = Vec::new();
    for name in &arguments.symbols {
        let exported = catalogue.find(name, None).map(|(_, entry)| entry.kernel_symbol());
        let found = find(&package.index, exported.as_deref().unwrap_or(name), &live);
        if found.is_empty() {
            let known = package.index.ids().map(|id| package.index.name(id));
            let similar = crate::profile::similar(name, known);
            let hint = match similar {
                Some(similar) => format!("did you mean '{similar}'?"),
                None => "specialize kernel show --json lists what there is".to_owned(),
            };
            return Err(CliError::told(format!("the kernel has no symbol '{name}'"), hint));
        }
        for id in found {
            answers.push(answer(&package.index, &live, id, |reason| report::reason_text(reason, closure)));
        }
    }
    let text = if arguments.show.json { report::json(&answers) } else { text(&answers) };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The symbols that an argument stands for: the one of this very name; else the table rows of this
/// name; else those whose demangled path it is or ends; else some that hold it. Live ones go first.
fn find(index: &Index, name: &str, live: &LiveSet) -> Vec<SymbolId> {
    if let Some(id) = index.find_defined(name) {
        return vec![id];
    }
    let rows = index.tables.iter().flat_map(|table| table.rows.iter().flatten());
    let rows: Vec<_> = rows.filter(|row| row.name == name).map(|row| row.symbol).collect();
    if !rows.is_empty() {
        return rows;
    }
    let named: Vec<_> = index.ids().map(|id| (id, index.demangled(id))).collect();
    let ends = |path: &str| path == name || path.strip_suffix(name).is_some_and(|head| head.ends_with("::"));
    let mut found: Vec<_> = named.iter().filter(|(_, path)| ends(path)).map(|(id, _)| *id).collect();
    let mut most = MOST_MATCHES;
    if found.is_empty() {
        found = named.iter().filter(|(_, path)| path.contains(name)).map(|(id, _)| *id).collect();
        most = MOST_LIKELY;
    }
    found.sort_by_key(|id| !live.contains(*id));
    found.truncate(most);
    found
}

fn answer(
    index: &Index,
    live: &LiveSet,
    id: SymbolId,
    reason_text: impl Fn(&crate::roots::RootReason) -> String,
) -> Answer {
    let why = live.why(id);
    Answer {
        symbol: index.demangled(id),
        alive: why.is_some(),
        reason: why.as_ref().map(|(reason, _)| reason_text(reason)),
        chain: why
            .map(|(_, chain)| chain)
            .unwrap_or_default()
            .into_iter()
            .map(|id| Link {
                symbol: index.demangled(id),
                source: index.source(id).to_owned(),
                bytes: index.symbol(id).size,
            })
            .collect(),
    }
}

fn text(answers: &[Answer]) -> String {
    let mut out = String::new();
    for (at, answer) in answers.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let Some(reason) = &answer.reason else {
            let _ = writeln!(out, "{} is not in this kernel", answer.symbol);
            continue;
        };
        let _ = writeln!(out, "{reason}");
        for (depth, link) in answer.chain.iter().enumerate() {
            let bytes = report::grouped(link.bytes.into());
            let indent = "  ".repeat(depth.min(20));
            let _ = writeln!(out, "{indent}└─ {}  ({bytes} bytes, {})", link.symbol, link.source);
        }
    }
    out
}
