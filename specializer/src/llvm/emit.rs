//! Code generation, split over threads; always into the same parts, so that the bytes do not depend
//! on how many threads there are.

use llvm_sys::LLVMLinkage;
use llvm_sys::core::{LLVMCountBasicBlocks, LLVMGetFirstBasicBlock};

use super::LlvmError;
use super::wrapper::{Context, Module, Speed, Target, Value};

/// How many parts a kernel is compiled in.
const PARTS: usize = 2;

/// Compiles bitcode to objects.
pub(crate) fn emit(bitcode: &[u8], place: &str, speed: Speed) -> Result<Vec<Vec<u8>>, LlvmError> {
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            (0..PARTS).map(|part| scope.spawn(move || emit_part(bitcode, place, part, speed))).collect();
        let joined = parts.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| {
                Err(LlvmError::Refused { place: place.to_owned(), reason: "code generation stopped".into() })
            })
        });
        joined.collect()
    })
}

fn emit_part(bitcode: &[u8], place: &str, part: usize, speed: Speed) -> Result<Vec<u8>, LlvmError> {
    let context = Context::new();
    let target = Target::new(speed)?;
    let module = context.parse(place, bitcode)?;
    keep_part(&module, part);
    module.run("elim-avail-extern,globaldce", &target)?;
    module.set_assembly(&significant_addresses(&module));
    target.emit(&context, &module, place)
}

/// Makes what belongs to other parts available externally. Definitions go to the parts in turn,
/// each to the lightest, so that the parts take the same time.
fn keep_part(module: &Module<'_>, part: usize) {
    let mut weights = [0_u64; PARTS];
    let fixed: Vec<Value> = [module.aliases(), module.ifuncs()].concat();
    for value in [module.functions(), module.globals()].concat() {
        if value.is_declaration() || value.is_local() || value.name().starts_with("llvm.") {
            continue;
        }
        // With aliases about, their targets have to be where they are.
        let mine = if fixed.is_empty() {
            let lightest = (0..PARTS).min_by_key(|at| (weights[*at], *at)).unwrap_or(0);
            weights[lightest] += weight(value);
            lightest
        } else {
            0
        };
        if mine != part {
            value.leave_comdat();
            value.set_linkage(LLVMLinkage::LLVMAvailableExternallyLinkage);
        }
    }
    if part != 0 {
        for list in ["llvm.global_ctors", "llvm.global_dtors"] {
            if let Some(list) = module.global(list) {
                list.delete_global();
            }
        }
        for alias in fixed {
            alias.delete_alias();
        }
    }
}

/// A table of the symbols whose addresses are told apart: of all others, a linker may make one where the
/// code is equal.
fn significant_addresses(module: &Module<'_>) -> String {
    let mut assembly = ".addrsig\n".to_owned();
    for value in module.symbols() {
        let name = value.name();
        if value.address_matters() && !name.starts_with("llvm.") {
            assembly.push_str(&format!(".addrsig_sym \"{name}\"\n"));
        }
    }
    assembly
}

fn weight(value: Value) -> u64 {
    // SAFETY: the value is asked whether it is a function before its blocks are counted.
    unsafe {
        if llvm_sys::core::LLVMIsAFunction(value.0).is_null() || LLVMGetFirstBasicBlock(value.0).is_null() {
            1
        } else {
            4 + u64::from(LLVMCountBasicBlocks(value.0)) * 4
        }
    }
}
