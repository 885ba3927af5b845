//! From a finished specialization to its report.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{Compared, Comparison};
use super::model::{Column, EvidenceLine, FORMAT, GroupBytes, MissingLine, Report, RootCount, TableRows};
use crate::app::{AppClosure, Evidence, EvidenceKind, MissingImport, Note};
use crate::link::KernelImage;
use crate::package::{KernelPackage, SymbolId, SymbolKind};
use crate::profile::Profile;
use crate::reachability::{LiveSet, Parent};
use crate::roots::{LeftOut, RootReason};
use crate::{Effort, Options, Specialized, Unresolved};

/// Everything that a report is made from.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The kernel package.
    pub package: &'a KernelPackage,
    /// The application and its libraries.
    pub closure: &'a AppClosure,
    /// The profile, resolved.
    pub profile: &'a Profile,
    /// The options.
    pub options: &'a Options,
    /// What was made.
    pub specialized: &'a Specialized,
    /// What it is compared with.
    pub compared: &'a Comparison,
}

/// The report on a specialization whose kernel was written to `output`.
pub fn build(inputs: &Inputs<'_>, output: &str) -> Report {
    let Inputs { package, closure, profile, options, specialized, compared } = inputs;
    let live = &specialized.live;
    let mut columns: Vec<Column> = compared.columns.iter().map(|c| compared_column(package, c)).collect();
    let this = Compared {
        title: "specialized".to_owned(),
        how: "this one".to_owned(),
        image: specialized.image.clone(),
        exports: specialized.roots.exports.len() as u64,
        rows: kept_rows(live),
    };
    columns.push(compared_column(package, &this));
    Report {
        format: FORMAT,
        app: closure.name(0),
        profile: profile.name.clone(),
        effort: effort(options.effort).to_owned(),
        root: options.root.clone().or_else(|| profile.root.clone()),
        output: output.to_owned(),
        identity: specialized.identity.iter().map(|byte| format!("{byte:02x}")).collect(),
        objects: (0..closure.objects.len()).map(|object| closure.name(object)).collect(),
        columns,
        tables: tables(package, live),
        groups: groups(package, &compared.full, live),
        causes: compared.causes.clone(),
        roots: roots(package, live),
        evidence: evidence_lines(
            closure,
            specialized.imports.evidence.iter().chain(&specialized.roots.evidence),
        ),
        assumptions: assumptions(inputs),
        missing: missing(inputs),
        notes: closure.notes.iter().map(note_text).collect(),
    }
}

/// The name of an effort.
fn effort(effort: Effort) -> &'static str {
    match effort {
        Effort::Instant => "instant",
        Effort::Balanced => "balanced",
        Effort::Max => "max",
    }
}

/// The figures of a kernel by itself.
pub fn column(image: &KernelImage) -> Column {
    Column {
        file: image.bytes.len() as u64,
        text: image.sections.text,
        rodata: image.sections.rodata + image.sections.unwind,
        data: image.sections.data,
        bss: image.sections.bss,
        memory: image.memory,
        functions: image.functions() as u64,
        exports: exports(image),
        ..Column::default()
    }
}

/// Rows of the export table that a kernel's symbols show.
fn exports(image: &KernelImage) -> u64 {
    const ROW: u64 = 20;
    image
        .symbols
        .iter()
        .find(|symbol| symbol.name == "specialize_exports")
        .map_or(0, |table| table.size / ROW)
}

fn compared_column(package: &KernelPackage, compared: &Compared) -> Column {
    let kinds = package.index.tables.iter().map(|table| table.kind.clone());
    Column {
        title: compared.title.clone(),
        how: compared.how.clone(),
        exports: compared.exports,
        rows: kinds.zip(compared.rows.iter().copied()).collect(),
        ..column(&compared.image)
    }
}

/// How many rows of each table are kept.
pub(super) fn kept_rows(live: &LiveSet) -> Vec<u64> {
    live.rows.iter().map(|rows| rows.iter().flatten().count() as u64).collect()
}

