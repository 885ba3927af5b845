//! The objects of `<pthread.h>` and `<semaphore.h>`, used by the host's own threads.

use super::condition::{self, Condition};
use super::key;
use super::mutex::{self, Mutex};
use super::mutex_attribute;
use super::rwlock::{self, RwLock};
use super::{barrier, once, spin};
use crate::errno::{EBUSY, EDEADLK, EINVAL, ENOTRECOVERABLE, EOWNERDEAD, EPERM, ETIMEDOUT};
use crate::semaphore;
use crate::time::clock::{self, timespec};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::null;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Zeroed memory that threads share, as a C program's static object is.
struct Shared<T>(core::cell::UnsafeCell<MaybeUninit<T>>);

// SAFETY: the objects synchronise themselves.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    const fn zeroed() -> Self {
        Self(core::cell::UnsafeCell::new(MaybeUninit::zeroed()))
    }

    fn get(&self) -> *mut T {
        self.0.get().cast()
    }
}

/// Gives the calling host thread a number of its own, as the scheduler does in the kernel.
fn number_thread() {
    static NEXT: AtomicU32 = AtomicU32::new(100);
    let tid = &kcore::tls::current().tid;
    if tid.load(Ordering::Relaxed) == 1 {
        tid.store(NEXT.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }
}

fn in_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            number_thread();
            work()
        });
        thread.join().unwrap()
    })
}

fn mutex_of(kind: i32, robust: bool) -> Shared<Mutex> {
    let made = Shared::zeroed();
    let mut attributes = 0;
    // SAFETY: both are room for what is made.
    unsafe {
        mutex_attribute::pthread_mutexattr_init(&raw mut attributes);
        assert_eq!(mutex_attribute::pthread_mutexattr_settype(&raw mut attributes, kind), 0);
        mutex_attribute::pthread_mutexattr_setrobust(&raw mut attributes, i32::from(robust));
        assert_eq!(mutex::pthread_mutex_init(made.get(), &raw const attributes), 0);
    }
    made
}

#[test]
fn each_kind_of_mutex_answers_as_posix_says() {
    number_thread();
    // SAFETY: the mutexes are made, and used as the functions ask.
    unsafe {
        let recursive = mutex_of(1, false);
        assert_eq!(mutex::pthread_mutex_lock(recursive.get()), 0);
        assert_eq!(mutex::pthread_mutex_trylock(recursive.get()), 0);
        assert_eq!(in_thread(|| mutex::pthread_mutex_trylock(recursive.get())), EBUSY.number());
        assert_eq!(in_thread(|| mutex::pthread_mutex_unlock(recursive.get())), EPERM.number());
        assert_eq!(mutex::pthread_mutex_unlock(recursive.get()), 0);
        assert_eq!(mutex::pthread_mutex_destroy(recursive.get()), EBUSY.number());
        assert_eq!(mutex::pthread_mutex_unlock(recursive.get()), 0);
        assert_eq!(mutex::pthread_mutex_unlock(recursive.get()), EPERM.number());
        assert_eq!(mutex::pthread_mutex_destroy(recursive.get()), 0);
        assert_eq!(mutex::pthread_mutex_lock(recursive.get()), EINVAL.number());

        let checking = mutex_of(2, false);
        assert_eq!(mutex::pthread_mutex_lock(checking.get()), 0);
        assert_eq!(mutex::pthread_mutex_lock(checking.get()), EDEADLK.number());
        assert_eq!(mutex::pthread_mutex_trylock(checking.get()), EBUSY.number());
        let soon = timespec { tv_sec: 0, tv_nsec: 0 };
        let late =
            in_thread(|| mutex::pthread_mutex_clocklock(checking.get(), clock::MONOTONIC, &raw const soon));
        assert_eq!(late, ETIMEDOUT.number());
        let wrong = timespec { tv_sec: 0, tv_nsec: 1 << 40 };
        let refused = in_thread(|| mutex::pthread_mutex_timedlock(checking.get(), &raw const wrong));
        assert_eq!(refused, EINVAL.number());
        assert_eq!(mutex::pthread_mutex_unlock(checking.get()), 0);
    }
}

