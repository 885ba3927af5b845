//! Read-write locks, and their attributes.

use crate::errno::{EAGAIN, EBUSY, EDEADLK, EINTR, EINVAL, ETIMEDOUT, Errno};
use crate::time::clock::{self, timespec};
use core::ffi::c_int;
use core::sync::atomic::{AtomicU32, Ordering};
use kcore::time::Instant;
use kcore::{futex, tls};
use macros::export;

/// `pthread_rwlock_t`, 56 bytes; all zero is a lock that prefers readers.
#[repr(C)]
pub struct RwLock {
    /// How many read, or [`WRITING`].
    state: AtomicU32,
    /// How many want to write.
    writers: AtomicU32,
    /// Changes when there is something to try again for.
    turn: AtomicU32,
    unused: [u32; 3],
    /// The thread that writes.
    owner: AtomicU32,
    unused2: [u32; 5],
    /// `PTHREAD_RWLOCK_PREFER_…`: 0 readers, 1 writers (recursive readers: as 0), 2 writers.
    flags: AtomicU32,
    unused3: u32,
}

const _: () = assert!(size_of::<RwLock>() == 56 && core::mem::offset_of!(RwLock, flags) == 48);

const WRITING: u32 = u32::MAX;
const READERS_MAXIMUM: u32 = WRITING - 1;
/// `PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP`.
const PREFER_WRITER: u32 = 2;

fn me() -> u32 {
    tls::current().tid.load(Ordering::Relaxed)
}

impl RwLock {
    /// Takes it for reading if that is possible now; `Some` is the answer, else it has to wait.
    fn try_read(&self) -> Option<Result<(), Errno>> {
        loop {
            let state = self.state.load(Ordering::Relaxed);
            if state == WRITING {
                return None;
            }
            let deferring = self.flags.load(Ordering::Relaxed) == PREFER_WRITER;
            if deferring && self.writers.load(Ordering::Relaxed) != 0 {
                return None;
            }
            if state == READERS_MAXIMUM {
                return Some(Err(EAGAIN));
            }
            if self.state.compare_exchange(state, state + 1, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Some(Ok(()));
            }
        }
    }

    fn try_write(&self) -> Option<Result<(), Errno>> {
        self.state.compare_exchange(0, WRITING, Ordering::Acquire, Ordering::Relaxed).ok()?;
        self.owner.store(me(), Ordering::Relaxed);
        Some(Ok(()))
    }

    /// Waits until one of the above has an answer. Not a cancellation point; signals do not end it.
    fn wait(&self, write: bool, deadline: Option<Instant>) -> Result<(), Errno> {
        let attempt = |turn: &mut u32| {
            *turn = self.turn.load(Ordering::Acquire);
            if write { self.try_write() } else { self.try_read() }
        };
        let mut turn = 0;
        if let Some(answer) = attempt(&mut turn) {
            return answer;
        }
        if self.owner.load(Ordering::Relaxed) == me() {
            return Err(EDEADLK);
        }
        if write {
            self.writers.fetch_add(1, Ordering::Relaxed);
        }
        let answer = loop {
            if let Some(answer) = attempt(&mut turn) {
                break answer;
            }
            match futex::wait(&self.turn, turn, deadline) {
                Err(ETIMEDOUT) => break Err(ETIMEDOUT),
                Err(EINTR) => drop(kcore::signal::handle_pending()),
                _ => {}
            }
        };
        if write {
            self.writers.fetch_sub(1, Ordering::Relaxed);
            if answer.is_err() {
                self.wake();
            }
        }
        answer
    }

    fn wake(&self) {
        self.turn.fetch_add(1, Ordering::Release);
        futex::wake(&self.turn, usize::MAX);
    }
}

fn number(result: Result<(), Errno>) -> c_int {
    result.map_or_else(Errno::number, |()| 0)
}

/// Makes a lock. Zero.
#[export]
pub unsafe extern "C" fn pthread_rwlock_init(lock: *mut RwLock, attributes: *const [c_int; 2]) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        lock.write_bytes(0, 1);
        if let Some(attributes) = attributes.as_ref() {
            (*lock).flags.store(attributes[0] as u32, Ordering::Relaxed);
        }
    }
    0
}

/// Ends a lock. Zero.
#[export]
pub extern "C" fn pthread_rwlock_destroy(_lock: *mut RwLock) -> c_int {
    0
}

