//! Threads that block on a socket of the stack, whose changes come by a source.

use alloc::sync::Arc;

use kcore::errno::Result;
use kcore::sync::{Once, WaitQueue};
use kcore::vfs::poll::{Events, Listener, Source};

use crate::socket::Wait;

/// Who waits; made when the first thread blocks, so that sockets in sets do without.
#[derive(Default)]
pub(super) struct Waiting(Once<Arc<Queues>>);

#[derive(Default)]
struct Queues {
    receivers: WaitQueue,
    senders: WaitQueue,
}

impl Listener for Queues {
    fn notify(&self, events: Events) {
        if events.intersects(Events::READABLE | Events::PRI | Events::ALWAYS | Events::RDHUP) {
            self.receivers.wake_all();
        }
        if events.intersects(Events::WRITABLE | Events::ALWAYS) {
            self.senders.wake_all();
        }
    }
}

impl Waiting {
    pub(super) const fn new() -> Self {
        Self(Once::new())
    }

    fn queues(&self, source: &Source) -> &Queues {
        self.0.get_or_init(|| {
            let queues = Arc::new(Queues::default());
            source.register(queues.clone());
            queues
        })
    }

    /// Makes attempts until one gives something else than `EAGAIN`.
    fn wait(
        &self,
        source: &Source,
        wait: &Wait,
        receives: bool,
        attempt: &mut dyn FnMut() -> Result<usize>,
    ) -> Result<usize> {
        let first = attempt();
        if wait.never || first != Err(kcore::errno::EAGAIN) {
            return first;
        }
        let queues = self.queues(source);
        wait.on(if receives { &queues.receivers } else { &queues.senders }, attempt)
    }

    /// As [`Waiting::wait`], woken by what can be received.
    pub(super) fn receive(
        &self,
        source: &Source,
        wait: &Wait,
        attempt: &mut dyn FnMut() -> Result<usize>,
    ) -> Result<usize> {
        self.wait(source, wait, true, attempt)
    }

    /// As [`Waiting::wait`], woken by room to send.
    pub(super) fn send(
        &self,
        source: &Source,
        wait: &Wait,
        attempt: &mut dyn FnMut() -> Result<usize>,
    ) -> Result<usize> {
        self.wait(source, wait, false, attempt)
    }

    /// The socket is closed: nobody waits any more.
    pub(super) fn end(&self, source: &Source) {
        if let Some(queues) = self.0.get() {
            let listener: Arc<dyn Listener> = queues.clone();
            source.remove(&listener);
        }
    }
}
