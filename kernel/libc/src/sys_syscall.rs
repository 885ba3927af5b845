//! `<sys/syscall.h>`: `syscall(2)` by number, over a table of rows.
//!
//! A row's name ends in its number (`futex-202`); the specializer blanks those whose number the
//! application is shown not to use. Most rows are the C library's own function of that name.

use crate::errno::{self, EINTR, EINVAL, ENOSYS, Errno};
use crate::time::clock::{self, timespec};
use core::ffi::{c_int, c_long};
use core::sync::atomic::AtomicU32;
use core::time::Duration;
use kcore::futex;
use kcore::signal;
use kcore::table::Table;
use macros::export;

/// A row: a system call.
pub struct Row {
    number: u32,
    call: Call,
}

// SAFETY: the functions are code.
unsafe impl Sync for Row {}

/// A function with up to six integer arguments, and what it returns.
enum Call {
    /// A `long`, or a pointer.
    Long(*const ()),
    /// An `int`, of which the upper half of the register says nothing.
    Int(*const ()),
}

/// How many rows there are.
pub const ROWS: usize = 50;

#[cfg(kernel)]
unsafe extern "Rust" {
    /// The system calls that `syscall` knows.
    safe static table_syscall: Table<Row, ROWS>;
}
#[cfg(not(kernel))]
#[allow(non_upper_case_globals, reason = "the name that the top crate defines in the kernel")]
static table_syscall: Table<Row, ROWS> = Table::new([None; ROWS]);

type Six = unsafe extern "C-unwind" fn(usize, usize, usize, usize, usize, usize) -> c_long;

/// Does a system call: what it returns, or -1 and `errno`; `ENOSYS` if no row is left for it.
///
/// C declares it variadic; on x86-64 integers are passed alike either way.
#[export]
pub unsafe extern "C-unwind" fn syscall(
    number: c_long,
    one: usize,
    two: usize,
    three: usize,
    four: usize,
    five: usize,
    six: usize,
) -> c_long {
    let Some(row) = table_syscall.rows().find(|row| c_long::from(row.number) == number) else {
        return errno::set(ENOSYS).into();
    };
    // SAFETY: each row's function takes six integers at most, and C lets a caller pass more than a
    // function looks at.
    unsafe {
        match row.call {
            Call::Long(function) => {
                core::mem::transmute::<*const (), Six>(function)(one, two, three, four, five, six)
            }
            Call::Int(function) => {
                let result =
                    core::mem::transmute::<*const (), Six>(function)(one, two, three, four, five, six);
                c_long::from(result as c_int)
            }
        }
    }
}

macro_rules! rows {
    ($($name:ident = $number:literal, $kind:ident($function:path), $what:literal;)*) => {
        $(
            #[doc = $what]
            pub static $name: Row = Row { number: $number, call: Call::$kind($function as *const ()) };
        )*
    };
}