#[test]
fn a_robust_mutex_tells_of_its_owners_death() {
    number_thread();
    // SAFETY: the mutex is made, and used as the functions ask.
    unsafe {
        let robust = mutex_of(0, true);
        let die = || {
            assert_eq!(mutex::pthread_mutex_lock(robust.get()), 0);
            mutex::abandon_all();
        };
        in_thread(die);
        assert_eq!(mutex::pthread_mutex_lock(robust.get()), EOWNERDEAD.number());
        assert_eq!(mutex::pthread_mutex_consistent(robust.get()), 0);
        assert_eq!(mutex::pthread_mutex_consistent(robust.get()), EINVAL.number());
        assert_eq!(mutex::pthread_mutex_unlock(robust.get()), 0);
        in_thread(die);
        assert_eq!(mutex::pthread_mutex_lock(robust.get()), EOWNERDEAD.number());
        assert_eq!(mutex::pthread_mutex_unlock(robust.get()), 0);
        assert_eq!(mutex::pthread_mutex_lock(robust.get()), ENOTRECOVERABLE.number());
    }
}

#[test]
fn a_mutex_and_a_condition_pass_a_token_around() {
    static LOCK: Shared<Mutex> = Shared::zeroed();
    static TURN: Shared<Condition> = Shared::zeroed();
    static TOKEN: AtomicUsize = AtomicUsize::new(0);
    const THREADS: usize = 4;
    const ROUNDS: usize = 200;
    std::thread::scope(|scope| {
        for own in 0..THREADS {
            scope.spawn(move || {
                number_thread();
                for _ in 0..ROUNDS {
                    // SAFETY: static objects, all zero as their initialisers are.
                    unsafe {
                        mutex::pthread_mutex_lock(LOCK.get());
                        while TOKEN.load(Ordering::Relaxed) % THREADS != own {
                            assert_eq!(condition::pthread_cond_wait(TURN.get(), LOCK.get()), 0);
                        }
                        TOKEN.fetch_add(1, Ordering::Relaxed);
                        condition::pthread_cond_broadcast(TURN.get());
                        mutex::pthread_mutex_unlock(LOCK.get());
                    }
                }
            });
        }
    });
    assert_eq!(TOKEN.load(Ordering::Relaxed), THREADS * ROUNDS);
}

#[test]
fn a_timed_wait_takes_the_mutex_again() {
    number_thread();
    let (lock, condition) = (mutex_of(2, false), Shared::<Condition>::zeroed());
    let past = timespec { tv_sec: 1, tv_nsec: 0 };
    // SAFETY: the objects are made.
    unsafe {
        mutex::pthread_mutex_lock(lock.get());
        let result = condition::pthread_cond_timedwait(condition.get(), lock.get(), &raw const past);
        assert_eq!(result, ETIMEDOUT.number());
        assert_eq!(mutex::pthread_mutex_unlock(lock.get()), 0);
        // A wait without the mutex is refused by a kind that knows its owner.
        assert_eq!(condition::pthread_cond_wait(condition.get(), lock.get()), EPERM.number());
    }
}

#[test]
fn readers_share_and_writers_do_not() {
    number_thread();
    let lock = Shared::<RwLock>::zeroed();
    let soon = timespec { tv_sec: 0, tv_nsec: 1 };
    // SAFETY: all zero is a lock.
    unsafe {
        assert_eq!(rwlock::pthread_rwlock_rdlock(lock.get()), 0);
        assert_eq!(in_thread(|| rwlock::pthread_rwlock_tryrdlock(lock.get())), 0);
        assert_eq!(in_thread(|| rwlock::pthread_rwlock_trywrlock(lock.get())), EBUSY.number());
        rwlock::pthread_rwlock_unlock(lock.get());
        let late = in_thread(|| rwlock::pthread_rwlock_timedwrlock(lock.get(), &raw const soon));
        assert_eq!(late, ETIMEDOUT.number());
        rwlock::pthread_rwlock_unlock(lock.get());
        assert_eq!(rwlock::pthread_rwlock_wrlock(lock.get()), 0);
        assert_eq!(rwlock::pthread_rwlock_wrlock(lock.get()), EDEADLK.number());
        assert_eq!(in_thread(|| rwlock::pthread_rwlock_tryrdlock(lock.get())), EBUSY.number());
        rwlock::pthread_rwlock_unlock(lock.get());
    }
}

