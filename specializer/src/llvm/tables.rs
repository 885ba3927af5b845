//! Tables and tunables: their initial values are set aside before anything can fold them, and put
//! back as constants when a kernel is specialized.

use super::LlvmError;
use super::compile::{TableRows, TunableDefault};
use super::wrapper::{Module, Value};
use crate::package::Config;

/// Bytes of a row: a pointer.
const ROW: usize = 8;

/// Turns tables and tunables into declarations, and says what they held.
pub(super) fn set_aside(
    module: &Module<'_>,
    config: &Config,
) -> Result<(Vec<TableRows>, Vec<TunableDefault>), LlvmError> {
    let mut tables = Vec::new();
    for rule in &config.tables {
        let (global, value) = definition(module, &rule.symbol)?;
        let mut rows = Vec::new();
        pointers(value, &mut rows, &mut 0);
        let rows = rows.into_iter().map(|row| row.map(Value::name)).collect();
        tables.push(TableRows { kind: rule.kind.clone(), symbol: global.name(), rows });
        remove(global);
    }
    let mut tunables = Vec::new();
    for rule in &config.tunables {
        let (global, value) = definition(module, &rule.symbol)?;
        let mut bytes = Vec::new();
        plain_bytes(value, &mut bytes).ok_or_else(|| LlvmError::Refused {
            place: format!("kernel.toml: tunable '{}'", rule.name),
            reason: format!("'{}' is not a plain number", rule.symbol),
        })?;
        bytes.resize(rule.kind.size().max(bytes.len()), 0);
        tunables.push(TunableDefault { name: rule.name.clone(), symbol: global.name(), bytes });
        remove(global);
    }
    Ok((tables, tunables))
}

/// The static that `kernel.toml` names by its symbol or by its path in Rust, and its value.
fn definition(module: &Module<'_>, name: &str) -> Result<(Value, Value), LlvmError> {
    let by_path = || {
        let has_path = |global: &Value| format!("{:#}", rustc_demangle::demangle(&global.name())) == name;
        module.globals().into_iter().find(has_path)
    };
    let global = module.global(name).or_else(by_path);
    global.and_then(|global| Some((global, global.initialiser()?))).ok_or_else(|| LlvmError::Refused {
        place: "kernel.toml".into(),
        reason: format!("it names '{name}', which the kernel does not define"),
    })
}

fn remove(global: Value) {
    global.remove_initialiser();
    global.leave_comdat();
    global.set_linkage(llvm_sys::LLVMLinkage::LLVMExternalLinkage);
    global.set_constant(true);
}

/// The pointers in a constant, in the order they lie in memory. Empty rows may be written as bytes
/// (`[16 x i8] zeroinitializer` for two of them); `gap` counts those that make no whole row yet.
fn pointers(value: Value, rows: &mut Vec<Option<Value>>, gap: &mut usize) {
    if value.is_pointer() {
        rows.push(if value.is_null() { None } else { value.pointee() });
        return;
    }
    if let Some((_, size)) = value.integer() {
        *gap += size;
        if *gap >= ROW {
            *gap -= ROW;
            rows.push(None);
        }
        return;
    }
    for at in 0..value.element_count() {
        if let Some(element) = value.element(at) {
            pointers(element, rows, gap);
        }
    }
}

/// The bytes of a constant without pointers: integers, arrays and structs of them.
fn plain_bytes(value: Value, bytes: &mut Vec<u8>) -> Option<()> {
    if let Some((number, size)) = value.integer() {
        bytes.extend_from_slice(&number.to_le_bytes()[..size]);
        return Some(());
    }
    if value.is_null() {
        bytes.resize(bytes.len() + value.size()?, 0);
        return Some(());
    }
    if value.is_pointer() {
        return None;
    }
    for at in 0..value.element_count() {
        plain_bytes(value.element(at)?, bytes)?;
    }
    Some(())
}
