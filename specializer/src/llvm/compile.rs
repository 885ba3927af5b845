//! The kernel's one compilation: many modules become one, in which every symbol stays separate.

use std::collections::{BTreeSet, HashMap};

use llvm_sys::LLVMLinkage;

use super::wrapper::{Context, Module, Speed, Target, Value, attribute_kind};
use super::{LlvmError, emit, panics, references, tables, unwinding};
use crate::package::{Config, PanicSite};

/// One module of the kernel.
#[derive(Debug, Clone)]
pub(crate) struct IrInput {
    /// Its file, or its member's name in an archive.
    pub(crate) name: String,
    /// The crate or module it is of.
    pub(crate) unit: String,
    /// Bitcode, or IR as text.
    pub(crate) bytes: Vec<u8>,
    /// Whether it comes with the compiler.
    pub(crate) sysroot: bool,
}

/// A table as the sources have it.
#[derive(Debug, Clone)]
pub(crate) struct TableRows {
    /// The name profiles use.
    pub(crate) kind: String,
    /// The table's static.
    pub(crate) symbol: String,
    /// The static of each row.
    pub(crate) rows: Vec<Option<String>>,
}

/// A tunable as the sources have it.
#[derive(Debug, Clone)]
pub(crate) struct TunableDefault {
    /// The name `--set` uses.
    pub(crate) name: String,
    /// The static.
    pub(crate) symbol: String,
    /// Its value.
    pub(crate) bytes: Vec<u8>,
}

/// The kernel, compiled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {
    /// The whole kernel as one module.
    pub(crate) bitcode: Vec<u8>,
    /// The same as objects.
    pub(crate) objects: Vec<Vec<u8>>,
    /// Module-level assembly and naked functions, assembled, a piece an object.
    pub(crate) assembly: Vec<Vec<u8>>,
    /// Where symbols come from: source file or crate.
    pub(crate) sources: HashMap<String, String>,
    /// The tables.
    pub(crate) tables: Vec<TableRows>,
    /// The tunables.
    pub(crate) tunables: Vec<TunableDefault>,
    /// What each panic code stands for.
    pub(crate) panics: Vec<PanicSite>,
    /// Functions through which exceptions pass.
    pub(crate) unwinding: BTreeSet<String>,
    /// What each symbol names in the IR.
    pub(crate) references: HashMap<String, BTreeSet<String>>,
    /// What is declared and not defined.
    pub(crate) undefined: BTreeSet<String>,
}

/// Links, prepares, optimises once and compiles.
pub(crate) fn compile(inputs: &[IrInput], config: &Config, root: &str) -> Result<Compiled, LlvmError> {
    let context = Context::new();
    let target = Target::new(Speed::Thorough)?;
    // Small to large: linking moves the smaller module into the larger in far less time.
    let mut inputs: Vec<&IrInput> = inputs.iter().collect();
    inputs.sort_by(|a, b| (a.bytes.len(), &a.name).cmp(&(b.bytes.len(), &b.name)));
    let kernel = context.empty(&config.name);
    let mut compiled = Compiled::default();
    let mut assembly = Vec::new();
    for input in inputs {
        let module = context.parse(&input.name, &input.bytes)?;
        assembly.extend(pieces(&module.take_assembly()));
        prepare(&context, &module, input, config);
        record_sources(&module, input, root, &mut compiled.sources);
        module.strip_debug_info();
        context.link(&kernel, module, &input.name)?;
    }
    kernel.verify(&config.name)?;
    for piece in assembly {
        let module = context.empty("assembly");
        module.set_assembly(&piece);
        compiled.assembly.push(target.emit(&context, &module, "module-level assembly")?);
    }
    drop_unwinding(&kernel, &target)?;
    unwinding::spread(&kernel);
    (compiled.tables, compiled.tunables) = tables::set_aside(&kernel, config)?;
    compiled.panics = panics::lower(&context, &kernel, config);
    drop_used_lists(&kernel);
    separate(&kernel);
    kernel.run("globaldce,constmerge,default<Os>", &target)?;
    separate(&kernel);
    kernel.verify("the kernel, optimised")?;
    let nounwind = attribute_kind("nounwind");
    for value in kernel.symbols() {
        if value.is_declaration() && !value.name().starts_with("llvm.") {
            compiled.undefined.insert(value.name());
        }
    }
    for function in kernel.functions() {
        if !function.is_declaration() && !function.has_attribute(nounwind) {
            compiled.unwinding.insert(function.name());
        }
    }
    compiled.references = references::read(&kernel);
    compiled.bitcode = kernel.bitcode();
    compiled.objects = emit::emit(&context, kernel, &config.name, Speed::Thorough)?;
    Ok(compiled)
}

