//! Safe handles on LLVM's contexts, modules, values and target machine.
//!
//! A `Context` owns everything that is parsed in it. A `Module` is used by one thread at a time and
//! does not outlive its context. A `Value` is valid while its module holds it: the methods that
//! delete say so, and their callers drop the handle.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr;
use std::sync::Once;

use llvm_sys::analysis::{LLVMVerifierFailureAction, LLVMVerifyModule};
use llvm_sys::bit_reader::{LLVMGetBitcodeModuleInContext2, LLVMParseBitcodeInContext2};
use llvm_sys::bit_writer::LLVMWriteBitcodeToMemoryBuffer;
use llvm_sys::comdat::{
    LLVMComdatSelectionKind, LLVMGetOrInsertComdat, LLVMSetComdat, LLVMSetComdatSelectionKind,
};
use llvm_sys::core::*;
use llvm_sys::debuginfo::{
    LLVMDIFileGetDirectory, LLVMDIFileGetFilename, LLVMDIScopeGetFile, LLVMGetSubprogram,
    LLVMStripModuleDebugInfo,
};
use llvm_sys::error::{LLVMDisposeErrorMessage, LLVMGetErrorMessage};
use llvm_sys::ir_reader::LLVMParseIRInContext2;
use llvm_sys::linker::LLVMLinkModules2;
use llvm_sys::prelude::*;
use llvm_sys::support::LLVMParseCommandLineOptions;
use llvm_sys::target::*;
use llvm_sys::target_machine::*;
use llvm_sys::transforms::pass_builder::*;
use llvm_sys::{LLVMDiagnosticSeverity, LLVMLinkage, LLVMVisibility};

use super::LlvmError;

static INITIALISE: Once = Once::new();

/// Makes the x86 back end known and sets the options that have no other interface, once.
fn initialise() {
    INITIALISE.call_once(|| {
        let options = [
            "specialize",
            "-inline-threshold=5",
            "-inlinehint-threshold=20",
            "-inline-cold-callsite-threshold=0",
            // Each of these costs registers, and with them spills and moves, for speed.
            "-disable-machine-licm",
            "-disable-postra-machine-licm",
            "-disable-machine-cse",
            "-disable-constant-hoisting",
            "-disable-lsr",
            "-split-spill-mode=size",
            // Splitting live ranges over large regions takes long and makes more moves than it saves spills.
            "-grow-region-complexity-budget=50",
        ];
        let options: Vec<CString> = options.iter().filter_map(|o| CString::new(*o).ok()).collect();
        let pointers: Vec<*const c_char> = options.iter().map(|o| o.as_ptr()).collect();
        // SAFETY: called once, before any other use of LLVM; the strings outlive the call.
        unsafe {
            LLVMParseCommandLineOptions(pointers.len() as i32, pointers.as_ptr(), c"".as_ptr());
            LLVMInitializeX86TargetInfo();
            LLVMInitializeX86Target();
            LLVMInitializeX86TargetMC();
            LLVMInitializeX86AsmParser();
            LLVMInitializeX86AsmPrinter();
        }
    });
}

/// The version of the LLVM that this program runs with.
pub(crate) fn version() -> String {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: the three places are valid.
    unsafe { LLVMGetVersion(&mut major, &mut minor, &mut patch) };
    format!("{major}.{minor}.{patch}")
}

/// An LLVM context, with the errors that were reported in it.
pub(crate) struct Context {
    raw: LLVMContextRef,
    errors: Box<RefCell<Vec<String>>>,
}

extern "C" fn report(info: LLVMDiagnosticInfoRef, errors: *mut c_void) {
    // SAFETY: LLVM passes a valid diagnostic, and the pointer that `Context::new` gave it.
    unsafe {
        if !matches!(LLVMGetDiagInfoSeverity(info), LLVMDiagnosticSeverity::LLVMDSError) {
            return;
        }
        let text = LLVMGetDiagInfoDescription(info);
        let errors = &*errors.cast::<RefCell<Vec<String>>>();
        errors.borrow_mut().push(CStr::from_ptr(text).to_string_lossy().into_owned());
        LLVMDisposeMessage(text);
    }
}

