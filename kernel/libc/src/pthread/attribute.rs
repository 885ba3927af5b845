//! Attributes of threads.

use crate::errno::{EINVAL, ENOMEM, ENOTSUP, Errno};
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};
use kcore::tls::Tcb;
use macros::export;

/// `pthread_attr_t`, 56 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Attributes {
    /// `sched_priority`.
    pub priority: c_int,
    /// `SCHED_…`.
    pub policy: c_int,
    /// The bits below.
    pub flags: c_int,
    /// Bytes below the stack that must not be touched.
    pub guard: usize,
    /// The end of the stack the application brings.
    pub stack_end: usize,
    /// Bytes of the stack; 0 for the default.
    pub stack_length: usize,
    /// Processors it may run on, a bit each; 0 for all.
    pub affinity: u64,
    /// The signal mask it starts with.
    pub signal_mask: u64,
}

const _: () = assert!(size_of::<Attributes>() == 56);

/// `PTHREAD_CREATE_DETACHED`.
pub const DETACHED: c_int = 1;
/// `PTHREAD_EXPLICIT_SCHED`.
const EXPLICIT_SCHEDULING: c_int = 2;
/// `PTHREAD_SCOPE_PROCESS`.
const SCOPE_PROCESS: c_int = 4;
/// The application brings a stack.
pub const HAS_STACK: c_int = 8;
/// It starts with a signal mask of its own.
pub const HAS_MASK: c_int = 16;

/// `PTHREAD_STACK_MIN`.
pub const STACK_MINIMUM: usize = 16384;
/// Bytes of a stack by default: what `RLIMIT_STACK` is. Memory is taken as it is touched.
static STACK_DEFAULT: AtomicUsize = AtomicUsize::new(8 << 20);
/// Bytes of a guard by default.
static GUARD_DEFAULT: AtomicUsize = AtomicUsize::new(4096);

/// The default attributes.
#[must_use]
pub fn default() -> Attributes {
    Attributes {
        priority: 0,
        policy: 0,
        flags: 0,
        guard: GUARD_DEFAULT.load(Ordering::Relaxed),
        stack_end: 0,
        stack_length: STACK_DEFAULT.load(Ordering::Relaxed),
        affinity: 0,
        signal_mask: 0,
    }
}

/// Makes default attributes. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_init(attributes: *mut Attributes) -> c_int {
    // SAFETY: the caller's.
    unsafe { *attributes = default() };
    0
}

/// Ends attributes. Zero.
#[export]
pub extern "C" fn pthread_attr_destroy(_attributes: *mut Attributes) -> c_int {
    0
}

/// The default attributes of new threads. Zero.
#[export]
pub unsafe extern "C" fn pthread_getattr_default_np(attributes: *mut Attributes) -> c_int {
    // SAFETY: the caller's.
    unsafe { pthread_attr_init(attributes) }
}

/// Sets stack and guard size of new threads. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_setattr_default_np(attributes: *const Attributes) -> c_int {
    // SAFETY: the caller's.
    let attributes = unsafe { &*attributes };
    if attributes.flags & HAS_STACK != 0 || (1..STACK_MINIMUM).contains(&attributes.stack_length) {
        return EINVAL.number();
    }
    if attributes.stack_length != 0 {
        STACK_DEFAULT.store(attributes.stack_length, Ordering::Relaxed);
    }
    GUARD_DEFAULT.store(attributes.guard, Ordering::Relaxed);
    0
}

unsafe fn flag(attributes: *mut Attributes, value: c_int, on: c_int, off: c_int, bit: c_int) -> c_int {
    // SAFETY: the callers'.
    let flags = unsafe { &mut (*attributes).flags };
    match value {
        _ if value == on => *flags |= bit,
        _ if value == off => *flags &= !bit,
        _ => return EINVAL.number(),
    }
    0
}

/// Whether it starts detached (`PTHREAD_CREATE_…`). Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getdetachstate(
    attributes: *const Attributes,
    state: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *state = (*attributes).flags & DETACHED };
    0
}

/// Sets whether it starts detached. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_attr_setdetachstate(attributes: *mut Attributes, state: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { flag(attributes, state, 1, 0, DETACHED) }
}

/// The guard's size in bytes. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getguardsize(attributes: *const Attributes, size: *mut usize) -> c_int {
    // SAFETY: the caller's.
    unsafe { *size = (*attributes).guard };
    0
}

/// Sets the guard's size in bytes. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_setguardsize(attributes: *mut Attributes, size: usize) -> c_int {
    // SAFETY: the caller's.
    unsafe { (*attributes).guard = size };
    0
}

/// Where scheduling comes from (`PTHREAD_INHERIT_SCHED` 0, `_EXPLICIT_SCHED` 1). Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getinheritsched(
    attributes: *const Attributes,
    inherit: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *inherit = c_int::from((*attributes).flags & EXPLICIT_SCHEDULING != 0) };
    0
}

/// Sets where scheduling comes from. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_attr_setinheritsched(attributes: *mut Attributes, inherit: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { flag(attributes, inherit, 1, 0, EXPLICIT_SCHEDULING) }
}

/// The priority. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getschedparam(
    attributes: *const Attributes,
    priority: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *priority = (*attributes).priority };
    0
}

/// Sets the priority. Zero or `ENOTSUP`.
#[export]
pub unsafe extern "C" fn pthread_attr_setschedparam(
    attributes: *mut Attributes,
    priority: *const c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        if !(0..=99).contains(&*priority) {
            return EINVAL.number();
        }
        (*attributes).priority = *priority;
    }
    0
}

