//! Finds the leftmost-longest match, in time linear in the text: the tree becomes a program for a
//! nondeterministic automaton whose states all advance together (Thompson's construction).

use alloc::vec::Vec;

use super::pattern::{Assertion, Node, NodeId, Pattern};
use super::syntax::Error;
use super::text::Text;

/// Most instructions of a program; counted repetitions multiply them.
const PROGRAM_MAX: usize = 1 << 18;

#[derive(Clone, Copy, Debug)]
enum Instruction {
    /// Step over one character that this node of the tree matches.
    Step(NodeId),
    Assert(Assertion),
    Split(u32, u32),
    Jump(u32),
    Match,
}

/// A program, and the bytes that a match can start with.
pub struct Program {
    instructions: Vec<Instruction>,
    /// One bit a byte; all set if a match may be empty or start with anything.
    first: [u64; 4],
}

impl Program {
    /// Compiles the tree of `pattern`, which has no back references.
    pub fn new(pattern: &Pattern) -> Result<Self, Error> {
        let mut program = Self { instructions: Vec::new(), first: [u64::MAX; 4] };
        program.emit(pattern, pattern.root)?;
        program.push(Instruction::Match)?;
        program.first = program.first_bytes(pattern);
        Ok(program)
    }

    fn here(&self) -> u32 {
        self.instructions.len() as u32
    }

    fn push(&mut self, instruction: Instruction) -> Result<u32, Error> {
        if self.instructions.len() >= PROGRAM_MAX {
            return Err(Error::Size);
        }
        self.instructions.try_reserve(1).map_err(|_| Error::Space)?;
        self.instructions.push(instruction);
        Ok(self.here() - 1)
    }

    fn emit(&mut self, pattern: &Pattern, id: NodeId) -> Result<(), Error> {
        match pattern.node(id) {
            Node::Empty | Node::BackReference(_) => {}
            Node::Char(_) | Node::Any | Node::Set(_) => {
                self.push(Instruction::Step(id))?;
            }
            Node::Assert(assertion) => {
                self.push(Instruction::Assert(*assertion))?;
            }
            Node::Group(_, child) => self.emit(pattern, *child)?,
            Node::Concat(parts) => parts.iter().try_for_each(|&part| self.emit(pattern, part))?,
            Node::Alternate(branches) => self.emit_alternatives(pattern, branches)?,
            Node::Repeat { child, min, max } => self.emit_repeat(pattern, *child, *min, *max)?,
        }
        Ok(())
    }