impl Context {
    pub(crate) fn new() -> Self {
        initialise();
        let errors: Box<RefCell<Vec<String>>> = Box::default();
        // SAFETY: the handler's data is boxed and lives as long as the context.
        let raw = unsafe {
            let raw = LLVMContextCreate();
            LLVMContextSetDiagnosticHandler(raw, Some(report), ptr::from_ref(&*errors).cast_mut().cast());
            raw
        };
        Self { raw, errors }
    }

    fn refused(&self, place: &str, otherwise: &str) -> LlvmError {
        let errors = self.errors.borrow_mut().split_off(0);
        let reason = if errors.is_empty() { otherwise.to_owned() } else { errors.join("; ") };
        LlvmError::Refused { place: place.to_owned(), reason }
    }

    /// Parses bitcode or textual IR, whole.
    pub(crate) fn parse(&self, name: &str, bytes: &[u8]) -> Result<Module<'_>, LlvmError> {
        let buffer = copied(name, bytes);
        let mut module = ptr::null_mut();
        let is_bitcode = bytes.starts_with(b"BC\xc0\xde") || bytes.starts_with(&[0xde, 0xc0, 0x17, 0x0b]);
        let mut message = ptr::null_mut();
        // SAFETY: the buffer is valid; bitcode parsing leaves it to us, IR parsing too in its second form.
        let failed = unsafe {
            let failed = if is_bitcode {
                LLVMParseBitcodeInContext2(self.raw, buffer, &mut module)
            } else {
                LLVMParseIRInContext2(self.raw, buffer, &mut module, &mut message)
            };
            LLVMDisposeMemoryBuffer(buffer);
            failed
        };
        if failed != 0 {
            return Err(self.refused(name, &taken(message)));
        }
        Ok(Module { raw: module, _context: PhantomData })
    }

    /// Parses bitcode so that a function's body is read when it is first needed.
    pub(crate) fn parse_lazily(&self, name: &str, bytes: &[u8]) -> Result<Module<'_>, LlvmError> {
        let mut module = ptr::null_mut();
        // SAFETY: the buffer is a copy that the module owns from here on.
        let failed = unsafe { LLVMGetBitcodeModuleInContext2(self.raw, copied(name, bytes), &mut module) };
        if failed != 0 {
            return Err(self.refused(name, "damaged bitcode"));
        }
        Ok(Module { raw: module, _context: PhantomData })
    }

    /// A module without contents.
    pub(crate) fn empty(&self, name: &str) -> Module<'_> {
        let name = text(name);
        // SAFETY: the context is valid and the name ends in NUL.
        Module {
            raw: unsafe { LLVMModuleCreateWithNameInContext(name.as_ptr(), self.raw) },
            _context: PhantomData,
        }
    }

    /// Moves everything of `other` into `module`.
    pub(crate) fn link<'c>(
        &'c self,
        module: &Module<'c>,
        other: Module<'c>,
        name: &str,
    ) -> Result<(), LlvmError> {
        let raw = other.raw;
        std::mem::forget(other);
        // SAFETY: both are of this context; linking consumes the second, whose handle was given up.
        if unsafe { LLVMLinkModules2(module.raw, raw) } != 0 {
            return Err(self.refused(name, "does not link with the rest of the kernel"));
        }
        Ok(())
    }

    /// What was reported since the last error, as an error.
    pub(crate) fn check(&self, place: &str) -> Result<(), LlvmError> {
        if self.errors.borrow().is_empty() { Ok(()) } else { Err(self.refused(place, "")) }
    }

    pub(crate) fn raw(&self) -> LLVMContextRef {
        self.raw
    }

    /// An attribute without a value, such as `nounwind`.
    pub(crate) fn attribute(&self, name: &str) -> LLVMAttributeRef {
        // SAFETY: the name's bytes are valid for the call.
        unsafe { LLVMCreateEnumAttribute(self.raw, attribute_kind(name), 0) }
    }

    /// An attribute that is a string.
    pub(crate) fn string_attribute(&self, name: &str, value: &str) -> LLVMAttributeRef {
        let (n, v) = (name.as_ptr().cast(), value.as_ptr().cast());
        // SAFETY: the strings' bytes are valid for the call.
        unsafe { LLVMCreateStringAttribute(self.raw, n, name.len() as u32, v, value.len() as u32) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: modules borrow the context, so none is left.
        unsafe { LLVMContextDispose(self.raw) };
    }
}

