//! `SOCK_DGRAM` and `SOCK_RAW`: UDP, echo requests, and packets as they are.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use kcore::errno::{EAFNOSUPPORT, EAGAIN, EINVAL, EOPNOTSUPP, Result};
use kcore::vfs::poll::{Events, Source};

use super::messages::Messages;
use super::option::{self, IPPROTO_IP, IPPROTO_IPV6, Link, LinkSettings, Wants};
use super::waiting::Waiting;
use super::{ICMP, ICMP_V6, UDP, interface, name};
use crate::Receive;
use crate::address::{Endpoint, Family as Version, IpAddress};
use crate::datagram::{Control, Received};
use crate::socket::option::{
    self as common, SO_BINDTODEVICE, SO_BROADCAST, SO_RCVBUF, SO_RCVBUFFORCE, SO_REUSEADDR, SO_REUSEPORT,
    SO_SNDBUF, SO_SNDBUFFORCE, SO_TIMESTAMP, SO_TIMESTAMPNS, SOL_SOCKET,
};
use crate::socket::{
    AF_INET, AF_INET6, AF_UNSPEC, Flags, Incoming, Kind, Note, Outgoing, SOCK_DGRAM, SOCK_RAW, Settings,
    Shutdown, Socket, SocketName, Wait, family_of,
};
use crate::{raw, udp};

/// `SOL_RAW`.
const SOL_RAW: i32 = 255;
/// `IPPROTO_RAW`: packets come with their own IP header.
const IPPROTO_RAW: i32 = 255;
/// `IP_PKTINFO`, `IP_TTL`, `IP_TOS` as types of control messages.
const IP_PKTINFO: i32 = 8;
const IP_TTL: i32 = 2;
const IP_TOS: i32 = 1;
/// `IPV6_PKTINFO`, `IPV6_HOPLIMIT`, `IPV6_TCLASS`.
const IPV6_PKTINFO: i32 = 50;
const IPV6_HOPLIMIT: i32 = 52;
const IPV6_TCLASS: i32 = 67;

/// A socket of messages.
pub(super) struct Datagram {
    version: Version,
    kind: i32,
    protocol: i32,
    engine: Box<dyn Messages>,
    settings: Settings,
    wants: AtomicU32,
    waiting: Waiting,
}

impl Datagram {
    fn over(version: Version, kind: i32, protocol: i32, engine: Box<dyn Messages>) -> Arc<dyn Socket> {
        Arc::new(Self {
            version,
            kind,
            protocol,
            engine,
            settings: Settings::new(),
            wants: AtomicU32::new(0),
            waiting: Waiting::new(),
        })
    }

    /// A UDP socket.
    pub(super) fn udp(version: Version) -> Result<Arc<dyn Socket>> {
        let engine = udp::Socket::new(crate::stack(), version)?;
        Ok(Self::over(version, SOCK_DGRAM, UDP, Box::new(engine)))
    }

    /// A socket of echo requests.
    pub(super) fn echo(version: Version, protocol: i32) -> Result<Arc<dyn Socket>> {
        let engine = raw::Socket::echo(crate::stack(), version)?;
        Ok(Self::over(version, SOCK_DGRAM, protocol, Box::new(engine)))
    }

    /// A raw socket.
    pub(super) fn raw(version: Version, protocol: i32) -> Result<Arc<dyn Socket>> {
        let engine = raw::Socket::new(crate::stack(), version, protocol as u8)?;
        if protocol == IPPROTO_RAW {
            engine.set_header_included(true);
        }
        Ok(Self::over(version, SOCK_RAW, protocol, Box::new(engine)))
    }

    fn wants(&self) -> Wants {
        Wants::from_bits_retain(self.wants.load(Ordering::Relaxed))
    }

    /// Where a message goes: named by the sender. IPv4's names may be used on sockets of IPv6.
    fn target(&self, name: &[u8]) -> Result<Option<Endpoint>> {
        if self.version == Version::V6 && family_of(name) == AF_UNSPEC {
            return Ok(None);
        }
        let foreign = self.version == Version::V6 && family_of(name) == AF_INET;
        let named = self.version == Version::V4 && family_of(name) == AF_UNSPEC;
        let end = if foreign {
            name::parse(Version::V4, name)?
        } else if named {
            // An address without a family is taken for one of IPv4.
            let mut bytes = name.to_vec();
            bytes.iter_mut().zip(AF_INET.to_ne_bytes()).for_each(|(to, from)| *to = from);
            name::parse(Version::V4, &bytes)?
        } else {
            name::parse(self.version, name)?
        };
        if end.port == 0 && self.protocol == UDP {
            return Err(EINVAL);
        }
        option::check_version(self.version, self.engine.settings().v6_only, &end)?;
        Ok(Some(name::reachable(end)))
    }

