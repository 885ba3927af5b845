//! Sockets of datagrams: `SOCK_DGRAM`.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use kcore::errno::{EAGAIN, ECONNREFUSED, EINVAL, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPERM, EPIPE, Result};
use kcore::sync::Mutex;
use kcore::vfs::poll::{Events, Source};

use super::inbox::{Inbox, Packet, into_one};
use super::name::{self, UnixName};
use super::stream::credentials;
use crate::socket::option::{self, SO_PASSCRED, SO_PEERCRED, SOL_SOCKET};
use crate::socket::{
    AF_UNIX, AF_UNSPEC, Flags, Incoming, Kind, Outgoing, SOCK_DGRAM, Settings, Shutdown, Socket, SocketName,
    Wait, gather,
};

/// Datagrams that wait for a socket at most (`net.unix.max_dgram_qlen`, which counts one less).
const WAITING_MAX: usize = 11;

/// A socket of datagrams.
pub(super) struct Datagram {
    this: Weak<Datagram>,
    settings: Settings,
    inbox: Arc<Inbox>,
    name: Mutex<Option<UnixName>>,
    /// Where it sends to without being told.
    peer: Mutex<Option<Weak<Datagram>>>,
    /// Those that are connected to this socket: they learn when there is room.
    senders: Mutex<Vec<Weak<Inbox>>>,
    /// It sends no more.
    mute: AtomicBool,
    paired: AtomicBool,
}

impl Datagram {
    /// A socket that is not connected.
    pub(super) fn new() -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            settings: Settings::new(),
            inbox: Inbox::new(),
            name: Mutex::new(None),
            peer: Mutex::new(None),
            senders: Mutex::new(Vec::new()),
            mute: AtomicBool::new(false),
            paired: AtomicBool::new(false),
        })
    }

    /// Two that send to each other.
    pub(super) fn pair() -> [Arc<Self>; 2] {
        let (one, other) = (Self::new(), Self::new());
        for (from, to) in [(&one, &other), (&other, &one)] {
            from.set_peer(to);
            from.paired.store(true, Ordering::Relaxed);
        }
        [one, other]
    }

    fn set_peer(&self, to: &Arc<Self>) {
        *self.peer.lock() = Some(Arc::downgrade(to));
        let mut senders = to.senders.lock();
        senders.retain(|sender| sender.strong_count() > 0);
        senders.push(Arc::downgrade(&self.inbox));
    }

    fn own_name(&self) -> SocketName {
        match &*self.name.lock() {
            Some(name) => name.to_socket_name(),
            None => UnixName::Any.to_socket_name(),
        }
    }

    /// The sender's name as the receiver sees it: nothing at all if there is none.
    fn shown_name(&self) -> SocketName {
        match &*self.name.lock() {
            Some(name) => name.to_socket_name(),
            None => SocketName::NONE,
        }
    }

    /// The socket of this name, if it takes datagrams from this one.
    fn find(&self, name: &[u8]) -> Result<Arc<Self>> {
        let name = UnixName::parse(name)?;
        if name == UnixName::Any {
            return Err(EINVAL);
        }
        let found = name::find(&name, SOCK_DGRAM)?;
        let target = found.downcast::<Self>().and_then(|target| target.this.upgrade()).ok_or(ECONNREFUSED)?;
        if target.accepts(self) { Ok(target) } else { Err(EPERM) }
    }

    /// Whether it is connected to nobody else.
    fn accepts(&self, sender: &Self) -> bool {
        self.peer.lock().as_ref().is_none_or(|peer| Weak::ptr_eq(peer, &sender.this))
    }

    /// Whom it is connected to; one that is gone gives `ECONNREFUSED` once.
    fn connected(&self) -> Result<Arc<Self>> {
        let mut peer = self.peer.lock();
        let target = peer.as_ref().ok_or(ENOTCONN)?.upgrade();
        if target.is_none() {
            *peer = None;
        }
        target.ok_or(ECONNREFUSED)
    }

    /// How many messages may wait here for this sender: no limit between two that are connected
    /// with each other.
    fn limit_for(&self, sender: &Self) -> usize {
        let mutual = self.peer.lock().as_ref().is_some_and(|peer| Weak::ptr_eq(peer, &sender.this));
        if mutual { usize::MAX } else { WAITING_MAX }
    }
}

impl Drop for Datagram {
    fn drop(&mut self) {
        self.inbox.close();
        self.inbox.discard();
        // Those that wait for room here have nobody to send to any more.
        for sender in self.senders.get_mut().iter().filter_map(Weak::upgrade) {
            sender.readiness.notify(Events::WRITABLE);
        }
    }
}

