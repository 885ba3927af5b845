//! A processor's run queue.
//!
//! Threads with something left of their time slice go first, in the order of their arrival; those
//! that used theirs up wait until none of the others is ready, and get a new one. So a thread that
//! sleeps much is served soon, and one that computes is not starved: whoever runs, uses up.

#![cfg_attr(not(kernel), allow(dead_code, reason = "std schedules threads on the host"))]

use super::Thread;
use alloc::sync::Arc;
use core::ptr;
use core::sync::atomic::Ordering;

/// How long a thread runs while others are ready, in nanoseconds.
pub(crate) const SLICE: u64 = 4_000_000;

/// Threads in the order of their arrival; each is a counted reference.
struct List {
    first: *const Thread,
    last: *const Thread,
}

impl List {
    const fn new() -> Self {
        Self { first: ptr::null(), last: ptr::null() }
    }

    fn push(&mut self, thread: Arc<Thread>) {
        let thread = Arc::into_raw(thread).cast_mut();
        // SAFETY: the list holds a reference to each of its threads.
        unsafe {
            (*thread).next.store(ptr::null_mut(), Ordering::Relaxed);
            match self.last.as_ref() {
                Some(last) => last.next.store(thread, Ordering::Relaxed),
                None => self.first = thread,
            }
        }
        self.last = thread;
    }

    /// Takes the first thread that may run on a processor of `mask`.
    fn pop(&mut self, mask: u64) -> Option<Arc<Thread>> {
        let mut before: *const Thread = ptr::null();
        let mut at = self.first;
        // SAFETY: the list holds a reference to each of its threads; the one taken out goes with it.
        unsafe {
            while let Some(thread) = at.as_ref() {
                let next = thread.next.load(Ordering::Relaxed);
                if thread.affinity() & mask == 0 {
                    before = at;
                    at = next;
                    continue;
                }
                match before.as_ref() {
                    Some(before) => before.next.store(next, Ordering::Relaxed),
                    None => self.first = next,
                }
                if self.last == at {
                    self.last = before;
                }
                return Some(Arc::from_raw(at));
            }
        }
        None
    }
}

/// The ready threads of a processor, but for the one that runs.
pub(super) struct RunQueue {
    active: List,
    expired: List,
    length: usize,
}

// SAFETY: the queue owns a reference to each of its threads, which are `Sync`.
unsafe impl Send for RunQueue {}

impl RunQueue {
    pub(super) const fn new() -> Self {
        Self { active: List::new(), expired: List::new(), length: 0 }
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Adds a thread that has become ready, or that has to make room for others.
    pub(super) fn push(&mut self, thread: Arc<Thread>) {
        self.length += 1;
        if thread.slice.load(Ordering::Relaxed) == 0 {
            thread.slice.store(SLICE, Ordering::Relaxed);
            self.expired.push(thread);
        } else {
            self.active.push(thread);
        }
    }

    /// Takes the thread to run next on a processor of `mask`.
    pub(super) fn pop(&mut self, mask: u64) -> Option<Arc<Thread>> {
        let mut thread = self.active.pop(mask);
        if thread.is_none() {
            core::mem::swap(&mut self.active, &mut self.expired);
            thread = self.active.pop(mask);
        }
        self.length -= usize::from(thread.is_some());
        thread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(affinity: u64) -> Arc<Thread> {
        Arc::new(Thread::new(affinity, 0, 0, std::thread::current()))
    }

    #[test]
    fn threads_run_in_the_order_of_their_arrival() {
        let mut queue = RunQueue::new();
        let threads = [thread(1), thread(1), thread(1)];
        threads.iter().for_each(|thread| queue.push(thread.clone()));
        for expected in &threads {
            assert_eq!(queue.pop(1).unwrap().id(), expected.id());
        }
        assert!(queue.pop(1).is_none());
        assert_eq!(queue.length(), 0);
    }

    #[test]
    fn who_used_up_its_slice_comes_after_those_who_did_not() {
        let mut queue = RunQueue::new();
        let (busy, idle) = (thread(1), thread(1));
        busy.slice.store(0, Ordering::Relaxed);
        queue.push(busy.clone());
        queue.push(idle.clone());
        assert_eq!(queue.pop(1).unwrap().id(), idle.id());
        // And gets its turn although the other one is ready again, once that has used its own up.
        idle.slice.store(0, Ordering::Relaxed);
        queue.push(idle.clone());
        assert_eq!(queue.pop(1).unwrap().id(), busy.id());
        assert_eq!(busy.slice.load(Ordering::Relaxed), SLICE);
    }

    #[test]
    fn a_processor_takes_only_threads_that_may_run_there() {
        let mut queue = RunQueue::new();
        let (first, second, third) = (thread(1), thread(2), thread(3));
        [&first, &second, &third].into_iter().for_each(|thread| queue.push(thread.clone()));
        assert_eq!(queue.pop(2).unwrap().id(), second.id());
        assert_eq!(queue.pop(2).unwrap().id(), third.id());
        assert!(queue.pop(2).is_none());
        assert_eq!(queue.length(), 1);
        queue.push(second.clone());
        assert_eq!(queue.pop(1).unwrap().id(), first.id());
        assert_eq!(queue.pop(3).unwrap().id(), second.id());
        assert_eq!(Arc::strong_count(&first), 1);
    }
}
