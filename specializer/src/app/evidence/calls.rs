//! What a function that an object imports is called with.
//!
//! Every instruction is decoded once. A call of the import, directly, through the procedure linkage
//! table or through the global offset table, has a known argument when the instructions just before it
//! load a constant into the argument's register and no branch leads in between. A pointer to the
//! import in data, a load of its address, or a call without such a constant leaves the argument open.

use std::collections::HashSet;

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

use super::sweep::{Window, sweep};
use crate::app::object::AppObject;
use crate::app::symbols::ImportedSymbol;

/// A place where an import is called, or where its address goes elsewhere.
pub(super) struct Call {
    /// The address of the call, or of the pointer.
    pub address: u64,
    /// The constant that the argument is.
    pub argument: Option<u64>,
}

/// Every call of `import` in `object`, with the constant that `register` (its 64-bit name) holds.
pub(super) fn of(object: &AppObject, import: &ImportedSymbol, register: Register) -> Vec<Call> {
    let open = |address| Call { address, argument: None };
    let mut calls: Vec<_> = import.slots.iter().filter(|s| s.data).map(|s| open(s.address)).collect();
    if import.canonical_plt {
        calls.push(open(0));
    }
    let slots: HashSet<u64> = import.slots.iter().filter(|s| !s.data).map(|s| s.address).collect();
    if slots.is_empty() {
        return calls;
    }
    let stubs = stubs(object, &slots);
    let sweeps = code_of(object).map(|(base, code)| {
        let state = || Sweep { entered: Entered::of(object), ..Sweep::default() };
        sweep(base, code, state, |sweep, window| {
            let instruction = window.last();
            if is_near_branch(instruction) {
                sweep.entered.note(instruction.near_branch_target());
            }
            match refers(instruction, &slots, &stubs) {
                Refers::Calls => {
                    sweep.found.push((instruction.ip(), loaded(window, register)));
                }
                Refers::Takes => sweep.taken.push(instruction.ip()),
                Refers::Not => {}
            }
        })
    });
    let mut entered = Entered::of(object);
    let mut found = Vec::new();
    for sweep in sweeps.flatten() {
        entered.add(&sweep.entered);
        found.extend(sweep.found);
        calls.extend(sweep.taken.into_iter().map(open));
    }
    for (address, loaded) in found {
        // A jump in a procedure linkage table entry that something calls is that entry, no call.
        if stubs.contains(&address)
            && (entered.contains(address) || entered.contains(address.wrapping_sub(4)))
        {
            continue;
        }
        let argument = loaded.filter(|load| !entered.between(load.at, address)).map(|load| load.value);
        calls.push(Call { address, argument });
    }
    calls
}

/// What the instructions of a part of the code show.
#[derive(Default)]
struct Sweep {
    entered: Entered,
    /// Calls, with what the argument's register holds.
    found: Vec<(u64, Option<Load>)>,
    /// Where the import's address goes elsewhere.
    taken: Vec<u64>,
}

enum Refers {
    Calls,
    Takes,
    Not,
}

fn refers(instruction: &Instruction, slots: &HashSet<u64>, stubs: &HashSet<u64>) -> Refers {
    if is_near_branch(instruction) {
        return if stubs.contains(&instruction.near_branch_target()) { Refers::Calls } else { Refers::Not };
    }
    if !instruction.is_ip_rel_memory_operand() {
        return Refers::Not;
    }
    let address = instruction.ip_rel_memory_address();
    let indirect =
        matches!(instruction.flow_control(), FlowControl::IndirectCall | FlowControl::IndirectBranch);
    match (slots.contains(&address), indirect) {
        (true, true) => Refers::Calls,
        (true, false) => Refers::Takes,
        (false, _) if stubs.contains(&address) => Refers::Takes,
        _ => Refers::Not,
    }
}

/// A constant load, and where it is.
struct Load {
    at: u64,
    value: u64,
}

/// The constant that `register` holds after these instructions.
fn loaded(window: &Window, register: Register) -> Option<Load> {
    let mut factory = InstructionInfoFactory::new();
    // Unoptimised code loads another register first and then moves it.
    let (mut register, mut mask) = (register, u64::MAX);
    for instruction in window.before() {
        if let Some(value) = constant(instruction, register) {
            return Some(Load { at: instruction.ip(), value: value & mask });
        }
        if let Some(source) = moved(instruction, register) {
            mask &= if source.size() == 4 { u64::from(u32::MAX) } else { u64::MAX };
            register = source.full_register();
            continue;
        }
        let writes = factory.info(instruction).used_registers().iter().any(|used| {
            let reads = [OpAccess::Read, OpAccess::CondRead, OpAccess::None, OpAccess::NoMemAccess];
            !reads.contains(&used.access()) && used.register().full_register() == register
        });
        if writes || instruction.flow_control() != FlowControl::Next || instruction.is_invalid() {
            return None;
        }
    }
    None
}

