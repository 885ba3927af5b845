//! Sockets that are connected: `SOCK_STREAM` and `SOCK_SEQPACKET`.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, Ordering};

use kcore::errno::{
    EAGAIN, ECONNREFUSED, EINVAL, EISCONN, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPROTOTYPE, Result,
};
use kcore::sync::{Mutex, Once};
use kcore::vfs::poll::{Events, Source};

use super::inbox::{Inbox, Packet, into_one};
use super::name::{self, UnixName};
use crate::socket::option::{self, SO_PASSCRED, SO_PEERCRED, SOL_SOCKET};
use crate::socket::{
    AF_UNIX, Credentials, Flags, Incoming, Kind, Outgoing, SOCK_STREAM, Settings, Shutdown, Socket,
    SocketName, Wait, gather,
};

/// Connections that may wait at most, whatever `listen` says (`net.core.somaxconn`).
const BACKLOG_MAX: usize = 4096;

/// A socket of connections.
pub(super) struct Stream {
    this: Weak<Stream>,
    kind: i32,
    settings: Settings,
    inbox: Arc<Inbox>,
    /// The other side, once there is one.
    peer: Once<Peer>,
    name: Mutex<Option<UnixName>>,
    /// Who waits to be accepted, once it listens.
    listener: Mutex<Option<Listener>>,
    /// It waits to be accepted itself.
    waiting: AtomicBool,
}

/// The other side of a connection. Only its inbox is held, not the socket.
struct Peer {
    inbox: Arc<Inbox>,
    name: SocketName,
}

struct Listener {
    backlog: usize,
    pending: VecDeque<Arc<Stream>>,
}

impl Stream {
    /// A socket that is not connected.
    pub(super) fn new(kind: i32) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            kind,
            settings: Settings::new(),
            inbox: Inbox::new(),
            peer: Once::new(),
            name: Mutex::new(None),
            listener: Mutex::new(None),
            waiting: AtomicBool::new(false),
        })
    }

    /// Two that are connected with each other.
    pub(super) fn pair(kind: i32) -> [Arc<Self>; 2] {
        let (one, other) = (Self::new(kind), Self::new(kind));
        one.join(&other);
        other.join(&one);
        [one, other]
    }

    /// Makes `other` the peer; gives false if there is another one already.
    fn join(&self, other: &Self) -> bool {
        let mut made = false;
        self.peer.get_or_init(|| {
            made = true;
            Peer { inbox: other.inbox.clone(), name: other.own_name() }
        });
        made
    }

    fn own_name(&self) -> SocketName {
        match &*self.name.lock() {
            Some(name) => name.to_socket_name(),
            None => UnixName::Any.to_socket_name(),
        }
    }

    fn connected(&self) -> Result<&Peer> {
        self.peer.get().ok_or(ENOTCONN)
    }

    /// Connects to the socket of this name: `EAGAIN` with that socket's inbox, on which to wait, if
    /// too many others wait to be accepted there.
    fn try_connect(&self, name: &UnixName, busy: &mut Option<Arc<Inbox>>) -> Result<usize> {
        let found = name::find(name, self.kind)?;
        let target = found.downcast::<Self>().ok_or(EPROTOTYPE)?;
        if self.listening() {
            return Err(if core::ptr::eq(self, target) { ECONNREFUSED } else { EINVAL });
        }
        let mut listening = target.listener.lock();
        let listener = listening.as_mut().filter(|_| !target.inbox.is_closed()).ok_or(ECONNREFUSED)?;
        if listener.pending.len() > listener.backlog {
            *busy = Some(target.inbox.clone());
            return Err(EAGAIN);
        }
        if self.peer.get().is_some() {
            return Err(EISCONN);
        }
        let accepted = Self::new(self.kind);
        *accepted.name.lock() = target.name.lock().clone();
        accepted.waiting.store(true, Ordering::Relaxed);
        accepted.join(self);
        if !self.join(&accepted) {
            return Err(EISCONN);
        }
        listener.pending.push_back(accepted);
        drop(listening);
        target.inbox.readiness.notify(Events::READABLE);
        self.inbox.readiness.notify(Events::WRITABLE);
        Ok(0)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let unread = !self.inbox.is_empty() || self.waiting.load(Ordering::Relaxed);
        self.inbox.close();
        if let Some(peer) = self.peer.get() {
            if unread {
                peer.inbox.reset();
            }
            peer.inbox.close();
        }
        self.inbox.discard();
    }
}