rows! {
    READ_0 = 0, Long(crate::unistd::io::read), "`read`.";
    WRITE_1 = 1, Long(crate::unistd::io::write), "`write`.";
    CLOSE_3 = 3, Int(crate::unistd::descriptor::close), "`close`.";
    LSEEK_8 = 8, Long(crate::unistd::io::lseek), "`lseek`.";
    MMAP_9 = 9, Long(crate::sys_mman::mmap), "`mmap`.";
    MPROTECT_10 = 10, Int(crate::sys_mman::mprotect), "`mprotect`.";
    MUNMAP_11 = 11, Int(crate::sys_mman::munmap), "`munmap`.";
    RT_SIGPROCMASK_14 = 14, Int(mask), "`rt_sigprocmask`, whose sets are one word.";
    PREAD64_17 = 17, Long(crate::unistd::io::pread), "`pread64`.";
    PWRITE64_18 = 18, Long(crate::unistd::io::pwrite), "`pwrite64`.";
    SCHED_YIELD_24 = 24, Int(crate::sched::sched_yield), "`sched_yield`.";
    MADVISE_28 = 28, Int(crate::sys_mman::madvise), "`madvise`.";
    NANOSLEEP_35 = 35, Int(clock::nanosleep), "`nanosleep`.";
    GETPID_39 = 39, Int(crate::unistd::process::getpid), "`getpid`.";
    FORK_57 = 57, Int(crate::unistd::process::fork), "`fork`, which fails.";
    VFORK_58 = 58, Int(crate::unistd::process::vfork), "`vfork`, which fails.";
    EXECVE_59 = 59, Int(crate::unistd::process::execve), "`execve`, which fails.";
    EXIT_60 = 60, Int(end_thread), "`exit`: the end of the calling thread.";
    WAIT4_61 = 61, Int(crate::sys_wait::wait4), "`wait4`.";
    KILL_62 = 62, Int(crate::signal::kill), "`kill`.";
    GETTIMEOFDAY_96 = 96, Int(clock::gettimeofday), "`gettimeofday`.";
    GETRUSAGE_98 = 98, Int(crate::sys_resource::getrusage), "`getrusage`.";
    GETUID_102 = 102, Int(crate::unistd::process::getuid), "`getuid`.";
    GETGID_104 = 104, Int(crate::unistd::process::getgid), "`getgid`.";
    GETEUID_107 = 107, Int(crate::unistd::process::geteuid), "`geteuid`.";
    GETEGID_108 = 108, Int(crate::unistd::process::getegid), "`getegid`.";
    CAPGET_125 = 125, Int(crate::unistd::process::capget), "`capget`.";
    CAPSET_126 = 126, Int(crate::unistd::process::capset), "`capset`.";
    PRCTL_157 = 157, Int(crate::sys_prctl::prctl), "`prctl`.";
    ARCH_PRCTL_158 = 158, Int(crate::sys_prctl::arch_prctl), "`arch_prctl`.";
    GETTID_186 = 186, Int(crate::unistd::process::gettid), "`gettid`.";
    FUTEX_202 = 202, Long(futex_call), "`futex`.";
    SCHED_SETAFFINITY_203 = 203, Int(crate::sched::sched_setaffinity), "`sched_setaffinity`.";
    SCHED_GETAFFINITY_204 = 204, Int(affinity), "`sched_getaffinity`, which returns a length.";
    GETDENTS64_217 = 217, Long(crate::dirent::getdents64), "`getdents64`.";
    CLOCK_GETTIME_228 = 228, Int(clock::clock_gettime), "`clock_gettime`.";
    CLOCK_GETRES_229 = 229, Int(clock::clock_getres), "`clock_getres`.";
    CLOCK_NANOSLEEP_230 = 230, Int(sleep), "`clock_nanosleep`.";
    EXIT_GROUP_231 = 231, Int(crate::start::_exit), "`exit_group`.";
    TGKILL_234 = 234, Int(crate::signal::tgkill), "`tgkill`.";
    OPENAT_257 = 257, Int(crate::fcntl::openat), "`openat`.";
    PRLIMIT64_302 = 302, Int(crate::sys_resource::prlimit), "`prlimit64`.";
    GETCPU_309 = 309, Int(crate::sched::getcpu), "`getcpu`.";
    RENAMEAT2_316 = 316, Int(crate::unistd::names::renameat2), "`renameat2`.";
    GETRANDOM_318 = 318, Long(crate::sys_random::getrandom), "`getrandom`.";
    MEMFD_CREATE_319 = 319, Int(crate::sys_mman::memfd_create), "`memfd_create`.";
    MEMBARRIER_324 = 324, Int(membarrier), "`membarrier`.";
    COPY_FILE_RANGE_326 = 326, Long(crate::sys_sendfile::copy_file_range), "`copy_file_range`.";
    STATX_332 = 332, Int(crate::sys_stat::statx), "`statx`.";
    CLOSE_RANGE_436 = 436, Int(crate::unistd::descriptor::close_range), "`close_range`.";
}

