//! The report as Markdown, for a page of documentation or a merge request.

use std::fmt::Write as _;

use super::model::{Report, change, grouped, grouped_signed, percent};
use super::rows;

/// The whole report.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {} on {}\n", escape(&report.app), escape(&report.profile));
    let root = report.root.as_ref().map(|root| format!(", root `{root}`")).unwrap_or_default();
    let _ = writeln!(out, "Effort `{}`{root}, written to `{}`.\n", report.effort, report.output);
    let mut head = vec![String::new()];
    head.extend(report.columns.iter().map(|column| format!("{}, {}", column.title, column.how)));
    head.push("change".to_owned());
    let body = rows::rows(report).into_iter().map(|row| {
        let mut cells = vec![escape(&row.label)];
        cells.extend((0..report.columns.len()).map(|column| row.figure(column)));
        cells.push(percent(row.last_two().and_then(|(a, b)| change(a, b))));
        cells
    });
    table(&mut out, &head, body);
    let groups = report.groups.iter().map(|group| {
        let dropped = group.full - group.kept.min(group.full);
        vec![escape(&group.name), grouped(group.full), grouped(group.kept), grouped(dropped)]
    });
    section(&mut out, "Dropped, by group", &["", "full", "kept", "dropped"], groups);
    let tables = report.tables.iter().map(|table| {
        let kept = if table.live { table.kept.join(" ") } else { "nothing reads it".to_owned() };
        vec![escape(&table.kind), kept, table.dropped.join(" ")]
    });
    section(&mut out, "Table rows", &["", "kept", "dropped"], tables);
    let causes = report.causes.iter().map(|cause| vec![escape(&cause.name), grouped_signed(-cause.bytes)]);
    section(&mut out, "Where the saving comes from", &["", "bytes"], causes);
    let roots =
        report.roots.iter().map(|root| vec![escape(&root.reason), grouped(root.count), grouped(root.bytes)]);
    section(&mut out, "Roots", &["", "roots", "bytes first reached"], roots);
    let evidence = report.evidence.iter().map(|line| {
        vec![
            escape(&line.kind),
            format!("`{}`", line.what),
            escape(&line.object),
            format!("{:#x}", line.address),
        ]
    });
    section(&mut out, "Kept on evidence", &["", "what", "object", "address"], evidence);
    let missing = report
        .missing
        .iter()
        .map(|line| vec![format!("`{}`", line.symbol), escape(&line.by.join(", ")), escape(&line.effect)]);
    section(&mut out, "Missing", &["symbol", "from", "effect"], missing);
    for (title, items) in [("Assumptions", &report.assumptions), ("Notes", &report.notes)] {
        if !items.is_empty() {
            let _ = writeln!(out, "\n## {title}\n");
            for item in items {
                let _ = writeln!(out, "- {}", escape(item));
            }
        }
    }
    out
}

fn section(out: &mut String, title: &str, head: &[&str], body: impl ExactSizeIterator<Item = Vec<String>>) {
    if body.len() > 0 {
        let _ = writeln!(out, "\n## {title}\n");
        let head: Vec<_> = head.iter().map(|&cell| cell.to_owned()).collect();
        table(out, &head, body);
    }
}

/// The first column is text and set left, the others right.
fn table(out: &mut String, head: &[String], body: impl Iterator<Item = Vec<String>>) {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let _ = writeln!(out, "{}", line(head));
    let _ = writeln!(out, "|---|{}", "---:|".repeat(head.len().saturating_sub(1)));
    for cells in body {
        let _ = writeln!(out, "{}", line(&cells));
    }
}

/// Text with what Markdown would take for markup escaped.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if matches!(character, '|' | '*' | '_' | '`' | '<' | '\\' | '[') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
