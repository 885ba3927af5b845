//! Functions through which an application's exceptions pass: those that call back into it.
//!
//! With `panic=abort` rustc says of every function defined in Rust that it does not unwind, even of
//! an `extern "C-unwind"` one; but where such a function calls something that may unwind, a call
//! through a pointer of that ABI, it ends the program in a landing pad. So those landing pads show
//! what may unwind, and their functions' callers may too. The pads themselves go.

use llvm_sys::LLVMOpcode;
use llvm_sys::core::*;

use super::wrapper::{Module, Value, attribute_kind};

/// Says of the functions of one of the kernel's own modules that have landing pads that they unwind.
pub(super) fn mark(module: &Module<'_>) {
    let nounwind = attribute_kind("nounwind");
    for function in module.functions() {
        if has_invoke(function) {
            function.remove_attribute(nounwind);
        }
    }
}

/// Says the same of all that call what unwinds, and of those calls.
pub(super) fn spread(module: &Module<'_>) {
    let nounwind = attribute_kind("nounwind");
    let unwinds = |function: &Value| !function.is_declaration() && !function.has_attribute(nounwind);
    let mut pending: Vec<Value> = module.functions().into_iter().filter(unwinds).collect();
    while let Some(function) = pending.pop() {
        for user in function.users() {
            let Some(call) = user.as_call().filter(|call| call.callee() == function) else { continue };
            // SAFETY: the value is a call; the kind is that of an attribute without a value.
            unsafe {
                LLVMRemoveCallSiteEnumAttribute(call.0, llvm_sys::LLVMAttributeFunctionIndex, nounwind);
            }
            let caller = call.parent_function();
            if caller.has_attribute(nounwind) {
                caller.remove_attribute(nounwind);
                pending.push(caller);
            }
        }
    }
}

fn has_invoke(function: Value) -> bool {
    // SAFETY: the function is valid, and nothing changes it during the walk.
    unsafe {
        let mut block = LLVMGetFirstBasicBlock(function.0);
        while !block.is_null() {
            let end = LLVMGetBasicBlockTerminator(block);
            if !end.is_null() && matches!(LLVMGetInstructionOpcode(end), LLVMOpcode::LLVMInvoke) {
                return true;
            }
            block = LLVMGetNextBasicBlock(block);
        }
    }
    false
}
