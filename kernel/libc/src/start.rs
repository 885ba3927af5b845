//! The beginning and the end of a program: `__libc_start_main`, `exit` and what runs then.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU8, Ordering};
use kcore::loader::{lifecycle, lock, open};
use kcore::process;
use kcore::sync::SpinLock;
use kcore::tls;
use macros::export;

/// What an exit handler is called with.
#[derive(Clone, Copy)]
enum Handler {
    /// `atexit`, `__cxa_atexit`: the argument.
    Plain(extern "C-unwind" fn(*mut c_void), *mut c_void),
    /// `on_exit`: the status, then the argument.
    Status(extern "C-unwind" fn(c_int, *mut c_void), *mut c_void),
}

/// A handler, and the library that it belongs to (an address in it, or null).
type Entry = (Handler, *mut c_void);

struct List(Vec<Entry>);

// SAFETY: the pointers are the application's own, and only handed back to it.
unsafe impl Send for List {}

static HANDLERS: SpinLock<List> = SpinLock::new(List(Vec::new()));
static QUICK: SpinLock<List> = SpinLock::new(List(Vec::new()));

/// What `main` is.
type Main = extern "C-unwind" fn(c_int, *mut *mut c_char, *mut *mut c_char) -> c_int;
/// What `__libc_csu_init` of programs linked with a glibc older than 2.34 is.
type Initialise = extern "C-unwind" fn(c_int, *mut *mut c_char, *mut *mut c_char);

/// Runs the program: what its `_start` calls.
#[export]
pub unsafe extern "C-unwind" fn __libc_start_main(
    main: Main,
    argc: c_int,
    argv: *mut *mut c_char,
    init: Option<Initialise>,
    fini: Option<extern "C-unwind" fn(*mut c_void)>,
    finalise: Option<extern "C-unwind" fn(*mut c_void)>,
    _stack_end: *mut c_void,
) -> c_int {
    // SAFETY: the environment follows the arguments and their null (System V ABI).
    let environment = unsafe { argv.add(argc as usize + 1) };
    // SAFETY: the first argument is a string or null, and no other thread exists.
    unsafe { crate::error::name_program(*argv) };
    for function in [finalise, fini].into_iter().flatten() {
        HANDLERS.lock().0.push((Handler::Plain(function, null_mut()), null_mut()));
    }
    match init {
        Some(init) => {
            if let Some(program) = lock::program() {
                program.initialised.set(true);
                lock::INITIALISED.lock().push(program);
            }
            init(argc, argv, environment);
        }
        None => {
            if let Some(program) = lock::program() {
                lifecycle::initialise(program);
            }
        }
    }
    exit(main(argc, argv, environment))
}

/// Registers `function` to be called with `argument` at `exit`, or when the library that holds
/// `dso` is unloaded (Itanium C++ ABI 3.3.5). Zero.
#[export]
pub extern "C" fn __cxa_atexit(
    function: extern "C-unwind" fn(*mut c_void),
    argument: *mut c_void,
    dso: *mut c_void,
) -> c_int {
    HANDLERS.lock().0.push((Handler::Plain(function, argument), dso));
    0
}

/// Registers a function to be called at `exit`, as programs of old did without `libc_nonshared.a`. Zero.
#[export]
pub extern "C" fn atexit(function: extern "C-unwind" fn(*mut c_void)) -> c_int {
    __cxa_atexit(function, null_mut(), null_mut())
}

/// Registers `function` to be called with the exit status and `argument` at `exit`. Zero.
#[export]
pub extern "C" fn on_exit(
    function: extern "C-unwind" fn(c_int, *mut c_void),
    argument: *mut c_void,
) -> c_int {
    HANDLERS.lock().0.push((Handler::Status(function, argument), null_mut()));
    0
}

/// Registers a function to be called at `quick_exit`. Zero.
#[export]
pub extern "C" fn __cxa_at_quick_exit(
    function: extern "C-unwind" fn(*mut c_void),
    dso: *mut c_void,
) -> c_int {
    QUICK.lock().0.push((Handler::Plain(function, null_mut()), dso));
    0
}

/// Runs the handlers of the library that holds `dso`, or all of them if that is null, last first.
#[export]
pub extern "C-unwind" fn __cxa_finalize(dso: *mut c_void) {
    run(&HANDLERS, dso, 0);
}

