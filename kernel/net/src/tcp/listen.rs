//! Listening: requests that are not confirmed, connections that wait to be accepted.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::Ordering;

use kcore::device::net::Packet;
use kcore::sync::SpinLock;
use kcore::vfs::poll::Events;

use super::connection::{Connection, Context, SCALE, initial_sequence, stamp, stamp_offset};
use super::hash::Entry;
use super::input::Arrival;
use super::output::own_mss;
use super::sequence::before;
use super::socket::Socket;
use super::{Settings, cookies, demux, rtt};
use crate::address::Endpoint;
use crate::stack::Stack;
use crate::wheel::{Handle, Timed};
use crate::wire::tcp::{Flags, Options};

/// Requests that are remembered, whatever the backlog.
const EMBRYOS_LEAST: u32 = 64;
/// Answers to one request.
const TRIES: u8 = 5;
/// The window in an answer.
const WINDOW: u16 = u16::MAX;

/// A socket that listens.
pub(super) struct Listener {
    pub backlog: u32,
    /// Connections that wait to be accepted.
    pub queue: VecDeque<Arc<Socket>>,
}

/// What is known of a request.
pub(super) struct Embryo {
    local: Endpoint,
    remote: Endpoint,
    listener: Weak<Socket>,
    /// Our first sequence number, and the peer's.
    initial: u32,
    peer: u32,
    options: Options,
    asked: u64,
    state: SpinLock<Asked>,
}

struct Asked {
    tries: u8,
    /// The peer has confirmed, and the listener waits for data (`TCP_DEFER_ACCEPT`).
    confirmed: bool,
    timer: Option<Handle>,
}

/// The options that answer a request's.
fn answer(
    stack: &Stack,
    offered: &Options,
    local: &Endpoint,
    remote: &Endpoint,
    settings: &Settings,
) -> Options {
    let mtu = stack.route(&remote.address, Some(&local.address), 0).map_or(576, |way| way.interface.mtu());
    let clock = stamp(stack.now(), stamp_offset(stack, local, remote));
    Options {
        mss: Some(own_mss(mtu, remote.address.family(), settings)),
        window_scale: offered.window_scale.map(|_| SCALE),
        sack_permitted: offered.sack_permitted,
        timestamps: offered.timestamps.map(|(value, _)| (clock, value)),
        ..Options::default()
    }
}

/// A request for a connection to a listener.
pub(super) fn requested(
    stack: &'static Stack,
    listener: &Arc<Socket>,
    segment: &Arrival,
    local: Endpoint,
    remote: Endpoint,
) {
    let backlog = listener.backlog.load(Ordering::Relaxed);
    if listener.waiting.load(Ordering::Relaxed) > backlog || !stack.tcp.fits_another(stack) {
        // The peer tries again.
        return;
    }
    let settings = listener.settings();
    let peer = segment.header.sequence;
    let options = answer(stack, &segment.options, &local, &remote, &settings);
    if listener.embryos.load(Ordering::Relaxed) >= backlog.max(EMBRYOS_LEAST) {
        let mss = segment.options.mss.unwrap_or(536);
        let cookie = cookies::make(stack, &local, &remote, peer, mss);
        let mut options = options;
        match &mut options.timestamps {
            Some((value, _)) => *value = cookies::stamp(*value, &segment.options),
            // Nothing brings these back.
            None => (options.window_scale, options.sack_permitted) = (None, false),
        }
        stack.tcp.flooded.store(stack.now(), Ordering::Relaxed);
        let numbers = (cookie, peer.wrapping_add(1));
        demux::send_bare(stack, &local, &remote, numbers, Flags::SYN | Flags::ACK, WINDOW, &options);
        return;
    }
    let embryo = Arc::new(Embryo {
        local,
        remote,
        listener: Arc::downgrade(listener),
        initial: initial_sequence(stack, &local, &remote),
        peer,
        options: segment.options,
        asked: stack.now(),
        state: SpinLock::new(Asked { tries: 0, confirmed: false, timer: None }),
    });
    if stack.tcp.connections.insert(stack, local, remote, Entry::Embryo(embryo.clone())).is_err() {
        return;
    }
    listener.embryos.fetch_add(1, Ordering::Relaxed);
    embryo.answer(stack, &settings);
    embryo.arm(stack);
}

impl Embryo {
    fn answer(&self, stack: &'static Stack, settings: &Settings) {
        let options = answer(stack, &self.options, &self.local, &self.remote, settings);
        let numbers = (self.initial, self.peer.wrapping_add(1));
        demux::send_bare(
            stack,
            &self.local,
            &self.remote,
            numbers,
            Flags::SYN | Flags::ACK,
            WINDOW,
            &options,
        );
    }

    fn arm(self: &Arc<Self>, stack: &'static Stack) {
        let tries = self.state.lock().tries;
        let wait = u64::from(rtt::INITIAL) * 1000 << tries;
        let weak: Weak<dyn Timed> = Arc::downgrade(&(self.clone() as Arc<dyn Timed>));
        let timer = stack.set_timer(stack.now() + wait, weak);
        self.state.lock().timer = Some(timer);
    }

    /// It is no more; true if it was this call that made it so.
    fn remove(self: &Arc<Self>, stack: &'static Stack) -> bool {
        let entry = Entry::Embryo(self.clone());
        let removed = stack.tcp.connections.remove(stack, &self.local, &self.remote, &entry);
        if removed {
            self.gone(stack);
        }
        removed
    }