#[test]
fn a_barrier_lets_all_through_and_names_one() {
    static BARRIER: Shared<barrier::Barrier> = Shared::zeroed();
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    // SAFETY: room for a barrier, used by as many threads as it is for.
    unsafe {
        assert_eq!(barrier::pthread_barrier_init(BARRIER.get(), null(), 0), EINVAL.number());
        assert_eq!(barrier::pthread_barrier_init(BARRIER.get(), null(), 3), 0);
    }
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..50 {
                    // SAFETY: as above.
                    if unsafe { barrier::pthread_barrier_wait(BARRIER.get()) } != 0 {
                        SERIAL.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // SAFETY: all have left it.
    assert_eq!(unsafe { barrier::pthread_barrier_destroy(BARRIER.get()) }, 0);
    assert_eq!(SERIAL.load(Ordering::Relaxed), 50);
}

#[test]
fn once_is_once() {
    static WORD: AtomicU32 = AtomicU32::new(0);
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    extern "C-unwind" fn routine() {
        CALLS.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // SAFETY: the word is a `pthread_once_t`.
                unsafe { once::pthread_once(WORD.as_ptr().cast(), routine) };
                assert_eq!(CALLS.load(Ordering::Relaxed), 1);
            });
        }
    });
}

#[test]
fn values_of_keys_are_destroyed_with_their_thread() {
    static DESTROYED: AtomicUsize = AtomicUsize::new(0);
    extern "C-unwind" fn destroy(value: *mut c_void) {
        DESTROYED.fetch_add(value.addr(), Ordering::Relaxed);
    }
    let (mut kept, mut deleted) = (0, 0);
    // SAFETY: room for the keys.
    unsafe {
        assert_eq!(key::pthread_key_create(&raw mut kept, Some(destroy)), 0);
        assert_eq!(key::pthread_key_create(&raw mut deleted, Some(destroy)), 0);
    }
    in_thread(|| {
        assert!(key::pthread_getspecific(kept).is_null());
        key::pthread_setspecific(kept, 5 as *const c_void);
        key::pthread_setspecific(deleted, 100 as *const c_void);
        assert_eq!(key::pthread_getspecific(kept).addr(), 5);
        key::pthread_key_delete(deleted);
        assert!(key::pthread_getspecific(deleted).is_null());
        key::destroy_all();
    });
    assert_eq!(DESTROYED.load(Ordering::Relaxed), 5);
    assert_eq!(key::pthread_setspecific(deleted, null()), EINVAL.number());
}

#[test]
fn semaphores_and_spin_locks_count() {
    static SEMAPHORE: Shared<semaphore::Semaphore> = Shared::zeroed();
    static SPIN: AtomicU32 = AtomicU32::new(0);
    static COUNT: Shared<usize> = Shared::zeroed();
    // SAFETY: room for a semaphore; the count is used under the spin lock.
    unsafe {
        assert_eq!(semaphore::sem_init(SEMAPHORE.get(), 0, 0), 0);
        assert_eq!(semaphore::sem_trywait(SEMAPHORE.get()), -1);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        spin::pthread_spin_lock(SPIN.as_ptr().cast());
                        *COUNT.get() += 1;
                        spin::pthread_spin_unlock(SPIN.as_ptr().cast());
                        semaphore::sem_post(SEMAPHORE.get());
                    }
                });
            }
            for _ in 0..4000 {
                assert_eq!(semaphore::sem_wait(SEMAPHORE.get()), 0);
            }
        });
        let mut value = 1;
        assert_eq!(semaphore::sem_getvalue(SEMAPHORE.get(), &raw mut value), 0);
        assert_eq!((*COUNT.get(), value), (4000, 0));
        assert_eq!(semaphore::sem_timedwait(SEMAPHORE.get(), &timespec { tv_sec: 1, tv_nsec: 0 }), -1);
    }
}