impl Socket for Stream {
    fn kind(&self) -> Kind {
        Kind { family: AF_UNIX, kind: self.kind, protocol: 0 }
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn source(&self) -> &Source {
        &self.inbox.readiness.source
    }

    fn ready(&self) -> Events {
        if let Some(listener) = &*self.listener.lock() {
            return match (listener.pending.is_empty(), self.inbox.is_closed()) {
                (true, false) => Events::empty(),
                (false, false) => Events::READABLE,
                (_, true) => Events::READABLE | Events::RDHUP | Events::HUP,
            };
        }
        let mut events = Events::empty();
        let ended = self.inbox.is_closed();
        if !self.inbox.is_empty() || ended {
            events |= Events::READABLE;
        }
        if ended {
            events |= Events::RDHUP;
        }
        if self.inbox.has_error() {
            events |= Events::ERR;
        }
        match self.peer.get() {
            Some(peer) => {
                if peer.inbox.has_room(self.settings.send_buffer()) {
                    events |= Events::WRITABLE;
                }
                if ended && peer.inbox.is_closed() {
                    events |= Events::HUP;
                }
            }
            None => events |= Events::WRITABLE | Events::HUP,
        }
        events
    }

    fn bind(&self, name: &[u8]) -> Result<()> {
        let name = UnixName::parse(name)?;
        let mut own = self.name.lock();
        let this: Weak<dyn Socket> = self.this.clone();
        let name = name::bind(name, self.kind().kind, this, own.is_some())?;
        own.get_or_insert(name);
        Ok(())
    }

    fn connect(&self, name: &[u8], wait: &Wait) -> Result<()> {
        let name = UnixName::parse(name)?;
        if name == UnixName::Any {
            return Err(EINVAL);
        }
        let mut busy = None;
        loop {
            let result = self.try_connect(&name, &mut busy);
            let Some(full) = busy.take() else { return result.map(|_| ()) };
            // Whoever is there later may be somebody else, so the name is looked up again.
            wait.on(&full.readiness.senders, &mut || match self.try_connect(&name, &mut busy) {
                Err(error) if error == EAGAIN && busy.as_ref().is_none_or(|now| !Arc::ptr_eq(now, &full)) => {
                    Ok(1)
                }
                result => result,
            })?;
            if self.peer.get().is_some() {
                return Ok(());
            }
        }
    }

    fn listen(&self, backlog: i32) -> Result<()> {
        if self.name.lock().is_none() || self.peer.get().is_some() {
            return Err(EINVAL);
        }
        // A negative number is a large one.
        let backlog = (backlog as u32 as usize).min(BACKLOG_MAX);
        let mut listener = self.listener.lock();
        match &mut *listener {
            Some(listener) => listener.backlog = backlog,
            None => *listener = Some(Listener { backlog, pending: VecDeque::new() }),
        }
        drop(listener);
        self.inbox.readiness.senders.wake_all();
        Ok(())
    }

    fn accept(&self, wait: &Wait) -> Result<(Arc<dyn Socket>, SocketName)> {
        let mut accepted = None;
        wait.on(&self.inbox.readiness.receivers, &mut || {
            let mut listening = self.listener.lock();
            let listener = listening.as_mut().ok_or(EINVAL)?;
            accepted = listener.pending.pop_front();
            if accepted.is_none() && self.inbox.is_closed() {
                return Err(EINVAL);
            }
            accepted.as_ref().map(|_| 0).ok_or(EAGAIN)
        })?;
        self.inbox.readiness.senders.wake_all();
        let accepted = accepted.ok_or(EAGAIN)?;
        accepted.waiting.store(false, Ordering::Relaxed);
        let from = accepted.peer()?;
        Ok((accepted, from))
    }

    fn send(&self, parts: &[&[u8]], message: &mut Outgoing<'_>, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::OOB) {
            return Err(EOPNOTSUPP);
        }
        if let Some(credentials) = message.credentials {
            name::check_credentials(credentials.process)?;
        }
        let peer = self.peer.get();
        if message.to.is_some() && self.kind == SOCK_STREAM {
            return Err(if peer.is_some() { EISCONN } else { EOPNOTSUPP });
        }
        let peer = peer.ok_or(ENOTCONN)?;
        let capacity = self.settings.send_buffer();
        let bytes = &*gather(parts);
        if self.kind == SOCK_STREAM {
            return wait
                .on(&self.inbox.readiness.senders, &mut || peer.inbox.put_bytes(bytes, message, capacity));
        }
        if bytes.len() + 32 > capacity {
            return Err(EMSGSIZE);
        }
        wait.on(&self.inbox.readiness.senders, &mut || {
            let make: &mut dyn FnMut() -> Packet = &mut || Packet::new(bytes, message, SocketName::NONE);
            peer.inbox.put_message(make, bytes.len(), usize::MAX, capacity)
        })
    }

