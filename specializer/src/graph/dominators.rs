//! Retained size: what would go if a symbol went. It is the size of all that the symbol dominates.

use crate::package::{Index, SymbolId};
use crate::reachability::LiveSet;

/// The retained size of each live symbol.
#[derive(Debug, Clone)]
pub struct Retained {
    sizes: Vec<u64>,
    dominator: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Retained {
    /// Bytes that only `symbol` keeps alive, its own included; 0 for a dead symbol.
    pub fn bytes(&self, symbol: SymbolId) -> u64 {
        self.sizes[symbol.0 as usize]
    }

    /// The symbol through which alone this one is reached; `None` for what several roots keep.
    pub fn dominator(&self, symbol: SymbolId) -> Option<SymbolId> {
        let at = self.dominator[symbol.0 as usize];
        (at != NONE).then_some(SymbolId(at))
    }
}

/// Computes retained sizes, with these sizes of symbols, over the live part of the graph (Cooper, Harvey and Kennedy,
/// "A Simple, Fast Dominance Algorithm").
pub fn retained_sizes(index: &Index, live: &LiveSet, size: impl Fn(SymbolId) -> u64) -> Retained {
    let count = index.len();
    // Node `count` stands above every root.
    let top = count;
    let successors = |node: usize| -> Vec<u32> {
        if node == top {
            return live.root_symbols().map(|id| id.0).collect();
        }
        let id = SymbolId(node as u32);
        live.references(index, id).map(|id| id.0).collect()
    };

    let mut order = vec![usize::MAX; count + 1];
    let mut postorder = Vec::new();
    let mut predecessors: Vec<Vec<u32>> = vec![Vec::new(); count + 1];
    let mut stack = vec![(top, successors(top), 0)];
    let mut seen = vec![false; count + 1];
    seen[top] = true;
    while let Some((node, next, at)) = stack.last_mut() {
        if let Some(&child) = next.get(*at) {
            *at += 1;
            let child = child as usize;
            predecessors[child].push(*node as u32);
            if !seen[child] {
                seen[child] = true;
                stack.push((child, successors(child), 0));
            }
        } else {
            order[*node] = postorder.len();
            postorder.push(*node);
            stack.pop();
        }
    }

    let mut dominator = vec![usize::MAX; count + 1];
    dominator[top] = top;
    let mut changed = true;
    while changed {
        changed = false;
        for &node in postorder.iter().rev().skip(1) {
            let mut common = usize::MAX;
            for &predecessor in &predecessors[node] {
                let predecessor = predecessor as usize;
                if dominator[predecessor] == usize::MAX {
                    continue;
                }
                common = match common {
                    usize::MAX => predecessor,
                    other => meet(&dominator, &order, other, predecessor),
                };
            }
            if dominator[node] != common {
                dominator[node] = common;
                changed = true;
            }
        }
    }

    let mut sizes = vec![0; count + 1];
    for &node in &postorder {
        if node != top {
            sizes[node] += size(SymbolId(node as u32));
            let above = dominator[node];
            sizes[above] += sizes[node];
        }
    }
    let dominator = dominator[..count]
        .iter()
        .map(|&d| if d == usize::MAX || d == top { NONE } else { d as u32 })
        .collect();
    Retained { sizes, dominator }
}

/// The nearest node that dominates both.
fn meet(dominator: &[usize], order: &[usize], mut a: usize, mut b: usize) -> usize {
    while a != b {
        while order[a] < order[b] {
            a = dominator[a];
        }
        while order[b] < order[a] {
            b = dominator[b];
        }
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reachability::tests_support::graph;
    use crate::{reachability, roots::Roots};

    #[test]
    fn a_symbol_with_two_parents_is_retained_by_what_dominates_both() {
        // 0 → 1, 2; 1 → 3; 2 → 3; 3 → 4
        let index = graph(&[&[1, 2], &[3], &[3], &[4], &[]]);
        let live = reachability::mark(&index, &Roots::of_symbols(&[SymbolId(0)]));
        let retained = retained_sizes(&index, &live, |id| index.symbol(id).size.into());
        assert_eq!(retained.dominator(SymbolId(3)), Some(SymbolId(0)));
        assert_eq!(retained.bytes(SymbolId(0)), 5);
        assert_eq!(retained.bytes(SymbolId(1)), 1);
        assert_eq!(retained.bytes(SymbolId(3)), 2);
    }

    #[test]
    fn what_two_roots_keep_has_no_dominator() {
        let index = graph(&[&[2], &[2], &[]]);
        let live = reachability::mark(&index, &Roots::of_symbols(&[SymbolId(0), SymbolId(1)]));
        let retained = retained_sizes(&index, &live, |id| index.symbol(id).size.into());
        assert_eq!(retained.dominator(SymbolId(2)), None);
        assert_eq!(retained.bytes(SymbolId(0)), 1);
    }
}