/// The pieces of a module's assembly: rustc ends each naked function and `global_asm!` by a return to
/// AT&T syntax. Each becomes an object, since a linker keeps what an object's unwind tables name.
fn pieces(assembly: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in assembly.lines() {
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(line);
            piece.push('\n');
        }
        if line.trim() == ".att_syntax" {
            pieces.push(String::new());
        }
    }
    let empty = |line: &str| line.trim().is_empty() || line.trim().ends_with("_syntax");
    pieces.retain(|piece| !piece.lines().all(empty));
    pieces
}

/// One module of the kernel compiled as it is, but with panics as traps: what the comparison build
/// with panic lowering is linked of.
pub(crate) fn lowered(input: &IrInput, config: &Config) -> Result<Vec<u8>, LlvmError> {
    let context = Context::new();
    let target = Target::new(Speed::Thorough)?;
    let module = context.parse(&input.name, &input.bytes)?;
    prepare(&context, &module, input, config);
    module.strip_debug_info();
    drop_unwinding(&module, &target)?;
    panics::lower(&context, &module, config);
    module.run("function(simplifycfg),globaldce", &target)?;
    for value in [module.functions(), module.globals()].concat() {
        let local_or_external = !matches!(value.linkage(), LLVMLinkage::LLVMAppendingLinkage);
        if !value.is_declaration() && local_or_external && value.section().is_empty() {
            value.leave_comdat();
            value.own_group(&module);
        }
    }
    target.emit(&context, &module, &input.name)
}

/// Stamps what holds for the whole kernel on one of its modules.
fn prepare(context: &Context, module: &Module<'_>, input: &IrInput, config: &Config) {
    let noredzone = context.attribute("noredzone");
    let nounwind = context.attribute("nounwind");
    let no_builtins = context.string_attribute("no-builtins", "");
    let uwtable = attribute_kind("uwtable");
    let never = input.sysroot || config.build.never_unwind.contains(&input.unit);
    for function in module.functions() {
        if function.is_declaration() {
            continue;
        }
        function.add_attribute(noredzone);
        function.remove_attribute(uwtable);
        if never {
            function.add_attribute(nounwind);
        }
        // A `memcpy` whose loop became a call of `memcpy` would not return.
        if config.runtime_helpers.contains(&function.name()) {
            function.add_attribute(no_builtins);
        }
    }
    if !never {
        unwinding::mark(module);
    }
}

/// Remembers where the symbols of one module come from.
fn record_sources(module: &Module<'_>, input: &IrInput, root: &str, sources: &mut HashMap<String, String>) {
    let mut files = BTreeSet::new();
    for function in module.functions() {
        if function.is_declaration() {
            continue;
        }
        let source = function.source_file().and_then(|(directory, name)| relative(&directory, &name, root));
        if let (Some(file), false) = (&source, input.sysroot) {
            files.insert(file.clone());
        }
        let name = function.name();
        let source = match source {
            _ if input.sysroot => input.unit.clone(),
            Some(file) => file,
            None => from_elsewhere(&format!("{:#}", rustc_demangle::demangle(&name)), &input.unit),
        };
        sources.insert(name, source);
    }
    for global in module.globals() {
        if global.is_declaration() {
            continue;
        }
        let name = global.name();
        let source = module_file(&name, &files).unwrap_or_else(|| input.unit.clone());
        sources.insert(name, source);
    }
}

/// The crate of a function that a unit has without having its source. A generic one made of the unit's own
/// types is the unit's; one made of others' is only by chance in this unit and not in another.
fn from_elsewhere(path: &str, unit: &str) -> String {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let start = path.find(is_name).unwrap_or(path.len());
    let first = path[start..].split(|letter| !is_name(letter)).next().unwrap_or_default();
    let mut crates = path.split(|letter: char| !is_name(letter) && letter != ':');
    let mentions_unit = crates.any(|word| word.split("::").next() == Some(unit));
    if mentions_unit || !path[start..].starts_with(&format!("{first}::")) { unit } else { first }.to_owned()
}