/// The register that `mov R, S` moves into the whole register.
fn moved(instruction: &Instruction, register: Register) -> Option<Register> {
    let source = instruction.op1_register();
    let whole = instruction.mnemonic() == Mnemonic::Mov
        && instruction.op0_register().full_register() == register
        && [4, 8].contains(&source.size());
    whole.then_some(source)
}

/// What `mov R, N`, `lea R, [rip+N]` or `xor R, R` leaves in the whole register.
fn constant(instruction: &Instruction, register: Register) -> Option<u64> {
    let target = instruction.op0_register();
    if target.full_register() != register || ![4, 8].contains(&target.size()) {
        return None;
    }
    match instruction.mnemonic() {
        Mnemonic::Mov => match instruction.op1_kind() {
            OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64 => {
                Some(instruction.immediate(1))
            }
            _ => None,
        },
        Mnemonic::Lea if instruction.is_ip_rel_memory_operand() => Some(instruction.ip_rel_memory_address()),
        Mnemonic::Xor if instruction.op1_register() == target => Some(0),
        _ => None,
    }
}

fn is_near_branch(instruction: &Instruction) -> bool {
    matches!(instruction.op0_kind(), OpKind::NearBranch64 | OpKind::NearBranch32 | OpKind::NearBranch16)
}

/// The parts of an object that hold instructions, with their addresses.
pub(super) fn code_of(object: &AppObject) -> impl Iterator<Item = (u64, &[u8])> {
    object.code.iter().filter_map(|&(address, size)| Some((address, object.at(address, size)?)))
}

/// Where a jump through one of the slots starts, with the `endbr64` before it: the procedure linkage
/// table entries of the import, and its tail calls in code built without such a table.
fn stubs(object: &AppObject, slots: &HashSet<u64>) -> HashSet<u64> {
    let mut stubs = HashSet::new();
    for (base, code) in code_of(object) {
        for (at, bytes) in code.windows(6).enumerate() {
            let [0xff, 0x25, a, b, c, d] = *bytes else { continue };
            let target =
                (base + at as u64 + 6).wrapping_add(i64::from(i32::from_le_bytes([a, b, c, d])) as u64);
            if !slots.contains(&target) {
                continue;
            }
            let mut start = at;
            // `bnd jmp`
            if code.get(start.wrapping_sub(1)) == Some(&0xf2) {
                start -= 1;
                stubs.insert(base + start as u64);
            }
            stubs.insert(base + at as u64);
            const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];
            if start >= 4 && code.get(start - 4..start) == Some(&ENDBR64) {
                stubs.insert(base + start as u64 - 4);
            }
        }
    }
    stubs
}

/// The addresses that direct branches lead to.
#[derive(Default)]
struct Entered {
    base: u64,
    bits: Vec<u64>,
}

impl Entered {
    fn of(object: &AppObject) -> Self {
        let base = object.code.iter().map(|&(at, _)| at).min().unwrap_or(0);
        let end = object.code.iter().map(|&(at, size)| at.saturating_add(size)).max().unwrap_or(0);
        // Code is in the file, so the file bounds it.
        let length = usize::try_from(end - base).unwrap_or(usize::MAX).min(1 << 36);
        Self { base, bits: vec![0; length.div_ceil(64)] }
    }

    fn place(&self, address: u64) -> Option<(usize, u64)> {
        let at = address.checked_sub(self.base)?;
        Some((usize::try_from(at / 64).ok()?, 1 << (at % 64)))
    }

    fn note(&mut self, address: u64) {
        if let Some((word, bit)) = self.place(address)
            && let Some(word) = self.bits.get_mut(word)
        {
            *word |= bit;
        }
    }

    /// Adds those that another part of the object's code leads to.
    fn add(&mut self, other: &Self) {
        for (word, more) in self.bits.iter_mut().zip(&other.bits) {
            *word |= more;
        }
    }

    fn contains(&self, address: u64) -> bool {
        self.place(address).and_then(|(word, bit)| Some(self.bits.get(word)? & bit != 0)).unwrap_or(false)
    }

    /// Whether a branch leads behind `start`, up to and including `end`.
    fn between(&self, start: u64, end: u64) -> bool {
        (start + 1..=end).any(|address| self.contains(address))
    }
}