/// The number of an attribute.
pub(crate) fn attribute_kind(name: &str) -> u32 {
    // SAFETY: the name's bytes are valid for the call.
    unsafe { LLVMGetEnumAttributeKindForName(name.as_ptr().cast(), name.len()) }
}

fn text(name: &str) -> CString {
    CString::new(name.replace('\0', "")).unwrap_or_default()
}

fn taken(message: *mut c_char) -> String {
    if message.is_null() {
        return String::new();
    }
    // SAFETY: LLVM gave us this string, to be disposed of.
    unsafe {
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        LLVMDisposeMessage(message);
        text
    }
}

fn copied(name: &str, bytes: &[u8]) -> LLVMMemoryBufferRef {
    let name = text(name);
    // SAFETY: the range is valid for the call, which copies it.
    unsafe { LLVMCreateMemoryBufferWithMemoryRangeCopy(bytes.as_ptr().cast(), bytes.len(), name.as_ptr()) }
}

fn owned(buffer: LLVMMemoryBufferRef) -> Vec<u8> {
    // SAFETY: the buffer is valid, and ours to dispose of.
    unsafe {
        let bytes =
            std::slice::from_raw_parts(LLVMGetBufferStart(buffer).cast::<u8>(), LLVMGetBufferSize(buffer));
        let bytes = bytes.to_vec();
        LLVMDisposeMemoryBuffer(buffer);
        bytes
    }
}

/// A module, which dies with its context at the latest.
pub(crate) struct Module<'c> {
    raw: LLVMModuleRef,
    _context: PhantomData<&'c Context>,
}

impl Drop for Module<'_> {
    fn drop(&mut self) {
        // SAFETY: the module is ours.
        unsafe { LLVMDisposeModule(self.raw) };
    }
}

/// Walks one of LLVM's lists.
fn list(
    module: LLVMModuleRef,
    first: unsafe extern "C" fn(LLVMModuleRef) -> LLVMValueRef,
    next: unsafe extern "C" fn(LLVMValueRef) -> LLVMValueRef,
) -> Vec<Value> {
    let mut found = Vec::new();
    // SAFETY: the module is valid, and nothing changes it during the walk.
    unsafe {
        let mut at = first(module);
        while !at.is_null() {
            found.push(Value(at));
            at = next(at);
        }
    }
    found
}

