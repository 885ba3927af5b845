//! Sockets of TCP, as the socket layer sees them.
//!
//! A socket's state is behind a lock that sleeps, so bytes are copied straight between the application's
//! memory, which may have to be brought in first, and the blocks that packets share. Nothing else is
//! waited for under it, and nobody is woken: `leave` opens the lock, sets the timer and tells of what
//! changed. The order of locks: a socket's, then those of tables, wheel and cards.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU32, Ordering};

use kcore::device::net::Packet;
use kcore::errno::{
    EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EALREADY, EINPROGRESS, EINVAL, EISCONN, ENETUNREACH, ENOMEM, ENOTCONN,
    EPIPE, Errno, Result,
};
use kcore::sync::{Mutex, MutexGuard};
use kcore::vfs::poll::{Events, Source};

use super::connection::{Connection, Context, State, initial_sequence};
use super::demux::Listening;
use super::hash::Entry;
use super::input::Arrival;
use super::listen::Listener;
use super::{Info, Settings};
use crate::address::{Endpoint, Family, IpAddress};
use crate::ip;
use crate::ports::{self, Claim};
use crate::protocol::News;
use crate::stack::Stack;
use crate::wheel::{Handle, Timed};
use crate::{Receive, Send};

/// Nanoseconds after which a listener looks again whether there is memory for a connection.
const LOOK_AGAIN: u64 = 100_000_000;

/// What a socket is just now.
enum Role {
    Idle,
    Listener(Box<Listener>),
    Connection(Box<Connection>),
}

struct Inner {
    settings: Settings,
    local: Endpoint,
    /// It has claimed its port.
    claimed: bool,
    /// The table of connections knows it.
    enrolled: bool,
    closed: bool,
    /// It is one of the stack's accepted connections.
    accepted: bool,
    role: Role,
    error: Option<Errno>,
    /// The timer that is set, and for when.
    timer: Option<(Handle, u64)>,
}

/// A TCP socket: new, bound, listening, connected, or done.
///
/// Dropping the last reference does not close it: the stack may hold one as long as the connection
/// lasts. Who has it open calls [`Socket::close`].
pub struct Socket {
    stack: &'static Stack,
    family: Family,
    source: Source,
    inner: Mutex<Inner>,
    /// Of a listener: connections that may wait, that wait, and requests that are not confirmed.
    pub(super) backlog: AtomicU32,
    pub(super) waiting: AtomicU32,
    pub(super) embryos: AtomicU32,
}