/// A source path relative to the kernel's folder, or `None` for files outside of it.
fn relative(directory: &str, name: &str, root: &str) -> Option<String> {
    let path = if name.starts_with('/') { name.to_owned() } else { format!("{directory}/{name}") };
    let path = path.strip_prefix(root)?.trim_start_matches('/');
    Some(path.to_owned())
}

/// The file of the module that a static lies in, by its path: `kcore::memory::heap::HEAP` is in the
/// file that ends in `memory/heap.rs` or `memory/heap/mod.rs`.
fn module_file(symbol: &str, files: &BTreeSet<String>) -> Option<String> {
    let path = format!("{:#}", rustc_demangle::demangle(symbol));
    let mut parts: Vec<&str> = path.split("::").skip(1).collect();
    parts.pop()?;
    while !parts.is_empty() {
        let path = parts.join("/");
        let ends = [format!("src/{path}.rs"), format!("src/{path}/mod.rs")];
        if let Some(file) = files.iter().find(|file| ends.iter().any(|end| file.ends_with(end))) {
            return Some(file.clone());
        }
        parts.pop();
    }
    files.iter().find(|file| file.ends_with("src/lib.rs")).cloned()
}

/// Calls that could unwind into a landing pad become plain calls; nothing has a personality.
fn drop_unwinding(module: &Module<'_>, target: &Target) -> Result<(), LlvmError> {
    module.run("function(lower-invoke,simplifycfg)", target)?;
    for function in module.functions() {
        if !function.is_declaration() {
            function.remove_personality();
        }
    }
    Ok(())
}

/// What only these lists keep is not alive; what assembly refers to is, through the native object.
fn drop_used_lists(module: &Module<'_>) {
    for name in ["llvm.used", "llvm.compiler.used"] {
        if let Some(list) = module.global(name) {
            list.delete_global();
        }
    }
}

/// Gives every definition a symbol and a section of its own.
pub(super) fn separate(module: &Module<'_>) {
    let mut unnamed = 0;
    for value in module.symbols() {
        let name = value.name();
        if value.is_declaration() || name.starts_with("llvm.") {
            continue;
        }
        if name.is_empty() {
            while module.global(&format!("unnamed.{unnamed}")).is_some() {
                unnamed += 1;
            }
            value.set_name(&format!("unnamed.{unnamed}"));
        }
        match value.linkage() {
            LLVMLinkage::LLVMAvailableExternallyLinkage | LLVMLinkage::LLVMAppendingLinkage => continue,
            LLVMLinkage::LLVMWeakAnyLinkage | LLVMLinkage::LLVMCommonLinkage => {}
            _ => value.set_linkage(LLVMLinkage::LLVMExternalLinkage),
        }
        value.hide();
    }
    let aliases: Vec<Value> = [module.aliases(), module.ifuncs()].concat();
    for value in [module.functions(), module.globals()].concat() {
        if value.is_declaration() || aliases.contains(&value) || value.name().starts_with("llvm.") {
            continue;
        }
        value.leave_comdat();
        if value.section().is_empty() && !matches!(value.linkage(), LLVMLinkage::LLVMCommonLinkage) {
            value.own_group(module);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generic_function_is_of_the_crate_that_it_is_made_for() {
        assert_eq!(from_elsewhere("alloc::boxed::box_new_uninit", "net"), "alloc");
        assert_eq!(from_elsewhere("<alloc::vec::Vec<u8> as core::fmt::Write>::write_str", "net"), "alloc");
        assert_eq!(from_elsewhere("core::ptr::drop_in_place::<net::socket::Socket>", "net"), "net");
        assert_eq!(from_elsewhere("start", "unit"), "unit");
        assert_eq!(from_elsewhere("", "unit"), "unit");
    }

    #[test]
    fn each_naked_function_is_a_piece() {
        let assembly = ".intel_syntax\na:\nret\n.att_syntax\n.intel_syntax\nb:\nret\n.att_syntax\n";
        let pieces = pieces(assembly);
        assert_eq!(pieces.len(), 2);
        assert!(pieces[1].starts_with(".intel_syntax\nb:"));
    }
}