impl Module<'_> {
    pub(crate) fn raw(&self) -> LLVMModuleRef {
        self.raw
    }

    /// Its functions, declared ones too.
    pub(crate) fn functions(&self) -> Vec<Value> {
        list(self.raw, LLVMGetFirstFunction, LLVMGetNextFunction)
    }

    /// Its variables and constants, declared ones too.
    pub(crate) fn globals(&self) -> Vec<Value> {
        list(self.raw, LLVMGetFirstGlobal, LLVMGetNextGlobal)
    }

    /// Its aliases.
    pub(crate) fn aliases(&self) -> Vec<Value> {
        list(self.raw, LLVMGetFirstGlobalAlias, LLVMGetNextGlobalAlias)
    }

    /// Its ifuncs.
    pub(crate) fn ifuncs(&self) -> Vec<Value> {
        list(self.raw, LLVMGetFirstGlobalIFunc, LLVMGetNextGlobalIFunc)
    }

    /// Everything that has a symbol.
    pub(crate) fn symbols(&self) -> Vec<Value> {
        [self.functions(), self.globals(), self.aliases(), self.ifuncs()].concat()
    }

    /// The variable of this name.
    pub(crate) fn global(&self, name: &str) -> Option<Value> {
        let name = text(name);
        // SAFETY: the module is valid and the name ends in NUL.
        Value::some(unsafe { LLVMGetNamedGlobal(self.raw, name.as_ptr()) })
    }

    /// Takes its assembly out.
    pub(crate) fn take_assembly(&self) -> String {
        let mut length = 0;
        // SAFETY: the string is copied before it is replaced.
        unsafe {
            let start = LLVMGetModuleInlineAsm(self.raw, &mut length);
            let bytes = std::slice::from_raw_parts(start.cast::<u8>(), length);
            let assembly = String::from_utf8_lossy(bytes).into_owned();
            LLVMSetModuleInlineAsm2(self.raw, c"".as_ptr(), 0);
            assembly
        }
    }

    /// Gives it assembly.
    pub(crate) fn set_assembly(&self, assembly: &str) {
        // SAFETY: the string's bytes are valid for the call, which copies them.
        unsafe { LLVMSetModuleInlineAsm2(self.raw, assembly.as_ptr().cast(), assembly.len()) };
    }

    /// Removes debug information.
    pub(crate) fn strip_debug_info(&self) {
        // SAFETY: the module is valid.
        unsafe { LLVMStripModuleDebugInfo(self.raw) };
    }

    /// Checks that it is well formed.
    pub(crate) fn verify(&self, place: &str) -> Result<(), LlvmError> {
        let mut message = ptr::null_mut();
        // SAFETY: the module is valid; the message is ours to dispose of.
        let broken = unsafe {
            LLVMVerifyModule(self.raw, LLVMVerifierFailureAction::LLVMReturnStatusAction, &mut message)
        };
        let reason = taken(message);
        if broken != 0 { Err(LlvmError::Refused { place: place.to_owned(), reason }) } else { Ok(()) }
    }

    /// Its bitcode.
    pub(crate) fn bitcode(&self) -> Vec<u8> {
        // SAFETY: the module is valid; the buffer is ours.
        owned(unsafe { LLVMWriteBitcodeToMemoryBuffer(self.raw) })
    }

    /// Writes it as text, for people.
    pub(crate) fn print(&self, path: &Path) -> Result<(), LlvmError> {
        let name = text(&path.to_string_lossy());
        let mut message = ptr::null_mut();
        // SAFETY: the module is valid and the name ends in NUL.
        let failed = unsafe { LLVMPrintModuleToFile(self.raw, name.as_ptr(), &mut message) };
        let reason = taken(message);
        if failed == 0 {
            Ok(())
        } else {
            Err(LlvmError::Refused { place: path.display().to_string(), reason })
        }
    }

    /// Runs passes, in the notation of `opt -passes`.
    pub(crate) fn run(&self, passes: &str, target: &Target) -> Result<(), LlvmError> {
        let pipeline = text(passes);
        // SAFETY: module, pipeline and target are valid; the options are ours.
        let error = unsafe {
            let options = LLVMCreatePassBuilderOptions();
            LLVMPassBuilderOptionsSetLoopUnrolling(options, 0);
            LLVMPassBuilderOptionsSetLoopVectorization(options, 0);
            LLVMPassBuilderOptionsSetSLPVectorization(options, 0);
            let error = LLVMRunPasses(self.raw, pipeline.as_ptr(), target.0, options);
            LLVMDisposePassBuilderOptions(options);
            error
        };
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: an error is turned into its message once.
        let reason = unsafe {
            let message = LLVMGetErrorMessage(error);
            let reason = CStr::from_ptr(message).to_string_lossy().into_owned();
            LLVMDisposeErrorMessage(message);
            reason
        };
        Err(LlvmError::Refused { place: format!("passes '{passes}'"), reason })
    }
}

/// A function, variable, constant, instruction or alias.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Value(pub(crate) LLVMValueRef);

impl Value {
    fn some(raw: LLVMValueRef) -> Option<Self> {
        (!raw.is_null()).then_some(Self(raw))
    }

