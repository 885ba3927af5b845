//! The start of the program: from the boot command line to its entry point.

use super::lifecycle::{self, Arguments};
use super::load::{self, Batch};
use super::lock;
use super::map;
use super::message::{Message, Result};
use super::object::Object;
use super::relocate::{self, Scopes};
use super::symbols::{self, Found, Wanted};
use super::{interpose, tls as storage};
use crate::console::{self, Part};
use crate::errno::Errno;
use crate::export;
use crate::memory::vm::{self, Place, Protection, Request};
use crate::process::{self, Invocation};
use crate::sched;
use crate::tls::{self, Tcb};
use crate::vfs;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of the first thread's stack; memory is taken as it is touched.
pub const STACK_LENGTH: usize = 8 << 20;
/// Bytes below the stack that must not be touched.
const GUARD: usize = 4096;
/// Exit status when the program cannot be started, as shells and ld.so give it.
const CANNOT_START: i32 = 127;

/// Starts the program that the boot command line names. Runs on the first thread.
pub fn run(command_line: &[u8]) -> ! {
    process::set_invocation(Invocation::parse(command_line));
    match start() {
        Ok(never) => match never {},
        Err(message) => {
            console::message(&[Part::Text("specialize: "), Part::Bytes(&message), Part::Text("\n")]);
            process::exit(CANNOT_START)
        }
    }
}

fn start() -> Result<core::convert::Infallible> {
    check_identity()?;
    let path = process::arguments()
        .first()
        .ok_or(b"the boot command line names no program (-- PROGRAM ARGUMENTS)")?;
    vfs::mount_root(process::option(b"root").unwrap_or(b"module"))
        .map_err(|error| failed("the root file system cannot be mounted", b"", error))?;
    if let Some(directory) = process::option(b"cwd") {
        let node = vfs::lookup(directory, true);
        vfs::walk::set_current(node.map_err(|error| failed("no working directory ", directory, error))?);
    }
    crate::tty::set_terminal(process::option(b"tty") == Some(b"1"));
    let input = process::option(b"stdin");
    crate::tty::open_standard(input)
        .map_err(|error| failed("cannot open standard input ", input.unwrap_or_default(), error))?;
    let file = map::open_file(path).map_err(|error| failed("cannot open the program ", path, error))?;
    let mut object = map::map(path, &file)?;
    drop(file);
    object.is_program = true;
    // SAFETY: an object's link map is its own until it is shared.
    unsafe { (*object.link.get()).name = c"".as_ptr().cast() };
    let mut batch = Batch::default();
    let program = batch.add(object)?;
    let mut scope = load::closure(program);
    if !scope.iter().any(Option::is_none) {
        scope.push(None);
    }
    load::make_global(&scope);
    batch.register_tls(true);
    for &object in &batch.objects {
        object.permanent.set(true);
    }
    let block = first_thread();
    let scopes = Scopes { first: &scope, second: &[] };
    relocate::take_over_exports(program, &scopes)?;
    batch.bind(&[])?;
    bind_allocator(&scope);
    let stack = make_stack(program)?;
    lifecycle::set_arguments(stack.arguments);
    // SAFETY: no other thread exists, and the program has not begun.
    unsafe { *process::environ.get() = stack.arguments.environment.cast_mut().cast() };
    // SAFETY: nobody else can have seen the first thread's block yet.
    let block = unsafe { &*block };
    block.stack_base.set(stack.base);
    block.stack_length.set(STACK_LENGTH);
    block.guard_length.set(GUARD);
    let order = lifecycle::order(&batch.objects);
    drop((scope, batch));
    #[cfg(kernel)]
    crate::power_button::watch();
    // SAFETY: the stack is as the ABI has it at process entry, and the program is ready to run.
    unsafe { enter(program, order, stack.pointer) }
}

/// Makes sure that kernel and image belong together, if the command line tells the image's identity.
fn check_identity() -> Result<()> {
    let Some(told) = process::option(b"id") else { return Ok(()) };
    let own = export::identity();
    let digit = |byte: u8| b"0123456789abcdef"[usize::from(byte & 15)];
    let same = told.len() == 64
        && told.chunks_exact(2).zip(own).all(|(pair, &byte)| pair == [digit(byte >> 4), digit(byte)]);
    if same {
        return Ok(());
    }
    Err(b"this kernel was not specialized for this image: their identities differ".to_vec())
}

fn failed(what: &str, name: &[u8], error: Errno) -> Message {
    let mut digits = [0; 20];
    let number = console::decimal(u64::from(error.number().unsigned_abs()), &mut digits);
    super::message::join(&[what.as_bytes(), name, b" (error ", number, b")"])
}

