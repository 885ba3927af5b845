//! Timers: a call at a point in time.
//!
//! Each processor has a heap of its own, a pairing heap of links that are in the timers themselves:
//! arming needs no memory, and removing one that has not expired is as cheap as any.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use super::Instant;
#[cfg(not(kernel))]
use crate::sync::SpinLock;

/// A timer. It may be armed again and again; it has to stay where it is while armed.
pub struct Timer {
    deadline: Cell<u64>,
    /// The first of the timers under it in the heap.
    child: Cell<*const Timer>,
    /// The next timer under the same one.
    next: Cell<*const Timer>,
    /// The timer before it under the same one, or, for the first, the one above.
    previous: Cell<*const Timer>,
    /// The processor whose heap it is or was on.
    processor: AtomicU32,
    armed: AtomicU32,
    callback: fn(usize),
    argument: usize,
}

// SAFETY: the links and the deadline are touched under the lock of the heap that the timer is on.
unsafe impl Sync for Timer {}
// SAFETY: it may be moved while it is not armed.
unsafe impl Send for Timer {}

impl Timer {
    /// A timer that calls `callback` with `argument`, in interrupt context, interrupts off.
    #[must_use]
    pub const fn new(callback: fn(usize), argument: usize) -> Self {
        Self {
            deadline: Cell::new(0),
            child: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
            processor: AtomicU32::new(0),
            armed: AtomicU32::new(0),
            callback,
            argument,
        }
    }

    /// Arms the timer, instead of any deadline it was armed for. Not to be called by two at a time.
    ///
    /// # Safety
    /// It stays where it is until it has expired or [`Timer::cancel`] has returned.
    pub unsafe fn arm(&self, deadline: Instant) {
        // The clock is found before interrupts go off.
        let _ = super::now();
        self.disarm();
        let interrupts = hal::irq::disable();
        machine::with_this(&mut |index, timers| {
            self.processor.store(index, Ordering::Relaxed);
            self.deadline.set(deadline.0);
            self.armed.store(1, Ordering::Relaxed);
            timers.insert(self);
        });
        machine::armed();
        hal::irq::restore(interrupts);
    }

    /// Takes the timer off its heap; true if it was armed. Its callback may be running still.
    pub fn disarm(&self) -> bool {
        let mut removed = false;
        machine::with(self.processor.load(Ordering::Relaxed), &mut |timers| {
            if self.armed.swap(0, Ordering::Relaxed) != 0 {
                timers.remove(self);
                removed = true;
            }
        });
        removed
    }

    /// Disarms the timer and waits for its callback if that is running; not for the callback itself.
    pub fn cancel(&self) -> bool {
        let removed = self.disarm();
        if !removed {
            loop {
                let mut running = false;
                machine::with(self.processor.load(Ordering::Relaxed), &mut |timers| {
                    running = ptr::eq(timers.running, self);
                });
                if !running {
                    break;
                }
                hal::cpu::pause();
            }
        }
        removed
    }
}

/// A processor's timers.
pub(crate) struct Timers {
    root: *const Timer,
    /// The timer whose callback is running.
    running: *const Timer,
    /// When the processor's interrupt comes; `u64::MAX` for never.
    #[cfg(kernel)]
    set_for: u64,
}

// SAFETY: the heap is behind a lock, and its timers stay where they are.
unsafe impl Send for Timers {}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self {
            root: ptr::null(),
            running: ptr::null(),
            #[cfg(kernel)]
            set_for: u64::MAX,
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<u64> {
        // SAFETY: timers on the heap are alive.
        unsafe { self.root.as_ref() }.map(|timer| timer.deadline.get())
    }

    fn insert(&mut self, timer: &Timer) {
        timer.child.set(ptr::null());
        timer.next.set(ptr::null());
        timer.previous.set(ptr::null());
        self.root = meld(self.root, timer);
    }

    fn remove(&mut self, timer: &Timer) {
        let under = meld_all(timer.child.get());
        if ptr::eq(self.root, timer) {
            self.root = under;
            return;
        }
        let (next, previous) = (timer.next.get(), timer.previous.get());
        // SAFETY: timers on the heap are alive; all but the root have one before or above them.
        unsafe {
            if ptr::eq((*previous).child.get(), timer) {
                (*previous).child.set(next);
            } else {
                (*previous).next.set(next);
            }
            if let Some(next) = next.as_ref() {
                next.previous.set(previous);
            }
        }
        self.root = meld(self.root, under);
    }

    /// Takes off the first timer, if it has expired at `now`.
    fn expire(&mut self, now: u64) -> Option<(fn(usize), usize)> {
        // SAFETY: timers on the heap are alive.
        let timer = unsafe { self.root.as_ref() }.filter(|timer| timer.deadline.get() <= now)?;
        self.remove(timer);
        timer.armed.store(0, Ordering::Relaxed);
        self.running = timer;
        Some((timer.callback, timer.argument))
    }
}

/// One heap of two; either may be empty.
fn meld(first: *const Timer, second: *const Timer) -> *const Timer {
    // SAFETY: timers on a heap are alive.
    let (Some(a), Some(b)) = (unsafe { first.as_ref() }, unsafe { second.as_ref() }) else {
        return if first.is_null() { second } else { first };
    };
    let (above, under) = if b.deadline.get() < a.deadline.get() { (b, a) } else { (a, b) };
    let child = above.child.get();
    under.previous.set(above);
    under.next.set(child);
    // SAFETY: as above.
    if let Some(child) = unsafe { child.as_ref() } {
        child.previous.set(under);
    }
    above.child.set(under);
    above.next.set(ptr::null());
    above.previous.set(ptr::null());
    above
}

