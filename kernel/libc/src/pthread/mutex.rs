//! Mutexes: normal, recursive, error-checking and adaptive; robust ones; with any protocol.

use super::mutex_attribute::{self as attribute};
use crate::errno::{EAGAIN, EBUSY, EDEADLK, EINVAL, ENOTRECOVERABLE, EOWNERDEAD, EPERM, ETIMEDOUT};
use crate::time::clock::{self, timespec};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering};
use kcore::time::Instant;
use kcore::{futex, tls};
use macros::export;

/// `pthread_mutex_t`, 40 bytes; all zero is a normal mutex.
#[repr(C)]
pub struct Mutex {
    /// 0 free, 1 taken, 2 taken and waited for.
    lock: AtomicU32,
    /// How often a recursive mutex is taken.
    count: Cell<u32>,
    /// The number of the thread that has it, or 0.
    owner: AtomicU32,
    users: u32,
    /// [`KIND`], and flags.
    kind: AtomicI32,
    spins: i32,
    /// The next of the robust mutexes that the owner has.
    next: AtomicPtr<Mutex>,
    unused: usize,
}

const _: () = assert!(size_of::<Mutex>() == 40);

/// The bits of `kind` that tell normal (0), recursive (1), error-checking (2) and adaptive (3).
const KIND: i32 = 3;
const RECURSIVE: i32 = 1;
const ERROR_CHECKING: i32 = 2;
/// A robust mutex (`PTHREAD_MUTEX_ROBUST_NORMAL_NP`).
const ROBUST: i32 = 16;
/// Values of `owner` for a robust mutex whose owner died, and for one that nobody made consistent.
const INCONSISTENT: u32 = u32::MAX;
const NOT_RECOVERABLE: u32 = u32::MAX - 1;

// SAFETY: `count` is used by the owner alone.
unsafe impl Sync for Mutex {}

fn me() -> u32 {
    tls::current().tid.load(Ordering::Relaxed)
}

/// Makes a mutex. Zero.
#[export]
pub unsafe extern "C" fn pthread_mutex_init(mutex: *mut Mutex, attributes: *const c_int) -> c_int {
    // SAFETY: the caller's: room for a mutex, and null or attributes.
    unsafe {
        mutex.write_bytes(0, 1);
        if let Some(&attributes) = attributes.as_ref() {
            let kind = attributes & KIND;
            let robust = if attributes & attribute::ROBUST != 0 { ROBUST } else { 0 };
            (*mutex).kind.store(kind | robust, Ordering::Relaxed);
        }
    }
    0
}

/// Ends a mutex. Zero, or `EBUSY` if it is taken.
#[export]
pub unsafe extern "C" fn pthread_mutex_destroy(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    let mutex = unsafe { &*mutex };
    if mutex.kind.load(Ordering::Relaxed) & ROBUST == 0 && mutex.lock.load(Ordering::Relaxed) != 0 {
        return EBUSY.number();
    }
    mutex.kind.store(-1, Ordering::Relaxed);
    0
}

/// Takes a mutex. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_mutex_lock(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    let mutex = unsafe { &*mutex };
    if mutex.kind.load(Ordering::Relaxed) == 0 {
        // What most mutexes are.
        if mutex.lock.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            wait(&mutex.lock, None);
        }
        mutex.owner.store(me(), Ordering::Relaxed);
        return 0;
    }
    take(mutex, &mut || wait(&mutex.lock, None))
}

/// Waits until the lock word can be taken; false at the deadline.
fn wait(lock: &AtomicU32, deadline: Option<Instant>) -> bool {
    while lock.swap(2, Ordering::Acquire) != 0 {
        // Handlers run in between; they do not end the wait.
        if futex::wait(lock, 2, deadline) == Err(crate::errno::EINTR) {
            kcore::signal::handle_pending();
        } else if deadline.is_some_and(|deadline| kcore::time::now() >= deadline) {
            return lock.swap(2, Ordering::Acquire) == 0;
        }
    }
    true
}

/// Takes a mutex that is not a normal one; `contend` gets the lock word when it is not free.
fn take(mutex: &Mutex, contend: &mut dyn FnMut() -> bool) -> c_int {
    let kind = mutex.kind.load(Ordering::Relaxed);
    if kind < 0 {
        return EINVAL.number();
    }
    if mutex.owner.load(Ordering::Relaxed) == me() {
        match kind & KIND {
            RECURSIVE => {
                let Some(count) = mutex.count.get().checked_add(1) else { return EAGAIN.number() };
                mutex.count.set(count);
                return 0;
            }
            ERROR_CHECKING => return EDEADLK.number(),
            _ => {}
        }
    }
    if mutex.lock.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() && !contend() {
        return ETIMEDOUT.number();
    }
    taken(mutex, kind)
}

/// Notes who has the mutex; tells of a robust one's fate.
fn taken(mutex: &Mutex, kind: i32) -> c_int {
    let before = mutex.owner.load(Ordering::Relaxed);
    if kind & ROBUST != 0 {
        if before == NOT_RECOVERABLE {
            release(mutex);
            return ENOTRECOVERABLE.number();
        }
        let list = &tls::current().robust;
        mutex.next.store(list.load(Ordering::Relaxed).cast(), Ordering::Relaxed);
        list.store(core::ptr::from_ref(mutex).cast_mut().cast(), Ordering::Relaxed);
    }
    mutex.count.set(1);
    mutex.owner.store(me(), Ordering::Relaxed);
    if kind & ROBUST != 0 && before == INCONSISTENT {
        mutex.kind.fetch_or(DIED, Ordering::Relaxed);
        return EOWNERDEAD.number();
    }
    0
}

