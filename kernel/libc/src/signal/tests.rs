//! Signals that a host thread sends to itself.

use super::*;
use crate::errno::{self, EAGAIN, EINVAL};
use crate::time::clock::timespec;
use core::ffi::c_int;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use kcore::signal::{Info, action};
use kcore::tls;

/// Actions are the process's, so tests take turns.
static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
static SEEN: AtomicI32 = AtomicI32::new(0);
static MASK: AtomicU64 = AtomicU64::new(0);

const SIGUSR1: c_int = 10;
const SIGUSR2: c_int = 12;

extern "C-unwind" fn handler(number: c_int) {
    SEEN.store(number, Ordering::Relaxed);
    MASK.store(tls::current().signal_mask.load(Ordering::Relaxed), Ordering::Relaxed);
    errno::set(EINVAL);
}

fn seen() -> c_int {
    SEEN.swap(0, Ordering::Relaxed)
}

fn set_of(signals: &[c_int]) -> SignalSet {
    let mut set = [0; 16];
    for &number in signals {
        // SAFETY: the set is on the stack.
        assert_eq!(unsafe { sigaddset(&raw mut set, number) }, 0);
    }
    set
}

#[test]
fn a_handler_runs_before_raise_returns() {
    let _turn = TURN.lock();
    assert_eq!(signal(SIGUSR1, handler as *const () as usize), action::DEFAULT);
    errno::set_number(7);
    assert_eq!(raise(SIGUSR1), 0);
    assert_eq!(seen(), SIGUSR1);
    assert_eq!(MASK.load(Ordering::Relaxed), 1 << (SIGUSR1 - 1));
    assert_eq!(tls::current().signal_mask.load(Ordering::Relaxed), 0);
    assert_eq!(errno::get(), 7);
    assert_eq!(signal(SIGUSR1, action::IGNORE), handler as *const () as usize);
    assert_eq!(raise(SIGUSR1), 0);
    assert_eq!(seen(), 0);
    signal(SIGUSR1, action::DEFAULT);
}

#[test]
fn a_blocked_signal_waits() {
    let _turn = TURN.lock();
    signal(SIGUSR1, handler as *const () as usize);
    let (set, mut old, mut waiting) = (set_of(&[SIGUSR1]), [1; 16], [1; 16]);
    // SAFETY: the sets are on the stack.
    unsafe {
        assert_eq!(sigprocmask(0, &raw const set, &raw mut old), 0);
        assert_eq!(old, [0; 16]);
        raise(SIGUSR1);
        raise(SIGUSR1);
        assert_eq!(seen(), 0);
        assert_eq!(sigpending(&raw mut waiting), 0);
        assert_eq!(waiting, set);
        assert_eq!(sigprocmask(1, &raw const set, null_mut()), 0);
        assert_eq!(seen(), SIGUSR1);
        assert_eq!(sigprocmask(9, &raw const set, null_mut()), -1);
    }
    signal(SIGUSR1, action::DEFAULT);
}

#[test]
fn a_handler_for_once_is_gone_afterwards() {
    let _turn = TURN.lock();
    sysv_signal(SIGUSR2, handler as *const () as usize);
    raise(SIGUSR2);
    assert_eq!((seen(), MASK.load(Ordering::Relaxed)), (SIGUSR2, 0));
    assert_eq!(action::get(SIGUSR2).handler, action::DEFAULT);
}

#[test]
fn a_waiting_thread_takes_signals_in_order() {
    let _turn = TURN.lock();
    let first = __libc_current_sigrtmin();
    let set = set_of(&[first, first + 1]);
    let mut info = Info::own(1, 0);
    let none = timespec { tv_sec: 0, tv_nsec: 0 };
    let me = core::ptr::from_ref(tls::current());
    // SAFETY: the sets are on the stack; the thread is the calling one.
    unsafe {
        sigprocmask(0, &raw const set, null_mut());
        for (number, value) in [(first + 1, 3), (first, 1), (first, 2)] {
            assert_eq!(pthread_sigqueue(me, number, value as *mut _), 0);
        }
        for (number, value) in [(first, 1), (first, 2), (first + 1, 3)] {
            assert_eq!(sigtimedwait(&raw const set, &raw mut info, &raw const none), number);
            assert_eq!((info.signal, info.code, info.words[1]), (number, -1, value));
        }
        assert_eq!(sigtimedwait(&raw const set, null_mut(), &raw const none), -1);
        assert_eq!(errno::get(), EAGAIN.number());
        sigprocmask(1, &raw const set, null_mut());
    }
}

#[test]
fn what_no_program_may_ask_for_is_refused() {
    // SAFETY: null is allowed.
    unsafe {
        assert_eq!(sigaction(0, null(), null_mut()), -1);
        assert_eq!(sigaction(65, null(), null_mut()), -1);
        assert_eq!(sigaction(33, null(), null_mut()), -1);
        assert_eq!(sigaction(9, null(), null_mut()), 0);
    }
    assert_eq!(signal(9, action::IGNORE), usize::MAX);
    assert_eq!((kill(2, 0), kill(1, 0), kill(1, 99)), (-1, 0, -1));
    let mut set = [0; 16];
    // SAFETY: the set is on the stack.
    unsafe {
        assert_eq!(sigaddset(&raw mut set, 32), -1);
        assert_eq!(sigismember(&raw const set, 0), -1);
        assert_eq!(sigfillset(&raw mut set), 0);
        assert_eq!((sigismember(&raw const set, 9), sigismember(&raw const set, 33)), (1, 0));
    }
}
