//! What the functions are called with that do a different thing for each value of an argument.
//!
//! Few functions of an object call one of these, so only those are decoded that hold four bytes which
//! lead to the import. A call of it, directly, through the procedure linkage table or through the global
//! offset table, has a known argument when the instructions just before it load a constant into the
//! argument's register and no branch leads in between. A pointer to the import in data, a load of its
//! address, or a call without such a constant leaves the argument open.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

use super::code::{Addresses, Code, Stretch};
use crate::app::object::AppObject;

/// The functions, each with the argument that says what it does: names, system calls, address families.
const FUNCTIONS: [(&str, Register); 5] = [
    ("dlsym", Register::RSI),
    ("dlvsym", Register::RSI),
    ("syscall", Register::RDI),
    ("socket", Register::RDI),
    ("socketpair", Register::RDI),
];

/// How many instructions before a call are looked at.
const WINDOW: usize = 31;

/// How far a short branch reaches, with the length of its instruction.
const SHORT: u64 = 130;

/// A place where an import is called, or where its address goes elsewhere.
pub(super) struct Call {
    /// The address of the call, or of the pointer.
    pub address: u64,
    /// The constant that the argument is.
    pub argument: Option<u64>,
}

/// The calls of each of the functions that an object imports.
pub(super) type Calls = BTreeMap<&'static str, Vec<Call>>;

/// Every call of the functions in `object`.
pub(super) fn of(object: &AppObject) -> Calls {
    let open = |address| Call { address, argument: None };
    let mut calls = Calls::new();
    let mut slots = HashMap::new();
    for import in &object.imports {
        let Some(function) = FUNCTIONS.iter().position(|(name, _)| *name == import.name) else { continue };
        let calls = calls.entry(FUNCTIONS[function].0).or_default();
        calls.extend(import.slots.iter().filter(|slot| slot.data).map(|slot| open(slot.address)));
        calls.extend(import.canonical_plt.then(|| open(0)));
        slots.extend(import.slots.iter().filter(|slot| !slot.data).map(|slot| (slot.address, function)));
    }
    if slots.is_empty() {
        return calls;
    }
    let mut search = Search::new(object, slots);
    search.read_what_refers();
    search.read_what_branches();
    for (function, call) in search.calls() {
        calls.entry(FUNCTIONS[function].0).or_default().push(call);
    }
    calls
}

/// What has been read of an object's code. Functions are numbers of [`FUNCTIONS`].
struct Search<'a> {
    code: Code<'a>,
    /// The functions' slots in the global offset table.
    slots: HashMap<u64, usize>,
    /// Where a jump through one of the slots starts.
    stubs: HashMap<u64, usize>,
    /// The stretches that were read, by their starts, with their ends.
    read: BTreeMap<u64, u64>,
    /// Where the branches of these lead.
    entered: BTreeSet<u64>,
    /// Calls, with what the argument's register holds.
    found: Vec<(usize, u64, Option<Load>)>,
    /// Where a function's address goes elsewhere.
    taken: Vec<(usize, u64)>,
}

enum Refers {
    Calls(usize),
    Takes(usize),
    Not,
}