/// The policy (`SCHED_…`). Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getschedpolicy(
    attributes: *const Attributes,
    policy: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *policy = (*attributes).policy };
    0
}

/// Sets the policy. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_attr_setschedpolicy(attributes: *mut Attributes, policy: c_int) -> c_int {
    if !(0..=2).contains(&policy) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { (*attributes).policy = policy };
    0
}

/// Who competes for processors (`PTHREAD_SCOPE_…`). Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getscope(attributes: *const Attributes, scope: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *scope = c_int::from((*attributes).flags & SCOPE_PROCESS != 0) };
    0
}

/// Sets who competes for processors: the system. Zero, `ENOTSUP` or `EINVAL`.
#[export]
pub extern "C" fn pthread_attr_setscope(_attributes: *mut Attributes, scope: c_int) -> c_int {
    match scope {
        0 => 0,
        1 => ENOTSUP.number(),
        _ => EINVAL.number(),
    }
}

/// The stack: lowest address and length. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getstack(
    attributes: *const Attributes,
    base: *mut *mut c_void,
    length: *mut usize,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        let Attributes { stack_end, stack_length, .. } = *attributes;
        *base = if stack_end == 0 { null_mut() } else { (stack_end - stack_length) as *mut c_void };
        *length = stack_length;
    }
    0
}

/// Brings a stack. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_attr_setstack(
    attributes: *mut Attributes,
    base: *mut c_void,
    length: usize,
) -> c_int {
    if length < STACK_MINIMUM {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    let attributes = unsafe { &mut *attributes };
    attributes.stack_end = base.addr() + length;
    attributes.stack_length = length;
    attributes.flags |= HAS_STACK;
    0
}

/// The end of the stack. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getstackaddr(
    attributes: *const Attributes,
    end: *mut *mut c_void,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *end = (*attributes).stack_end as *mut c_void };
    0
}

/// Brings a stack by its end. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_setstackaddr(attributes: *mut Attributes, end: *mut c_void) -> c_int {
    // SAFETY: the caller's.
    let attributes = unsafe { &mut *attributes };
    attributes.stack_end = end.addr();
    attributes.flags |= HAS_STACK;
    0
}

/// The stack's length. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_getstacksize(
    attributes: *const Attributes,
    length: *mut usize,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *length = (*attributes).stack_length };
    0
}

/// Sets the stack's length. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_attr_setstacksize(attributes: *mut Attributes, length: usize) -> c_int {
    if length < STACK_MINIMUM {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { (*attributes).stack_length = length };
    0
}

/// The processors it may run on. Zero or `EINVAL` if the set is too short for them.
#[export]
pub unsafe extern "C" fn pthread_attr_getaffinity_np(
    attributes: *const Attributes,
    length: usize,
    set: *mut u8,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        let mask = match (*attributes).affinity {
            0 => u64::MAX,
            mask => mask,
        };
        crate::sched::write_set(mask, length, set).map_or_else(Errno::number, |_| 0)
    }
}

/// Sets the processors it may run on; a null set means all. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_setaffinity_np(
    attributes: *mut Attributes,
    length: usize,
    set: *const u8,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { (*attributes).affinity = if set.is_null() { 0 } else { crate::sched::read_set(length, set) } };
    0
}

/// The signal mask it starts with. Zero, or `PTHREAD_ATTR_NO_SIGMASK_NP` (-1) if none is set.
#[export]
pub unsafe extern "C" fn pthread_attr_getsigmask_np(
    attributes: *const Attributes,
    mask: *mut [u64; 16],
) -> c_int {
    // SAFETY: the caller's.
    let (attributes, mask) = unsafe { (&*attributes, &mut *mask) };
    *mask = [0; 16];
    if attributes.flags & HAS_MASK == 0 {
        return -1;
    }
    mask[0] = attributes.signal_mask;
    0
}

/// Sets the signal mask it starts with; null means that of its creator. Zero.
#[export]
pub unsafe extern "C" fn pthread_attr_setsigmask_np(
    attributes: *mut Attributes,
    mask: *const [u64; 16],
) -> c_int {
    // SAFETY: the caller's.
    let (attributes, mask) = unsafe { (&mut *attributes, mask.as_ref()) };
    match mask {
        Some(mask) => {
            attributes.signal_mask = mask[0];
            attributes.flags |= HAS_MASK;
        }
        None => attributes.flags &= !HAS_MASK,
    }
    0
}

/// The attributes of a running thread. Zero or `ENOMEM`.
#[export]
pub unsafe extern "C" fn pthread_getattr_np(thread: *const Tcb, attributes: *mut Attributes) -> c_int {
    if thread.is_null() {
        return ENOMEM.number();
    }
    // SAFETY: the caller's: a thread that has not been joined.
    let thread = unsafe { &*thread };
    let (base, length) = (thread.stack_base.get(), thread.stack_length.get());
    let (policy, priority) = thread.scheduling.get();
    let detached = c_int::from(thread.join.load(Ordering::Relaxed) == super::thread::DETACHED);
    // SAFETY: the caller's.
    unsafe {
        *attributes = Attributes {
            priority,
            policy,
            flags: detached | HAS_STACK,
            guard: thread.guard_length.get(),
            stack_end: base + length,
            stack_length: length,
            affinity: super::schedule::affinity(thread),
            signal_mask: 0,
        };
    }
    0
}