    pub(crate) fn name(self) -> String {
        let mut length = 0;
        // SAFETY: the value is valid; the name is copied.
        unsafe {
            let start = LLVMGetValueName2(self.0, &mut length);
            String::from_utf8_lossy(std::slice::from_raw_parts(start.cast::<u8>(), length)).into_owned()
        }
    }

    pub(crate) fn set_name(self, name: &str) {
        // SAFETY: the value is valid and the bytes are copied.
        unsafe { LLVMSetValueName2(self.0, name.as_ptr().cast(), name.len()) };
    }

    /// Whether it is declared but not defined.
    pub(crate) fn is_declaration(self) -> bool {
        // SAFETY: the value is a global.
        unsafe { LLVMIsDeclaration(self.0) != 0 }
    }

    pub(crate) fn linkage(self) -> LLVMLinkage {
        // SAFETY: the value is a global.
        unsafe { LLVMGetLinkage(self.0) }
    }

    pub(crate) fn set_linkage(self, linkage: LLVMLinkage) {
        // SAFETY: the value is a global.
        unsafe { LLVMSetLinkage(self.0, linkage) };
    }

    pub(crate) fn hide(self) {
        // SAFETY: the value is a global.
        unsafe { LLVMSetVisibility(self.0, LLVMVisibility::LLVMHiddenVisibility) };
    }

    pub(crate) fn show(self) {
        // SAFETY: the value is a global.
        unsafe { LLVMSetVisibility(self.0, LLVMVisibility::LLVMDefaultVisibility) };
    }

    pub(crate) fn is_local(self) -> bool {
        matches!(self.linkage(), LLVMLinkage::LLVMInternalLinkage | LLVMLinkage::LLVMPrivateLinkage)
    }

    /// The section it was given, or "".
    pub(crate) fn section(self) -> String {
        // SAFETY: the value is a global; the string is copied.
        unsafe {
            let section = LLVMGetSection(self.0);
            if section.is_null() {
                String::new()
            } else {
                CStr::from_ptr(section).to_string_lossy().into_owned()
            }
        }
    }

    /// The initial value of a variable.
    pub(crate) fn initialiser(self) -> Option<Self> {
        // SAFETY: the value is a variable.
        Self::some(unsafe { LLVMGetInitializer(self.0) })
    }

    /// Makes a variable a declaration.
    pub(crate) fn remove_initialiser(self) {
        // SAFETY: the value is a variable; null removes the initial value.
        unsafe { LLVMSetInitializer(self.0, ptr::null_mut()) };
    }

    /// Element `at` of a constant struct or array.
    pub(crate) fn element(self, at: u32) -> Option<Self> {
        // SAFETY: the value is a constant; outside of it the answer is null.
        Self::some(unsafe { LLVMGetAggregateElement(self.0, at) })
    }

    /// The bytes of a constant array of bytes.
    pub(crate) fn string(self) -> Option<Vec<u8>> {
        // SAFETY: the value is a constant; it is asked what it is before its bytes are copied.
        unsafe {
            if LLVMIsAConstantDataSequential(self.0).is_null() || LLVMIsConstantString(self.0) == 0 {
                return None;
            }
            let mut length = 0;
            let start = LLVMGetAsString(self.0, &mut length);
            Some(std::slice::from_raw_parts(start.cast::<u8>(), length).to_vec())
        }
    }

    /// The value as a variable, if it is one.
    pub(crate) fn as_global(self) -> Option<Self> {
        // SAFETY: the value is valid.
        Self::some(unsafe { LLVMIsAGlobalVariable(self.0) })
    }

    /// The value as a call, if it is one.
    pub(crate) fn as_call(self) -> Option<Self> {
        // SAFETY: the value is valid.
        Self::some(unsafe { LLVMIsACallInst(self.0) })
    }

    /// Whether it is the null pointer, or all zero.
    pub(crate) fn is_null(self) -> bool {
        // SAFETY: the value is valid.
        unsafe { LLVMIsNull(self.0) != 0 }
    }