impl<'a> Search<'a> {
    fn new(object: &'a AppObject, slots: HashMap<u64, usize>) -> Self {
        Self {
            code: Code::of(object),
            slots,
            stubs: HashMap::new(),
            read: BTreeMap::new(),
            entered: BTreeSet::new(),
            found: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Reads every stretch that refers to a slot or to a jump through one.
    fn read_what_refers(&mut self) {
        // An immediate operand lies between a displacement and the end that it counts from.
        let before_end = |slot: &u64| [0, 1, 2, 4].map(|immediate| slot.wrapping_sub(immediate));
        let mut places = self.code.displacements(&Addresses::new(self.slots.keys().flat_map(before_end)));
        for (place, slot) in &places {
            if let Some(function) = self.slots.get(slot) {
                let stubs = stubs(self.code.before(*place), *place);
                self.stubs.extend(stubs.into_iter().map(|stub| (stub, *function)));
            }
        }
        places.extend(self.code.displacements(&Addresses::new(self.stubs.keys().copied())));
        let stubs: Vec<u64> = self.stubs.keys().copied().collect();
        stubs.into_iter().for_each(|stub| self.read_near(stub, stub));
        places.into_iter().for_each(|(place, _)| self.read_between(place, place));
    }

    /// Reads what may branch between a load and the call that it is for. The displacement of a long branch
    /// is found wherever it is; a short one is near.
    fn read_what_branches(&mut self) {
        let loads = self.found.iter().filter_map(|(_, call, load)| Some((load.as_ref()?.at, *call)));
        let loads: Vec<(u64, u64)> = loads.collect();
        for &(load, call) in &loads {
            self.read_near(load, call);
        }
        let between = loads.into_iter().flat_map(|(load, call)| load.wrapping_add(1)..=call);
        for (place, address) in self.code.branches(&Addresses::new(between)) {
            let read = self.read.range(..=place).next_back().is_some_and(|(_, end)| place < *end);
            if !read {
                self.entered.insert(address);
            }
        }
    }

    /// Reads the stretches that may branch to between two addresses by a short branch.
    fn read_near(&mut self, first: u64, last: u64) {
        self.read_between(first.saturating_sub(SHORT), last.saturating_add(SHORT));
    }

    /// Reads the stretches from one address to another.
    fn read_between(&mut self, first: u64, last: u64) {
        let mut done = first;
        for address in first..=last {
            let Some(stretch) = Some(address).filter(|at| *at >= done).and_then(|at| self.code.stretch(at))
            else {
                continue;
            };
            done = stretch.0 + stretch.1.len() as u64;
            if self.read.insert(stretch.0, done).is_none() {
                self.read(stretch);
            }
        }
    }

    fn read(&mut self, (start, bytes): Stretch<'_>) {
        let mut decoder = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
        let mut window = Window::default();
        while decoder.can_decode() {
            window.decode(&mut decoder);
            let instruction = window.last();
            if is_near_branch(instruction) {
                self.entered.insert(instruction.near_branch_target());
            }
            match self.refers(instruction) {
                Refers::Calls(function) => {
                    let load = loaded(&window, FUNCTIONS[function].1);
                    self.found.push((function, instruction.ip(), load));
                }
                Refers::Takes(function) => self.taken.push((function, instruction.ip())),
                Refers::Not => {}
            }
        }
    }

    fn refers(&self, instruction: &Instruction) -> Refers {
        if is_near_branch(instruction) {
            let stub = self.stubs.get(&instruction.near_branch_target());
            return stub.map_or(Refers::Not, |function| Refers::Calls(*function));
        }
        if !instruction.is_ip_rel_memory_operand() {
            return Refers::Not;
        }
        let address = instruction.ip_rel_memory_address();
        let indirect =
            matches!(instruction.flow_control(), FlowControl::IndirectCall | FlowControl::IndirectBranch);
        match (self.slots.get(&address), self.stubs.get(&address)) {
            (Some(&function), _) if indirect => Refers::Calls(function),
            (Some(&function), _) | (None, Some(&function)) => Refers::Takes(function),
            _ => Refers::Not,
        }
    }

    fn calls(self) -> impl Iterator<Item = (usize, Call)> {
        let Self { stubs, entered, found, taken, .. } = self;
        let found = found.into_iter().filter_map(move |(function, address, load)| {
            // A jump in a procedure linkage table entry that something calls is that entry, no call.
            let entry = |address: u64| stubs.contains_key(&address) && entered.contains(&address);
            if entry(address) || stubs.contains_key(&address) && entry(address.wrapping_sub(4)) {
                return None;
            }
            let mut between = load.iter().flat_map(|load| entered.range(load.at.wrapping_add(1)..=address));
            let argument = if between.next().is_some() { None } else { load.as_ref().map(|load| load.value) };
            Some((function, Call { address, argument }))
        });
        let taken = taken.into_iter().map(|(function, address)| (function, Call { address, argument: None }));
        taken.chain(found)
    }
}

/// Where a jump through a slot starts whose displacement is at `place`, with the `endbr64` before it: a
/// procedure linkage table entry, or a tail call in code built without such a table.
fn stubs(before: &[u8], place: u64) -> Vec<u64> {
    let Some(mut rest) = before.strip_suffix(&[0xff, 0x25]) else { return Vec::new() };
    let mut at = place - 2;
    let mut stubs = vec![at];
    // `bnd jmp`
    if let Some(before) = rest.strip_suffix(&[0xf2]) {
        (rest, at) = (before, at - 1);
        stubs.push(at);
    }
    if rest.ends_with(&[0xf3, 0x0f, 0x1e, 0xfa]) {
        stubs.push(at - 4);
    }
    stubs
}

/// The instructions decoded last, each decoded in its place.
#[derive(Default)]
struct Window {
    ring: [Instruction; WINDOW + 1],
    decoded: usize,
}

impl Window {
    fn decode(&mut self, decoder: &mut Decoder<'_>) {
        // The oldest makes room.
        decoder.decode_out(&mut self.ring[self.decoded % (WINDOW + 1)]);
        self.decoded += 1;
    }

    /// The instruction decoded last.
    fn last(&self) -> &Instruction {
        &self.ring[self.decoded.wrapping_sub(1) % (WINDOW + 1)]
    }

    /// Those before it, the latest first.
    fn before(&self) -> impl Iterator<Item = &Instruction> {
        let last = self.decoded.saturating_sub(1);
        (last.saturating_sub(WINDOW)..last).rev().map(|at| &self.ring[at % (WINDOW + 1)])
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
