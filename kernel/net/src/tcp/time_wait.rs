//! What is left of a connection that this end closed first: enough to answer the peer's last segments and
//! to keep old ones from a new connection of the same ends (RFC 9293, section 3.6; RFC 6191).

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};

use kcore::sync::SpinLock;

use super::connection::{Connection, Stamps, stamp};
use super::hash::Entry;
use super::input::Arrival;
use super::sequence::{after, before};
use crate::address::Endpoint;
use crate::stack::Stack;
use crate::wheel::Timed;
use crate::wire::tcp::{Flags, Options};

/// How long, in nanoseconds: Linux's 60 s.
const LIFETIME: u64 = 60_000_000_000;
/// How many there may be; beyond that the oldest go.
const LIMIT: usize = 65536;

/// What is left.
pub(super) struct Waiting {
    pub local: Endpoint,
    pub remote: Endpoint,
    /// Our next sequence number, and the peer's.
    next: u32,
    expected: u32,
    stamps: Stamps,
    /// When it began, in nanoseconds.
    began: u64,
}

/// All of them, the oldest first: they all last as long, so one timer does.
pub(super) struct TimeWait {
    list: SpinLock<(VecDeque<Arc<Waiting>>, bool)>,
}

/// Calls when the oldest has lasted long enough.
struct Reaper;

impl TimeWait {
    pub const fn new() -> Self {
        Self { list: SpinLock::new((VecDeque::new(), false)) }
    }

    /// Puts what is left of a connection in its place.
    pub fn enter(&self, stack: &'static Stack, connection: &Connection, entry: &Entry) {
        let waiting = Arc::new(Waiting {
            local: connection.local,
            remote: connection.remote,
            next: connection.send.next,
            expected: connection.receive.next,
            stamps: connection.stamps,
            began: stack.now(),
        });
        let new = Entry::Waiting(waiting.clone());
        if stack.tcp.connections.replace(stack, &connection.local, &connection.remote, entry, new).is_err() {
            return;
        }
        let mut list = self.list.lock();
        let full = list.0.len() >= LIMIT;
        let oldest = if full { list.0.pop_front() } else { None };
        list.0.push_back(waiting);
        let arm = !core::mem::replace(&mut list.1, true);
        drop(list);
        if let Some(oldest) = oldest {
            oldest.remove(stack);
        }
        if arm {
            arm_at(stack, stack.now() + LIFETIME);
        }
    }

    /// Drops those that have lasted long enough.
    fn reap(&self, stack: &'static Stack) {
        let now = stack.now();
        loop {
            let mut list = self.list.lock();
            let Some(first) = list.0.front() else {
                *list = (VecDeque::new(), false);
                return;
            };
            let until = first.began + LIFETIME;
            if until > now {
                drop(list);
                return arm_at(stack, until);
            }
            let first = list.0.pop_front();
            drop(list);
            if let Some(first) = first {
                first.remove(stack);
            }
        }
    }
}

fn arm_at(stack: &'static Stack, at: u64) {
    static REAPER: kcore::sync::Once<Arc<Reaper>> = kcore::sync::Once::new();
    let reaper: Arc<dyn Timed> = REAPER.get_or_init(|| Arc::new(Reaper)).clone();
    let weak: Weak<dyn Timed> = Arc::downgrade(&reaper);
    stack.set_timer(at, weak);
}

impl Timed for Reaper {
    fn expired(self: Arc<Self>, stack: &'static Stack) {
        stack.tcp.time_wait.reap(stack);
    }
}

impl Waiting {
    fn remove(self: Arc<Self>, stack: &Stack) {
        let (local, remote) = (self.local, self.remote);
        stack.tcp.connections.remove(stack, &local, &remote, &Entry::Waiting(self));
    }

    /// Whether a new connection of the same ends may begin: the peer asks with a later sequence number
    /// or a later timestamp.
    fn allows(&self, segment: &Arrival) -> bool {
        let later = segment
            .options
            .timestamps
            .is_some_and(|(value, _)| self.stamps.on && after(value, self.stamps.recent));
        later || !self.stamps.on && after(segment.header.sequence, self.expected)
    }

    /// Whether this end may begin a new one: old segments are told by their timestamps after a second.
    pub fn allows_connect(&self, now: u64) -> bool {
        self.stamps.on && now.saturating_sub(self.began) > 1_000_000_000
    }

    /// A first sequence number for a new connection, beyond the old one's.
    pub fn next_initial(&self) -> u32 {
        self.next.wrapping_add(65535 + 2)
    }

    /// A segment for it; true if it is the request for a new connection, and this one is gone.
    pub fn arrived(self: &Arc<Self>, stack: &'static Stack, segment: &Arrival) -> bool {
        let header = &segment.header;
        let flags = header.flags;
        if flags.contains(Flags::RST) {
            // It stays: a reset must not make it forget (RFC 1337).
            return false;
        }
        if flags.contains(Flags::SYN) && !flags.contains(Flags::ACK) && self.allows(segment) {
            self.clone().remove(stack);
            return true;
        }
        if flags.contains(Flags::ACK) && after(header.acknowledgement, self.next) {
            return false;
        }
        // The peer has not heard our last acknowledgement, or an old segment was late.
        let old = before(header.sequence, self.expected);
        if old || segment.length > 0 || flags.intersects(Flags::FIN | Flags::SYN) {
            let mut options = Options::default();
            if self.stamps.on {
                options.timestamps = Some((stamp(stack.now(), self.stamps.offset), self.stamps.recent));
            }
            super::demux::send_bare(
                stack,
                &self.local,
                &self.remote,
                (self.next, self.expected),
                Flags::ACK,
                0,
                &options,
            );
        }
        false
    }
}
