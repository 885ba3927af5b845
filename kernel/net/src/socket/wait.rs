//! Waiting for a socket.

use core::time::Duration;

use kcore::errno::{EAGAIN, ETIMEDOUT, Result};
use kcore::sync::WaitQueue;
use kcore::time::{self, Instant};
use kcore::vfs::poll::{Events, Source};

/// How long an operation may wait.
#[derive(Clone, Copy)]
pub struct Wait {
    /// Not at all: what would block gives `EAGAIN`.
    pub never: bool,
    /// Until then at most; `EAGAIN` afterwards.
    pub deadline: Option<Instant>,
}

impl Wait {
    /// Not at all.
    pub const NEVER: Self = Self { never: true, deadline: None };

    /// As long as it takes.
    pub const FOREVER: Self = Self { never: false, deadline: None };

    /// `timeout` nanoseconds from now; 0 is no limit.
    #[must_use]
    pub fn limited(never: bool, timeout: u64) -> Self {
        let deadline = (timeout > 0 && !never).then(|| time::now() + Duration::from_nanos(timeout));
        Self { never, deadline }
    }

    /// Makes attempts, one whenever `queue` is woken, until one gives something else than `EAGAIN`.
    pub fn on(&self, queue: &WaitQueue, attempt: &mut dyn FnMut() -> Result<usize>) -> Result<usize> {
        let first = attempt();
        if self.never || first != Err(EAGAIN) {
            return first;
        }
        let result = queue.wait_until(self.deadline, || {
            let result = attempt();
            (result != Err(EAGAIN)).then_some(result)
        });
        match result {
            Ok(result) => result,
            Err(error) if error == ETIMEDOUT => Err(EAGAIN),
            Err(error) => Err(error),
        }
    }
}

/// Who waits for a socket: threads that receive, threads that send, and `poll` and its kin.
#[derive(Default)]
pub struct Readiness {
    /// For something to receive, or to accept.
    pub receivers: WaitQueue,
    /// For room to send, or to be connected.
    pub senders: WaitQueue,
    /// Everybody else.
    pub source: Source,
}

impl Readiness {
    /// Nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { receivers: WaitQueue::new(), senders: WaitQueue::new(), source: Source::new() }
    }

    /// `events` may have become possible.
    pub fn notify(&self, events: Events) {
        if events.intersects(Events::READABLE | Events::ALWAYS | Events::RDHUP) {
            self.receivers.wake_all();
        }
        if events.intersects(Events::WRITABLE | Events::ALWAYS) {
            self.senders.wake_all();
        }
        self.source.notify(events);
    }
}
