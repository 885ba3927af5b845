//! Code generation, split over threads; always into the same parts, so that the bytes do not depend
//! on how many threads there are.

use llvm_sys::LLVMLinkage;
use llvm_sys::core::{LLVMCountBasicBlocks, LLVMGetFirstBasicBlock};

use super::LlvmError;
use super::wrapper::{Context, Module, Speed, Target, Value};

/// How many parts a kernel is compiled in.
const PARTS: usize = 2;

/// Compiles a module to objects, one a part. The first part is what stays of the module itself; the others
/// are made of its bitcode, each in a context and on a thread of its own.
pub(crate) fn emit(
    context: &Context,
    module: Module<'_>,
    place: &str,
    speed: Speed,
) -> Result<Vec<Vec<u8>>, LlvmError> {
    let bitcode = module.bitcode();
    let reread = |part| {
        let context = Context::new();
        let module = context.parse(place, &bitcode)?;
        emit_part(&context, module, place, part, speed)
    };
    std::thread::scope(|scope| {
        let reread = &reread;
        let others: Vec<_> = (1..PARTS).map(|part| scope.spawn(move || reread(part))).collect();
        let first = emit_part(context, module, place, 0, speed);
        let others = others.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| {
                Err(LlvmError::Refused { place: place.to_owned(), reason: "code generation stopped".into() })
            })
        });
        std::iter::once(first).chain(others).collect()
    })
}

fn emit_part(
    context: &Context,
    module: Module<'_>,
    place: &str,
    part: usize,
    speed: Speed,
) -> Result<Vec<u8>, LlvmError> {
    let target = Target::new(speed)?;
    keep_part(&module, part);
    module.run(passes(speed), &target)?;
    module.set_assembly(&significant_addresses(&module));
    target.emit(context, &module, place)
}

/// The passes over a part before its code is generated, in the notation of `opt -passes`.
fn passes(speed: Speed) -> &'static str {
    match speed {
        // Functions are simplified here and not as they are inlined, so that all processors take part.
        Speed::Fast => {
            "elim-avail-extern,globaldce,function<eager-inv>(sroa,early-cse<memssa>,\
             instcombine<no-verify-fixpoint>,simplifycfg)"
        }
        Speed::Thorough => "elim-avail-extern,globaldce",
    }
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
