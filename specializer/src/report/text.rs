//! The report for a terminal, 100 columns wide at most.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::model::{Report, change, grouped, grouped_signed, percent};
use super::rows::{self, RowKind};

/// How wide text reports are.
const WIDTH: u16 = 100;
/// How many groups are listed besides drivers, file systems and the network.
const MOST_GROUPS: usize = 16;
/// How many lines of evidence are listed for each object.
const MOST_NAMES: usize = 12;

/// An empty table in the house style: no frame, columns set apart by two blanks.
pub(crate) fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    table
}

/// A cell that is set right.
pub(crate) fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A table's text without the blanks at the ends of lines.
pub(crate) fn lines(table: &Table) -> String {
    let mut text = String::new();
    for line in table.to_string().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The whole report.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    let root = report.root.as_ref().map(|root| format!(", root {root}")).unwrap_or_default();
    let _ =
        writeln!(out, "{} on {} ({}{root})  →  {}", report.app, report.profile, report.effort, report.output);
    let libraries = report.objects.len().saturating_sub(1);
    if libraries > 0 {
        let names: Vec<_> = report.objects.iter().skip(1).map(String::as_str).collect();
        wrapped(&mut out, "with ", &names);
    }
    out.push('\n');
    out.push_str(&comparison(report));
    section(&mut out, "Dropped, by group", &groups(report));
    section(&mut out, "Table rows", &tables(report));
    section(&mut out, "Where the saving comes from", &causes(report));
    section(&mut out, "Roots", &roots(report));
    section(&mut out, "Kept on evidence", &evidence(report));
    section(&mut out, "Missing", &missing(report));
    list(&mut out, "Assumptions", &report.assumptions);
    list(&mut out, "Notes", &report.notes);
    out
}

fn section(out: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(out, "\n{title}\n{body}");
    }
}

fn list(out: &mut String, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    for item in items {
        let words: Vec<_> = item.split(' ').collect();
        wrapped_with(out, " - ", &words, " ");
    }
}

fn comparison(report: &Report) -> String {
    let mut table = table();
    let mut titles = vec![Cell::new("")];
    let mut how = vec![Cell::new("")];
    for column in &report.columns {
        titles.push(right(&column.title));
        how.push(right(&column.how));
    }
    titles.push(right("change"));
    table.set_header(titles);
    table.add_row(how);
    for row in rows::rows(report) {
        let mut cells = vec![Cell::new(&row.label)];
        cells.extend((0..report.columns.len()).map(|column| right(row.figure(column))));
        let change = row.last_two().filter(|_| report.columns.len() > 1).and_then(|(a, b)| change(a, b));
        let small = row.kind == RowKind::Count && row.label.starts_with("rows");
        cells.push(right(if small { String::new() } else { percent(change) }));
        table.add_row(cells);
    }
    lines(&table)
}

fn groups(report: &Report) -> String {
    let largest = report.groups.iter().map(|group| group.full).max().unwrap_or(0);
    let mut table = table();
    table.set_header(vec![
        Cell::new(""),
        right("full"),
        right("kept"),
        right("dropped"),
        Cell::new("kept of full"),
    ]);
    // What a person looks for by name is always there; of the rest, the largest losses.
    let by_name = |name: &str| ["driver", "file system", "network"].iter().any(|word| name.starts_with(word));
    let mut others = 0;
    let (mut full, mut kept, mut count) = (0, 0, 0);
    for group in &report.groups {
        let named = by_name(&group.name);
        others += usize::from(!named);
        if named || others <= MOST_GROUPS {
            table.add_row(group_row(&group.name, group.full, group.kept, largest));
        } else {
            (full, kept, count) = (full + group.full, kept + group.kept, count + 1);
        }
    }
    if count > 0 {
        let largest = largest.max(full);
        table.add_row(group_row(&format!("{count} more groups"), full, kept, largest));
    }
    if report.groups.is_empty() { String::new() } else { lines(&table) }
}

fn group_row(name: &str, full: u64, kept: u64, largest: u64) -> Vec<Cell> {
    const CELLS: u64 = 24;
    let whole = rows::bar(full, largest, CELLS).chars().count();
    let part = rows::bar(kept, largest, CELLS);
    let rest = "░".repeat(whole.saturating_sub(part.chars().count()));
    let dropped = full - kept.min(full);
    vec![
        Cell::new(name),
        right(grouped(full)),
        right(grouped(kept)),
        right(grouped(dropped)),
        Cell::new(format!("{part}{rest}")),
    ]
}

fn tables(report: &Report) -> String {
    let mut table = table();
    table.set_header(vec!["", "kept", "dropped"]);
    for rows in &report.tables {
        let kept = if rows.live { rows.kept.join(" ") } else { "(nothing reads it)".to_owned() };
        table.add_row(vec![rows.kind.clone(), kept, rows.dropped.join(" ")]);
    }
    if report.tables.is_empty() { String::new() } else { lines(&table) }
}

fn causes(report: &Report) -> String {
    let Some((before, _)) = report.compared() else { return String::new() };
    let mut table = table();
    for cause in &report.causes {
        let share =
            i64::try_from(before.loaded()).ok().filter(|&all| all > 0).map(|all| -cause.bytes * 1000 / all);
        table.add_row(vec![
            Cell::new(&cause.name),
            right(grouped_signed(-cause.bytes)),
            right(percent(share)),
        ]);
    }
    if report.causes.is_empty() { String::new() } else { lines(&table) }
}

fn roots(report: &Report) -> String {
    let mut table = table();
    table.set_header(vec![Cell::new(""), right("roots"), right("bytes first reached")]);
    for root in &report.roots {
        table.add_row(vec![Cell::new(&root.reason), right(grouped(root.count)), right(grouped(root.bytes))]);
    }
    if report.roots.is_empty() { String::new() } else { lines(&table) }
}

fn evidence(report: &Report) -> String {
    let mut out = String::new();
    let mut lines = report.evidence.as_slice();
    while let Some(first) = lines.first() {
        let same =
            lines.iter().take_while(|line| line.kind == first.kind && line.object == first.object).count();
        let (group, rest) = lines.split_at(same);
        let mut names: Vec<_> = group.iter().take(MOST_NAMES).map(|line| line.what.as_str()).collect();
        names.dedup();
        let more = (same > MOST_NAMES).then(|| format!("and {} more", same - MOST_NAMES));
        names.extend(more.as_deref());
        wrapped(&mut out, &format!(" {} in {}: ", first.kind, first.object), &names);
        lines = rest;
    }
    out
}

fn missing(report: &Report) -> String {
    let mut out = String::new();
    for line in &report.missing {
        let _ = writeln!(out, " {} (from {}): {}", line.symbol, line.by.join(", "), line.effect);
    }
    out
}

/// Writes words after a prefix, broken into lines of at most [`WIDTH`], the later ones set in.
fn wrapped(out: &mut String, prefix: &str, words: &[&str]) {
    wrapped_with(out, prefix, words, ", ");
}

fn wrapped_with(out: &mut String, prefix: &str, words: &[&str], separator: &str) {
    let indent = " ".repeat(prefix.chars().count().min(6));
    let mut line = prefix.to_owned();
    let mut fresh = true;
    for (at, word) in words.iter().enumerate() {
        let end = if at + 1 < words.len() { separator } else { "" };
        let length = line.chars().count() + word.chars().count() + end.trim_end().chars().count();
        if !fresh && length > usize::from(WIDTH) {
            let _ = writeln!(out, "{}", line.trim_end());
            line.clone_from(&indent);
        }
        line.push_str(word);
        line.push_str(end);
        fresh = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}