    fn gone(&self, stack: &'static Stack) {
        if let Some(timer) = self.state.lock().timer.take() {
            stack.cancel_timer(timer);
        }
        if let Some(listener) = self.listener.upgrade() {
            listener.embryos.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A segment for it.
    pub fn arrived(self: &Arc<Self>, stack: &'static Stack, segment: &Arrival, packet: Packet) {
        let (header, flags) = (&segment.header, segment.header.flags);
        let expected = self.peer.wrapping_add(1);
        if flags.contains(Flags::RST) {
            if header.sequence == expected {
                self.remove(stack);
            }
            return;
        }
        let Some(listener) = self.listener.upgrade().filter(|listener| listener.is_listening()) else {
            self.remove(stack);
            return demux::refuse(stack, &self.local, &self.remote, segment);
        };
        let settings = listener.settings();
        if flags.contains(Flags::SYN) {
            if header.sequence == self.peer {
                self.answer(stack, &settings);
            }
            return;
        }
        if !flags.contains(Flags::ACK) || header.acknowledgement != self.initial.wrapping_add(1) {
            return demux::refuse(stack, &self.local, &self.remote, segment);
        }
        let stale = segment
            .options
            .timestamps
            .zip(self.options.timestamps)
            .is_some_and(|(now, then)| before(now.0, then.0));
        let distance = header.sequence.wrapping_sub(expected);
        if stale || distance > u32::from(WINDOW) {
            return self.answer(stack, &settings);
        }
        let mut state = self.state.lock();
        if settings.defer_accept > 0 && segment.length == 0 && !flags.contains(Flags::FIN) {
            state.confirmed = true;
            return;
        }
        let tries = state.tries;
        drop(state);
        let old = Entry::Embryo(self.clone());
        let rtt = (tries == 0).then(|| (stack.now().saturating_sub(self.asked) / 1000) as u32);
        let request = Request {
            local: self.local,
            remote: self.remote,
            initial: self.initial,
            peer: self.peer,
            options: &self.options,
            rtt,
        };
        if request.confirm(stack, &listener, &settings, Some(&old), segment, packet) {
            self.gone(stack);
        }
    }
}

impl Timed for Embryo {
    fn expired(self: Arc<Self>, stack: &'static Stack) {
        let mut state = self.state.lock();
        state.timer = None;
        state.tries += 1;
        let over = state.tries > TRIES;
        drop(state);
        let listener = self.listener.upgrade().filter(|listener| listener.is_listening());
        match listener.filter(|_| !over) {
            None => {
                self.remove(stack);
            }
            Some(listener) => {
                self.answer(stack, &listener.settings());
                self.arm(stack);
            }
        }
    }
}

/// A request that is confirmed.
struct Request<'a> {
    local: Endpoint,
    remote: Endpoint,
    initial: u32,
    peer: u32,
    options: &'a Options,
    rtt: Option<u32>,
}

impl Request<'_> {
    /// Makes a connection of it, for the listener to accept; false if there is no room.
    fn confirm(
        &self,
        stack: &'static Stack,
        listener: &Arc<Socket>,
        settings: &Settings,
        old: Option<&Entry>,
        segment: &Arrival,
        packet: Packet,
    ) -> bool {
        // One more than the backlog, as on Linux.
        let full = listener.waiting.load(Ordering::Relaxed) > listener.backlog.load(Ordering::Relaxed);
        if full || !stack.tcp.fits_another(stack) {
            return false;
        }
        let mut connection = Connection::new(stack, self.local, self.remote, settings, self.initial);
        connection.negotiate(self.options, settings);
        connection.begin_receiving(self.peer);
        connection.send.una = self.initial.wrapping_add(1);
        connection.send.next = connection.send.una;
        if let Some(rtt) = self.rtt {
            connection.rtt.sample(rtt);
        }
        let now = stack.now();
        let cx = Context { settings, now };
        connection.established(&segment.header, &cx);
        let child = Socket::accepted(stack, listener.family(), settings, Box::new(connection));
        let entry = Entry::Socket(child.clone());
        let entered = match old {
            Some(old) => stack.tcp.connections.replace(stack, &self.local, &self.remote, old, entry),
            None => stack.tcp.connections.insert(stack, self.local, self.remote, entry),
        };
        if entered.is_err() {
            return false;
        }
        if !listener.enqueue(child.clone()) {
            // It has stopped listening meanwhile.
            child.abort();
            return true;
        }
        child.arrived(segment, packet);
        if listener.may_accept() {
            listener.source().notify(Events::READABLE);
        }
        true
    }
}

/// A segment for a listener that belongs to nothing: perhaps it brings a cookie back.
pub(super) fn recalled(
    stack: &'static Stack,
    listener: &Arc<Socket>,
    segment: &Arrival,
    packet: Packet,
    local: Endpoint,
    remote: Endpoint,
) -> bool {
    let header = &segment.header;
    let cookie = header.acknowledgement.wrapping_sub(1);
    let peer = header.sequence.wrapping_sub(1);
    let Some(mss) = cookies::check(stack, &local, &remote, peer, cookie) else { return false };
    let options = cookies::options(mss, segment.options.timestamps);
    let settings = listener.settings();
    if settings.defer_accept > 0 && segment.length == 0 {
        // The same cookie comes again with the data.
        return true;
    }
    let request = Request { local, remote, initial: cookie, peer, options: &options, rtt: None };
    request.confirm(stack, listener, &settings, None, segment, packet);
    true
}
