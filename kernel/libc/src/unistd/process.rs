//! The process and its owner: one process, number 1, owned by the superuser.

use crate::errno::{self, EINVAL, ENOSYS, EPERM, ESRCH};
use core::ffi::{c_char, c_int, c_long};
use core::sync::atomic::{AtomicI32, Ordering};
use kcore::tls;
use macros::export;

/// The process's number.
const PROCESS: c_int = 1;

/// The process's number: 1. Aliases: `__getpid`.
#[export]
pub extern "C" fn getpid() -> c_int {
    PROCESS
}

/// The number of the process's parent: there is none, as for init.
#[export]
pub extern "C" fn getppid() -> c_int {
    0
}

/// The calling thread's number; the first thread's is the process's.
#[export]
pub extern "C" fn gettid() -> c_int {
    tls::current().tid.load(Ordering::Relaxed) as c_int
}

/// The user: the superuser, 0.
#[export]
pub extern "C" fn getuid() -> u32 {
    0
}

/// The effective user: 0.
#[export]
pub extern "C" fn geteuid() -> u32 {
    0
}

/// The group: 0.
#[export]
pub extern "C" fn getgid() -> u32 {
    0
}

/// The effective group: 0.
#[export]
pub extern "C" fn getegid() -> u32 {
    0
}

unsafe fn three(one: *mut u32, two: *mut u32, three: *mut u32) -> c_int {
    // SAFETY: the callers'.
    unsafe { (*one, *two, *three) = (0, 0, 0) };
    0
}

/// Real, effective and saved user. Zero.
#[export]
pub unsafe extern "C" fn getresuid(real: *mut u32, effective: *mut u32, saved: *mut u32) -> c_int {
    // SAFETY: the caller's.
    unsafe { three(real, effective, saved) }
}

/// Real, effective and saved group. Zero.
#[export]
pub unsafe extern "C" fn getresgid(real: *mut u32, effective: *mut u32, saved: *mut u32) -> c_int {
    // SAFETY: the caller's.
    unsafe { three(real, effective, saved) }
}

/// Becoming the superuser is no change; there are no other users to become. A program that gives
/// its rights up has to know that it could not: -1 with `EPERM`.
fn become_user(ids: &[u32]) -> c_int {
    if ids.iter().all(|&id| id == 0 || id == u32::MAX) { 0 } else { errno::set(EPERM) }
}

/// Changes the user. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn setuid(user: u32) -> c_int {
    become_user(&[user])
}

/// Changes the group. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn setgid(group: u32) -> c_int {
    become_user(&[group])
}

/// Changes the effective user. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn seteuid(user: u32) -> c_int {
    become_user(&[user])
}

/// Changes the effective group. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn setegid(group: u32) -> c_int {
    become_user(&[group])
}

/// Changes real and effective user. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn setreuid(real: u32, effective: u32) -> c_int {
    become_user(&[real, effective])
}

/// Changes real and effective group. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn setregid(real: u32, effective: u32) -> c_int {
    become_user(&[real, effective])
}

/// Changes real, effective and saved user. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn setresuid(real: u32, effective: u32, saved: u32) -> c_int {
    become_user(&[real, effective, saved])
}

/// Changes real, effective and saved group. Zero, or -1 with `EPERM`.
#[export]
pub extern "C" fn setresgid(real: u32, effective: u32, saved: u32) -> c_int {
    become_user(&[real, effective, saved])
}

/// The process's group: itself. Alias: `__getpgid(0)`.
#[export]
pub extern "C" fn getpgrp() -> c_int {
    PROCESS
}

/// The group of a process, or -1 with `ESRCH`. Alias: `__getpgid`.
#[export]
pub extern "C" fn getpgid(process: c_int) -> c_int {
    if process == 0 || process == PROCESS { PROCESS } else { errno::set(ESRCH) }
}

/// Moves a process to a group: its own. Zero, or -1 with `EINVAL`, `EPERM` or `ESRCH`. Alias: `__setpgid`.
#[export]
pub extern "C" fn setpgid(process: c_int, group: c_int) -> c_int {
    match (process, group) {
        (_, ..0) => errno::set(EINVAL),
        (0 | PROCESS, 0 | PROCESS) => 0,
        (0 | PROCESS, _) => errno::set(EPERM),
        _ => errno::set(ESRCH),
    }
}

/// Makes the process lead its own group, as it does. Zero.
#[export]
pub extern "C" fn setpgrp() -> c_int {
    0
}

/// The session of a process, or -1 with `ESRCH`.
#[export]
pub extern "C" fn getsid(process: c_int) -> c_int {
    getpgid(process)
}

/// Makes a session: the process leads one already. -1 with `EPERM`.
#[export]
pub extern "C" fn setsid() -> c_int {
    errno::set(EPERM)
}

static NICE: AtomicI32 = AtomicI32::new(0);

/// Adds to the nice value, which has no effect. The new value.
#[export]
pub extern "C" fn nice(more: c_int) -> c_int {
    let new = NICE.load(Ordering::Relaxed).saturating_add(more).clamp(-20, 19);
    NICE.store(new, Ordering::Relaxed);
    new
}