/// Takes a lock for reading. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_rwlock_rdlock(lock: *mut RwLock) -> c_int {
    // SAFETY: the caller's.
    number(unsafe { &*lock }.wait(false, None))
}

/// Takes a lock for reading if that needs no waiting. Zero, `EBUSY` or `EAGAIN`.
#[export]
pub unsafe extern "C" fn pthread_rwlock_tryrdlock(lock: *mut RwLock) -> c_int {
    // SAFETY: the caller's.
    number(unsafe { &*lock }.try_read().unwrap_or(Err(EBUSY)))
}

/// Takes a lock for writing. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_rwlock_wrlock(lock: *mut RwLock) -> c_int {
    // SAFETY: the caller's.
    number(unsafe { &*lock }.wait(true, None))
}

/// Takes a lock for writing if that needs no waiting. Zero or `EBUSY`.
#[export]
pub unsafe extern "C" fn pthread_rwlock_trywrlock(lock: *mut RwLock) -> c_int {
    // SAFETY: the caller's.
    number(unsafe { &*lock }.try_write().unwrap_or(Err(EBUSY)))
}

unsafe fn timed(lock: *mut RwLock, write: bool, clock: c_int, until: *const timespec) -> c_int {
    // SAFETY: the callers'.
    let (lock, until) = unsafe { (&*lock, &*until) };
    number(clock::instant(clock, until).and_then(|deadline| lock.wait(write, Some(deadline))))
}

/// Takes a lock for reading until the wall clock shows `until` at most. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_rwlock_timedrdlock(lock: *mut RwLock, until: *const timespec) -> c_int {
    // SAFETY: the caller's.
    unsafe { timed(lock, false, clock::REALTIME, until) }
}

/// Takes a lock for writing until the wall clock shows `until` at most. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_rwlock_timedwrlock(lock: *mut RwLock, until: *const timespec) -> c_int {
    // SAFETY: the caller's.
    unsafe { timed(lock, true, clock::REALTIME, until) }
}

/// Takes a lock for reading until `clock` shows `until` at most. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_rwlock_clockrdlock(
    lock: *mut RwLock,
    clock: c_int,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { timed(lock, false, clock, until) }
}

/// Takes a lock for writing until `clock` shows `until` at most. Zero or an error number.
#[export]
pub unsafe extern "C" fn pthread_rwlock_clockwrlock(
    lock: *mut RwLock,
    clock: c_int,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { timed(lock, true, clock, until) }
}

/// Gives a lock back. Zero.
#[export]
pub unsafe extern "C" fn pthread_rwlock_unlock(lock: *mut RwLock) -> c_int {
    // SAFETY: the caller's.
    let lock = unsafe { &*lock };
    if lock.state.load(Ordering::Relaxed) == WRITING {
        lock.owner.store(0, Ordering::Relaxed);
        lock.state.store(0, Ordering::Release);
        lock.wake();
    } else if lock.state.fetch_sub(1, Ordering::Release) == 1 {
        lock.wake();
    }
    0
}

/// Makes default attributes. Zero.
#[export]
pub unsafe extern "C" fn pthread_rwlockattr_init(attributes: *mut [c_int; 2]) -> c_int {
    // SAFETY: the caller's.
    unsafe { *attributes = [0; 2] };
    0
}

/// Ends attributes. Zero.
#[export]
pub extern "C" fn pthread_rwlockattr_destroy(_attributes: *mut [c_int; 2]) -> c_int {
    0
}

/// Whether it is shared between processes. Zero.
#[export]
pub unsafe extern "C" fn pthread_rwlockattr_getpshared(
    attributes: *const [c_int; 2],
    shared: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *shared = (*attributes)[1] };
    0
}

/// Sets whether it is shared between processes. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_rwlockattr_setpshared(attributes: *mut [c_int; 2], shared: c_int) -> c_int {
    if !(0..=1).contains(&shared) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { (*attributes)[1] = shared };
    0
}

/// Who is preferred (`PTHREAD_RWLOCK_PREFER_…`). Zero.
#[export]
pub unsafe extern "C" fn pthread_rwlockattr_getkind_np(
    attributes: *const [c_int; 2],
    kind: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *kind = (*attributes)[0] };
    0
}

/// Sets who is preferred. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_rwlockattr_setkind_np(attributes: *mut [c_int; 2], kind: c_int) -> c_int {
    if !(0..=2).contains(&kind) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { (*attributes)[0] = kind };
    0
}