impl Socket for Datagram {
    fn kind(&self) -> Kind {
        Kind { family: AF_UNIX, kind: SOCK_DGRAM, protocol: 0 }
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn source(&self) -> &Source {
        &self.inbox.readiness.source
    }

    fn ready(&self) -> Events {
        let mut events = Events::empty();
        let ended = self.inbox.is_closed();
        if !self.inbox.is_empty() || ended {
            events |= Events::READABLE;
        }
        if ended {
            events |= Events::RDHUP;
            if self.mute.load(Ordering::Relaxed) {
                events |= Events::HUP;
            }
        }
        let peer = self.peer.lock().as_ref().and_then(Weak::upgrade);
        if peer.is_none_or(|peer| peer.inbox.messages() < peer.limit_for(self)) {
            events |= Events::WRITABLE;
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

    fn connect(&self, name: &[u8], _wait: &Wait) -> Result<()> {
        if name.len() >= 2 && crate::socket::family_of(name) == AF_UNSPEC {
            *self.peer.lock() = None;
        } else {
            let target = self.find(name)?;
            self.set_peer(&target);
        }
        self.inbox.readiness.notify(Events::WRITABLE);
        Ok(())
    }

    fn send(&self, parts: &[&[u8]], message: &mut Outgoing<'_>, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::OOB) {
            return Err(EOPNOTSUPP);
        }
        if let Some(credentials) = message.credentials {
            name::check_credentials(credentials.process)?;
        }
        let target = match message.to {
            Some(name) => self.find(name)?,
            None => self.connected()?,
        };
        let capacity = self.settings.send_buffer();
        let bytes = &*gather(parts);
        if bytes.len() + 32 > capacity {
            return Err(EMSGSIZE);
        }
        if self.mute.load(Ordering::Relaxed) {
            return Err(EPIPE);
        }
        if message.to.is_none() && !target.accepts(self) {
            return Err(EPERM);
        }
        let (inbox, limit, from) = (target.inbox.clone(), target.limit_for(self), self.shown_name());
        let alive = Arc::downgrade(&target);
        drop(target);
        // Does not hold the receiver while it waits, so that it can go.
        wait.on(&inbox.readiness.senders, &mut || {
            if alive.strong_count() == 0 {
                return Err(ECONNREFUSED);
            }
            let make: &mut dyn FnMut() -> Packet = &mut || Packet::new(bytes, message, from);
            inbox.put_message(make, bytes.len(), limit, capacity)
        })
    }

    fn receive(&self, parts: &mut [&mut [u8]], message: &mut Incoming, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::OOB) {
            return Err(EOPNOTSUPP);
        }
        let mut take = |buffer: &mut [u8]| {
            wait.on(&self.inbox.readiness.receivers, &mut || match self.inbox.take_message(buffer, message) {
                // Nothing comes any more, and who may not wait is told so.
                Ok(0) if wait.never && self.inbox.is_closed() && message.credentials.is_none() => Err(EAGAIN),
                result => result,
            })
        };
        let count = into_one(parts, &mut take)?;
        if !self.settings.is_on(SO_PASSCRED) {
            message.credentials = None;
        }
        self.inbox.readiness.senders.wake_all();
        let senders: Vec<_> = self.senders.lock().iter().filter_map(Weak::upgrade).collect();
        for sender in senders {
            sender.readiness.notify(Events::WRITABLE);
        }
        Ok(count)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        if how.receive {
            self.inbox.close();
        }
        if how.send {
            self.mute.store(true, Ordering::Relaxed);
        }
        self.inbox.readiness.notify(Events::READABLE | Events::RDHUP | Events::HUP | Events::WRITABLE);
        Ok(())
    }

    fn name(&self) -> Result<SocketName> {
        Ok(self.own_name())
    }

    fn peer(&self) -> Result<SocketName> {
        let peer = self.peer.lock().as_ref().and_then(Weak::upgrade);
        peer.map(|peer| peer.own_name()).ok_or(ENOTCONN)
    }

    fn set_option(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        if level != SOL_SOCKET {
            return Err(EOPNOTSUPP);
        }
        option::set(&self.settings, level, name, value)
    }

    fn option(&self, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
        if (level, name) == (SOL_SOCKET, SO_PEERCRED) {
            return Ok(credentials(self.paired.load(Ordering::Relaxed), value));
        }
        if level != SOL_SOCKET {
            return Err(EOPNOTSUPP);
        }
        option::get(self, level, name, value)
    }

    fn incoming(&self) -> Result<usize> {
        Ok(self.inbox.pending().1)
    }

    fn outgoing(&self) -> Result<usize> {
        Ok(0)
    }
}