    /// What the control messages of a message say of it.
    fn control(notes: &[Note]) -> Result<Control> {
        let mut control = Control::default();
        for note in notes {
            let data = &note.data[..];
            let at = |at: usize| data.get(at..).unwrap_or_default();
            match (note.level, note.kind) {
                (IPPROTO_IP, IP_PKTINFO) => {
                    control.interface = common::integer(data)? as u32;
                    let source: [u8; 4] = *at(4).first_chunk().ok_or(EINVAL)?;
                    control.source = Some(IpAddress::V4(source)).filter(|address| !address.is_any());
                }
                (IPPROTO_IPV6, IPV6_PKTINFO) => {
                    let source = name::unmap(*data.first_chunk().ok_or(EINVAL)?);
                    control.source = Some(source).filter(|address| !address.is_any());
                    control.interface = common::integer(at(16))? as u32;
                }
                (IPPROTO_IP, IP_TTL) | (IPPROTO_IPV6, IPV6_HOPLIMIT) => {
                    control.ttl = Some(u8::try_from(common::integer(data)?).map_err(|_| EINVAL)?);
                }
                (IPPROTO_IP, IP_TOS) => control.tos = Some(*data.first().ok_or(EINVAL)?),
                (IPPROTO_IPV6, IPV6_TCLASS) => control.tos = Some(common::integer(data)? as u8),
                _ => return Err(EINVAL),
            }
        }
        Ok(control)
    }

    /// What the receiver asked to be told.
    fn notes(&self, received: &Received) -> Vec<Note> {
        let wants = self.wants();
        let mut notes = Vec::new();
        let mut put = |level: i32, kind: i32, data: &[&[u8]]| {
            notes.push(Note { level, kind, data: data.concat() });
        };
        if self.settings.is_on(SO_TIMESTAMP) || self.settings.is_on(SO_TIMESTAMPNS) {
            let (seconds, nanoseconds) = kcore::time::realtime();
            let now = seconds.saturating_mul(1_000_000_000) + i64::from(nanoseconds);
            let age = kcore::time::now().0.saturating_sub(received.at);
            let at = now - age as i64;
            let precise = self.settings.is_on(SO_TIMESTAMPNS);
            let part = at % 1_000_000_000 / if precise { 1 } else { 1000 };
            let kind = if precise { SO_TIMESTAMPNS } else { SO_TIMESTAMP };
            put(SOL_SOCKET, kind, &[&(at / 1_000_000_000).to_ne_bytes(), &part.to_ne_bytes()]);
        }
        match received.to {
            IpAddress::V4(to) => {
                if wants.contains(Wants::PACKET_INFO) {
                    put(IPPROTO_IP, IP_PKTINFO, &[&received.interface.to_ne_bytes(), &to, &to]);
                }
                if wants.contains(Wants::TTL) {
                    put(IPPROTO_IP, IP_TTL, &[&i32::from(received.ttl).to_ne_bytes()]);
                }
                if wants.contains(Wants::TOS) {
                    put(IPPROTO_IP, IP_TOS, &[&[received.tos]]);
                }
            }
            IpAddress::V6(_) => {
                if wants.contains(Wants::HOP_LIMIT) {
                    put(IPPROTO_IPV6, IPV6_HOPLIMIT, &[&i32::from(received.ttl).to_ne_bytes()]);
                }
                if wants.contains(Wants::TRAFFIC_CLASS) {
                    put(IPPROTO_IPV6, IPV6_TCLASS, &[&i32::from(received.tos).to_ne_bytes()]);
                }
            }
        }
        if wants.contains(Wants::PACKET_INFO_V6) {
            put(IPPROTO_IPV6, IPV6_PKTINFO, &[&name::map(received.to), &received.interface.to_ne_bytes()]);
        }
        notes
    }

    /// Hands an option of `SOL_SOCKET` that concerns the protocol to it.
    fn apply(&self, name: i32) {
        let settings = &self.settings;
        let on = settings.is_on(name);
        self.engine.configure(&mut |to| match name {
            SO_REUSEADDR => to.reuse_address = on,
            SO_REUSEPORT => to.reuse_port = on,
            SO_BROADCAST => to.broadcast = on,
            SO_RCVBUF | SO_RCVBUFFORCE => to.receive_buffer = settings.receive_buffer() as u32,
            SO_SNDBUF | SO_SNDBUFFORCE => to.send_buffer = settings.send_buffer() as u32,
            _ => {}
        });
    }

    /// The filter of ICMP messages by type: 32 bits that block in IPv4, 256 that block in IPv6.
    fn filter(&self, level: i32, name: i32, value: &[u8]) -> Option<Result<()>> {
        let words = match (level, name, self.protocol) {
            (SOL_RAW, 1, ICMP) => 1,
            (ICMP_V6, 1, ICMP_V6) => 8,
            _ => return None,
        };
        let mut blocked = [0; 8];
        for (to, word) in blocked.iter_mut().zip(value.chunks_exact(4)).take(words) {
            *to = word.first_chunk().map_or(0, |word| u32::from_ne_bytes(*word));
        }
        Some(if value.len() < words * 4 { Err(EINVAL) } else { self.engine.set_filter(blocked) })
    }
}