/// `exit(2)` ends the calling thread alone.
unsafe extern "C-unwind" fn end_thread(_status: c_int) -> c_int {
    crate::pthread::thread::finish()
}

unsafe extern "C-unwind" fn mask(how: c_int, set: *const u64, old: *mut u64, length: usize) -> c_int {
    if length != 8 {
        return errno::set(EINVAL);
    }
    let (mut wide, mut before) = ([0; 16], [0; 16]);
    // SAFETY: the caller's: null or a word each.
    unsafe {
        let given = set.as_ref().map(|&word| {
            wide[0] = word;
            &raw const wide
        });
        let result = crate::signal::sigprocmask(how, given.unwrap_or(core::ptr::null()), &raw mut before);
        if result == 0 && !old.is_null() {
            *old = before[0];
        }
        result
    }
}

unsafe extern "C-unwind" fn affinity(thread: c_int, length: usize, set: *mut u8) -> c_int {
    // SAFETY: the caller's.
    match unsafe { crate::sched::sched_getaffinity(thread, length, set) } {
        // The system call says how many bytes it has written.
        0 => 8,
        error => error,
    }
}

unsafe extern "C-unwind" fn sleep(
    clock_id: c_int,
    flags: c_int,
    request: *const timespec,
    left: *mut timespec,
) -> c_int {
    // SAFETY: the caller's.
    match unsafe { clock::clock_nanosleep(clock_id, flags, request, left) } {
        0 => 0,
        error => {
            errno::set_number(error);
            -1
        }
    }
}

/// `MEMBARRIER_CMD_QUERY` (0) names no command: programs then use fences.
unsafe extern "C-unwind" fn membarrier(command: c_int) -> c_int {
    if command == 0 { 0 } else { errno::set(EINVAL) }
}

unsafe extern "C-unwind" fn futex_call(
    word: *const AtomicU32,
    operation: c_int,
    value: u32,
    timeout: usize,
    other: *const AtomicU32,
    third: u32,
) -> c_long {
    const WAIT: c_int = 0;
    const WAKE: c_int = 1;
    const REQUEUE: c_int = 3;
    const COMPARE_REQUEUE: c_int = 4;
    const WAIT_BITS: c_int = 9;
    const WAKE_BITS: c_int = 10;
    const REAL_TIME: c_int = 256;
    const FLAGS: c_int = 128 | REAL_TIME;
    // SAFETY: the caller's: aligned words, and null or a time where one belongs.
    let result = unsafe {
        let word = &*word;
        match operation & !FLAGS {
            kind @ (WAIT | WAIT_BITS) => {
                let deadline = (timeout as *const timespec).as_ref().map(|time| match kind {
                    WAIT => {
                        time.nanoseconds().map(|length| kcore::time::now() + Duration::from_nanos(length))
                    }
                    _ if operation & REAL_TIME != 0 => clock::instant(clock::REALTIME, time),
                    _ => clock::instant(clock::MONOTONIC, time),
                });
                deadline.transpose().and_then(|deadline| wait(word, value, deadline))
            }
            WAKE | WAKE_BITS => Ok(futex::wake(word, value as usize)),
            REQUEUE => futex::requeue(word, None, value as usize, &*other, timeout).map(|(woken, _)| woken),
            COMPARE_REQUEUE => futex::requeue(word, Some(third), value as usize, &*other, timeout)
                .map(|(woken, moved)| woken + moved),
            _ => Err(ENOSYS),
        }
    };
    result.map_or_else(|error| errno::set(error).into(), |count| count as c_long)
}

extern "C-unwind" fn wait(
    word: &AtomicU32,
    value: u32,
    deadline: Option<kcore::time::Instant>,
) -> Result<usize, Errno> {
    loop {
        match futex::wait(word, value, deadline) {
            Ok(()) => return Ok(0),
            Err(EINTR) if signal::interrupted() => {}
            Err(error) => return Err(error),
        }
    }
}