    /// The instructions and constants that use it.
    pub(crate) fn users(self) -> Vec<Self> {
        let mut users = Vec::new();
        // SAFETY: the value is valid, and nothing changes its uses during the walk.
        unsafe {
            let mut at = LLVMGetFirstUse(self.0);
            while !at.is_null() {
                users.push(Self(LLVMGetUser(at)));
                at = LLVMGetNextUse(at);
            }
        }
        users
    }

    /// The function a call calls.
    pub(crate) fn callee(self) -> Self {
        // SAFETY: the value is a call.
        Self(unsafe { LLVMGetCalledValue(self.0) })
    }

    /// Removes it from its module; every handle on it is dead.
    pub(crate) fn delete_function(self) {
        // SAFETY: the value is a function; uses that are left become poison first.
        unsafe {
            self.forget_uses();
            LLVMDeleteFunction(self.0);
        }
    }

    /// Removes it from its module; every handle on it is dead.
    pub(crate) fn delete_global(self) {
        // SAFETY: the value is a variable; uses that are left become poison first.
        unsafe {
            self.forget_uses();
            LLVMDeleteGlobal(self.0);
        }
    }

    /// Removes it from its module; every handle on it is dead.
    pub(crate) fn delete_instruction(self) {
        // SAFETY: the value is an instruction; uses that are left become poison first.
        unsafe {
            self.forget_uses();
            LLVMInstructionEraseFromParent(self.0);
        }
    }

    unsafe fn forget_uses(self) {
        // SAFETY: the value is valid, and poison has its type.
        unsafe {
            let kind = LLVMTypeOf(self.0);
            if !matches!(LLVMGetTypeKind(kind), llvm_sys::LLVMTypeKind::LLVMVoidTypeKind) {
                LLVMReplaceAllUsesWith(self.0, LLVMGetPoison(kind));
            }
        }
    }

    /// Replaces every use by another value of the same type.
    pub(crate) fn replace_with(self, other: Self) {
        // SAFETY: both are valid; all pointers have one type.
        unsafe { LLVMReplaceAllUsesWith(self.0, other.0) };
    }

    /// Whether its address distinguishes it from others, and something uses that.
    pub(crate) fn address_matters(self) -> bool {
        // SAFETY: the value is a global value.
        unsafe {
            let unnamed = LLVMGetUnnamedAddress(self.0);
            matches!(unnamed, llvm_sys::LLVMUnnamedAddr::LLVMNoUnnamedAddr)
                && !LLVMGetFirstUse(self.0).is_null()
        }
    }

    /// Adds an attribute to a function.
    pub(crate) fn add_attribute(self, attribute: LLVMAttributeRef) {
        // SAFETY: the value is a function, the attribute of its context.
        unsafe { LLVMAddAttributeAtIndex(self.0, llvm_sys::LLVMAttributeFunctionIndex, attribute) };
    }

    /// Takes an attribute from a function.
    pub(crate) fn remove_attribute(self, kind: u32) {
        // SAFETY: the value is a function.
        unsafe { LLVMRemoveEnumAttributeAtIndex(self.0, llvm_sys::LLVMAttributeFunctionIndex, kind) };
    }

    /// Whether a function has an attribute.
    pub(crate) fn has_attribute(self, kind: u32) -> bool {
        // SAFETY: the value is a function.
        unsafe { !LLVMGetEnumAttributeAtIndex(self.0, llvm_sys::LLVMAttributeFunctionIndex, kind).is_null() }
    }

    /// Takes the personality from a function.
    pub(crate) fn remove_personality(self) {
        // SAFETY: the value is a function; null removes the personality.
        unsafe {
            if LLVMHasPersonalityFn(self.0) != 0 {
                LLVMSetPersonalityFn(self.0, ptr::null_mut());
            }
        }
    }