extern "C-unwind" fn run(list: &SpinLock<List>, dso: *mut c_void, status: c_int) {
    loop {
        let entry = {
            let entries = &mut list.lock().0;
            let at = entries.iter().rposition(|entry| dso.is_null() || entry.1 == dso);
            at.map(|at| entries.remove(at))
        };
        match entry {
            Some((Handler::Plain(function, argument), _)) => function(argument),
            Some((Handler::Status(function, argument), _)) => function(status, argument),
            None => return,
        }
    }
}

/// Ends the program: destructors of the calling thread, handlers last first, streams, then the machine.
#[export]
pub extern "C-unwind" fn exit(status: c_int) -> ! {
    __call_tls_dtors();
    run(&HANDLERS, null_mut(), status);
    crate::stdio::write::at_exit();
    process::exit(status)
}

/// Ends the program after the handlers of `at_quick_exit`; nothing else is run or written out.
#[export]
pub extern "C-unwind" fn quick_exit(status: c_int) -> ! {
    run(&QUICK, null_mut(), status);
    process::exit(status)
}

/// Ends the program at once.
#[export]
pub extern "C" fn _exit(status: c_int) -> ! {
    process::exit(status)
}

/// A destructor of a C++ `thread_local` object.
struct Destructor {
    function: extern "C-unwind" fn(*mut c_void),
    object: *mut c_void,
    next: *mut Destructor,
}

/// Registers the destructor of an object of the calling thread's. Zero.
///
/// The library that holds `dso` stays loaded from then on.
#[export]
pub extern "C" fn __cxa_thread_atexit_impl(
    function: extern "C-unwind" fn(*mut c_void),
    object: *mut c_void,
    dso: *mut c_void,
) -> c_int {
    open::keep_for_good(dso.addr());
    let list = &tls::current().destructors;
    let next = list.load(Ordering::Relaxed).cast();
    list.store(Box::into_raw(Box::new(Destructor { function, object, next })).cast(), Ordering::Relaxed);
    0
}

/// Runs the destructors of the calling thread's objects, last registered first.
#[export]
pub extern "C-unwind" fn __call_tls_dtors() {
    let list = &tls::current().destructors;
    loop {
        let first = list.load(Ordering::Relaxed).cast::<Destructor>();
        if first.is_null() {
            return;
        }
        // SAFETY: entries are made by `__cxa_thread_atexit_impl` and are the calling thread's.
        let Destructor { function, object, next } = *unsafe { Box::from_raw(first) };
        list.store(next.cast(), Ordering::Relaxed);
        function(object);
    }
}

/// Ends the program as `SIGABRT` does: the application's handler first, if it has one.
#[export]
pub extern "C-unwind" fn abort() -> ! {
    const SIGABRT: c_int = 6;
    kcore::signal::synchronous(SIGABRT);
    process::end(process::Ending::Signal(SIGABRT))
}

/// `*** WHAT ***: terminated` on standard error, then `abort`.
#[cold]
pub extern "C-unwind" fn fail(what: &[u8]) -> ! {
    crate::error::to_stderr(&[b"*** ", what, b" ***: terminated\n"]);
    abort()
}

/// A function found its stack frame's canary changed.
#[export]
pub extern "C-unwind" fn __stack_chk_fail() -> ! {
    fail(b"stack smashing detected")
}

/// A checked function was asked to write more than the object holds.
#[export]
pub extern "C-unwind" fn __chk_fail() -> ! {
    fail(b"buffer overflow detected")
}

/// Whether the process has had one thread only; libstdc++ counts references without atomics then.
#[export]
pub static __libc_single_threaded: kcore::export::Exported<AtomicU8> =
    kcore::export::Exported::new(AtomicU8::new(1));

/// The version of glibc whose ABI this is.
#[export]
pub extern "C" fn gnu_get_libc_version() -> *const c_char {
    c"2.36".as_ptr()
}

/// The kind of that release.
#[export]
pub extern "C" fn gnu_get_libc_release() -> *const c_char {
    c"stable".as_ptr()
}

/// Registers functions to be called around `fork`, which always fails here. Zero.
#[export]
pub extern "C" fn __register_atfork(
    _prepare: Option<extern "C" fn()>,
    _parent: Option<extern "C" fn()>,
    _child: Option<extern "C" fn()>,
    _dso: *mut c_void,
) -> c_int {
    0
}
