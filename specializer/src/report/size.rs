//! Where a kernel's bytes are: by group, crate, file and symbol, total and retained.

use std::collections::{BTreeMap, HashMap};

use comfy_table::Cell;
use serde::{Deserialize, Serialize};

use super::model::{Column, grouped};
use super::text::{lines, right, table};
use crate::graph;
use crate::link::KernelImage;
use crate::package::{KernelPackage, SymbolId, SymbolKind};
use crate::reachability;
use crate::roots::Roots;

/// Bytes of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Its name.
    pub name: String,
    /// Bytes of its own.
    pub total: u64,
    /// Bytes that would go with it: its own and what only it keeps alive.
    pub retained: u64,
}

/// Where a kernel's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeReport {
    /// Which kernel.
    pub title: String,
    /// Its figures.
    pub figures: Column,
    /// By group of the package, such as a driver; the largest first, as in all of these.
    pub groups: Vec<Bytes>,
    /// By crate.
    pub crates: Vec<Bytes>,
    /// By source file.
    pub files: Vec<Bytes>,
    /// By symbol.
    pub symbols: Vec<Bytes>,
    /// Memory that starts as zero, by symbol; it is no part of the other lists.
    pub zeroed: Vec<Bytes>,
    /// Bytes of symbols that the package does not know: tables, exports, what the compiler made.
    pub unattributed: u64,
}

impl SizeReport {
    /// The sizes of a kernel that was made from this package.
    pub fn of(title: &str, package: &KernelPackage, image: &KernelImage) -> Self {
        let index = &package.index;
        let mut sizes: HashMap<SymbolId, u64> = HashMap::new();
        let mut unattributed = 0;
        let mut strangers: BTreeMap<String, u64> = BTreeMap::new();
        let mut zeroed = BTreeMap::new();
        for symbol in image.symbols.iter().filter(|symbol| symbol.size > 0) {
            match index.find_defined(&symbol.name) {
                Some(id) if index.symbol(id).kind == SymbolKind::Bss => {
                    zeroed.insert(index.demangled(id), (symbol.size, symbol.size));
                }
                Some(id) => *sizes.entry(id).or_default() += symbol.size,
                None => {
                    unattributed += symbol.size;
                    *strangers.entry(symbol.name.clone()).or_default() += symbol.size;
                }
            }
        }
        let retained = retained(package, &sizes);
        let mut by: [BTreeMap<String, (u64, u64)>; 3] = Default::default();
        let mut symbols: Vec<Bytes> =
            strangers.into_iter().map(|(name, total)| Bytes { name, total, retained: total }).collect();
        for (&id, &size) in &sizes {
            let source = index.source(id);
            let keys = [
                package.kernel_toml.group_of(source),
                crate_of(source, &package.kernel_toml.name),
                source.to_owned(),
            ];
            // What a file retains is at most the sum of what its symbols retain by themselves; what they
            // retain together is counted where one of them dominates the other.
            let top = retained.top_in(id, |other| index.source(other) == source);
            for (map, key) in by.iter_mut().zip(keys) {
                let (total, kept) = map.entry(key).or_default();
                *total += size;
                *kept += if top { retained.bytes(id) } else { 0 };
            }
            symbols.push(Bytes { name: index.demangled(id), total: size, retained: retained.bytes(id) });
        }
        let [groups, crates, files] = by.map(sorted);
        symbols.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
        Self {
            title: title.to_owned(),
            figures: super::column(image),
            groups,
            crates,
            files,
            symbols,
            zeroed: sorted(zeroed),
            unattributed,
        }
    }

