//! Specializing on bitcode: what is dead goes before it is even read, tables and tunables become
//! constants, what is left is internalised, optimised and compiled.

use std::collections::{BTreeSet, HashSet};

use llvm_sys::LLVMLinkage;
use llvm_sys::core::*;

use super::compile::separate;
use super::wrapper::{Context, Module, Speed, Target, Value};
use super::{LlvmError, emit};
use crate::generated::{Generated, MISSING_HANDLER, Piece};
use crate::package::{KernelPackage, SymbolId, SymbolKind};
use crate::reachability::{self, LiveSet};
use crate::roots::Roots;
use crate::{Effort, Options};

/// Prunes, optimises and compiles the package's bitcode for one kernel.
///
/// # Errors
/// The package is damaged, or LLVM refuses what was made of it.
pub(crate) fn specialize(
    package: &KernelPackage,
    live: &LiveSet,
    extra: &Generated,
    effort: Effort,
    options: &Options,
) -> Result<Vec<Vec<u8>>, LlvmError> {
    let context = Context::new();
    let target = Target::new(speed(effort))?;
    let path = package.directory.join("kernel.bc").display().to_string();
    let whole = context.parse_lazily(&path, &package.read("kernel.bc")?)?;
    drop_dead(&whole, &live.symbols().map(|id| package.index.name(id)).collect());
    let module = context.empty(&package.kernel_toml.name);
    context.link(&module, whole, &path)?;
    for piece in &extra.tables {
        define(&module, piece, table(&context, &module, piece));
    }
    for piece in &extra.tunables {
        define(&module, piece, tunable(&context, piece));
    }
    if effort == Effort::Max {
        // What the quicker efforts are made of is the same, and every test of this one checks it.
        module.verify("the kernel, pruned")?;
    }
    save(&module, options, "1-pruned.ll")?;
    internalise(&module, &public(package, extra));
    if !options.unwinds(package, live) {
        stamp(&context, &module, &["nounwind"], |_| true);
    }
    if options.code_for_size {
        // But not where the kernel copies and compares memory.
        let helpers = &package.kernel_toml.runtime_helpers;
        stamp(&context, &module, &["optsize", "minsize"], |name| !helpers.contains(name));
    }
    module.run(passes(effort), &target)?;
    save(&module, options, "2-optimised.ll")?;
    separate(&module);
    emit::emit(&context, module, &package.kernel_toml.name, speed(effort))
}

/// The passes of an effort, in the notation of `opt -passes`.
fn passes(effort: Effort) -> &'static str {
    match effort {
        Effort::Instant | Effort::Balanced => {
            "globaldce,ipsccp,globalopt,deadargelim,cgscc(inline,argpromotion),globaldce,constmerge"
        }
        // The last simplifications look once more, now that inlining is over: code that branches share is
        // made one, and arguments that became constants go.
        Effort::Max => {
            "lto<Os>,globaldce,function(early-cse<memssa>,instcombine<no-verify-fixpoint>,\
             simplifycfg<hoist-common-insts;sink-common-insts>,adce),deadargelim,globalopt,globaldce,\
             mergefunc,constmerge"
        }
    }
}

/// Gives attributes to every function whose name is `wanted`.
fn stamp(context: &Context, module: &Module<'_>, attributes: &[&str], wanted: impl Fn(&String) -> bool) {
    for function in module.functions() {
        if !function.is_declaration() && wanted(&function.name()) {
            attributes.iter().for_each(|name| function.add_attribute(context.attribute(name)));
        }
    }
}

/// How long code generation may take: its later steps hardly change the size.
fn speed(effort: Effort) -> Speed {
    match effort {
        Effort::Instant | Effort::Balanced => Speed::Fast,
        Effort::Max => Speed::Thorough,
    }
}

/// Removes what is dead. Only other dead symbols can refer to it, so nothing that is read later does.
fn drop_dead(module: &Module<'_>, live: &HashSet<&str>) {
    let dead = |value: &Value| {
        let name = value.name();
        !live.contains(&*name) && !name.starts_with("llvm.")
    };
    let globals: Vec<Value> = module.globals().into_iter().filter(dead).collect();
    for global in &globals {
        if !global.is_declaration() {
            global.leave_comdat();
            global.set_linkage(LLVMLinkage::LLVMExternalLinkage);
            global.remove_initialiser();
        }
    }
    for alias in [module.aliases(), module.ifuncs()].concat() {
        if dead(&alias) {
            alias.delete_alias();
        }
    }
    for function in module.functions().into_iter().filter(dead) {
        function.delete_function();
    }
    for global in globals {
        global.delete_global();
    }
}

