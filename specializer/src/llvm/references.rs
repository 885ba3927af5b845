//! References as the IR has them. Together with those that relocations show they make the graph:
//! a pruned module has then all that its live functions name, and a link all that code generation
//! added.

use std::collections::{BTreeSet, HashMap};

use llvm_sys::core::*;

use super::wrapper::{Module, Value};

/// What each defined symbol names in its body or initial value.
pub(super) fn read(module: &Module<'_>) -> HashMap<String, BTreeSet<String>> {
    let mut references = HashMap::new();
    for function in module.functions() {
        let mut found = BTreeSet::new();
        each_operand(function, |operand| names(operand, &mut found));
        if !found.is_empty() {
            references.insert(function.name(), found);
        }
    }
    for global in module.globals() {
        let mut found = BTreeSet::new();
        if let Some(value) = global.initialiser() {
            names(value, &mut found);
        }
        if !found.is_empty() {
            references.insert(global.name(), found);
        }
    }
    for alias in module.aliases() {
        // SAFETY: the value is an alias.
        let target = Value(unsafe { LLVMAliasGetAliasee(alias.0) });
        references.insert(alias.name(), target.pointee().map(Value::name).into_iter().collect());
    }
    for ifunc in module.ifuncs() {
        // SAFETY: the value is an ifunc.
        let resolver = Value(unsafe { LLVMGetGlobalIFuncResolver(ifunc.0) });
        references.insert(ifunc.name(), resolver.pointee().map(Value::name).into_iter().collect());
    }
    references
}

fn each_operand(function: Value, mut visit: impl FnMut(Value)) {
    // SAFETY: the function is valid, and nothing changes it during the walk.
    unsafe {
        let mut block = LLVMGetFirstBasicBlock(function.0);
        while !block.is_null() {
            let mut instruction = LLVMGetFirstInstruction(block);
            while !instruction.is_null() {
                for at in 0..LLVMGetNumOperands(instruction) {
                    let operand = LLVMGetOperand(instruction, at as u32);
                    if !operand.is_null() && !LLVMIsAConstant(operand).is_null() {
                        visit(Value(operand));
                    }
                }
                instruction = LLVMGetNextInstruction(instruction);
            }
            block = LLVMGetNextBasicBlock(block);
        }
    }
}

/// The globals in a constant.
fn names(value: Value, found: &mut BTreeSet<String>) {
    // SAFETY: the value is a constant; operands are counted before they are taken.
    unsafe {
        if !LLVMIsAGlobalValue(value.0).is_null() {
            let name = value.name();
            if !name.starts_with("llvm.") {
                found.insert(name);
            }
            return;
        }
        if !LLVMIsABlockAddress(value.0).is_null() {
            return;
        }
        for at in 0..LLVMGetNumOperands(value.0).max(0) {
            let operand = LLVMGetOperand(value.0, at as u32);
            if !operand.is_null() && !LLVMIsAConstant(operand).is_null() {
                names(Value(operand), found);
            }
        }
    }
}
