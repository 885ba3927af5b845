//! The exported ABI: glibc 2.36 on x86-64, one module a header.
//!
//! May use `kcore` and `hal`. A function is exported by `#[export]`, in the kernel only; each is
//! reachable on its own, so that what an application does not import leaves nothing behind.
#![cfg_attr(kernel, no_std)]
#![feature(c_variadic)]
#![allow(clippy::missing_safety_doc)]
#![allow(
    improper_ctypes_definitions,
    reason = "\"C-unwind\" marks Rust functions on the way to callbacks too"
)]
#![allow(non_camel_case_types, reason = "C types keep their C names")]
#![allow(non_upper_case_globals, reason = "C variables keep their C names")]

extern crate alloc;

mod accounts;
pub mod argz;
pub mod arpa_inet;
pub mod assert;
pub mod ctype;
pub mod dirent;
pub mod dlfcn;
pub mod err;
pub mod errno;
pub mod error;
pub mod execinfo;
pub mod f80;
pub mod fcntl;
pub mod fenv;
pub mod fmtmsg;
pub mod fnmatch;
pub mod fts;
pub mod ftw;
pub mod getopt;
pub mod glob;
pub mod grp;
pub mod iconv;
pub mod ifaddrs;
pub mod langinfo;
pub mod libgen;
pub mod libintl;
pub mod locale;
pub mod malloc;
pub mod math;
pub mod mntent;
pub mod monetary;
pub mod mqueue;
pub mod net_if;
pub mod netdb;
pub mod netinet_ether;
pub mod nl_types;
pub mod number;
pub mod obstack;
pub(crate) mod outcome;
pub mod poll;
pub mod pthread;
pub mod pty;
pub mod pwd;
pub mod regex;
pub mod resolv;
pub mod sched;
pub mod search;
pub mod semaphore;
pub mod semaphore_named;
pub mod setjmp;
pub mod shadow;
pub mod signal;
pub mod spawn;
pub mod start;
pub mod stdio;
pub mod stdlib;
pub mod string;
pub mod sys_auxv;
pub mod sys_epoll;
pub mod sys_eventfd;
pub mod sys_fanotify;
pub mod sys_file;
pub mod sys_inotify;
pub mod sys_ioctl;
pub mod sys_ipc;
pub mod sys_klog;
pub mod sys_mman;
pub mod sys_mount;
pub mod sys_msg;
pub mod sys_personality;
pub mod sys_prctl;
pub mod sys_random;
pub mod sys_reboot;
pub mod sys_resource;
pub mod sys_select;
pub mod sys_sem;
pub mod sys_sendfile;
pub mod sys_shm;
pub mod sys_signalfd;
pub mod sys_socket;
pub mod sys_stat;
pub mod sys_statfs;
pub mod sys_syscall;
pub mod sys_sysinfo;
pub mod sys_sysmacros;
pub mod sys_time_files;
pub mod sys_timerfd;
pub mod sys_times;
pub mod sys_timex;
pub mod sys_uio;
pub mod sys_utsname;
pub mod sys_wait;
pub mod sys_xattr;
pub mod syslog;
pub mod termios;
pub mod threads_h;
pub mod time;
pub mod ttyent;
pub mod ucontext;
pub mod unistd;
pub mod utmpx;
pub mod wchar;
pub mod wctype;
pub mod wordexp;

/// Keeps tests of process-wide state (locale, environment, `getopt`) from running side by side.
#[cfg(test)]
fn test_lock() -> std::sync::MutexGuard<'static, ()> {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A repeatable source of numbers for tests (xorshift).
#[cfg(test)]
fn test_random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    }
}