    fn emit_alternatives(&mut self, pattern: &Pattern, branches: &[NodeId]) -> Result<(), Error> {
        let mut jumps = Vec::new();
        for (index, &branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.emit(pattern, branch)?;
                break;
            }
            let split = self.push(Instruction::Split(0, 0))?;
            self.emit(pattern, branch)?;
            jumps.push(self.push(Instruction::Jump(0))?);
            self.instructions[split as usize] = Instruction::Split(split + 1, self.here());
        }
        for jump in jumps {
            self.instructions[jump as usize] = Instruction::Jump(self.here());
        }
        Ok(())
    }

    fn emit_repeat(
        &mut self,
        pattern: &Pattern,
        child: NodeId,
        min: u32,
        max: Option<u32>,
    ) -> Result<(), Error> {
        for _ in 0..min {
            self.emit(pattern, child)?;
        }
        let Some(max) = max else {
            let split = self.push(Instruction::Split(0, 0))?;
            self.emit(pattern, child)?;
            self.push(Instruction::Jump(split))?;
            self.instructions[split as usize] = Instruction::Split(split + 1, self.here());
            return Ok(());
        };
        let mut splits = Vec::new();
        for _ in min..max {
            splits.push(self.push(Instruction::Split(0, 0))?);
            self.emit(pattern, child)?;
        }
        for split in splits {
            self.instructions[split as usize] = Instruction::Split(split + 1, self.here());
        }
        Ok(())
    }

    /// The bytes a match can start with, by following the program from its start.
    fn first_bytes(&self, pattern: &Pattern) -> [u64; 4] {
        let mut first = [0; 4];
        let mut seen = alloc::vec![false; self.instructions.len()];
        let mut stack = alloc::vec![0];
        while let Some(at) = stack.pop() {
            if core::mem::replace(&mut seen[at as usize], true) {
                continue;
            }
            match self.instructions[at as usize] {
                Instruction::Match => return [u64::MAX; 4],
                Instruction::Assert(_) => stack.push(at + 1),
                Instruction::Jump(to) => stack.push(to),
                Instruction::Split(a, b) => stack.extend([a, b]),
                Instruction::Step(id) => {
                    for byte in 0..=255_u8 {
                        // A byte that starts a longer character may start anything.
                        let decoded = pattern.encoding.decode(&[byte]);
                        let single = byte < 0x80 || !pattern.encoding.utf8;
                        if !single || decoded.is_some_and(|(c, _)| pattern.matches(pattern.node(id), c)) {
                            first[usize::from(byte >> 6)] |= 1 << (byte & 63);
                        }
                    }
                }
            }
        }
        first
    }

    fn can_start(&self, byte: Option<&u8>) -> bool {
        match byte {
            Some(&byte) => self.first[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0,
            None => self.first[0] == u64::MAX,
        }
    }

    /// The match that starts first, in `starts`, and of those the longest; as start and end.
    pub fn find(
        &self,
        pattern: &Pattern,
        text: &Text,
        starts: core::ops::RangeInclusive<usize>,
    ) -> Option<(usize, usize)> {
        let mut current = States::new(self.instructions.len());
        let mut next = States::new(self.instructions.len());
        let mut best: Option<(usize, usize)> = None;
        let mut position = *starts.start();
        loop {
            if best.is_none() && starts.contains(&position) && self.can_start(text.bytes.get(position)) {
                current.add(self, text, 0, position, position);
            }
            if current.order.is_empty() && (best.is_some() || position >= *starts.end()) {
                return best;
            }
            let character = text.at(position);
            for index in 0..current.order.len() {
                let (state, start) = current.order[index];
                if best.is_some_and(|(first, _)| start > first) {
                    break;
                }
                match self.instructions[state as usize] {
                    Instruction::Match => best = Some((start, position)),
                    Instruction::Step(id) => {
                        if let Some((character, length)) = character
                            && pattern.matches(pattern.node(id), character)
                        {
                            next.add(self, text, state + 1, position + length, start);
                        }
                    }
                    _ => {}
                }
            }
            let Some((_, length)) = character else { return best };
            position += length;
            core::mem::swap(&mut current, &mut next);
            next.clear();
        }
    }
}

/// The live states, each with where its match started, in order of that.
struct States {
    order: Vec<(u32, usize)>,
    present: Vec<bool>,
    stack: Vec<u32>,
    visited: Vec<u32>,
}

impl States {
    fn new(instructions: usize) -> Self {
        Self {
            order: Vec::new(),
            present: alloc::vec![false; instructions],
            stack: Vec::new(),
            visited: Vec::new(),
        }
    }

    fn clear(&mut self) {
        for state in self.visited.drain(..) {
            self.present[state as usize] = false;
        }
        self.order.clear();
    }

    /// Adds `state` at `position` and all that is reached from it without a character.
    fn add(&mut self, program: &Program, text: &Text, state: u32, position: usize, start: usize) {
        self.stack.push(state);
        while let Some(state) = self.stack.pop() {
            if core::mem::replace(&mut self.present[state as usize], true) {
                continue;
            }
            self.visited.push(state);
            match program.instructions[state as usize] {
                Instruction::Jump(to) => self.stack.push(to),
                Instruction::Split(a, b) => self.stack.extend([b, a]),
                Instruction::Assert(assertion) => {
                    if text.holds(assertion, position) {
                        self.stack.push(state + 1);
                    }
                }
                Instruction::Step(_) | Instruction::Match => self.order.push((state, start)),
            }
        }
    }
}