/// One heap of a list of heaps: in pairs from the front, then the pairs from the back.
fn meld_all(mut list: *const Timer) -> *const Timer {
    let mut pairs: *const Timer = ptr::null();
    let detach = |timer: &Timer| {
        let next = timer.next.replace(ptr::null());
        timer.previous.set(ptr::null());
        next
    };
    // SAFETY: timers on a heap are alive.
    unsafe {
        while let Some(first) = list.as_ref() {
            let second = detach(first);
            list = second.as_ref().map_or(ptr::null(), detach);
            let pair = meld(first, second);
            (*pair).next.set(pairs);
            pairs = pair;
        }
        let mut heap: *const Timer = ptr::null();
        while let Some(pair) = pairs.as_ref() {
            pairs = detach(pair);
            heap = meld(heap, pair);
        }
        heap
    }
}

#[cfg(kernel)]
mod machine {
    use super::Timers;
    use crate::sched::{self, Cpu};

    pub(super) fn with_this(body: &mut dyn FnMut(u32, &mut Timers)) {
        body(hal::percpu::index(), &mut sched::this_cpu().timers.lock());
    }

    pub(super) fn with(processor: u32, body: &mut dyn FnMut(&mut Timers)) {
        if let Some(cpu) = sched::cpu(processor) {
            body(&mut cpu.timers.lock());
        }
    }

    pub(super) fn armed() {
        super::rearm(sched::this_cpu());
    }

    /// This processor's timer interrupt: calls what has expired, and sees to the running thread's slice.
    pub(crate) fn interrupt() {
        let cpu = sched::this_cpu();
        let now = super::super::now().0;
        cpu.timers.lock().set_for = u64::MAX;
        loop {
            let expired = cpu.timers.lock().expire(now);
            let Some((callback, argument)) = expired else { break };
            callback(argument);
            cpu.timers.lock().running = core::ptr::null();
        }
        sched::check_slice(cpu, now);
        super::rearm(cpu);
    }

    /// Has the processor's timer interrupt come by what is first: a timer's deadline or the end of a
    /// slice. One that is set for earlier stays: most deadlines are moved or taken back before they
    /// come, and where setting the timer leaves a virtual machine, a needless interrupt now and then
    /// costs less.
    pub(crate) fn rearm(cpu: &Cpu) {
        let mut timers = cpu.timers.lock();
        let next = timers.next().unwrap_or(u64::MAX).min(sched::slice_end(cpu));
        if next < timers.set_for {
            timers.set_for = next;
            crate::irq::set_timer(next);
        }
    }
}
#[cfg(kernel)]
pub(crate) use machine::{interrupt, rearm};

/// On the host there is one heap, and a thread that waits for its deadlines.
#[cfg(not(kernel))]
mod machine {
    use super::{SpinLock, Timers};
    use core::ptr;
    use std::sync::OnceLock;
    use std::thread::{self, Thread};
    use std::time::Duration;

    static TIMERS: SpinLock<Timers> = SpinLock::new(Timers::new());

    pub(super) fn with_this(body: &mut dyn FnMut(u32, &mut Timers)) {
        body(0, &mut TIMERS.lock());
    }

    pub(super) fn with(_processor: u32, body: &mut dyn FnMut(&mut Timers)) {
        body(&mut TIMERS.lock());
    }

    pub(super) fn armed() {
        static SERVER: OnceLock<Thread> = OnceLock::new();
        SERVER.get_or_init(|| thread::spawn(serve).thread().clone()).unpark();
    }

    fn serve() {
        loop {
            let now = crate::time::now().0;
            let expired = TIMERS.lock().expire(now);
            if let Some((callback, argument)) = expired {
                callback(argument);
                TIMERS.lock().running = ptr::null();
                continue;
            }
            let next = TIMERS.lock().next();
            match next {
                Some(next) => thread::park_timeout(Duration::from_nanos(next.saturating_sub(now))),
                None => thread::park(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_expire_in_the_order_of_their_deadlines() {
        let mut timers = Timers::new();
        let mut seed = 9u32;
        let all: Vec<Timer> = (0..500).map(|number| Timer::new(|_| {}, number)).collect();
        let mut left = std::collections::BTreeSet::new();
        for (number, timer) in all.iter().enumerate() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            timer.deadline.set(u64::from(seed >> 20));
            timers.insert(timer);
            left.insert((timer.deadline.get(), number));
            if number % 3 == 2 {
                let &(deadline, gone) = left.iter().nth(seed as usize % left.len()).unwrap();
                timers.remove(&all[gone]);
                left.remove(&(deadline, gone));
            }
            if number % 7 == 6 {
                let first = left.first().unwrap().0;
                assert!(timers.expire(first - 1).is_none());
                let (_, number) = timers.expire(first).unwrap();
                assert!(left.remove(&(first, number)));
            }
        }
        while let Some(next) = timers.next() {
            let (_, number) = timers.expire(u64::MAX).unwrap();
            assert_eq!(left.first().unwrap().0, next);
            assert!(left.remove(&(next, number)));
        }
        assert!(left.is_empty());
    }

    #[test]
    fn a_timer_calls_once_unless_cancelled() {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let call = |_| {
            CALLS.fetch_add(1, Ordering::SeqCst);
        };
        let (kept, cancelled) = (Timer::new(call, 0), Timer::new(call, 0));
        // SAFETY: they stay where they are until the end.
        unsafe {
            kept.arm(super::super::now() + Duration::from_millis(5));
            cancelled.arm(super::super::now() + Duration::from_millis(5));
        }
        assert!(cancelled.cancel());
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(CALLS.load(Ordering::SeqCst), 1);
        assert!(!kept.cancel());
    }
}
