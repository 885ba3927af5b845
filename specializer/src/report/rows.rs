//! The rows of the comparison, in the one order that every form has them.

use std::collections::BTreeSet;

use super::model::{Column, Report, grouped};

/// One row: its label, a figure for each column, and whether a relative change means anything.
pub(super) struct Row {
    pub label: String,
    pub figures: Vec<u64>,
    pub kind: RowKind,
}

/// What a row counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    /// Bytes.
    Size,
    /// The sum of rows above it, in bytes.
    Total,
    /// Things.
    Count,
}

impl Row {
    /// The figure of a column as text.
    pub fn figure(&self, column: usize) -> String {
        self.figures.get(column).map(|&number| grouped(number)).unwrap_or_default()
    }

    /// The figures of the last two columns.
    pub fn last_two(&self) -> Option<(u64, u64)> {
        match self.figures.as_slice() {
            [.., before, after] => Some((*before, *after)),
            _ => None,
        }
    }
}

type Figure = fn(&Column) -> u64;

/// The rows of a report's comparison.
pub(super) fn rows(report: &Report) -> Vec<Row> {
    let fixed: [(&str, Figure, RowKind); 9] = [
        ("file", |c| c.file, RowKind::Size),
        ("text", |c| c.text, RowKind::Size),
        ("read-only data", |c| c.rodata, RowKind::Size),
        ("data", |c| c.data, RowKind::Size),
        ("text + read-only + data", Column::loaded, RowKind::Total),
        ("bss", |c| c.bss, RowKind::Size),
        ("memory when loaded", |c| c.memory, RowKind::Size),
        ("functions", |c| c.functions, RowKind::Count),
        ("exports", |c| c.exports, RowKind::Count),
    ];
    let mut rows: Vec<_> = fixed
        .into_iter()
        .map(|(label, figure, kind)| Row {
            label: label.to_owned(),
            figures: report.columns.iter().map(figure).collect(),
            kind,
        })
        .collect();
    let kinds: BTreeSet<&String> = report.columns.iter().flat_map(|column| column.rows.keys()).collect();
    for kind in kinds {
        rows.push(Row {
            label: format!("rows: {}", kind.replace(['-', '_'], " ")),
            figures: report.columns.iter().map(|c| c.rows.get(kind).copied().unwrap_or(0)).collect(),
            kind: RowKind::Count,
        });
    }
    rows
}

/// A share of a whole as a bar of this many cells, in eighths of a cell.
pub(super) fn bar(part: u64, whole: u64, cells: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if whole == 0 {
        return String::new();
    }
    let eighths = (u128::from(part.min(whole)) * u128::from(cells) * 8).div_ceil(u128::from(whole));
    let (full, rest) = (eighths / 8, eighths % 8);
    let mut text = "█".repeat(usize::try_from(full).unwrap_or_default());
    text.push_str(EIGHTHS.get(usize::try_from(rest).unwrap_or_default()).copied().unwrap_or_default());
    text
}