/// Makes the first thread's control block and puts it in place.
fn first_thread() -> *mut Tcb {
    // The canary's lowest byte is zero, so that no string function writes over it.
    let (canary, guard) = (random() & !0xff, random());
    // SAFETY: the program's objects are registered, and no other thread exists.
    unsafe {
        let block = storage::first_block(canary, guard);
        (*block).thread.store(core::ptr::from_ref(sched::current()).cast_mut().cast(), Ordering::Relaxed);
        (*block).tid.store(1, Ordering::Relaxed);
        sched::current().set_clear_on_exit((*block).tid.as_ptr().addr());
        tls::enlist(&*block);
        sched::set_tcb(block.addr());
        block
    }
}

/// A number that a program cannot tell in advance: RDRAND's where there is one, else from the clock.
#[must_use]
pub fn random() -> usize {
    static STATE: AtomicUsize = AtomicUsize::new(0);
    let mut seed = hal::cpu::tsc() as usize;
    #[cfg(kernel)]
    if hal::cpu::cpuid(1, 0).ecx & 1 << 30 != 0 {
        let word: usize;
        // SAFETY: CPUID says that the instruction is there.
        unsafe { core::arch::asm!("rdrand {}", out(reg) word, options(nomem, nostack)) };
        seed ^= word.rotate_left(32);
    }
    // splitmix64: spreads what few bits there are over the word.
    seed = seed.wrapping_add(STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed));
    seed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    seed = (seed ^ seed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ seed >> 31
}

/// Binds the cells of the malloc family, as an import of a library's would be.
fn bind_allocator(scope: &[symbols::Member]) {
    let cells: [(&[u8], &interpose::Cell); 4] = [
        (b"malloc", &interpose::MALLOC),
        (b"free", &interpose::FREE),
        (b"calloc", &interpose::CALLOC),
        (b"realloc", &interpose::REALLOC),
    ];
    for (name, cell) in cells {
        if let Some(found @ Found::Object(..)) = symbols::find(scope, &Wanted::named(name, None), None) {
            cell.bind(relocate::address(found) as *mut _);
        }
    }
}

/// The first thread's stack, ready for the program.
struct Stack {
    /// Lowest usable address.
    base: usize,
    /// What the stack pointer is at the program's entry.
    pointer: usize,
    arguments: Arguments,
}

/// The auxiliary vector, once it is made; pairs of words up to one of type 0.
static AUXILIARY: AtomicUsize = AtomicUsize::new(0);

/// The auxiliary vector: types (`AT_…` of `<elf.h>`) and values, without the 0 at its end.
pub fn auxiliary_vector() -> impl Iterator<Item = [usize; 2]> {
    let mut entry = AUXILIARY.load(Ordering::Relaxed) as *const [usize; 2];
    core::iter::from_fn(move || {
        // SAFETY: null, or in the vector that `make_stack` wrote above the first frame, up to type 0.
        let found = unsafe { entry.as_ref() }.filter(|[kind, _]| *kind != 0)?;
        entry = entry.wrapping_add(1);
        Some(*found)
    })
}

/// The entry of the auxiliary vector of this type.
#[must_use]
pub fn auxiliary(kind: usize) -> Option<usize> {
    auxiliary_vector().find(|[found, _]| *found == kind).map(|[_, value]| value)
}