fn tables(package: &KernelPackage, live: &LiveSet) -> Vec<TableRows> {
    let tables = package.index.tables.iter().zip(&live.rows);
    tables
        .map(|(table, left)| {
            let rows = || table.rows.iter().zip(left).filter_map(|(row, left)| Some((row.as_ref()?, left)));
            TableRows {
                kind: table.kind.clone(),
                live: live.contains(table.symbol),
                kept: rows().filter(|(_, left)| left.is_some()).map(|(row, _)| row.name.clone()).collect(),
                dropped: rows().filter(|(_, left)| left.is_none()).map(|(row, _)| row.name.clone()).collect(),
            }
        })
        .collect()
}

/// Bytes of the full kernel and of what lives here by group, the largest loss first.
fn groups(package: &KernelPackage, full: &LiveSet, live: &LiveSet) -> Vec<GroupBytes> {
    let index = &package.index;
    let mut groups: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut of_source: BTreeMap<&str, String> = BTreeMap::new();
    for id in full.symbols() {
        let symbol = index.symbol(id);
        // Zeroed memory is no byte of the file, and what is made anew belongs to no source.
        if matches!(symbol.kind, SymbolKind::External | SymbolKind::Bss) || symbol.size == 0 {
            continue;
        }
        let source = index.source(id);
        let group = of_source.entry(source).or_insert_with(|| package.kernel_toml.group_of(source));
        let (all, kept) = groups.entry(group.clone()).or_default();
        *all += u64::from(symbol.size);
        *kept += if live.contains(id) { u64::from(symbol.size) } else { 0 };
    }
    let mut groups: Vec<_> =
        groups.into_iter().map(|(name, (full, kept))| GroupBytes { name, full, kept }).collect();
    groups.sort_by(|a, b| (b.full - b.kept).cmp(&(a.full - a.kept)).then_with(|| a.name.cmp(&b.name)));
    groups
}

/// How many roots each reason has, and the bytes first reached from them.
fn roots(package: &KernelPackage, live: &LiveSet) -> Vec<RootCount> {
    let index = &package.index;
    let mut counts: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    for reason in &live.reasons {
        counts.entry(reason_kind(reason)).or_default().0 += 1;
    }
    // The root of each symbol, found once: parents come to the same root.
    let mut root_of: BTreeMap<SymbolId, Option<u32>> = BTreeMap::new();
    for id in live.symbols() {
        let mut path = Vec::new();
        let mut at = id;
        let root = loop {
            if let Some(&known) = root_of.get(&at) {
                break known;
            }
            path.push(at);
            match live.parent(at) {
                Some(Parent::Root(reason)) => break Some(reason),
                Some(Parent::Symbol(parent)) => at = parent,
                None => break None,
            }
        };
        root_of.extend(path.into_iter().map(|symbol| (symbol, root)));
        let reason = root.and_then(|reason| live.reasons.get(reason as usize));
        if let Some(reason) = reason.filter(|_| index.symbol(id).kind != SymbolKind::Bss) {
            counts.entry(reason_kind(reason)).or_default().1 += u64::from(index.symbol(id).size);
        }
    }
    let mut roots: Vec<_> = counts
        .into_iter()
        .map(|(reason, (count, bytes))| RootCount { reason: reason.to_owned(), count, bytes })
        .collect();
    roots.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.reason.cmp(&b.reason)));
    roots
}

/// What a reason is called when reasons are counted.
fn reason_kind(reason: &RootReason) -> &'static str {
    match reason {
        RootReason::Entry => "boot entry",
        RootReason::AppImport { .. } => "imports",
        RootReason::TableRow { .. } => "table rows",
        RootReason::Evidence { .. } => "evidence",
        RootReason::Preserved { .. } => "flags",
        RootReason::RuntimeHelper => "code generation",
    }
}

/// A reason as a sentence.
pub fn reason_text(reason: &RootReason, closure: &AppClosure) -> String {
    let names = |by: &[usize]| by.iter().map(|&object| closure.name(object)).collect::<Vec<_>>().join(", ");
    match reason {
        RootReason::Entry => "the boot protocol enters here, or kernel.toml keeps it".to_owned(),
        RootReason::AppImport { symbol, by } => format!("imported as '{symbol}' by {}", names(by)),
        RootReason::TableRow { table, profile } => {
            format!("a row of the table '{table}' that the profile {profile} lists")
        }
        RootReason::Evidence { kind, symbol, object } => {
            format!("{} '{symbol}' in {}", evidence_kind(kind), closure.name(*object))
        }
        RootReason::Preserved { flag } => format!("asked for by {flag}"),
        RootReason::RuntimeHelper => "code generation may call it".to_owned(),
    }
}

