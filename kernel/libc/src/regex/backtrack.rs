//! Matching with back references, which no automaton can do: every way is tried, the longest kept.

use alloc::vec::Vec;

use super::Span;
use super::pattern::{Node, NodeId, Pattern};
use super::text::Text;

/// Nested calls before a way is given up; bounds the stack that a long text can take.
const DEPTH_MAX: u32 = 20_000;

/// What remains to be matched.
#[derive(Clone, Copy)]
enum Rest<'a> {
    /// Nothing: this is a match.
    Done,
    /// A node, then the rest.
    Node(NodeId, &'a Rest<'a>),
    /// The nodes of a sequence, then the rest.
    Sequence(&'a [NodeId], &'a Rest<'a>),
    /// The end of a group that started there.
    GroupEnd(u32, usize, &'a Rest<'a>),
    /// Another iteration of a `Repeat` node, after `count` of them, the last from that position.
    Again(NodeId, u32, usize, &'a Rest<'a>),
}

/// The longest match that starts at `start`; fills `groups`.
pub fn longest_at(
    pattern: &Pattern,
    text: &Text,
    start: usize,
    groups: &mut [Option<Span>],
) -> Option<usize> {
    let mut search = Search {
        pattern,
        text,
        start,
        groups: alloc::vec![None; pattern.groups as usize + 1],
        best: None,
        depth: 0,
    };
    search.go(start, &Rest::Node(pattern.root, &Rest::Done));
    let (end, found) = search.best?;
    for (to, from) in groups.iter_mut().zip(found) {
        *to = from;
    }
    Some(end)
}

struct Search<'a> {
    pattern: &'a Pattern,
    text: &'a Text<'a>,
    start: usize,
    groups: Vec<Option<Span>>,
    best: Option<(usize, Vec<Option<Span>>)>,
    depth: u32,
}

impl Search<'_> {
    /// Goes on with `rest` at `position`; true once nothing longer can be found.
    fn go(&mut self, position: usize, rest: &Rest) -> bool {
        if self.depth >= DEPTH_MAX {
            return false;
        }
        self.depth += 1;
        let finished = match *rest {
            Rest::Done => self.matched(position),
            Rest::Node(id, then) => self.node(id, position, then),
            Rest::Sequence([], then) => self.go(position, then),
            Rest::Sequence([first, others @ ..], then) => {
                self.node(*first, position, &Rest::Sequence(others, then))
            }
            Rest::GroupEnd(number, start, then) => {
                let before = self.groups[number as usize].replace((start, position));
                let finished = self.go(position, then);
                self.groups[number as usize] = before;
                finished
            }
            Rest::Again(id, count, from, then) => self.again(id, count, from, position, then),
        };
        self.depth -= 1;
        finished
    }

    fn matched(&mut self, position: usize) -> bool {
        if self.best.as_ref().is_none_or(|(end, _)| position > *end) {
            let mut groups = self.groups.clone();
            groups[0] = Some((self.start, position));
            self.best = Some((position, groups));
        }
        position == self.text.bytes.len()
    }

    fn node(&mut self, id: NodeId, position: usize, then: &Rest) -> bool {
        let pattern = self.pattern;
        match pattern.node(id) {
            Node::Empty => self.go(position, then),
            node @ (Node::Char(_) | Node::Any | Node::Set(_)) => match self.text.at(position) {
                Some((character, length)) if pattern.matches(node, character) => {
                    self.go(position + length, then)
                }
                _ => false,
            },
            Node::Assert(assertion) => self.text.holds(*assertion, position) && self.go(position, then),
            Node::Group(number, child) => {
                self.go(position, &Rest::Node(*child, &Rest::GroupEnd(*number, position, then)))
            }
            Node::BackReference(number) => match self.repeated(*number, position) {
                Some(length) => self.go(position + length, then),
                None => false,
            },
            Node::Concat(parts) => self.go(position, &Rest::Sequence(parts, then)),
            Node::Alternate(branches) => {
                branches.iter().any(|&branch| self.go(position, &Rest::Node(branch, then)))
            }
            Node::Repeat { .. } => self.again(id, 0, usize::MAX, position, then),
        }
    }

    fn again(&mut self, id: NodeId, count: u32, from: usize, position: usize, then: &Rest) -> bool {
        let Node::Repeat { child, min, max } = *self.pattern.node(id) else { return false };
        let stuck = from == position && count > min;
        if !stuck
            && max.is_none_or(|max| count < max)
            && self.go(position, &Rest::Node(child, &Rest::Again(id, count + 1, position, then)))
        {
            return true;
        }
        count >= min && self.go(position, then)
    }

    /// The length of the text at `position` that repeats what group `number` matched.
    fn repeated(&self, number: u32, position: usize) -> Option<usize> {
        let (start, end) = self.groups[number as usize]?;
        let encoding = &self.pattern.encoding;
        let mut at = position;
        let mut wanted = start;
        while wanted < end {
            let (a, a_length) = self.text.at(wanted)?;
            let (b, b_length) = self.text.at(at)?;
            if encoding.folded(a) != encoding.folded(b) {
                return None;
            }
            wanted += a_length;
            at += b_length;
        }
        Some(at - position)
    }
}