/// The owner of this robust mutex has not made it consistent yet.
const DIED: i32 = 1 << 20;

fn release(mutex: &Mutex) {
    if mutex.lock.swap(0, Ordering::Release) == 2 {
        futex::wake(&mutex.lock, 1);
    }
}

/// Takes a mutex if that needs no waiting. Zero, `EBUSY`, or another error number.
#[export]
pub unsafe extern "C" fn pthread_mutex_trylock(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    let mutex = unsafe { &*mutex };
    let mutex_kind = mutex.kind.load(Ordering::Relaxed);
    if mutex_kind & KIND == ERROR_CHECKING && mutex.owner.load(Ordering::Relaxed) == me() {
        return EBUSY.number();
    }
    match take(mutex, &mut || false) {
        error if error == ETIMEDOUT.number() => EBUSY.number(),
        result => result,
    }
}

/// Takes a mutex, waiting until the wall clock shows `until` at most. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_mutex_timedlock(mutex: *mut Mutex, until: *const timespec) -> c_int {
    // SAFETY: the caller's.
    unsafe { pthread_mutex_clocklock(mutex, clock::REALTIME, until) }
}

/// Takes a mutex, waiting until `clock` shows `until` at most. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_mutex_clocklock(
    mutex: *mut Mutex,
    clock: c_int,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    let (mutex, until) = unsafe { (&*mutex, &*until) };
    let mut wrong = false;
    let result = take(mutex, &mut || match clock::instant(clock, until) {
        Ok(deadline) => wait(&mutex.lock, Some(deadline)),
        Err(_) => {
            wrong = true;
            false
        }
    });
    if wrong { EINVAL.number() } else { result }
}

/// Gives a mutex back. Zero, or `EPERM` if it is of a kind that knows its owner, and that is another.
#[export]
pub unsafe extern "C" fn pthread_mutex_unlock(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    let mutex = unsafe { &*mutex };
    let kind = mutex.kind.load(Ordering::Relaxed);
    if kind != 0 {
        if kind < 0 {
            return EINVAL.number();
        }
        let checked = matches!(kind & KIND, RECURSIVE | ERROR_CHECKING) || kind & ROBUST != 0;
        if checked && mutex.owner.load(Ordering::Relaxed) != me() {
            return EPERM.number();
        }
        if kind & KIND == RECURSIVE && mutex.count.get() > 1 {
            mutex.count.set(mutex.count.get() - 1);
            return 0;
        }
        if kind & ROBUST != 0 {
            unlink(mutex);
            let lost = kind & DIED != 0;
            mutex.kind.fetch_and(!DIED, Ordering::Relaxed);
            mutex.owner.store(if lost { NOT_RECOVERABLE } else { 0 }, Ordering::Relaxed);
            release(mutex);
            return 0;
        }
    }
    mutex.owner.store(0, Ordering::Relaxed);
    release(mutex);
    0
}

/// Takes a robust mutex from the list of those the calling thread has.
fn unlink(mutex: &Mutex) {
    let mut at: &AtomicPtr<c_void> = &tls::current().robust;
    loop {
        let entry = at.load(Ordering::Relaxed).cast::<Mutex>();
        // SAFETY: listed mutexes are taken by this thread, so they exist.
        let Some(found) = (unsafe { entry.as_ref() }) else { return };
        if core::ptr::eq(found, mutex) {
            at.store(mutex.next.load(Ordering::Relaxed).cast(), Ordering::Relaxed);
            return;
        }
        // SAFETY: `next` is a pointer either way; the list's head is untyped in the control block.
        at = unsafe { &*(&raw const found.next).cast::<AtomicPtr<c_void>>() };
    }
}

/// The calling thread ends: its robust mutexes tell the next owner so.
pub fn abandon_all() {
    let list = &tls::current().robust;
    loop {
        let first = list.load(Ordering::Relaxed).cast::<Mutex>();
        // SAFETY: listed mutexes are taken by this thread, so they exist.
        let Some(mutex) = (unsafe { first.as_ref() }) else { return };
        list.store(mutex.next.load(Ordering::Relaxed).cast(), Ordering::Relaxed);
        mutex.next.store(null_mut(), Ordering::Relaxed);
        mutex.owner.store(INCONSISTENT, Ordering::Relaxed);
        release(mutex);
    }
}

/// Says that what a robust mutex guards is consistent again. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_mutex_consistent(mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    let mutex = unsafe { &*mutex };
    if mutex.kind.load(Ordering::Relaxed) & (ROBUST | DIED) != ROBUST | DIED {
        return EINVAL.number();
    }
    mutex.kind.fetch_and(!DIED, Ordering::Relaxed);
    0
}

/// The priority ceiling: there are no priorities, so no mutex has one. `EINVAL`.
#[export]
pub extern "C" fn pthread_mutex_getprioceiling(_mutex: *const Mutex, _ceiling: *mut c_int) -> c_int {
    EINVAL.number()
}

/// As for [`pthread_mutex_getprioceiling`]. `EINVAL`.
#[export]
pub extern "C" fn pthread_mutex_setprioceiling(
    _mutex: *mut Mutex,
    _ceiling: c_int,
    _old: *mut c_int,
) -> c_int {
    EINVAL.number()
}
