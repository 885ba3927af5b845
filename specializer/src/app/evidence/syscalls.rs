//! The numbers that a program hands to `syscall`.
//!
//! Every instruction is decoded once. A call of `syscall`, directly, through the procedure linkage
//! table or through the global offset table, has a known number when the instructions just before it
//! load a constant into `edi`, and no branch leads in between. A pointer to `syscall` in data, a load
//! of its address, or a call without such a constant leaves all numbers possible.

use std::collections::{BTreeSet, HashSet};

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

use super::{Evidence, EvidenceKind};
use crate::app::closure::AppClosure;
use crate::app::object::AppObject;
use crate::app::symbols::ImportedSymbol;
use crate::exports::Catalogue;

/// How many instructions before a call may load its number.
const WINDOW: usize = 16;

pub(super) fn collect(closure: &AppClosure, catalogue: &Catalogue) -> Vec<Evidence> {
    let Some(entry) = catalogue.provided("syscall") else { return Vec::new() };
    let mut found = Vec::new();
    for (index, object) in closure.objects.iter().enumerate() {
        let Some(import) = object.import("syscall") else { continue };
        let mut calls = BTreeSet::new();
        for call in calls_of(object, import) {
            let kind = match call.number {
                Some(number) => EvidenceKind::SyscallNumber { number },
                None => EvidenceKind::AnySyscall,
            };
            calls.insert((kind, call.address));
        }
        found.extend(calls.into_iter().map(|(kind, address)| Evidence {
            kind,
            symbol: entry.name.clone(),
            version: entry.version.clone(),
            kernel_symbol: entry.kernel_symbol(),
            object: index,
            address,
        }));
    }
    found
}

/// A place where `syscall` is called, or where its address goes elsewhere.
struct Call {
    address: u64,
    number: Option<u32>,
}

fn calls_of(object: &AppObject, import: &ImportedSymbol) -> Vec<Call> {
    let slots: HashSet<u64> = import.slots.iter().filter(|s| !s.data).map(|s| s.address).collect();
    let mut calls: Vec<_> =
        import.slots.iter().filter(|s| s.data).map(|s| Call { address: s.address, number: None }).collect();
    if import.canonical_plt {
        calls.push(Call { address: 0, number: None });
    }
    if slots.is_empty() {
        return calls;
    }
    let code = Listing::decode(object);
    let stubs = code.stubs(&slots);
    let entered = code.branch_targets();
    let mut factory = InstructionInfoFactory::new();
    for (at, instruction) in code.instructions.iter().enumerate() {
        let address = instruction.ip();
        if stubs.contains(&address) {
            continue;
        }
        let through_slot =
            instruction.is_ip_rel_memory_operand() && slots.contains(&instruction.ip_rel_memory_address());
        let to_stub = is_near_branch(instruction) && stubs.contains(&instruction.near_branch_target());
        let takes_stub =
            instruction.is_ip_rel_memory_operand() && stubs.contains(&instruction.ip_rel_memory_address());
        if to_stub || through_slot && is_indirect_branch(instruction) {
            calls.push(Call { address, number: code.number_before(at, &entered, &mut factory) });
        } else if takes_stub || through_slot {
            calls.push(Call { address, number: None });
        }
    }
    calls
}

/// An object's instructions, in the order of their addresses.
struct Listing {
    instructions: Vec<Instruction>,
}

impl Listing {
    fn decode(object: &AppObject) -> Self {
        let mut instructions = Vec::new();
        for &(address, size) in &object.code {
            let segment =
                object.segments.iter().find(|s| address >= s.address && address - s.address < s.file_size);
            let Some(segment) = segment else { continue };
            let data = object.contents(segment);
            let start = usize::try_from(address - segment.address).unwrap_or(usize::MAX);
            let end = start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)).min(data.len());
            let data = data.get(start..end).unwrap_or_default();
            instructions.extend(Decoder::with_ip(64, data, address, DecoderOptions::NONE).iter());
        }
        Self { instructions }
    }

    /// The addresses of procedure linkage table entries for these slots: a jump through the slot with
    /// nothing but `endbr64` before it that something branches to, each with that `endbr64`.
    fn stubs(&self, slots: &HashSet<u64>) -> HashSet<u64> {
        let targets = self.branch_targets();
        let mut stubs = HashSet::new();
        let mut previous: Option<&Instruction> = None;
        for instruction in &self.instructions {
            let jump = instruction.code() == Code::Jmp_rm64
                && instruction.is_ip_rel_memory_operand()
                && slots.contains(&instruction.ip_rel_memory_address());
            if jump {
                let landing = previous.filter(|p| p.mnemonic() == Mnemonic::Endbr64).map(Instruction::ip);
                let entries = [landing, Some(instruction.ip())];
                if entries.iter().flatten().any(|at| targets.contains(at)) {
                    stubs.extend(entries.into_iter().flatten());
                }
            }
            previous = Some(instruction);
        }
        stubs
    }

    fn branch_targets(&self) -> HashSet<u64> {
        self.instructions.iter().filter(|i| is_near_branch(i)).map(Instruction::near_branch_target).collect()
    }

    /// The constant that `edi` holds at the instruction with this index.
    fn number_before(
        &self,
        call: usize,
        entered: &HashSet<u64>,
        factory: &mut InstructionInfoFactory,
    ) -> Option<u32> {
        if entered.contains(&self.instructions.get(call)?.ip()) {
            return None;
        }
        for at in (call.saturating_sub(WINDOW)..call).rev() {
            let instruction = self.instructions.get(at)?;
            if let Some(number) = constant_to_edi(instruction) {
                return Some(number);
            }
            let writes = factory.info(instruction).used_registers().iter().any(|used| {
                let write = !matches!(
                    used.access(),
                    OpAccess::Read | OpAccess::CondRead | OpAccess::None | OpAccess::NoMemAccess
                );
                write && used.register().full_register() == Register::RDI
            });
            let straight = instruction.flow_control() == FlowControl::Next;
            if writes || !straight || instruction.is_invalid() || entered.contains(&instruction.ip()) {
                return None;
            }
        }
        None
    }
}

/// The number that `mov edi, N`, `mov rdi, N` or `xor edi, edi` leaves in `edi`.
fn constant_to_edi(instruction: &Instruction) -> Option<u32> {
    let target = instruction.op0_register();
    if target.full_register() != Register::RDI || ![4, 8].contains(&target.size()) {
        return None;
    }
    match instruction.mnemonic() {
        Mnemonic::Mov => match instruction.op1_kind() {
            OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64 => {
                u32::try_from(instruction.immediate(1)).ok()
            }
            _ => None,
        },
        Mnemonic::Xor if instruction.op1_register() == target => Some(0),
        _ => None,
    }
}

fn is_near_branch(instruction: &Instruction) -> bool {
    matches!(instruction.op0_kind(), OpKind::NearBranch64 | OpKind::NearBranch32 | OpKind::NearBranch16)
}

fn is_indirect_branch(instruction: &Instruction) -> bool {
    matches!(instruction.flow_control(), FlowControl::IndirectCall | FlowControl::IndirectBranch)
}
