//! What lives, and through whom: mark from the roots, blanking table rows to a fixpoint.

use std::collections::VecDeque;

use crate::package::{Index, Row, SymbolId, SymbolKind};
use crate::roots::{RootReason, Roots, TableChoice};

/// How a live symbol was reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// It is a root: the position of its reason in [`LiveSet::reasons`].
    Root(u32),
    /// A live symbol refers to it.
    Symbol(SymbolId),
}

/// The live symbols of one kernel.
#[derive(Debug, Clone)]
pub struct LiveSet {
    parents: Vec<Option<Parent>>,
    /// The reason of each root.
    pub reasons: Vec<RootReason>,
    roots: Vec<SymbolId>,
    /// For each table of the index, the rows that are left; all `None` for a dead table.
    pub rows: Vec<Vec<Option<SymbolId>>>,
    /// How many symbols live.
    pub count: usize,
}

impl LiveSet {
    /// Whether a symbol lives.
    pub fn contains(&self, symbol: SymbolId) -> bool {
        self.parents[symbol.0 as usize].is_some()
    }

    /// How it was reached first.
    pub fn parent(&self, symbol: SymbolId) -> Option<Parent> {
        self.parents[symbol.0 as usize]
    }

    /// The live symbols, in the order of their ids.
    pub fn symbols(&self) -> impl Iterator<Item = SymbolId> + '_ {
        (0..self.parents.len() as u32).map(SymbolId).filter(|id| self.contains(*id))
    }

    /// The symbols that are roots.
    pub fn root_symbols(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.roots.iter().copied()
    }

    /// What a live symbol refers to, a table to the rows that are left.
    pub fn references<'a>(
        &'a self,
        index: &'a Index,
        symbol: SymbolId,
    ) -> impl Iterator<Item = SymbolId> + 'a {
        let table = match index.symbol(symbol).kind {
            SymbolKind::Table => index.tables.iter().position(|table| table.symbol == symbol),
            _ => None,
        };
        let rows = table.into_iter().flat_map(|at| self.rows[at].iter().flatten().copied());
        index.references(symbol).iter().copied().chain(rows).filter(|id| self.contains(*id))
    }

    /// The chain of references that keeps a symbol alive, from its root to the symbol itself;
    /// `None` for a dead symbol.
    pub fn why(&self, symbol: SymbolId) -> Option<(&RootReason, Vec<SymbolId>)> {
        let mut chain = vec![symbol];
        let mut at = symbol;
        loop {
            match self.parent(at)? {
                Parent::Symbol(parent) => {
                    chain.push(parent);
                    at = parent;
                }
                Parent::Root(reason) => {
                    chain.reverse();
                    return Some((&self.reasons[reason as usize], chain));
                }
            }
        }
    }
}

/// Marks what the roots reach. A table's rows are reached once the table is, if they are chosen.
pub fn mark(index: &Index, roots: &Roots) -> LiveSet {
    let mut marking = Marking {
        index,
        roots,
        live: LiveSet {
            parents: vec![None; index.len()],
            reasons: Vec::new(),
            roots: Vec::new(),
            rows: index.tables.iter().map(|table| vec![None; table.rows.len()]).collect(),
            count: 0,
        },
        table_of: index.tables.iter().enumerate().map(|(at, table)| (table.symbol, at)).collect(),
        queue: VecDeque::new(),
    };
    for root in &roots.symbols {
        marking.root(root.symbol, &root.reason);
    }
    marking.drain();
    while marking.widen_tables() {
        marking.drain();
    }
    marking.live
}

struct Marking<'a> {
    index: &'a Index,
    roots: &'a Roots,
    live: LiveSet,
    table_of: std::collections::HashMap<SymbolId, usize>,
    queue: VecDeque<SymbolId>,
}

impl Marking<'_> {
    fn root(&mut self, symbol: SymbolId, reason: &RootReason) {
        if !self.live.contains(symbol) {
            let at = self.live.reasons.len() as u32;
            self.live.reasons.push(reason.clone());
            self.live.roots.push(symbol);
            self.reach(symbol, Parent::Root(at));
        }
    }

    fn reach(&mut self, symbol: SymbolId, parent: Parent) {
        let slot = &mut self.live.parents[symbol.0 as usize];
        if slot.is_none() {
            *slot = Some(parent);
            self.live.count += 1;
            self.queue.push_back(symbol);
        }
    }

    fn drain(&mut self) {
        while let Some(symbol) = self.queue.pop_front() {
            for &target in self.index.references(symbol) {
                self.reach(target, Parent::Symbol(symbol));
            }
            if let Some(&table) = self.table_of.get(&symbol) {
                self.rows(table, |choice| &choice.rows);
            }
        }
    }

    /// Makes the rows of a table alive that `keep` names; says whether there were new ones.
    fn rows(&mut self, table: usize, keep: impl Fn(&TableChoice) -> &[bool]) -> bool {
        let mut grew = false;
        let Some(choice) = self.roots.tables.get(table) else { return false };
        let symbol = self.index.tables[table].symbol;
        for (at, row) in self.index.tables[table].rows.iter().enumerate() {
            if let Some(Row { symbol: row, .. }) = row
                && self.live.rows[table][at].is_none()
                && keep(choice).get(at).is_some_and(|keep| *keep)
            {
                self.live.rows[table][at] = Some(*row);
                self.reach(*row, Parent::Symbol(symbol));
                grew = true;
            }
        }
        grew
    }

    /// Gives live tables the rows that they have only if some symbol lives, now that it does.
    fn widen_tables(&mut self) -> bool {
        let mut grew = false;
        for table in 0..self.roots.tables.len() {
            if !self.live.contains(self.index.tables[table].symbol) {
                continue;
            }
            for (at, widening) in self.roots.tables[table].widenings.iter().enumerate() {
                if widening.any_of.iter().any(|symbol| self.live.contains(*symbol)) {
                    grew |= self.rows(table, |choice| &choice.widenings[at].rows);
                }
            }
        }
        grew
    }
}