    /// The sizes for a terminal, with the `top` largest of each list.
    pub fn text(&self, top: usize) -> String {
        let figures = &self.figures;
        let mut out = format!(
            "{}: {} bytes of text, {} read-only, {} data, {} bss\n",
            self.title,
            grouped(figures.text),
            grouped(figures.rodata),
            grouped(figures.data),
            grouped(figures.bss)
        );
        let lists = [
            ("group", &self.groups),
            ("crate", &self.crates),
            ("file", &self.files),
            ("symbol", &self.symbols),
            ("symbol, zeroed memory", &self.zeroed),
        ];
        for (what, list) in lists {
            if list.is_empty() {
                continue;
            }
            let mut body = table();
            body.set_header(vec![right("total"), right("retained"), Cell::new(format!("by {what}"))]);
            for bytes in list.iter().take(top) {
                body.add_row(vec![
                    right(grouped(bytes.total)),
                    right(grouped(bytes.retained)),
                    Cell::new(shortened(&bytes.name)),
                ]);
            }
            if let Some(rest) = list.get(top..).filter(|rest| !rest.is_empty()) {
                let total = rest.iter().map(|bytes| bytes.total).sum();
                body.add_row(vec![
                    right(grouped(total)),
                    right(""),
                    Cell::new(format!("{} more", rest.len())),
                ]);
            }
            out.push('\n');
            out.push_str(&lines(&body));
        }
        out
    }
}

/// A name that fits its column, with its middle left out.
fn shortened(name: &str) -> String {
    const MOST: usize = 72;
    let count = name.chars().count();
    if count <= MOST {
        return name.to_owned();
    }
    let head: String = name.chars().take(MOST / 2).collect();
    let tail: String = name.chars().skip(count - MOST / 2 + 1).collect();
    format!("{head}…{tail}")
}

/// The crate that a source belongs to: the folder that holds its `src`, the kernel's own crate where
/// that is the top, or the source itself, where it is a crate's name already.
fn crate_of(source: &str, kernel: &str) -> String {
    match source.split_once("src/") {
        Some(("", _)) => kernel.to_owned(),
        Some((folder, _)) => folder.trim_end_matches('/').to_owned(),
        None => source.to_owned(),
    }
}

fn sorted(map: BTreeMap<String, (u64, u64)>) -> Vec<Bytes> {
    let mut list: Vec<_> =
        map.into_iter().map(|(name, (total, retained))| Bytes { name, total, retained }).collect();
    list.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    list
}

/// Retained sizes in a kernel.
struct Retained {
    retained: graph::Retained,
    own: HashMap<SymbolId, u64>,
}

impl Retained {
    fn bytes(&self, id: SymbolId) -> u64 {
        self.retained.bytes(id).max(self.own.get(&id).copied().unwrap_or(0))
    }

    /// Whether no symbol that dominates this one fits: then what it retains is not part of what a
    /// fellow retains.
    fn top_in(&self, id: SymbolId, fits: impl Fn(SymbolId) -> bool) -> bool {
        let above = std::iter::successors(self.retained.dominator(id), |&id| self.retained.dominator(id));
        above.into_iter().all(|id| !fits(id))
    }
}

/// Retained sizes over the package's graph, cut down to the symbols that the kernel still has. What
/// was inlined away counts with the symbols that took it in.
fn retained(package: &KernelPackage, sizes: &HashMap<SymbolId, u64>) -> Retained {
    let index = &package.index;
    let config = &package.kernel_toml;
    let entries = std::iter::once(&config.entry).chain(&config.keep);
    let mut roots: Vec<SymbolId> = entries.filter_map(|name| index.find_defined(name)).collect();
    // Exports have no caller in the kernel; so have rows, whose table was made anew.
    let mut called: Vec<bool> = vec![false; index.len()];
    for &id in sizes.keys() {
        index.references(id).iter().filter(|to| **to != id).for_each(|to| {
            if let Some(called) = called.get_mut(to.0 as usize) {
                *called = true;
            }
        });
    }
    let mut uncalled: Vec<SymbolId> =
        sizes.keys().copied().filter(|id| !called.get(id.0 as usize).copied().unwrap_or(false)).collect();
    uncalled.sort();
    roots.extend(uncalled);
    let live = reachability::mark(index, &Roots::of_symbols(&roots));
    let size = |id: SymbolId| sizes.get(&id).copied().unwrap_or(0);
    Retained { retained: graph::retained_sizes(index, &live, size), own: sizes.clone() }
}