    /// The file that debug information gives for a function: its directory and name.
    pub(crate) fn source_file(self) -> Option<(String, String)> {
        // SAFETY: the value is a function; the strings are copied.
        unsafe {
            let subprogram = LLVMGetSubprogram(self.0);
            if subprogram.is_null() {
                return None;
            }
            let file = LLVMDIScopeGetFile(subprogram);
            if file.is_null() {
                return None;
            }
            let copy = |start: *const c_char, length: u32| {
                let bytes = std::slice::from_raw_parts(start.cast::<u8>(), length as usize);
                String::from_utf8_lossy(bytes).into_owned()
            };
            let (mut directory, mut name) = (0, 0);
            let start = LLVMDIFileGetDirectory(file, &mut directory);
            let name_start = LLVMDIFileGetFilename(file, &mut name);
            Some((copy(start, directory), copy(name_start, name)))
        }
    }

    /// Takes it out of its COMDAT.
    pub(crate) fn leave_comdat(self) {
        // SAFETY: the value is a function or variable.
        unsafe { LLVMSetComdat(self.0, ptr::null_mut()) };
    }

    /// Puts it into a group of its own, which code generation turns into sections of its own.
    pub(crate) fn own_group(self, module: &Module<'_>) {
        let name = text(&self.name());
        // SAFETY: the value is a definition of this module.
        unsafe {
            let comdat = LLVMGetOrInsertComdat(module.raw, name.as_ptr());
            LLVMSetComdatSelectionKind(comdat, LLVMComdatSelectionKind::LLVMNoDuplicatesComdatSelectionKind);
            LLVMSetComdat(self.0, comdat);
        }
    }

    /// Makes an alias or ifunc go at the next `globaldce`; its uses go to a declaration of its name.
    pub(crate) fn delete_alias(self) {
        // SAFETY: the value is an alias or ifunc, and has no uses when it goes.
        unsafe {
            let module = LLVMGetGlobalParent(self.0);
            let name = text(&self.name());
            self.set_name("");
            let kind = LLVMGlobalGetValueType(self.0);
            let stands_in = match LLVMGetTypeKind(kind) {
                llvm_sys::LLVMTypeKind::LLVMFunctionTypeKind => LLVMAddFunction(module, name.as_ptr(), kind),
                _ => LLVMAddGlobal(module, kind, name.as_ptr()),
            };
            LLVMReplaceAllUsesWith(self.0, stands_in);
            if LLVMIsAGlobalAlias(self.0).is_null() {
                LLVMEraseGlobalIFunc(self.0);
            } else {
                // There is no call that deletes an alias: it is made one that nothing needs.
                LLVMSetLinkage(self.0, LLVMLinkage::LLVMInternalLinkage);
                LLVMAliasSetAliasee(self.0, LLVMConstNull(LLVMTypeOf(self.0)));
            }
        }
    }

    /// Whether it is a pointer.
    pub(crate) fn is_pointer(self) -> bool {
        // SAFETY: the value is valid.
        unsafe { matches!(LLVMGetTypeKind(LLVMTypeOf(self.0)), llvm_sys::LLVMTypeKind::LLVMPointerTypeKind) }
    }

    /// The global that a constant pointer points into.
    pub(crate) fn pointee(self) -> Option<Self> {
        // SAFETY: the value is a constant; operands are counted before they are taken.
        unsafe {
            let mut at = self.0;
            while LLVMIsAGlobalValue(at).is_null() {
                if LLVMIsAConstantExpr(at).is_null() || LLVMGetNumOperands(at) == 0 {
                    return None;
                }
                at = LLVMGetOperand(at, 0);
            }
            Some(Self(at))
        }
    }

    /// How many elements a constant has, 0 for one that is no struct or array.
    pub(crate) fn element_count(self) -> u32 {
        // SAFETY: the value is valid; its type is asked what it is.
        unsafe {
            let kind = LLVMTypeOf(self.0);
            match LLVMGetTypeKind(kind) {
                llvm_sys::LLVMTypeKind::LLVMStructTypeKind => LLVMCountStructElementTypes(kind),
                llvm_sys::LLVMTypeKind::LLVMArrayTypeKind => LLVMGetArrayLength2(kind) as u32,
                _ => 0,
            }
        }
    }