impl Inner {
    fn connection(&self) -> Option<&Connection> {
        match &self.role {
            Role::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    /// The connection, and what its methods want to know.
    fn parts(&mut self, stack: &Stack) -> Option<(&mut Connection, Context<'_>)> {
        let cx = Context { settings: &self.settings, now: stack.now() };
        match &mut self.role {
            Role::Connection(connection) => Some((connection, cx)),
            _ => None,
        }
    }
}

impl Socket {
    /// A socket without an address.
    ///
    /// # Errors
    /// `EAFNOSUPPORT` if the stack does not speak that family; `ENOMEM`.
    pub fn new(stack: &'static Stack, family: Family) -> Result<Arc<Self>> {
        ip::version(family)?;
        if !crate::packet::has_memory() {
            return Err(ENOMEM);
        }
        Ok(Self::make(stack, family, Settings::default(), Role::Idle, Endpoint::any(family)))
    }

    fn make(
        stack: &'static Stack,
        family: Family,
        settings: Settings,
        role: Role,
        local: Endpoint,
    ) -> Arc<Self> {
        let enrolled = matches!(role, Role::Connection(_));
        let inner = Inner {
            settings,
            local,
            claimed: false,
            enrolled,
            closed: false,
            accepted: false,
            role,
            error: None,
            timer: None,
        };
        Arc::new(Self {
            stack,
            family,
            source: Source::new(),
            inner: Mutex::new(inner),
            backlog: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            embryos: AtomicU32::new(0),
        })
    }

    /// The socket of a connection that a listener was asked for.
    pub(super) fn accepted(
        stack: &'static Stack,
        family: Family,
        settings: &Settings,
        connection: Box<Connection>,
    ) -> Arc<Self> {
        let local = connection.local;
        let settings = Settings { defer_accept: 0, ..*settings };
        Self::make(stack, family, settings, Role::Connection(connection), local)
    }

    /// The family it was made for.
    pub fn family(&self) -> Family {
        self.family
    }

    fn owner(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    fn claim(&self, inner: &Inner, address: IpAddress, listens: bool) -> Claim {
        Claim {
            owner: self.owner(),
            address,
            v6_only: inner.settings.v6_only,
            interface: inner.settings.interface,
            reuse_address: inner.settings.reuse_address,
            reuse_port: inner.settings.reuse_port,
            listens,
        }
    }

    /// Gives it a local address; port 0 takes a free one.
    ///
    /// # Errors
    /// `EINVAL` if it has one, `EADDRINUSE`, `EADDRNOTAVAIL` if the machine has no such address.
    pub fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        let mut inner = self.inner.lock();
        if inner.claimed || !matches!(inner.role, Role::Idle) {
            return Err(EINVAL);
        }
        if !local.address.is_any() && self.stack.owner_of(&local.address).is_none() {
            return Err(EADDRNOTAVAIL);
        }
        self.take_port(&mut inner, local)
    }

    fn take_port(&self, inner: &mut Inner, local: Endpoint) -> Result<()> {
        let settings = &inner.settings;
        let strict = local.port != 0 && !settings.reuse_address && !settings.reuse_port;
        if strict && self.stack.tcp.connections.uses(&local) {
            return Err(EADDRINUSE);
        }
        let claim = self.claim(inner, local.address, false);
        let port = self.stack.tcp.ports.claim(local.port, claim)?;
        (inner.local, inner.claimed) = (Endpoint { port, ..local }, true);
        Ok(())
    }

    fn give_port_back(&self, inner: &mut Inner) {
        if core::mem::take(&mut inner.claimed) {
            self.stack.tcp.ports.release(inner.local.port, self.owner());
        }
    }

    /// Begins to connect. When [`Socket::ready`] has `OUT` it is connected, or failed:
    /// [`Socket::take_error`] tells.
    ///
    /// # Errors
    /// `EINPROGRESS`: on the way. `EALREADY` if it was before, `EISCONN` (for a listener too), `EADDRNOTAVAIL` if all
    /// ports are taken, `ENETUNREACH`; once, the error that an earlier attempt met.
    pub fn connect(self: &Arc<Self>, remote: Endpoint) -> Result<()> {
        let mut inner = self.inner.lock();
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        match &mut inner.role {
            Role::Idle => {}
            Role::Listener(_) => return Err(EISCONN),
            Role::Connection(connection) => match connection.state {
                State::SynSent | State::SynReceived => return Err(EALREADY),
                State::Closed => {
                    if let Some(error) = connection.error.take() {
                        return Err(error);
                    }
                    inner.role = Role::Idle;
                }
                _ => return Err(EISCONN),
            },
        }
        if remote.address.is_multicast() || remote.address == IpAddress::BROADCAST {
            return Err(ENETUNREACH);
        }
        let interface = if remote.scope != 0 { remote.scope } else { inner.settings.interface };
        let bound = Some(inner.local.address).filter(|own| own.family() == remote.address.family());
        let way = self.stack.route(&remote.address, bound.as_ref(), interface)?;
        if way.interface.is_broadcast(&remote.address) {
            return Err(ENETUNREACH);
        }
        let mut remote = remote;
        if remote.address.is_any() {
            remote.address = way.next_hop;
        }
        if remote.address.is_link_local() {
            remote.scope = way.interface.index;
        }
        let scope = remote.scope;
        let (local, initial) =
            self.enroll(&inner, Endpoint { address: way.source, port: inner.local.port, scope }, remote)?;
        let (settings, now) = (inner.settings, self.stack.now());
        let mut connection = Box::new(Connection::new(self.stack, local, remote, &settings, initial));
        connection.way = Some(way);
        connection.send_syn(&Context { settings: &settings, now });
        (inner.local, inner.enrolled) = (local, true);
        inner.role = Role::Connection(connection);
        self.leave(inner);
        self.stack.settle();
        Err(EINPROGRESS)
    }

    /// Enters the table of connections, with a free port if there is none yet. Gives the first sequence
    /// number as well.
    fn enroll(self: &Arc<Self>, inner: &Inner, local: Endpoint, remote: Endpoint) -> Result<(Endpoint, u32)> {
        let (stack, tcp) = (self.stack, &self.stack.tcp);
        let enter = |local: Endpoint| -> Result<u32> {
            let entry = || Entry::Socket(self.clone());
            match tcp.connections.find(stack, &local, &remote) {
                None => {
                    tcp.connections.insert(stack, local, remote, entry())?;
                    Ok(initial_sequence(stack, &local, &remote))
                }
                Some(old @ Entry::Waiting(_)) => {
                    let Entry::Waiting(waiting) = &old else { return Err(EADDRINUSE) };
                    if !waiting.allows_connect(stack.now()) {
                        return Err(EADDRINUSE);
                    }
                    tcp.connections.replace(stack, &local, &remote, &old, entry())?;
                    Ok(waiting.next_initial())
                }
                Some(_) => Err(EADDRINUSE),
            }
        };
        if inner.claimed {
            // Linux's answer where the four numbers are in use.
            return enter(local).map(|initial| (local, initial)).map_err(|_| EADDRNOTAVAIL);
        }
        for port in ports::candidates(kcore::random::word()) {
            let local = Endpoint { port, ..local };
            if !tcp.ports.is_claimed(port)
                && let Ok(initial) = enter(local)
            {
                return Ok((local, initial));
            }
        }
        Err(EADDRNOTAVAIL)
    }

    /// Waits for connections, of which `backlog` may wait to be accepted; takes a port if it has
    /// none. On a listener it changes the backlog.
    ///
    /// # Errors
    /// `EADDRINUSE`; `EINVAL` for a socket that is connected.
    pub fn listen(self: &Arc<Self>, backlog: u32) -> Result<()> {
        let mut inner = self.inner.lock();
        self.backlog.store(backlog, Ordering::Relaxed);
        match &mut inner.role {
            Role::Listener(listener) => {
                listener.backlog = backlog;
                return Ok(());
            }
            Role::Connection(connection) if connection.state != State::Closed => return Err(EINVAL),
            _ => {}
        }
        if !inner.claimed {
            let any = inner.local;
            self.take_port(&mut inner, Endpoint { port: 0, ..any })?;
        }
        let claim = self.claim(&inner, inner.local.address, true);
        self.stack.tcp.ports.listen(inner.local.port, claim)?;
        inner.role = Role::Listener(Box::new(Listener { backlog, queue: VecDeque::new() }));
        let listening = Listening {
            socket: self.clone(),
            local: inner.local,
            v6_only: inner.settings.v6_only,
            interface: inner.settings.interface,
        };
        self.stack.tcp.listeners.lock().entry(inner.local.port).or_default().push(listening);
        Ok(())
    }

    /// Adds a connection to those that wait to be accepted; false if this socket does not listen.
    pub(super) fn enqueue(&self, child: Arc<Self>) -> bool {
        let mut inner = self.inner.lock();
        let Role::Listener(listener) = &mut inner.role else { return false };
        listener.queue.push_back(child);
        self.waiting.store(listener.queue.len() as u32, Ordering::Relaxed);
        true
    }

    /// The next connection, and who it is from.
    ///
    /// # Errors
    /// `EAGAIN` if there is none, or no memory for another one; `EINVAL` if it does not listen.
    pub fn accept(self: &Arc<Self>) -> Result<(Arc<Self>, Endpoint)> {
        let mut inner = self.inner.lock();
        let Role::Listener(listener) = &inner.role else { return Err(EINVAL) };
        if listener.queue.is_empty() || !self.admits(&mut inner) {
            return Err(EAGAIN);
        }
        let Role::Listener(listener) = &mut inner.role else { return Err(EINVAL) };
        let child = listener.queue.pop_front().ok_or(EAGAIN)?;
        self.waiting.store(listener.queue.len() as u32, Ordering::Relaxed);
        drop(inner);
        self.stack.tcp.accepted.fetch_add(1, Ordering::Relaxed);
        let mut of_child = child.inner.lock();
        of_child.accepted = true;
        let peer = of_child.connection().map(|connection| connection.remote);
        drop(of_child);
        Ok((child, peer.unwrap_or(Endpoint::any(self.family))))
    }

    /// Whether there is memory for another connection. While there is not, a timer looks again, since nobody
    /// tells when memory is given back.
    fn admits(self: &Arc<Self>, inner: &mut Inner) -> bool {
        let admits = self.stack.tcp.fits_another(self.stack);
        if !admits && inner.timer.is_none() {
            let weak: Weak<dyn Timed> = Arc::downgrade(&(self.clone() as Arc<dyn Timed>));
            let when = self.stack.now() + LOOK_AGAIN;
            inner.timer = Some((self.stack.set_timer(when, weak), when));
        }
        admits
    }

    /// Whether a connection waits that may be accepted.
    pub(super) fn may_accept(self: &Arc<Self>) -> bool {
        let mut inner = self.inner.lock();
        let waits = matches!(&inner.role, Role::Listener(listener) if !listener.queue.is_empty());
        waits && self.admits(&mut inner)
    }

    /// Stops listening: nobody will accept what waits.
    fn stop_listening(self: &Arc<Self>, inner: &mut Inner) -> VecDeque<Arc<Self>> {
        let queue = match &mut inner.role {
            Role::Listener(listener) => core::mem::take(&mut listener.queue),
            _ => return VecDeque::new(),
        };
        inner.role = Role::Idle;
        if let Some((timer, _)) = inner.timer.take() {
            self.stack.cancel_timer(timer);
        }
        let mut all = self.stack.tcp.listeners.lock();
        let mut gone = None;
        if let Some(list) = all.get_mut(&inner.local.port) {
            let at = list.iter().position(|one| Arc::ptr_eq(&one.socket, self));
            gone = at.map(|at| list.remove(at));
            if list.is_empty() {
                all.remove(&inner.local.port);
            }
        }
        drop(all);
        drop(gone);
        queue
    }

    /// Takes bytes to send, as many as there is room for.
    ///
    /// # Errors
    /// `EAGAIN` for no room, or while it connects; `ENOTCONN`; `EPIPE` after the end was sent or the
    /// connection failed (`SIGPIPE` is the socket layer's); once, the error it failed with; `ENOMEM`.
    pub fn send(self: &Arc<Self>, parts: &[&[u8]], flags: Send) -> Result<usize> {
        let mut inner = self.inner.lock();
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        let Some((connection, cx)) = inner.parts(self.stack) else { return Err(EPIPE) };
        if let Some(error) = connection.error.take() {
            return Err(error);
        }
        match connection.state {
            State::SynSent | State::SynReceived => return Err(EAGAIN),
            State::Closed => return Err(EPIPE),
            _ if connection.send.fin => return Err(EPIPE),
            _ => {}
        }
        let limit = connection.send_limit(cx.settings) as usize;
        let (mut done, mut failed) = (0, None);
        for part in parts {
            let room = limit.saturating_sub(connection.send.queue.len());
            let Some(now) = part.get(..part.len().min(room)) else { break };
            match connection.send.queue.append(now) {
                Ok(count) => done += count,
                Err(error) => failed = Some(error),
            }
            if failed.is_some() || now.len() < part.len() {
                break;
            }
        }
        if let Some(error) = failed.filter(|_| done == 0) {
            return Err(error);
        }
        let empty = parts.iter().all(|part| part.is_empty());
        if done == 0 && !empty {
            return Err(EAGAIN);
        }
        connection.send.more = flags.contains(Send::MORE);
        if flags.contains(Send::URGENT) && done > 0 {
            let end = connection.queue_start().wrapping_add(connection.send.queue.len() as u32);
            connection.send.urgent = Some(end);
        }
        connection.output(&cx);
        self.leave(inner);
        self.stack.settle();
        Ok(done)
    }

    /// Gives bytes that were received; 0 at the end.
    ///
    /// # Errors
    /// `EAGAIN` if there are none; `ENOTCONN`; once, the error that the connection failed with.
    /// With `URGENT`: `EINVAL` if there is no urgent byte.
    pub fn receive(self: &Arc<Self>, parts: &mut [&mut [u8]], flags: Receive) -> Result<usize> {
        let mut inner = self.inner.lock();
        let error = inner.error.take();
        let Some((connection, cx)) = inner.parts(self.stack) else { return Err(error.unwrap_or(ENOTCONN)) };
        let inline = cx.settings.urgent_inline;
        let peek = flags.contains(Receive::PEEK);
        if flags.contains(Receive::URGENT) {
            let byte = connection.take_urgent(inline, peek)?;
            let Some(place) = parts.iter_mut().find_map(|part| part.first_mut()) else { return Ok(0) };
            *place = byte;
            return Ok(1);
        }
        let available = connection.readable_before_mark(inline);
        if available == 0 {
            if let Some(error) = error.or(connection.error.take()) {
                return Err(error);
            }
            return match connection.state {
                State::Closed => Ok(0),
                _ if connection.receive.fin || connection.receive.shut => Ok(0),
                _ => Err(EAGAIN),
            };
        }
        let count = if flags.contains(Receive::DISCARD) {
            parts.iter().map(|part| part.len()).sum::<usize>().min(available)
        } else {
            connection.receive.queue.copy_to(parts, available)
        };
        if !peek && count > 0 {
            connection.receive.queue.advance(count);
            connection.taken(count as u32, &cx);
            self.leave(inner);
            self.stack.settle();
        }
        Ok(count)
    }

    /// Ends one or both directions.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn shutdown(self: &Arc<Self>, read: bool, write: bool) -> Result<()> {
        let mut inner = self.inner.lock();
        if matches!(inner.role, Role::Listener(_)) && read {
            let queue = self.stop_listening(&mut inner);
            drop(inner);
            queue.iter().for_each(|child| child.abort());
            self.source.notify(Events::READABLE | Events::HUP);
            return Ok(());
        }
        let Some((connection, cx)) = inner.parts(self.stack) else { return Err(ENOTCONN) };
        match connection.state {
            State::Closed => return Err(ENOTCONN),
            State::SynSent => connection.end(None),
            _ => {
                if read {
                    connection.receive.shut = true;
                    connection.events |= Events::READABLE | Events::RDHUP;
                }
                if write {
                    connection.send.fin = true;
                    connection.events |=
                        Events::WRITABLE | if connection.receive.fin { Events::HUP } else { Events::empty() };
                    connection.output(&cx);
                }
            }
        }
        self.leave(inner);
        self.stack.settle();
        Ok(())
    }

    /// Nobody has it open any more. What was to be sent still is, unless unread data is dropped by
    /// this or the linger time is 0: then the connection is reset.
    pub fn close(self: &Arc<Self>) {
        let mut inner = self.inner.lock();
        if core::mem::replace(&mut inner.closed, true) {
            return;
        }
        if core::mem::take(&mut inner.accepted) {
            self.stack.tcp.accepted.fetch_sub(1, Ordering::Relaxed);
        }
        let queue = self.stop_listening(&mut inner);
        let abort = inner.settings.linger == Some(0);
        if let Some((connection, cx)) = inner.parts(self.stack) {
            connection.orphan = true;
            let unread = !connection.receive.queue.is_empty();
            match connection.state {
                State::Closed => {}
                State::SynSent => connection.end(None),
                _ if abort || unread => {
                    // The peer must learn that not everything was read (RFC 2525, section 2.17).
                    connection.send_reset(&cx);
                    connection.end(None);
                }
                _ => {
                    connection.send.fin = true;
                    connection.output(&cx);
                    connection.arm_fin(&cx);
                }
            }
        }
        if inner.connection().is_none_or(|connection| connection.state == State::Closed) {
            self.give_port_back(&mut inner);
        }
        self.leave(inner);
        queue.iter().for_each(|child| child.abort());
        self.stack.settle();
    }

    /// Resets a connection that nobody will ever have open.
    pub(super) fn abort(self: &Arc<Self>) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        if let Some((connection, cx)) = inner.parts(self.stack) {
            connection.orphan = true;
            if connection.state.is_synchronized() {
                connection.send_reset(&cx);
            }
            connection.end(None);
        }
        self.leave(inner);
    }