/// Graphs for tests.
#[cfg(test)]
pub(crate) mod tests_support {
    use crate::package::{Index, NewSymbol, SymbolKind};

    /// Symbols `s0`, `s1` … of one byte each with these references.
    pub(crate) fn graph(references: &[&[u32]]) -> Index {
        let symbols = references.iter().enumerate().map(|(at, references)| NewSymbol {
            name: format!("s{at}"),
            kind: SymbolKind::Function,
            size: 1,
            alignment: 0,
            source: 0,
            may_unwind: false,
            place: None,
            references: references.to_vec(),
        });
        Index::new(symbols.collect(), vec!["test".into()])
    }
}

#[cfg(test)]
mod tests {
    use super::tests_support::graph;
    use super::*;
    use crate::package::Table;
    use crate::roots::Widening;

    fn ids(live: &LiveSet) -> Vec<u32> {
        live.symbols().map(|id| id.0).collect()
    }

    #[test]
    fn what_no_root_reaches_is_dead_even_in_a_cycle() {
        let index = graph(&[&[1], &[], &[3], &[2]]);
        let live = mark(&index, &Roots::of_symbols(&[SymbolId(0)]));
        assert_eq!(ids(&live), [0, 1]);
        assert!(live.why(SymbolId(2)).is_none());
    }

    #[test]
    fn why_gives_a_shortest_chain_from_a_root() {
        let index = graph(&[&[1, 2], &[2], &[3], &[]]);
        let live = mark(&index, &Roots::of_symbols(&[SymbolId(0)]));
        let (reason, chain) = live.why(SymbolId(3)).unwrap();
        assert_eq!(*reason, RootReason::Entry);
        assert_eq!(chain, [SymbolId(0), SymbolId(2), SymbolId(3)]);
    }

    /// s0 is the entry; s1 reads the table s2 of rows s3 and s4; s5 is `mount`.
    fn with_table(entry_reads: bool, choice: TableChoice) -> (Index, Roots) {
        let mut index = graph(&[if entry_reads { &[1] } else { &[] }, &[2], &[], &[], &[], &[]]);
        let row = |at: u32| Some(Row { name: format!("s{at}"), symbol: SymbolId(at) });
        index.set_kind(SymbolId(2), SymbolKind::Table);
        index.tables = vec![Table { kind: "t".into(), symbol: SymbolId(2), rows: vec![row(3), row(4)] }];
        let mut roots = Roots::of_symbols(&[SymbolId(0)]);
        roots.tables = vec![choice];
        (index, roots)
    }

    fn choice(rows: [bool; 2], widened: [bool; 2], any_of: Vec<SymbolId>) -> TableChoice {
        TableChoice { rows: rows.to_vec(), widenings: vec![Widening { any_of, rows: widened.to_vec() }] }
    }

    #[test]
    fn a_row_needs_both_its_table_and_the_profile() {
        let (index, roots) = with_table(true, choice([false, true], [false; 2], vec![]));
        let live = mark(&index, &roots);
        assert_eq!(ids(&live), [0, 1, 2, 4]);
        assert_eq!(live.rows[0], [None, Some(SymbolId(4))]);
        let (index, roots) = with_table(false, choice([true, true], [false; 2], vec![]));
        assert_eq!(ids(&mark(&index, &roots)), [0]);
    }

    #[test]
    fn a_table_widens_when_the_symbol_that_asks_for_it_lives() {
        let (index, mut roots) = with_table(true, choice([true, false], [true, true], vec![SymbolId(5)]));
        assert_eq!(ids(&mark(&index, &roots)), [0, 1, 2, 3]);
        roots.symbols.extend(Roots::of_symbols(&[SymbolId(5)]).symbols);
        assert_eq!(ids(&mark(&index, &roots)), [0, 1, 2, 3, 4, 5]);
    }
}