impl Drop for Datagram {
    fn drop(&mut self) {
        self.engine.close();
        self.waiting.end(self.engine.source());
    }
}

impl Socket for Datagram {
    fn kind(&self) -> Kind {
        Kind { family: name::family(self.version), kind: self.kind, protocol: self.protocol }
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

    fn connect(&self, name: &[u8], _wait: &Wait) -> Result<()> {
        if name.len() < 2 {
            return Err(EINVAL);
        }
        if family_of(name) == AF_UNSPEC {
            return self.engine.connect(None);
        }
        if ![AF_INET, AF_INET6].contains(&family_of(name)) {
            return Err(EAFNOSUPPORT);
        }
        let remote = name::reachable(name::parse(self.version, name)?);
        option::check_version(self.version, self.engine.settings().v6_only, &remote)?;
        self.engine.connect(Some(remote))
    }

    fn send(&self, parts: &[&[u8]], message: &mut Outgoing<'_>, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::OOB) {
            return Err(EOPNOTSUPP);
        }
        let to = match message.to {
            Some(name) => self.target(name)?,
            None => None,
        };
        let control = Self::control(&message.notes)?;
        self.waiting.send(self.engine.source(), wait, &mut || self.engine.send_to(parts, to, &control))
    }

    fn receive(&self, parts: &mut [&mut [u8]], message: &mut Incoming, wait: &Wait) -> Result<usize> {
        if message.flags.contains(Flags::OOB) {
            return Err(EOPNOTSUPP);
        }
        if message.flags.contains(Flags::ERRQUEUE) {
            return Err(EAGAIN);
        }
        let peek = message.flags.contains(Flags::PEEK);
        let flags = if peek { Receive::PEEK } else { Receive::empty() };
        let mut received = None;
        self.waiting.receive(self.engine.source(), wait, &mut || {
            received = self.engine.receive_from(parts, flags)?;
            Ok(0)
        })?;
        // Shut down, and nothing left.
        let Some(received) = received else { return Ok(0) };
        message.from = Some(name::write(self.version, &received.from));
        message.notes = self.notes(&received);
        if received.length > received.copied {
            message.outcome |= Flags::TRUNC;
        }
        Ok(if message.flags.contains(Flags::TRUNC) { received.length } else { received.copied })
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
        if let Some(result) = self.filter(level, name, value) {
            return result;
        }
        match level {
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
            IPPROTO_IP => option::get(self, level, name, value),
            IPPROTO_IPV6 if self.version == Version::V6 => option::get(self, level, name, value),
            SOL_SOCKET if name == SO_BINDTODEVICE => {
                interface::bound_name(self.engine.settings().interface, value)
            }
            SOL_SOCKET => common::get(self, level, name, value),
            _ => Err(EOPNOTSUPP),
        }
    }

    fn incoming(&self) -> Result<usize> {
        Ok(self.engine.next_length())
    }

    fn outgoing(&self) -> Result<usize> {
        Ok(0)
    }

    fn take_error(&self) -> i32 {
        self.engine.take_error().map_or(0, |error| error.number())
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<i32> {
        interface::ioctl(request, argument)
    }
}

impl Link for Datagram {
    fn link(&self) -> LinkSettings {
        let settings = self.engine.settings();
        LinkSettings {
            v6_only: settings.v6_only,
            ttl: settings.ttl,
            tos: settings.tos,
            multicast_ttl: settings.multicast_ttl,
            multicast_loop: settings.multicast_loop,
            multicast_interface: settings.multicast_interface,
            dont_fragment: settings.dont_fragment,
            wants: self.wants(),
        }
    }

    fn set_link(&self, link: &LinkSettings) -> Result<()> {
        if link.v6_only != self.engine.settings().v6_only && self.engine.local().port != 0 {
            return Err(EINVAL);
        }
        self.wants.store(link.wants.bits(), Ordering::Relaxed);
        self.engine.set_header_included(link.wants.contains(Wants::HEADER_INCLUDED));
        self.engine.configure(&mut |settings| {
            settings.v6_only = link.v6_only;
            settings.ttl = link.ttl;
            settings.tos = link.tos;
            settings.multicast_ttl = link.multicast_ttl;
            settings.multicast_loop = link.multicast_loop;
            settings.multicast_interface = link.multicast_interface;
            settings.dont_fragment = link.dont_fragment;
        });
        Ok(())
    }

    fn member(&self, group: IpAddress, interface: u32, join: bool) -> Result<()> {
        self.engine.member(group, interface, join)
    }
}
