//! `<spawn.h>`: attributes and actions are kept, but there is no second process to start.

use crate::errno::{EBADF, EINVAL, ENOSYS};
use crate::signal::SignalSet;
use core::ffi::{c_char, c_int, c_short, c_void};
use macros::export;

/// `posix_spawnattr_t`, 336 bytes.
#[repr(C)]
pub struct SpawnAttributes {
    flags: c_short,
    group: c_int,
    default_signals: SignalSet,
    mask: SignalSet,
    priority: c_int,
    policy: c_int,
    unused: [c_int; 16],
}

const _: () = assert!(size_of::<SpawnAttributes>() == 336);

/// Starts a process. `ENOSYS`.
#[export]
pub extern "C" fn posix_spawn(
    _process: *mut c_int,
    _path: *const c_char,
    _actions: *const c_void,
    _attributes: *const SpawnAttributes,
    _argv: *const *mut c_char,
    _envp: *const *mut c_char,
) -> c_int {
    ENOSYS.number()
}

/// Starts a process by a program's name. `ENOSYS`.
#[export]
pub extern "C" fn posix_spawnp(
    _process: *mut c_int,
    _file: *const c_char,
    _actions: *const c_void,
    _attributes: *const SpawnAttributes,
    _argv: *const *mut c_char,
    _envp: *const *mut c_char,
) -> c_int {
    ENOSYS.number()
}

/// Makes default attributes. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_init(attributes: *mut SpawnAttributes) -> c_int {
    // SAFETY: the caller's; all zero is the default.
    unsafe { attributes.write_bytes(0, 1) };
    0
}

/// Ends attributes. Zero.
#[export]
pub extern "C" fn posix_spawnattr_destroy(_attributes: *mut SpawnAttributes) -> c_int {
    0
}

macro_rules! field {
    ($get:ident, $set:ident, $field:ident: $type:ty, $what:literal) => {
        #[doc = concat!("Reads ", $what, ". Zero.")]
        #[export]
        pub unsafe extern "C" fn $get(attributes: *const SpawnAttributes, to: *mut $type) -> c_int {
            // SAFETY: the caller's.
            unsafe { *to = (*attributes).$field };
            0
        }

        #[doc = concat!("Sets ", $what, ". Zero.")]
        #[export]
        pub unsafe extern "C" fn $set(attributes: *mut SpawnAttributes, value: $type) -> c_int {
            // SAFETY: the caller's.
            unsafe { (*attributes).$field = value };
            0
        }
    };
}

field!(posix_spawnattr_getpgroup, posix_spawnattr_setpgroup, group: c_int, "the process group");

/// Reads the policy. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_getschedpolicy(
    attributes: *const SpawnAttributes,
    to: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *to = (*attributes).policy };
    0
}

/// Sets the policy: `SCHED_OTHER`, `SCHED_FIFO` or `SCHED_RR`. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn posix_spawnattr_setschedpolicy(
    attributes: *mut SpawnAttributes,
    policy: c_int,
) -> c_int {
    if !(0..=2).contains(&policy) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { (*attributes).policy = policy };
    0
}

/// Reads the flags (`POSIX_SPAWN_…`). Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_getflags(
    attributes: *const SpawnAttributes,
    to: *mut c_short,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *to = (*attributes).flags };
    0
}

/// Sets the flags (`POSIX_SPAWN_…`). Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn posix_spawnattr_setflags(attributes: *mut SpawnAttributes, flags: c_short) -> c_int {
    if flags & !0xff != 0 {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { (*attributes).flags = flags };
    0
}

/// Reads the signals set to default. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_getsigdefault(
    attributes: *const SpawnAttributes,
    to: *mut SignalSet,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *to = (*attributes).default_signals };
    0
}

/// Sets the signals set to default. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_setsigdefault(
    attributes: *mut SpawnAttributes,
    set: *const SignalSet,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { (*attributes).default_signals = *set };
    0
}

/// Reads the signal mask. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_getsigmask(
    attributes: *const SpawnAttributes,
    to: *mut SignalSet,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *to = (*attributes).mask };
    0
}

/// Sets the signal mask. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_setsigmask(
    attributes: *mut SpawnAttributes,
    set: *const SignalSet,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { (*attributes).mask = *set };
    0
}

/// Reads the priority. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_getschedparam(
    attributes: *const SpawnAttributes,
    to: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *to = (*attributes).priority };
    0
}

/// Sets the priority. Zero.
#[export]
pub unsafe extern "C" fn posix_spawnattr_setschedparam(
    attributes: *mut SpawnAttributes,
    priority: *const c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { (*attributes).priority = *priority };
    0
}

/// Makes an empty list of actions (80 bytes). Zero.
#[export]
pub unsafe extern "C" fn posix_spawn_file_actions_init(actions: *mut [u64; 10]) -> c_int {
    // SAFETY: the caller's.
    unsafe { *actions = [0; 10] };
    0
}

/// Ends a list of actions. Zero.
#[export]
pub extern "C" fn posix_spawn_file_actions_destroy(_actions: *mut [u64; 10]) -> c_int {
    0
}

/// What an action on a descriptor returns: nothing will ever do it, so only the number is checked.
fn action(fd: c_int) -> c_int {
    if fd < 0 { EBADF.number() } else { 0 }
}

/// Adds closing a descriptor. Zero or `EBADF`.
#[export]
pub extern "C" fn posix_spawn_file_actions_addclose(_actions: *mut [u64; 10], fd: c_int) -> c_int {
    action(fd)
}

/// Adds duplicating a descriptor. Zero or `EBADF`.
#[export]
pub extern "C" fn posix_spawn_file_actions_adddup2(_actions: *mut [u64; 10], fd: c_int, new: c_int) -> c_int {
    action(fd.min(new))
}

/// Adds opening a file. Zero or `EBADF`.
#[export]
pub extern "C" fn posix_spawn_file_actions_addopen(
    _actions: *mut [u64; 10],
    fd: c_int,
    _path: *const c_char,
    _flags: c_int,
    _mode: u32,
) -> c_int {
    action(fd)
}

/// Adds a change of directory. Zero.
#[export]
pub extern "C" fn posix_spawn_file_actions_addchdir_np(
    _actions: *mut [u64; 10],
    _path: *const c_char,
) -> c_int {
    0
}

/// Adds a change to an open directory. Zero or `EBADF`.
#[export]
pub extern "C" fn posix_spawn_file_actions_addfchdir_np(_actions: *mut [u64; 10], _fd: c_int) -> c_int {
    // glibc leaves it to the child to find that there is no such descriptor.
    0
}

/// Adds closing all descriptors from one on. Zero or `EBADF`.
#[export]
pub extern "C" fn posix_spawn_file_actions_addclosefrom_np(_actions: *mut [u64; 10], from: c_int) -> c_int {
    action(from)
}

/// Adds making the child's group the terminal's. Zero or `EBADF`.
#[export]
pub extern "C" fn posix_spawn_file_actions_addtcsetpgrp_np(_actions: *mut [u64; 10], fd: c_int) -> c_int {
    action(fd)
}