    fn receive(&self, parts: &mut [&mut [u8]], message: &mut Incoming, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::OOB) {
            return Err(if self.kind == SOCK_STREAM { EINVAL } else { EOPNOTSUPP });
        }
        let stream = self.kind == SOCK_STREAM;
        let Some(peer) = self.peer.get() else {
            return Err(if stream { EINVAL } else { ENOTCONN });
        };
        let mut take = |buffer: &mut [u8]| {
            wait.on(&self.inbox.readiness.receivers, &mut || {
                let inbox = &self.inbox;
                if stream { inbox.take_bytes(buffer, message) } else { inbox.take_message(buffer, message) }
            })
        };
        let count = into_one(parts, &mut take)?;
        if !self.settings.is_on(SO_PASSCRED) {
            message.credentials = None;
        }
        peer.inbox.readiness.notify(Events::WRITABLE);
        Ok(count)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        if how.receive {
            self.inbox.close();
        }
        if let Some(peer) = self.peer.get() {
            if how.send {
                peer.inbox.close();
            }
            // The other side sees that it can write no more.
            peer.inbox.readiness.notify(Events::HUP | Events::WRITABLE);
        }
        self.inbox.readiness.notify(Events::HUP | Events::WRITABLE);
        Ok(())
    }

    fn name(&self) -> Result<SocketName> {
        Ok(self.own_name())
    }

    fn peer(&self) -> Result<SocketName> {
        self.connected().map(|peer| peer.name)
    }

    fn set_option(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        if level != SOL_SOCKET {
            return Err(EOPNOTSUPP);
        }
        option::set(&self.settings, level, name, value)
    }

    fn option(&self, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
        if (level, name) == (SOL_SOCKET, SO_PEERCRED) {
            let known = self.peer.get().is_some() || self.listener.lock().is_some();
            return Ok(credentials(known, value));
        }
        if level != SOL_SOCKET {
            return Err(EOPNOTSUPP);
        }
        option::get(self, level, name, value)
    }

    fn listening(&self) -> bool {
        self.listener.lock().is_some()
    }

    fn incoming(&self) -> Result<usize> {
        if self.listening() {
            return Err(EINVAL);
        }
        let (all, first) = self.inbox.pending();
        Ok(if self.kind == SOCK_STREAM { all } else { first })
    }

    fn outgoing(&self) -> Result<usize> {
        if self.listening() {
            return Err(EINVAL);
        }
        Ok(self.peer.get().map_or(0, |peer| peer.inbox.pending().0))
    }

    fn at_mark(&self) -> Result<bool> {
        Ok(false)
    }

    fn take_error(&self) -> i32 {
        self.inbox.take_error().map_or(0, |error| error.number())
    }
}

/// Stores a `struct ucred`: the process's own if it is `known` who is on the other side.
pub(super) fn credentials(known: bool, value: &mut [u8]) -> usize {
    let shown = if known { Credentials::OWN } else { Credentials::NOBODY };
    let mut bytes = [0; 12];
    let (process, rest) = bytes.split_at_mut(4);
    let (user, group) = rest.split_at_mut(4);
    process.copy_from_slice(&shown.process.to_ne_bytes());
    user.copy_from_slice(&shown.user.to_ne_bytes());
    group.copy_from_slice(&shown.group.to_ne_bytes());
    option::give(&bytes, value)
}
