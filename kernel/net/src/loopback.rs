//! What this machine sends to itself.
//!
//! It cannot be processed at once: the sender holds its socket's lock, and the receiver may be sending
//! back. So packets queue here, and whoever sent them drains the queue when its locks are open. One
//! thread drains at a time; what others add meanwhile it does as well, up to a limit, beyond which
//! the stack's own thread goes on.

use alloc::collections::VecDeque;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kcore::device::net::Packet;
use kcore::sync::SpinLock;

use crate::stack::Stack;
use crate::wire::ethernet;

/// Packets that a thread processes before it leaves the rest to the stack's.
pub const BUDGET: usize = 128;
/// Packets that may wait.
const LIMIT: usize = 4096;

pub(crate) struct Loopback {
    queue: SpinLock<VecDeque<(u32, u16, Packet)>>,
    /// Packets in the queue, to be looked at without its lock.
    waiting: AtomicUsize,
    busy: AtomicBool,
}

impl Loopback {
    pub const fn new() -> Self {
        Self {
            queue: SpinLock::new(VecDeque::new()),
            waiting: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
        }
    }

    /// Adds a packet as if it had come by an interface (its index); `kind` is its type on Ethernet.
    pub fn push(&self, interface: u32, kind: u16, packet: Packet) {
        let mut queue = self.queue.lock();
        if queue.len() < LIMIT {
            queue.push_back((interface, kind, packet));
        }
        self.waiting.store(queue.len(), Ordering::SeqCst);
    }

    fn pop(&self) -> Option<(u32, u16, Packet)> {
        let mut queue = self.queue.lock();
        let first = queue.pop_front();
        self.waiting.store(queue.len(), Ordering::SeqCst);
        if queue.is_empty() && queue.capacity() > 64 {
            *queue = VecDeque::new();
        }
        first
    }

    /// Processes what is queued, unless somebody else does.
    pub fn drain(&self, stack: &'static Stack, budget: usize) {
        let mut left = budget;
        while self.waiting.load(Ordering::SeqCst) > 0 && !self.busy.swap(true, Ordering::SeqCst) {
            let mut by = None::<alloc::sync::Arc<crate::interface::Interface>>;
            while left > 0
                && let Some((index, kind, packet)) = self.pop()
            {
                left -= 1;
                if by.as_ref().is_none_or(|by| by.index != index) {
                    by = stack.interface(index);
                }
                if let Some(by) = &by {
                    // What comes back to an interface with a cable was for a group.
                    let destination = if by.is_loopback() { by.mac } else { ethernet::BROADCAST };
                    let link = ethernet::Header { destination, source: by.mac, kind };
                    crate::ip::input(stack, by, &link, packet);
                }
            }
            self.busy.store(false, Ordering::SeqCst);
            if left == 0 {
                stack.wake();
                break;
            }
        }
    }
}
