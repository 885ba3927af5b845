//! What changed between two kernels: what moved, appeared, vanished.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::Cell;
use serde::{Deserialize, Serialize};

use super::model::{Column, change, counted, grouped, grouped_signed, percent};
use super::text::{lines, right, table};

/// One kernel, as a difference sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Its file name.
    pub name: String,
    /// Its figures.
    pub column: Column,
    /// Bytes by demangled symbol.
    pub symbols: BTreeMap<String, u64>,
}

/// One symbol that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its demangled name.
    pub symbol: String,
    /// Bytes before; `None` where it was not there.
    pub before: Option<u64>,
    /// Bytes after; `None` where it is gone.
    pub after: Option<u64>,
}

impl Changed {
    fn delta(&self) -> i64 {
        let bytes = |size: Option<u64>| i64::try_from(size.unwrap_or(0)).unwrap_or(i64::MAX);
        bytes(self.after) - bytes(self.before)
    }
}

/// The difference of two kernels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The first file.
    pub before: String,
    /// The second file.
    pub after: String,
    /// Figures of both: label, before, after.
    pub figures: Vec<(String, u64, u64)>,
    /// Symbols that differ, the largest change first.
    pub symbols: Vec<Changed>,
}

/// Compares two kernels.
pub fn diff(before: &Side, after: &Side) -> Diff {
    type Figure = fn(&Column) -> u64;
    let figures: [(&str, Figure); 8] = [
        ("file", |c| c.file),
        ("text", |c| c.text),
        ("read-only data", |c| c.rodata),
        ("data", |c| c.data),
        ("bss", |c| c.bss),
        ("memory when loaded", |c| c.memory),
        ("functions", |c| c.functions),
        ("exports", |c| c.exports),
    ];
    let names: BTreeSet<&String> = before.symbols.keys().chain(after.symbols.keys()).collect();
    let sides = |name: &String| (before.symbols.get(name).copied(), after.symbols.get(name).copied());
    let mut symbols: Vec<_> = names
        .into_iter()
        .filter(|name| sides(name).0 != sides(name).1)
        .map(|name| Changed { symbol: name.clone(), before: sides(name).0, after: sides(name).1 })
        .collect();
    symbols.sort_by(|a, b| b.delta().abs().cmp(&a.delta().abs()).then_with(|| a.symbol.cmp(&b.symbol)));
    Diff {
        before: before.name.clone(),
        after: after.name.clone(),
        figures: figures
            .into_iter()
            .map(|(label, figure)| (label.to_owned(), figure(&before.column), figure(&after.column)))
            .collect(),
        symbols,
    }
}

impl Diff {
    /// The difference for a terminal, with at most `most` symbols of each sort.
    pub fn text(&self, most: usize) -> String {
        let mut figures = table();
        figures.set_header(vec![Cell::new(""), right(&self.before), right(&self.after), right("change")]);
        for (label, before, after) in &self.figures {
            let change = percent(change(*before, *after));
            figures.add_row(vec![
                Cell::new(label),
                right(grouped(*before)),
                right(grouped(*after)),
                right(change),
            ]);
        }
        let mut out = lines(&figures);
        type Sort = fn(&Changed) -> bool;
        let sorts: [(&str, Sort); 3] = [
            ("Vanished", |c| c.after.is_none()),
            ("Appeared", |c| c.before.is_none()),
            ("Changed", |c| c.before.is_some() && c.after.is_some()),
        ];
        for (title, sort) in sorts {
            let all: Vec<_> = self.symbols.iter().filter(|changed| sort(changed)).collect();
            if all.is_empty() {
                continue;
            }
            let bytes: i64 = all.iter().map(|changed| changed.delta()).sum();
            out.push_str(&format!("\n{title}: {}, {} bytes\n", counted(all.len(), "symbol"), signed(bytes)));
            let mut body = table();
            for changed in all.iter().take(most) {
                body.add_row(vec![right(signed(changed.delta())), Cell::new(&changed.symbol)]);
            }
            if all.len() > most {
                body.add_row(vec![
                    right("…"),
                    Cell::new(format!("and {} more (--json lists all)", all.len() - most)),
                ]);
            }
            out.push_str(&lines(&body));
        }
        out
    }
}

fn signed(bytes: i64) -> String {
    if bytes > 0 { format!("+{}", grouped_signed(bytes)) } else { grouped_signed(bytes) }
}