    /// Opens the lock, after seeing to the timer and to what the end of a connection brings with it,
    /// and tells of what changed.
    fn leave(self: &Arc<Self>, mut inner: MutexGuard<'_, Inner>) {
        let mut events = Events::empty();
        let mut over = false;
        if let Role::Connection(connection) = &mut inner.role {
            events = core::mem::replace(&mut connection.events, Events::empty());
            over = connection.state == State::Closed;
            let next = connection.timers.next().filter(|_| !over);
            if let Some(next) = next
                && inner.timer.is_none_or(|timer| next < timer.1)
            {
                if let Some((old, _)) = inner.timer {
                    self.stack.cancel_timer(old);
                }
                let weak: Weak<dyn Timed> = Arc::downgrade(&(self.clone() as Arc<dyn Timed>));
                inner.timer = Some((self.stack.set_timer(next, weak), next));
            }
        }
        if over && inner.enrolled {
            inner.enrolled = false;
            if let Some((timer, _)) = inner.timer.take() {
                self.stack.cancel_timer(timer);
            }
            let entry = Entry::Socket(self.clone());
            if let Some(connection) = inner.connection() {
                if connection.waits {
                    self.stack.tcp.time_wait.enter(self.stack, connection, &entry);
                } else {
                    let (local, remote) = (connection.local, connection.remote);
                    self.stack.tcp.connections.remove(self.stack, &local, &remote, &entry);
                }
            }
            if inner.closed {
                self.give_port_back(&mut inner);
            }
        }
        drop(inner);
        if !events.is_empty() {
            self.source.notify(events);
        }
    }