fn evidence_kind(kind: &EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::DlsymCall => "dlsym of",
        EvidenceKind::Dlsym => "dlsym name",
        EvidenceKind::Number { .. } => "call of",
        EvidenceKind::AnyNumber => "any number to",
        EvidenceKind::Format { .. } => "format",
        EvidenceKind::AnyFormat => "formats made by the program",
        EvidenceKind::Text { .. } => "text",
    }
}

/// Evidence as the report lists it.
pub fn evidence_lines<'a>(
    closure: &AppClosure,
    evidence: impl IntoIterator<Item = &'a Evidence>,
) -> Vec<EvidenceLine> {
    let mut seen = BTreeSet::new();
    let line = |evidence: &Evidence| EvidenceLine {
        kind: evidence_kind(&evidence.kind).to_owned(),
        what: match &evidence.kind {
            EvidenceKind::Number { number } => format!("{}({number})", evidence.symbol),
            EvidenceKind::Format { directive } => format!("{directive} for {}", evidence.symbol),
            EvidenceKind::Text { text } => format!("{text} for {}", evidence.symbol),
            _ => evidence.symbol.clone(),
        },
        object: closure.name(evidence.object),
        address: evidence.address,
    };
    let mut lines: Vec<_> = evidence.into_iter().map(line).collect();
    lines.retain(|line| seen.insert((line.kind.clone(), line.what.clone(), line.object.clone())));
    lines
}

/// A note on a closure as a sentence.
pub fn note_text(note: &Note) -> String {
    match note {
        Note::Cycle { through } => match through.as_slice() {
            [one] => format!("{one} needs itself"),
            names => format!("{} need each other", names.join(" and ")),
        },
        Note::PassedOver { path, reason } => format!("{} was passed over: {reason}", path.display()),
    }
}

fn assumptions(inputs: &Inputs<'_>) -> Vec<String> {
    let closure = inputs.closure;
    let importers = |name: &str| {
        let objects = closure.objects.iter().filter(|object| object.import(name).is_some());
        objects.map(|object| object.name()).collect::<Vec<_>>()
    };
    let mut out = Vec::new();
    let evidence = &inputs.specialized.imports.evidence;
    let lookups = importers("dlsym");
    if !lookups.is_empty() && evidence.iter().any(|e| e.kind == EvidenceKind::Dlsym) {
        out.push(format!(
            "{} look up names that their code does not show: names that are strings in their data or the \
             application's were kept; another one is reported on the console with the flag that adds it",
            lookups.join(", ")
        ));
    }
    let Specialized { roots, live, .. } = inputs.specialized;
    for left_out in roots.left_out.iter().filter(|l| l.any_of.iter().any(|symbol| live.contains(*symbol))) {
        let LeftOut { row, sought, .. } = left_out;
        out.push(format!(
            "{row} was left out: the bytes of the application and its libraries were searched for {sought}, and \
             have none; if it is asked for all the same, the console says so, and --keep {row} adds it"
        ));
    }
    let opens: Vec<_> = importers("dlopen");
    if !opens.is_empty() && !closure.objects.iter().any(|object| object.opened_at_run_time) {
        out.push(format!(
            "{} may open libraries at run time: none was named with --also; what a library lacks is named by \
             dlerror and on the console",
            opens.join(", ")
        ));
    }
    out
}

fn missing(inputs: &Inputs<'_>) -> Vec<MissingLine> {
    let traps = inputs.options.unresolved == Unresolved::Trap;
    let effect = |missing: &MissingImport| match (missing.run_time_only, traps) {
        (true, _) => "dlopen of it fails and names the symbol",
        (false, true) => "the kernel stops and names it if it is called",
        (false, false) => "weak in every object",
    };
    let imports = &inputs.specialized.imports;
    imports
        .missing
        .iter()
        .map(|missing| MissingLine {
            symbol: match &missing.version {
                Some(version) => format!("{}@{version}", missing.symbol),
                None => missing.symbol.clone(),
            },
            by: missing.by.iter().map(|&object| inputs.closure.name(object)).collect(),
            effect: effect(missing).to_owned(),
        })
        .collect()
}
