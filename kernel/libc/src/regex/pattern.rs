//! A parsed pattern: a tree in one vector, and the bracket expressions it names.

use alloc::vec::Vec;

use super::text::{Encoding, INVALID, lower, upper};

/// Index of a node of the tree.
pub type NodeId = u32;

/// A place in the text, not a character of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Assertion {
    /// `^`
    LineStart,
    /// `$`
    LineEnd,
    /// ``\` ``
    TextStart,
    /// `\'`
    TextEnd,
    /// `\<`
    WordStart,
    /// `\>`
    WordEnd,
    /// `\b`
    WordEdge,
    /// `\B`
    NotWordEdge,
}

/// A node of the tree.
#[derive(Debug)]
pub enum Node {
    /// Matches the empty text.
    Empty,
    /// One character, folded if the pattern folds.
    Char(u32),
    /// `.`
    Any,
    /// One character of `Pattern::sets[index]`.
    Set(u32),
    /// A place.
    Assert(Assertion),
    /// `(child)`, the group with this number, from 1.
    Group(u32, NodeId),
    /// The text that the group with this number matched.
    BackReference(u32),
    /// One after another.
    Concat(Vec<NodeId>),
    /// One of several.
    Alternate(Vec<NodeId>),
    /// `child` from `min` to `max` times; no `max` is no limit.
    Repeat { child: NodeId, min: u32, max: Option<u32> },
}

/// A bracket expression.
#[derive(Default, Debug)]
pub struct Set {
    /// Matches what is not listed.
    pub negated: bool,
    /// Inclusive ranges of characters.
    pub ranges: Vec<(u32, u32)>,
    /// Classes, as `wctype` names them.
    pub classes: Vec<usize>,
    /// Matches no newline, whatever is listed.
    pub not_newline: bool,
    /// What it matches of ASCII, one bit a character.
    pub ascii: u128,
}

impl Set {
    fn lists(&self, character: u32) -> bool {
        self.ranges.iter().any(|&(first, last)| (first..=last).contains(&character))
            || self.classes.iter().any(|&class| crate::wctype::iswctype(character, class) != 0)
    }

    /// Works out the answer for each ASCII character; called once all is listed.
    pub fn finish(&mut self, fold: bool) {
        self.ascii = (0..128).filter(|&c| self.decides(c, fold)).fold(0, |map, c| map | 1 << c);
    }

    fn contains(&self, character: u32, fold: bool) -> bool {
        if character < 128 { self.ascii >> character & 1 != 0 } else { self.decides(character, fold) }
    }

    fn decides(&self, character: u32, fold: bool) -> bool {
        if character & INVALID != 0 || (self.not_newline && character == u32::from(b'\n')) {
            return false;
        }
        let listed =
            self.lists(character) || (fold && (self.lists(lower(character)) || self.lists(upper(character))));
        listed != self.negated
    }
}

/// A compiled pattern.
pub struct Pattern {
    /// The tree's nodes.
    pub nodes: Vec<Node>,
    /// The whole expression.
    pub root: NodeId,
    /// The bracket expressions.
    pub sets: Vec<Set>,
    /// Number of groups.
    pub groups: u32,
    /// Whether there is a back reference, so that only backtracking will do.
    pub back_references: bool,
    /// How text is read.
    pub encoding: Encoding,
    /// Whether `.` matches a newline.
    pub dot_newline: bool,
    /// Whether `.` matches NUL.
    pub dot_null: bool,
}

impl Pattern {
    /// The node with this number.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Whether `node`, which is for one character, matches `character`.
    pub fn matches(&self, node: &Node, character: u32) -> bool {
        match node {
            Node::Char(wanted) => *wanted == self.encoding.folded(character),
            Node::Any => self.any(character),
            Node::Set(index) => self.set_contains(*index, character),
            _ => false,
        }
    }

    /// Whether `.` matches `character`.
    pub fn any(&self, character: u32) -> bool {
        character & INVALID == 0
            && (character != u32::from(b'\n') || self.dot_newline)
            && (character != 0 || self.dot_null)
    }

    /// Whether the bracket expression with this number matches `character`.
    pub fn set_contains(&self, index: u32, character: u32) -> bool {
        self.sets[index as usize].contains(character, self.encoding.fold)
    }
}