/// A table's value: a constant array of pointers to the rows that are left.
fn table(context: &Context, module: &Module<'_>, piece: &Piece) -> Value {
    // SAFETY: type and elements are of this context.
    unsafe {
        let pointer = LLVMPointerTypeInContext(context.raw(), 0);
        let mut slots = vec![LLVMConstNull(pointer); piece.bytes.len() / 8];
        for address in &piece.addresses {
            if let Some(row) = module.global(&address.symbol) {
                slots[address.offset as usize / 8] = row.0;
            }
        }
        Value(LLVMConstArray2(pointer, slots.as_mut_ptr(), slots.len() as u64))
    }
}

/// A tunable's value: constant bytes.
fn tunable(context: &Context, piece: &Piece) -> Value {
    // SAFETY: the bytes are copied.
    Value(unsafe {
        LLVMConstStringInContext2(context.raw(), piece.bytes.as_ptr().cast(), piece.bytes.len(), 1)
    })
}

/// Replaces the declaration of a table or tunable by a constant.
fn define(module: &Module<'_>, piece: &Piece, value: Value) {
    let Some(declared) = module.global(&piece.symbol) else { return };
    declared.set_name("");
    let name = std::ffi::CString::new(piece.symbol.as_str()).unwrap_or_default();
    // SAFETY: the value is a constant of the module's context; all pointers have one type.
    let global = unsafe {
        let global = LLVMAddGlobal(module.raw(), LLVMTypeOf(value.0), name.as_ptr());
        LLVMSetInitializer(global, value.0);
        LLVMSetAlignment(global, piece.alignment as u32);
        Value(global)
    };
    global.set_constant(true);
    declared.replace_with(global);
    declared.delete_global();
}

/// The symbols that something outside of the module refers to.
fn public(package: &KernelPackage, extra: &Generated) -> BTreeSet<String> {
    let config = &package.kernel_toml;
    let index = &package.index;
    let mut names: BTreeSet<String> = [&config.entry].into_iter().chain(&config.keep).cloned().collect();
    // Code generation may call helpers, whose data must not be there twice.
    let helpers = package.helpers();
    let is_data = |id: &SymbolId| index.symbol(*id).kind.is_written();
    let needed = reachability::mark(index, &Roots::of_symbols(&helpers));
    let shared = helpers.iter().copied().chain(needed.symbols().filter(is_data));
    names.extend(shared.map(|id| index.name(id).to_owned()));
    names.insert(MISSING_HANDLER.to_owned());
    let addresses = extra.exports.iter().flat_map(|piece| &piece.addresses);
    names.extend(addresses.map(|address| address.symbol.clone()));
    for id in index.ids().filter(|id| index.symbol(*id).kind == SymbolKind::Native) {
        names.extend(index.references(id).iter().map(|target| index.name(*target).to_owned()));
    }
    names
}

fn internalise(module: &Module<'_>, public: &BTreeSet<String>) {
    for value in module.symbols() {
        let name = value.name();
        if value.is_declaration() || name.starts_with("llvm.") || public.contains(&name) {
            continue;
        }
        match value.linkage() {
            LLVMLinkage::LLVMAppendingLinkage | LLVMLinkage::LLVMAvailableExternallyLinkage => {}
            _ => {
                value.show();
                value.set_linkage(LLVMLinkage::LLVMInternalLinkage);
            }
        }
    }
    for value in [module.functions(), module.globals()].concat() {
        if !value.is_declaration() {
            value.leave_comdat();
        }
    }
}

fn save(module: &Module<'_>, options: &Options, name: &str) -> Result<(), LlvmError> {
    match &options.save_dir {
        Some(folder) => {
            // A folder that cannot be made is reported by the file that cannot be written.
            let _ = std::fs::create_dir_all(folder);
            module.print(&folder.join(name))
        }
        None => Ok(()),
    }
}
