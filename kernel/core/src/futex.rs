//! Futexes: sleep while a word holds a value (futex(2)).
//!
//! There is one address space, so a word's address is its key, for private and shared ones alike.

use crate::errno::{EAGAIN, EINTR, ETIMEDOUT, Result};
use crate::sched;
use crate::sync::SpinLock;
use crate::sync::wait::{Waiter, Waiters};
use crate::time::Instant;
use core::sync::atomic::{AtomicU32, Ordering};

/// log2 of the number of lists that waiters are spread over.
const BUCKET_BITS: u32 = 5;

static BUCKETS: [SpinLock<Waiters>; 1 << BUCKET_BITS] =
    [const { SpinLock::new(Waiters::new()) }; 1 << BUCKET_BITS];

fn bucket(key: usize) -> &'static SpinLock<Waiters> {
    // Words are 4-aligned; the multiplier is 2^64 divided by the golden ratio.
    let hash = (key as u64 >> 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKET_BITS);
    &BUCKETS[hash as usize & ((1 << BUCKET_BITS) - 1)]
}

fn key_of(word: &AtomicU32) -> usize {
    (&raw const *word).addr()
}

/// Sleeps until a [`wake`] of `word`, provided that it holds `expected`.
///
/// # Errors
/// [`EAGAIN`] if it holds something else, [`EINTR`] when the thread is interrupted, [`ETIMEDOUT`]
/// at `deadline`.
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Result<()> {
    // The word may lie in memory that is brought in on demand: touch it before the lock is taken.
    if word.load(Ordering::SeqCst) != expected {
        return Err(EAGAIN);
    }
    let waiter = Waiter::new(key_of(word));
    {
        let mut waiters = bucket(key_of(word)).lock();
        if word.load(Ordering::SeqCst) != expected {
            return Err(EAGAIN);
        }
        // SAFETY: the entry is removed or woken before this function returns.
        unsafe { waiters.push(&waiter) };
    }
    loop {
        if waiter.woken.load(Ordering::Acquire) {
            // Whoever woke us holds the list's lock until it is done with the entry.
            return leave(&waiter, Ok(()));
        }
        if sched::current().signal_pending() {
            return leave(&waiter, Err(EINTR));
        }
        if !sched::park_until(deadline) {
            return leave(&waiter, Err(ETIMEDOUT));
        }
    }
}

/// Unlinks the entry, unless it has been woken: then that is the result.
fn leave(waiter: &Waiter, otherwise: Result<()>) -> Result<()> {
    loop {
        let key = waiter.key.load(Ordering::Acquire);
        let mut waiters = bucket(key).lock();
        if waiter.woken.load(Ordering::Acquire) {
            return Ok(());
        }
        // It may have been moved to another word's list meanwhile.
        if waiter.key.load(Ordering::Acquire) == key {
            waiters.remove(waiter);
            return otherwise;
        }
    }
}

/// Wakes up to `count` threads that wait for `word`; says how many.
pub fn wake(word: &AtomicU32, count: usize) -> usize {
    wake_address(key_of(word), count)
}

/// [`wake`] by address; the word need not exist any more.
pub fn wake_address(key: usize, count: usize) -> usize {
    let mut waiters = bucket(key).lock();
    let mut woken = 0;
    let mut entry = waiters.first();
    while let Some(waiter) = entry.filter(|_| woken < count) {
        entry = waiters.after(waiter);
        if waiter.key.load(Ordering::Relaxed) == key {
            waiters.wake(waiter);
            woken += 1;
        }
    }
    woken
}

/// Wakes up to `count` threads that wait for `word` and lets up to `moved` others wait for `target`
/// instead, provided that `word` holds `expected` (where that is given). Says how many were woken
/// and how many moved.
///
/// # Errors
/// [`EAGAIN`] if `word` does not hold `expected`.
pub fn requeue(
    word: &AtomicU32,
    expected: Option<u32>,
    count: usize,
    target: &AtomicU32,
    moved: usize,
) -> Result<(usize, usize)> {
    let (from_key, to_key) = (key_of(word), key_of(target));
    let (from, to) = (bucket(from_key), bucket(to_key));
    if expected.is_some_and(|expected| word.load(Ordering::SeqCst) != expected) {
        return Err(EAGAIN);
    }
    // Two lists are locked in the order of their addresses.
    let same = core::ptr::eq(from, to);
    let backwards = core::ptr::from_ref(to) < core::ptr::from_ref(from);
    let mut second = (!same && backwards).then(|| to.lock());
    let mut waiters = from.lock();
    if !same && !backwards {
        second = Some(to.lock());
    }
    if expected.is_some_and(|expected| word.load(Ordering::SeqCst) != expected) {
        return Err(EAGAIN);
    }
    let (mut woken, mut requeued) = (0, 0);
    let mut entry = waiters.first();
    while let Some(waiter) = entry.filter(|_| woken < count || requeued < moved) {
        entry = waiters.after(waiter);
        if waiter.key.load(Ordering::Relaxed) != from_key {
            continue;
        }
        if woken < count {
            waiters.wake(waiter);
            woken += 1;
            continue;
        }
        if from_key != to_key {
            waiter.key.store(to_key, Ordering::Release);
            if let Some(target) = &mut second {
                waiters.remove(waiter);
                // SAFETY: the entry stays linked to one list, as `wait` expects.
                unsafe { target.push(waiter) };
            }
        }
        requeued += 1;
    }
    Ok((woken, requeued))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn a_changed_word_is_not_waited_for() {
        assert_eq!(wait(&AtomicU32::new(1), 2, None), Err(EAGAIN));
    }

    #[test]
    fn a_wait_ends_at_its_deadline() {
        let deadline = crate::time::now() + Duration::from_millis(20);
        assert_eq!(wait(&AtomicU32::new(1), 1, Some(deadline)), Err(ETIMEDOUT));
        assert!(crate::time::now() >= deadline);
    }

    #[test]
    fn requeued_threads_wait_for_the_other_word() {
        let words = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let words = words.clone();
                std::thread::spawn(move || wait(&words[0], 0, None))
            })
            .collect();
        let mut total = (0, 0);
        while total != (1, 2) {
            let (woken, moved) = requeue(&words[0], Some(0), 1 - total.0, &words[1], 2).unwrap();
            total = (total.0 + woken, total.1 + moved);
            std::thread::yield_now();
        }
        assert_eq!(wake(&words[0], 9), 0);
        assert_eq!(wake(&words[1], 9), 2);
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    }
}
