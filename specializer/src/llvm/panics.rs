//! Panic lowering: a call of a function that panics becomes a trap that carries a code, and what
//! the code stands for goes to a side file. Messages, locations and formatting leave the kernel.
//!
//! The trap is `ud1` with a displacement of one byte: `0F B9`, then a ModRM byte with mod 01, then
//! the displacement. The code is the displacement plus 256 times a number that `reg` and `rm` make:
//! `reg * 7 + rm`, where `rm` skips 4 (which would add a SIB byte). Codes from 14336 on use mod 10
//! and `rm` 0, `reg` 0, with the code in a displacement of four bytes.

use std::collections::HashMap;

use llvm_sys::core::*;

use super::wrapper::{Context, Module, Value, attribute_kind};
use crate::package::{Config, PanicSite};

/// The bytes of the trap for a code.
fn trap(code: u32) -> Vec<u8> {
    match u8::try_from(code >> 8) {
        Ok(high) if high < 56 => {
            let (reg, rm) = (high / 7, high % 7);
            let rm = if rm >= 4 { rm + 1 } else { rm };
            vec![0x0f, 0xb9, 0x40 | reg << 3 | rm, code as u8]
        }
        _ => [&[0x0f, 0xb9, 0x80][..], &code.to_le_bytes()].concat(),
    }
}

/// Lowers every call of a panic function, and says what each code stands for.
pub(super) fn lower(context: &Context, module: &Module<'_>, config: &Config) -> Vec<PanicSite> {
    let noreturn = attribute_kind("noreturn");
    let mut sites = Sites::default();
    for function in module.functions() {
        let name = format!("{:#}", rustc_demangle::demangle(&function.name()));
        if !function.has_attribute(noreturn) || !is_panic(&name, &config.panics.functions) {
            continue;
        }
        for call in function.users().into_iter().filter_map(Value::as_call) {
            if call.callee() != function {
                continue;
            }
            let code = sites.code(site(call, &name));
            replace(context, call, code);
        }
    }
    sites.list
}

fn is_panic(name: &str, paths: &[String]) -> bool {
    paths.iter().any(|path| {
        name.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

#[derive(Default)]
struct Sites {
    list: Vec<PanicSite>,
    codes: HashMap<PanicSite, u32>,
}

impl Sites {
    fn code(&mut self, site: PanicSite) -> u32 {
        let list = &mut self.list;
        *self.codes.entry(site).or_insert_with_key(|site| {
            list.push(site.clone());
            (list.len() - 1) as u32
        })
    }
}

/// What a call says of itself: its last argument is a `&'static core::panic::Location`, and its
/// first may be the message.
fn site(call: Value, function: &str) -> PanicSite {
    let arguments = call.arguments();
    let location = arguments.last().and_then(|argument| location(*argument));
    let message = arguments.first().filter(|_| arguments.len() > 1).and_then(|first| message(*first));
    let message = message.unwrap_or_else(|| function.to_owned());
    match location {
        Some((file, line, column)) => PanicSite { file, line, column, message },
        None => {
            let caller = format!("{:#}", rustc_demangle::demangle(&call.parent_function().name()));
            PanicSite { file: caller, line: 0, column: 0, message }
        }
    }
}

/// `Location { file: &str, line: u32, column: u32 }`, as rustc lays it out: pointer, length (with the
/// NUL that it adds), line, column.
fn location(value: Value) -> Option<(String, u32, u32)> {
    let data = value.as_global()?.initialiser()?;
    let file = data.element(0)?.as_global()?.initialiser()?.string()?;
    let numbers = data.element(1)?.string()?;
    let at = |start: usize| Some(u32::from_le_bytes(numbers.get(start..start + 4)?.try_into().ok()?));
    let length = usize::try_from(at(0)?).ok()?;
    let file = String::from_utf8_lossy(file.get(..length)?).trim_end_matches('\0').to_owned();
    Some((from_sources(&file), at(8)?, at(12)?))
}

/// Without what comes before the sources of the compiler's own libraries.
fn from_sources(file: &str) -> String {
    file.find("/library/")
        .filter(|_| file.starts_with("/rustc/"))
        .map_or(file, |at| &file[at + 1..])
        .to_owned()
}

fn message(value: Value) -> Option<String> {
    let bytes = value.as_global()?.initialiser()?.string()?;
    let printable = |byte: &u8| *byte == b' ' || byte.is_ascii_graphic();
    let text: Vec<u8> = bytes.into_iter().filter(printable).collect();
    String::from_utf8(text).ok().filter(|text| text.len() > 3)
}

/// Puts the trap where the call is; what follows the call is unreachable already, since the function
/// never returns.
fn replace(context: &Context, call: Value, code: u32) {
    let bytes: Vec<String> = trap(code).iter().map(|byte| byte.to_string()).collect();
    let assembly = format!(".byte {}", bytes.join(","));
    let cold = ["noreturn", "nounwind", "cold"].map(|name| context.attribute(name));
    // SAFETY: the builder is ours; the call is an instruction of a function in this context.
    unsafe {
        let kind = LLVMFunctionType(LLVMVoidTypeInContext(context.raw()), std::ptr::null_mut(), 0, 0);
        let trap = LLVMGetInlineAsm(
            kind,
            assembly.as_ptr().cast(),
            assembly.len(),
            c"".as_ptr(),
            0,
            1,
            0,
            llvm_sys::LLVMInlineAsmDialect::LLVMInlineAsmDialectATT,
            0,
        );
        let builder = LLVMCreateBuilderInContext(context.raw());
        LLVMPositionBuilderBefore(builder, call.0);
        let trap = LLVMBuildCall2(builder, kind, trap, std::ptr::null_mut(), 0, c"".as_ptr());
        for attribute in cold {
            LLVMAddCallSiteAttribute(trap, llvm_sys::LLVMAttributeFunctionIndex, attribute);
        }
        LLVMDisposeBuilder(builder);
    }
    call.delete_instruction();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_is_one_instruction_of_its_length() {
        let mut seen = std::collections::BTreeSet::new();
        for code in [0, 1, 255, 256, 256 * 7, 14335, 14336, 1 << 20] {
            let bytes = trap(code);
            let mut decoder = iced_x86::Decoder::new(64, &bytes, 0);
            let instruction = decoder.decode();
            assert_eq!(instruction.mnemonic(), iced_x86::Mnemonic::Ud1, "{code}");
            assert_eq!(instruction.len(), bytes.len(), "{code}");
            assert_eq!(bytes.len(), if code < 14336 { 4 } else { 7 });
            assert!(seen.insert(bytes));
        }
    }

    #[test]
    fn a_path_covers_what_lies_below_it() {
        let paths = ["core::panicking".to_owned()];
        assert!(is_panic("core::panicking::panic_fmt", &paths));
        assert!(!is_panic("core::panicking_not", &paths));
    }

    #[test]
    fn the_compilers_build_folder_is_left_out() {
        assert_eq!(from_sources("/rustc/abc/library/core/src/x.rs"), "library/core/src/x.rs");
        assert_eq!(from_sources("core/src/x.rs"), "core/src/x.rs");
    }
}