/// The nice value of this process. Alone in its group and of its user, it stands for these too.
#[export]
pub extern "C" fn getpriority(which: c_int, who: u32) -> c_int {
    if !(0..3).contains(&which) {
        return errno::set(EINVAL);
    }
    if who > PROCESS as u32 {
        return errno::set(ESRCH);
    }
    errno::set_number(0);
    NICE.load(Ordering::Relaxed)
}

/// Sets the nice value, which has no effect. Zero, or -1 with `ESRCH`.
#[export]
pub extern "C" fn setpriority(which: c_int, who: u32, value: c_int) -> c_int {
    if !(0..3).contains(&which) {
        return errno::set(EINVAL);
    }
    if who > PROCESS as u32 {
        return errno::set(ESRCH);
    }
    NICE.store(value.clamp(-20, 19), Ordering::Relaxed);
    0
}

/// Makes a second process: there is one address space. -1 with `ENOSYS`. Aliases: `__fork`, `vfork`,
/// `__vfork`, `_Fork`.
#[export]
pub extern "C" fn fork() -> c_int {
    errno::set(ENOSYS)
}

/// As `fork`.
#[export]
pub extern "C" fn vfork() -> c_int {
    errno::set(ENOSYS)
}

/// As `fork`.
#[export("_Fork")]
pub extern "C" fn fork_plainly() -> c_int {
    errno::set(ENOSYS)
}

/// Goes on in the background: there is no foreground to leave. -1 with `ENOSYS`.
#[export]
pub extern "C" fn daemon(_stay: c_int, _keep: c_int) -> c_int {
    errno::set(ENOSYS)
}

/// Replaces the program: the kernel is made for this one. -1 with `ENOSYS`.
#[export]
pub extern "C" fn execve(
    _path: *const c_char,
    _argv: *const *const c_char,
    _envp: *const *const c_char,
) -> c_int {
    errno::set(ENOSYS)
}

/// As `execve`.
#[export]
pub extern "C" fn execv(_path: *const c_char, _argv: *const *const c_char) -> c_int {
    errno::set(ENOSYS)
}

/// As `execve`.
#[export]
pub extern "C" fn execvp(_file: *const c_char, _argv: *const *const c_char) -> c_int {
    errno::set(ENOSYS)
}

/// As `execve`.
#[export]
pub extern "C" fn execvpe(
    _file: *const c_char,
    _argv: *const *const c_char,
    _envp: *const *const c_char,
) -> c_int {
    errno::set(ENOSYS)
}

/// As `execve`. The further arguments need not be read.
#[export]
pub extern "C" fn execl(_path: *const c_char, _argument: *const c_char) -> c_int {
    errno::set(ENOSYS)
}

/// As `execl`.
#[export]
pub extern "C" fn execle(_path: *const c_char, _argument: *const c_char) -> c_int {
    errno::set(ENOSYS)
}

/// As `execl`.
#[export]
pub extern "C" fn execlp(_file: *const c_char, _argument: *const c_char) -> c_int {
    errno::set(ENOSYS)
}

/// As `execve`.
#[export]
pub extern "C" fn fexecve(_fd: c_int, _argv: *const *const c_char, _envp: *const *const c_char) -> c_int {
    errno::set(ENOSYS)
}

/// As `execve`.
#[export]
pub extern "C" fn execveat(
    _directory: c_int,
    _path: *const c_char,
    _argv: *const *const c_char,
    _envp: *const *const c_char,
    _flags: c_int,
) -> c_int {
    errno::set(ENOSYS)
}

/// Turns process accounting on or off: there is none. -1 with `ENOSYS`.
#[export]
pub extern "C" fn acct(_path: *const c_char) -> c_int {
    errno::set(ENOSYS)
}

/// Hangs the terminal up: it has no other users. Zero.
#[export]
pub extern "C" fn vhangup() -> c_int {
    0
}

/// Traces a process: there is no second one that could. -1 with `ENOSYS`.
#[export]
pub extern "C" fn ptrace(_request: c_int) -> c_long {
    c_long::from(errno::set(ENOSYS))
}

/// Reads the rights of a process: all. Zero, or -1 with `EINVAL` for an unknown version.
#[export]
pub unsafe extern "C" fn capget(header: *mut [u32; 2], data: *mut [u32; 6]) -> c_int {
    const VERSION_3: u32 = 0x2008_0522;
    // SAFETY: the caller's: a header, and null or room for two sets of three words.
    unsafe {
        if (*header)[0] != VERSION_3 {
            (*header)[0] = VERSION_3;
            return if data.is_null() { 0 } else { errno::set(EINVAL) };
        }
        if !data.is_null() {
            *data = [u32::MAX, u32::MAX, 0, 0x1ff, 0x1ff, 0];
        }
    }
    0
}

/// Sets the rights of the process: it keeps them all, as there is nobody to be protected. -1 with `EPERM`.
#[export]
pub extern "C" fn capset(_header: *mut [u32; 2], _data: *const [u32; 6]) -> c_int {
    errno::set(EPERM)
}