/// Builds the stack as Linux does at `execve` (System V ABI, x86-64 supplement, "Initial Stack").
fn make_stack(program: &'static Object) -> Result<Stack> {
    let whole = STACK_LENGTH + GUARD;
    let no_memory = |_| b"no memory for the stack".to_vec();
    let mapping = vm::map(Request::zeros(Place::Any, whole, Protection::DATA)).map_err(no_memory)?;
    // SAFETY: the pages were just mapped and nobody uses them.
    unsafe { vm::protect(mapping, GUARD, Protection::default()) }.map_err(no_memory)?;
    let base = mapping + GUARD;
    let mut builder = Builder { at: mapping + whole - 16, end: base + STACK_LENGTH / 4 };
    let arguments = process::arguments();
    let name = builder.string(&arguments[0])?;
    let environment = builder.strings(process::environment())?;
    let arguments = builder.strings(arguments)?;
    let platform = builder.string(b"x86_64")?;
    let seed = [random(), random()];
    builder.at = (builder.at - 16) & !15;
    let seed_at = builder.at;
    // SAFETY: the builder's place is inside the new stack.
    unsafe { (seed_at as *mut [usize; 2]).write(seed) };
    let bias = program.memory.bias;
    let auxiliary: [[usize; 2]; 19] = [
        [3, program.layout.headers.map_or(0, |address| bias.wrapping_add(address))],
        [4, 56],
        [5, program.layout.header_count],
        [6, 4096],
        [7, 0],
        [8, 0],
        [9, bias.wrapping_add(program.entry)],
        [11, 0],
        [12, 0],
        [13, 0],
        [14, 0],
        [15, platform],
        [16, hal::cpu::cpuid(1, 0).edx as usize],
        [17, 100],
        [23, 0],
        [25, seed_at],
        [31, name],
        [51, 4096],
        [0, 0],
    ];
    let mut words = Vec::with_capacity(64);
    words.push(arguments.len());
    words.extend_from_slice(&arguments);
    words.push(0);
    let environment_at = words.len();
    words.extend_from_slice(&environment);
    words.push(0);
    let auxiliary_at = words.len();
    words.extend_from_slice(auxiliary.as_flattened());
    let pointer = (builder.at - words.len() * 8) & !15;
    if pointer < builder.end {
        return Err(b"the arguments and the environment are too long".to_vec());
    }
    // SAFETY: there is room for the words inside the new stack, as was just checked.
    unsafe { (pointer as *mut usize).copy_from_nonoverlapping(words.as_ptr(), words.len()) };
    AUXILIARY.store(pointer + auxiliary_at * 8, Ordering::Relaxed);
    let arguments = Arguments {
        count: i32::try_from(arguments.len()).unwrap_or(i32::MAX),
        arguments: (pointer + 8) as *const _,
        environment: (pointer + environment_at * 8) as *const _,
    };
    Ok(Stack { base, pointer, arguments })
}

/// Puts strings on a stack from its top downwards.
struct Builder {
    at: usize,
    end: usize,
}

impl Builder {
    #[inline(never)]
    fn string(&mut self, text: &[u8]) -> Result<usize> {
        let at = self.at.checked_sub(text.len() + 1).filter(|&at| at > self.end);
        let at = at.ok_or_else(|| b"the arguments and the environment are too long".to_vec())?;
        self.at = at;
        // SAFETY: the place is inside the new stack, which nobody else uses.
        unsafe {
            core::ptr::copy_nonoverlapping(text.as_ptr(), at as *mut u8, text.len());
            ((at + text.len()) as *mut u8).write(0);
        }
        Ok(at)
    }

    #[inline(never)]
    fn strings(&mut self, texts: &[Vec<u8>]) -> Result<Vec<usize>> {
        texts.iter().map(|text| self.string(text)).collect()
    }
}

/// Runs the libraries' constructors on the program's stack, then the program.
///
/// The program's own constructors are `__libc_start_main`'s to run, as in glibc.
///
/// # Safety
/// `pointer` is a stack as the ABI has it at process entry.
#[cfg(kernel)]
unsafe fn enter(program: &'static Object, order: Vec<&'static Object>, pointer: usize) -> ! {
    let entry = program.memory.bias.wrapping_add(program.entry);
    let order = alloc::boxed::Box::into_raw(alloc::boxed::Box::new(order));
    // SAFETY: the caller's. Constructors get an aligned stack below the arguments; the program gets
    // what the ABI says: rdx is the function to register with atexit, the rest is zero.
    unsafe {
        core::arch::asm!(
            "mov rsp, r12",
            "xor ebp, ebp",
            "call {initialise}",
            "mov rsp, r12",
            "lea rdx, [rip + {finalise}]",
            "xor eax, eax",
            "xor edi, edi",
            "xor esi, esi",
            "jmp r13",
            initialise = sym initialise,
            finalise = sym lifecycle::finalise_all,
            in("rdi") order,
            in("r12") pointer,
            in("r13") entry,
            options(noreturn),
        )
    }
}

#[cfg(not(kernel))]
unsafe fn enter(program: &'static Object, order: Vec<&'static Object>, _pointer: usize) -> ! {
    let _ = (program, initialise as unsafe extern "C" fn(_), order);
    process::exit(0)
}

/// Runs the constructors of all but the program.
unsafe extern "C" fn initialise(order: *mut Vec<&'static Object>) {
    // SAFETY: `enter` made it from a box.
    let order = unsafe { alloc::boxed::Box::from_raw(order) };
    let _held = lock::lock();
    if let Some(program) = lock::program() {
        lifecycle::preinitialise(program);
    }
    for object in order.into_iter().filter(|object| !object.is_program) {
        lifecycle::initialise(object);
    }
}