    /// A segment for this connection.
    pub(super) fn arrived(self: &Arc<Self>, segment: &Arrival, packet: Packet) {
        let mut inner = self.inner.lock();
        if let Some((connection, cx)) = inner.parts(self.stack) {
            connection.arrived(segment, packet, &cx);
        }
        self.leave(inner);
    }

    /// Bad news about the segment that began with a sequence number.
    pub(super) fn reported(self: &Arc<Self>, sequence: u32, news: News) {
        let mut inner = self.inner.lock();
        if let Some((connection, cx)) = inner.parts(self.stack) {
            connection.reported(sequence, news, &cx);
        }
        self.leave(inner);
    }

    /// Whether the peer has acknowledged all that was to be sent, the end included if it was; for `SO_LINGER`.
    pub fn is_drained(&self) -> bool {
        let inner = self.inner.lock();
        inner.connection().is_none_or(|connection| {
            let all = connection.send.queue.is_empty();
            let fin = !connection.send.fin
                || connection.send.fin_sent && connection.send.una == connection.send.next;
            connection.state == State::Closed || all && fin
        })
    }

    /// What the connection failed with, once (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Errno> {
        let mut inner = self.inner.lock();
        let own = inner.error.take();
        own.or_else(|| inner.parts(self.stack).and_then(|(connection, _)| connection.error.take()))
    }

    /// What could be done now.
    pub fn ready(self: &Arc<Self>) -> Events {
        let mut inner = self.inner.lock();
        let waits = match &inner.role {
            Role::Idle => return Events::WRITABLE | Events::HUP,
            Role::Connection(connection) => return connection.ready(&inner.settings),
            Role::Listener(listener) => !listener.queue.is_empty(),
        };
        if waits && self.admits(&mut inner) { Events::READABLE } else { Events::empty() }
    }

    /// Tells of changes of [`Socket::ready`].
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its own end; port 0 if it has none.
    pub fn local(&self) -> Endpoint {
        self.inner.lock().local
    }

    /// The other end.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn peer(&self) -> Result<Endpoint> {
        let inner = self.inner.lock();
        let connection = inner.connection().ok_or(ENOTCONN)?;
        match connection.state {
            State::Closed | State::SynSent => Err(ENOTCONN),
            _ => Ok(connection.remote),
        }
    }

    /// What is set.
    pub fn settings(&self) -> Settings {
        self.inner.lock().settings
    }

    /// Changes settings; they act at once.
    pub fn configure(self: &Arc<Self>, change: &mut dyn FnMut(&mut Settings)) {
        let mut inner = self.inner.lock();
        let before = inner.settings;
        change(&mut inner.settings);
        if let Some((connection, cx)) = inner.parts(self.stack)
            && connection.state != State::Closed
        {
            connection.configured(&before, &cx);
        }
        self.leave(inner);
        self.stack.settle();
    }

    /// What `TCP_INFO` tells.
    pub fn info(&self) -> Info {
        let inner = self.inner.lock();
        match &inner.role {
            Role::Idle => Info { state: State::Closed.number(), ..Info::default() },
            Role::Listener(listener) => {
                let backlog = (listener.queue.len() as u32, listener.backlog);
                Info { state: super::LISTEN, backlog, ..Info::default() }
            }
            Role::Connection(connection) => connection.info(&inner.settings),
        }
    }

    /// Whether it waits for connections (`SO_ACCEPTCONN`).
    pub fn is_listening(&self) -> bool {
        matches!(self.inner.lock().role, Role::Listener(_))
    }

    /// Bytes that can be received now (`FIONREAD`).
    pub fn readable_bytes(&self) -> usize {
        self.inner.lock().connection().map_or(0, |connection| connection.receive.queue.len())
    }

    /// Bytes that were not acknowledged (`SIOCOUTQ`), and of those, not sent (`SIOCOUTQNSD`).
    pub fn unacknowledged_bytes(&self) -> (usize, usize) {
        let inner = self.inner.lock();
        inner
            .connection()
            .map_or((0, 0), |connection| (connection.send.queue.len(), connection.unsent() as usize))
    }

    /// Whether the next byte to receive is the urgent one (`SIOCATMARK`).
    pub fn at_mark(&self) -> bool {
        self.inner.lock().connection().is_some_and(Connection::at_mark)
    }
}

impl Timed for Socket {
    fn expired(self: Arc<Self>, stack: &'static Stack) {
        let mut inner = self.inner.lock();
        inner.timer = None;
        if let Some((connection, cx)) = inner.parts(stack)
            && connection.state != State::Closed
        {
            connection.on_time(&cx);
        }
        let listens = matches!(inner.role, Role::Listener(_));
        self.leave(inner);
        if listens && self.may_accept() {
            self.source.notify(Events::READABLE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_takes_about_a_kilobyte() {
        let slot = super::super::hash::SLOT * 4 / 3 * 2;
        let all = size_of::<Socket>() + size_of::<Connection>() + slot;
        assert!(all < 1200, "{all}");
    }
}