    /// A constant integer of at most eight bytes, and its size in bytes.
    pub(crate) fn integer(self) -> Option<(u64, usize)> {
        // SAFETY: the value is asked whether it is an integer first.
        unsafe {
            if LLVMIsAConstantInt(self.0).is_null() {
                return None;
            }
            let bits = LLVMGetIntTypeWidth(LLVMTypeOf(self.0)) as usize;
            (bits <= 64).then(|| (LLVMConstIntGetZExtValue(self.0), bits.div_ceil(8)))
        }
    }

    /// The size in bytes of a constant that is an integer, or an array or packed struct of them.
    pub(crate) fn size(self) -> Option<usize> {
        if let Some((_, size)) = self.integer() {
            return Some(size);
        }
        (0..self.element_count()).map(|at| self.element(at)?.size()).sum()
    }

    /// The arguments of a call.
    pub(crate) fn arguments(self) -> Vec<Self> {
        // SAFETY: the value is a call.
        unsafe { (0..LLVMGetNumArgOperands(self.0)).map(|at| Self(LLVMGetOperand(self.0, at))).collect() }
    }

    /// The function an instruction is in.
    pub(crate) fn parent_function(self) -> Self {
        // SAFETY: the value is an instruction in a function.
        Self(unsafe { LLVMGetBasicBlockParent(LLVMGetInstructionParent(self.0)) })
    }

    /// Makes a variable constant.
    pub(crate) fn set_constant(self, constant: bool) {
        // SAFETY: the value is a variable.
        unsafe { LLVMSetGlobalConstant(self.0, i32::from(constant)) };
    }
}

/// How long code generation may take.
#[derive(Clone, Copy)]
pub(crate) enum Speed {
    /// As long as is well spent when a person waits.
    Fast,
    /// As long as it wants.
    Thorough,
}

/// Code generation for the machine that kernels run on.
pub(crate) struct Target(LLVMTargetMachineRef);

impl Target {
    /// x86-64, linked statically in the top 2 GB.
    pub(crate) fn new(speed: Speed) -> Result<Self, LlvmError> {
        initialise();
        let triple = c"x86_64-unknown-linux-gnu";
        let mut target = ptr::null_mut();
        let mut message = ptr::null_mut();
        // SAFETY: all strings end in NUL; the target is used if it was found.
        unsafe {
            if LLVMGetTargetFromTriple(triple.as_ptr(), &mut target, &mut message) != 0 {
                return Err(LlvmError::Refused { place: "x86_64".into(), reason: taken(message) });
            }
            let machine = LLVMCreateTargetMachine(
                target,
                triple.as_ptr(),
                c"x86-64".as_ptr(),
                c"".as_ptr(),
                match speed {
                    Speed::Fast => LLVMCodeGenOptLevel::LLVMCodeGenLevelLess,
                    Speed::Thorough => LLVMCodeGenOptLevel::LLVMCodeGenLevelDefault,
                },
                LLVMRelocMode::LLVMRelocStatic,
                LLVMCodeModel::LLVMCodeModelKernel,
            );
            Ok(Self(machine))
        }
    }

    /// Compiles a module to an ELF object.
    pub(crate) fn emit(
        &self,
        context: &Context,
        module: &Module<'_>,
        place: &str,
    ) -> Result<Vec<u8>, LlvmError> {
        let mut buffer = ptr::null_mut();
        let mut message = ptr::null_mut();
        // SAFETY: machine and module are valid; the buffer is ours.
        let failed = unsafe {
            LLVMTargetMachineEmitToMemoryBuffer(
                self.0,
                module.raw,
                LLVMCodeGenFileType::LLVMObjectFile,
                &mut message,
                &mut buffer,
            )
        };
        if failed != 0 {
            return Err(LlvmError::Refused { place: place.to_owned(), reason: taken(message) });
        }
        let object = owned(buffer);
        context.check(place)?;
        Ok(object)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // SAFETY: the machine is ours.
        unsafe { LLVMDisposeTargetMachine(self.0) };
    }
}
