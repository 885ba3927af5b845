//! `SOCK_STREAM`: TCP.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use kcore::errno::{
    EAFNOSUPPORT, EAGAIN, EALREADY, EINPROGRESS, EINVAL, EISCONN, ENOTCONN, EOPNOTSUPP, EPIPE, Result,
};
use kcore::vfs::poll::{Events, Source};

use super::option::{self, IPPROTO_IP, IPPROTO_IPV6, Link};
use super::waiting::Waiting;
use super::{interface, name, tcp_option};
use crate::address::{Endpoint, Family as Version};
use crate::socket::option::{
    self as common, SO_BINDTODEVICE, SO_KEEPALIVE, SO_LINGER, SO_OOBINLINE, SO_RCVBUF, SO_RCVBUFFORCE,
    SO_RCVLOWAT, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SO_SNDBUFFORCE, SOL_SOCKET,
};
use crate::socket::{
    AF_UNSPEC, Flags, Incoming, Kind, Outgoing, SOCK_STREAM, Settings, Shutdown, Socket, SocketName, Wait,
    family_of,
};
use crate::tcp;
use crate::{Receive, Send};

/// `TCP_…` options' level.
const IPPROTO_TCP: i32 = 6;
/// Connections that may wait at most, whatever `listen` says (`net.core.somaxconn`).
const BACKLOG_MAX: u32 = 4096;

/// A TCP socket.
pub(super) struct Stream {
    version: Version,
    engine: Arc<tcp::Socket>,
    settings: Settings,
    waiting: Waiting,
    /// A connection was begun and nobody has asked for its outcome.
    connecting: AtomicBool,
}

impl Stream {
    /// A socket that is not connected.
    pub(super) fn create(version: Version) -> Result<Arc<dyn Socket>> {
        let settings = Settings::new();
        settings.set_buffers(131_072, 16_384);
        Ok(Self::over(version, tcp::Socket::new(crate::stack(), version)?, settings))
    }

    fn over(version: Version, engine: Arc<tcp::Socket>, settings: Settings) -> Arc<Self> {
        let connecting = AtomicBool::new(false);
        Arc::new(Self { version, engine, settings, waiting: Waiting::new(), connecting })
    }

