//! Which part of a match each group matched (POSIX XBD 9.1): earlier subexpressions take as much
//! as they can, subject to the whole match staying as long as it is.
//!
//! The whole match is known by now. The tree is walked from the root with the span each node has
//! to match; sets of positions, forward from a start and backward from an end, tell how far a node
//! can reach and from where the rest can still be matched. Each step is linear in the span.

use alloc::vec::Vec;

use super::Span;
use super::pattern::{Node, NodeId, Pattern};
use super::text::Text;

/// Positions, ascending, each once.
type Positions = Vec<usize>;

/// Fills `groups` (index 0 is the whole match) for the match at `span`.
pub fn resolve(pattern: &Pattern, text: &Text, span: (usize, usize), groups: &mut [Option<Span>]) {
    if let Some(whole) = groups.first_mut() {
        *whole = Some(span);
    }
    Resolver { pattern, text, groups }.node(pattern.root, span.0, span.1);
}

struct Resolver<'a> {
    pattern: &'a Pattern,
    text: &'a Text<'a>,
    groups: &'a mut [Option<Span>],
}

fn insert(positions: &mut Positions, position: usize) {
    if let Err(index) = positions.binary_search(&position) {
        positions.insert(index, position);
    }
}

fn merge(positions: &mut Positions, more: Positions) {
    for position in more {
        insert(positions, position);
    }
}

impl Resolver<'_> {
    fn node(&mut self, id: NodeId, start: usize, end: usize) {
        let pattern = self.pattern;
        match pattern.node(id) {
            Node::Group(number, child) => {
                self.node(*child, start, end);
                if let Some(group) = self.groups.get_mut(*number as usize) {
                    *group = Some((start, end));
                }
            }
            Node::Concat(parts) => self.sequence(parts, start, end),
            Node::Alternate(branches) => {
                let fits = |&&branch: &&NodeId| self.ends(branch, &[start], end).contains(&end);
                if let Some(&branch) = branches.iter().find(fits) {
                    self.node(branch, start, end);
                }
            }
            Node::Repeat { child, min, max } => self.iterations(*child, *min, *max, start, end),
            _ => {}
        }
    }

    fn sequence(&mut self, parts: &[NodeId], start: usize, end: usize) {
        // From where each part may start so that it and the rest reach `end`.
        let mut from = alloc::vec![Positions::new(); parts.len() + 1];
        from[parts.len()].push(end);
        for (index, &part) in parts.iter().enumerate().rev() {
            from[index] = self.starts(part, &from[index + 1], start);
        }
        let mut position = start;
        for (index, &part) in parts.iter().enumerate() {
            let reached = self.ends(part, &[position], end);
            let Some(&longest) = reached.iter().rev().find(|end| from[index + 1].contains(end)) else {
                return;
            };
            self.node(part, position, longest);
            position = longest;
        }
    }

    fn iterations(&mut self, child: NodeId, min: u32, max: Option<u32>, start: usize, end: usize) {
        if start == end {
            // A repetition that matches nothing leaves its groups as one empty iteration does.
            if min > 0 || max.is_none_or(|max| max > 0) && self.ends(child, &[start], end).contains(&end) {
                self.node(child, start, end);
            }
            return;
        }
        let mut position = start;
        let mut done = 0;
        while position < end {
            let left = max.map(|max| max.saturating_sub(done + 1));
            let rest = min.saturating_sub(done + 1);
            let from = self.repeat_starts(child, &[end], position, rest, left);
            let reached = self.ends(child, &[position], end);
            let longest = reached.iter().rev().find(|&&to| to > position && from.binary_search(&to).is_ok());
            let Some(&longest) = longest else { return };
            self.node(child, position, longest);
            position = longest;
            done += 1;
        }
    }

    /// Where `id` can end, at most at `limit`, from any of `starts`.
    fn ends(&self, id: NodeId, starts: &[usize], limit: usize) -> Positions {
        let pattern = self.pattern;
        let mut ends = Positions::new();
        match pattern.node(id) {
            Node::Empty | Node::BackReference(_) => ends.extend(starts),
            node @ (Node::Char(_) | Node::Any | Node::Set(_)) => {
                for &start in starts {
                    if let Some((character, length)) = self.text.at(start)
                        && start + length <= limit
                        && pattern.matches(node, character)
                    {
                        ends.push(start + length);
                    }
                }
            }
            Node::Assert(assertion) => {
                ends.extend(starts.iter().copied().filter(|&at| self.text.holds(*assertion, at)));
            }
            Node::Group(_, child) => return self.ends(*child, starts, limit),
            Node::Concat(parts) => {
                ends.extend(starts);
                for &part in parts {
                    ends = self.ends(part, &ends, limit);
                }
            }
            Node::Alternate(branches) => {
                for &branch in branches {
                    merge(&mut ends, self.ends(branch, starts, limit));
                }
            }
            Node::Repeat { child, min, max } => {
                return closure(starts, *min, *max, |from| self.ends(*child, from, limit));
            }
        }
        ends
    }

    /// From where `id` can start, at least at `limit`, so that it ends at one of `ends`.
    fn starts(&self, id: NodeId, ends: &[usize], limit: usize) -> Positions {
        let pattern = self.pattern;
        let mut starts = Positions::new();
        match pattern.node(id) {
            Node::Empty | Node::BackReference(_) => starts.extend(ends),
            node @ (Node::Char(_) | Node::Any | Node::Set(_)) => {
                for &end in ends {
                    if let Some((character, length)) = self.text.before(end)
                        && end >= limit + length
                        && pattern.matches(node, character)
                    {
                        starts.push(end - length);
                    }
                }
            }
            Node::Assert(assertion) => {
                starts.extend(ends.iter().copied().filter(|&at| self.text.holds(*assertion, at)));
            }
            Node::Group(_, child) => return self.starts(*child, ends, limit),
            Node::Concat(parts) => {
                starts.extend(ends);
                for &part in parts.iter().rev() {
                    starts = self.starts(part, &starts, limit);
                }
            }
            Node::Alternate(branches) => {
                for &branch in branches {
                    merge(&mut starts, self.starts(branch, ends, limit));
                }
            }
            Node::Repeat { child, min, max } => return self.repeat_starts(*child, ends, limit, *min, *max),
        }
        starts
    }

    fn repeat_starts(
        &self,
        child: NodeId,
        ends: &[usize],
        limit: usize,
        min: u32,
        max: Option<u32>,
    ) -> Positions {
        closure(ends, min, max, |from| self.starts(child, from, limit))
    }
}

/// The positions that `min` to `max` applications of `step` lead to. After the first `min`, each
/// round goes on from the new positions only.
fn closure(from: &[usize], min: u32, max: Option<u32>, step: impl Fn(&[usize]) -> Positions) -> Positions {
    let mut reached = Positions::from(from);
    for _ in 0..min {
        let stepped = step(&reached);
        if stepped == reached {
            break;
        }
        reached = stepped;
    }
    let mut frontier = reached.clone();
    let mut rounds = max.map(|max| max - min);
    while !frontier.is_empty() && rounds != Some(0) {
        frontier = step(&frontier);
        frontier.retain(|position| reached.binary_search(position).is_err());
        merge(&mut reached, frontier.clone());
        rounds = rounds.map(|rounds| rounds - 1);
    }
    reached
}