    /// Waits for the outcome of a connection that was begun.
    fn finish(&self, wait: &Wait) -> Result<()> {
        let outcome = self.waiting.send(self.engine.source(), wait, &mut || {
            let ready = self.engine.ready();
            if !ready.intersects(Events::OUT | Events::ERR | Events::HUP) {
                return Err(EAGAIN);
            }
            match self.engine.take_error() {
                Some(error) => Err(error),
                None => Ok(0),
            }
        });
        match outcome {
            Err(error) if error == EAGAIN => Err(EINPROGRESS),
            Err(error) => {
                if error != kcore::errno::EINTR {
                    self.connecting.store(false, Ordering::Relaxed);
                }
                Err(error)
            }
            Ok(_) => {
                self.connecting.store(false, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Hands an option of `SOL_SOCKET` that concerns the connection to it.
    fn apply(&self, name: i32) {
        let settings = &self.settings;
        let on = settings.is_on(name);
        self.engine.configure(&mut |to| match name {
            SO_REUSEADDR => to.reuse_address = on,
            SO_REUSEPORT => to.reuse_port = on,
            SO_KEEPALIVE => to.keep_alive = on,
            SO_OOBINLINE => to.urgent_inline = on,
            SO_RCVLOWAT => to.receive_low_water = settings.low_water() as u32,
            SO_RCVBUF | SO_RCVBUFFORCE => to.receive_buffer = settings.receive_buffer() as u32,
            SO_SNDBUF | SO_SNDBUFFORCE => to.send_buffer = settings.send_buffer() as u32,
            SO_LINGER => to.linger = settings.linger().map(|seconds| seconds as u32),
            _ => {}
        });
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.engine.close();
        // A linger time makes close wait until all has arrived, at most so long.
        let seconds = self.settings.linger().unwrap_or(0);
        if seconds > 0 && !self.engine.is_drained() {
            let wait = Wait::limited(false, seconds.saturating_mul(1_000_000_000));
            let drained = &mut || if self.engine.is_drained() { Ok(0) } else { Err(EAGAIN) };
            // Whatever ends the wait, the socket is closed.
            let _ = self.waiting.send(self.engine.source(), &wait, drained);
        }
        self.waiting.end(self.engine.source());
    }
}

impl Socket for Stream {
    fn kind(&self) -> Kind {
        Kind { family: name::family(self.version), kind: SOCK_STREAM, protocol: IPPROTO_TCP }
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn source(&self) -> &Source {
        self.engine.source()
    }

    fn ready(&self) -> Events {
        self.engine.ready()
    }

    fn bind(&self, name: &[u8]) -> Result<()> {
        let local = name::parse(self.version, name)?;
        option::check_version(self.version, self.engine.settings().v6_only, &local).map_err(|_| EINVAL)?;
        self.engine.bind(local)
    }

    fn connect(&self, name: &[u8], wait: &Wait) -> Result<()> {
        if name.len() < 2 {
            return Err(EINVAL);
        }
        // Ending a connection by connecting to nothing is not provided.
        if family_of(name) == AF_UNSPEC {
            return Err(EAFNOSUPPORT);
        }
        let remote = name::reachable(name::parse(self.version, name)?);
        option::check_version(self.version, self.engine.settings().v6_only, &remote)?;
        match self.engine.connect(remote) {
            Ok(()) => Ok(()),
            Err(error) if error == EINPROGRESS => {
                self.connecting.store(true, Ordering::Relaxed);
                self.finish(wait)
            }
            Err(error) if error == EALREADY && !wait.never => self.finish(wait),
            // The first who asks again after it was done in the background learns that it was.
            Err(error) if error == EISCONN && self.connecting.swap(false, Ordering::Relaxed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn listen(&self, backlog: i32) -> Result<()> {
        // A negative number is a large one.
        self.engine.listen((backlog as u32).min(BACKLOG_MAX))
    }

    fn accept(&self, wait: &Wait) -> Result<(Arc<dyn Socket>, SocketName)> {
        let mut accepted = None;
        self.waiting.receive(self.engine.source(), wait, &mut || {
            accepted = Some(self.engine.accept()?);
            Ok(0)
        })?;
        let (engine, from): (_, Endpoint) = accepted.ok_or(EAGAIN)?;
        let settings = Settings::new();
        settings.inherit(&self.settings);
        Ok((Self::over(self.version, engine, settings), name::write(self.version, &from)))
    }

    fn send(&self, parts: &[&[u8]], message: &mut Outgoing<'_>, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::FASTOPEN) {
            return Err(EOPNOTSUPP);
        }
        let mut flags = Send::empty();
        flags.set(Send::MORE, message.flags.contains(Flags::MORE));
        flags.set(Send::URGENT, message.flags.contains(Flags::OOB));
        self.waiting.send(self.engine.source(), wait, &mut || match self.engine.send(parts, flags) {
            // What was never connected is as broken as what is no longer.
            Err(error) if error == ENOTCONN => Err(EPIPE),
            result => result,
        })
    }

    fn receive(&self, parts: &mut [&mut [u8]], message: &mut Incoming, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::ERRQUEUE) {
            return Err(EAGAIN);
        }
        let mut flags = Receive::empty();
        flags.set(Receive::PEEK, message.flags.contains(Flags::PEEK));
        flags.set(Receive::DISCARD, message.flags.contains(Flags::TRUNC));
        let urgent = message.flags.contains(Flags::OOB);
        if urgent {
            // The urgent byte is there or not; nobody waits for it.
            message.outcome |= Flags::OOB;
            return self.engine.receive(parts, flags | Receive::URGENT);
        }
        self.waiting.receive(self.engine.source(), wait, &mut || self.engine.receive(parts, flags))
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        self.engine.shutdown(how.receive, how.send)
    }

    fn name(&self) -> Result<SocketName> {
        Ok(name::write(self.version, &self.engine.local()))
    }

    fn peer(&self) -> Result<SocketName> {
        self.engine.peer().map(|peer| name::write(self.version, &peer))
    }

    fn set_option(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        match level {
            IPPROTO_TCP => tcp_option::set(&self.engine, name, value),
            IPPROTO_IP => option::set(self, level, name, value),
            IPPROTO_IPV6 if self.version == Version::V6 => option::set(self, level, name, value),
            SOL_SOCKET if name == SO_BINDTODEVICE => {
                let index = interface::bound(value)?;
                self.engine.configure(&mut |settings| settings.interface = index);
                Ok(())
            }
            SOL_SOCKET => {
                common::set(&self.settings, level, name, value)?;
                self.apply(name);
                Ok(())
            }
            _ => Err(EOPNOTSUPP),
        }
    }

    fn option(&self, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
        match level {
            IPPROTO_TCP => tcp_option::get(&self.engine, name, value),
            IPPROTO_IP => option::get(self, level, name, value),
            IPPROTO_IPV6 if self.version == Version::V6 => option::get(self, level, name, value),
            SOL_SOCKET if name == SO_BINDTODEVICE => {
                interface::bound_name(self.engine.settings().interface, value)
            }
            SOL_SOCKET => common::get(self, level, name, value),
            _ => Err(EOPNOTSUPP),
        }
    }

    fn listening(&self) -> bool {
        self.engine.is_listening()
    }

    fn incoming(&self) -> Result<usize> {
        if self.listening() { Err(EINVAL) } else { Ok(self.engine.readable_bytes()) }
    }

    fn outgoing(&self) -> Result<usize> {
        if self.listening() { Err(EINVAL) } else { Ok(self.engine.unacknowledged_bytes().0) }
    }

    fn at_mark(&self) -> Result<bool> {
        Ok(self.engine.at_mark())
    }

    fn take_error(&self) -> i32 {
        self.engine.take_error().map_or(0, |error| error.number())
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<i32> {
        interface::ioctl(request, argument)
    }
}

impl Link for Stream {
    fn link(&self) -> option::LinkSettings {
        let settings = self.engine.settings();
        option::LinkSettings {
            v6_only: settings.v6_only,
            ttl: settings.ttl,
            tos: settings.tos,
            ..option::LinkSettings::default()
        }
    }

    fn set_link(&self, link: &option::LinkSettings) -> Result<()> {
        let bound = self.engine.local().port != 0;
        if link.v6_only != self.engine.settings().v6_only && bound {
            return Err(EINVAL);
        }
        self.engine.configure(&mut |settings| {
            settings.v6_only = link.v6_only;
            settings.ttl = link.ttl;
            settings.tos = link.tos;
        });
        Ok(())
    }
}
