//! The DHCP client (RFC 2131): asks for an address, keeps it as long as it may, asks again in time.
//!
//! It speaks before it has an address, so it makes its packets itself and hears those to its port before
//! anybody else does.

use alloc::sync::{Arc, Weak};
use core::time::Duration;

use kcore::device::net::{Checksum, Packet};
use kcore::sync::{SpinLock, WaitQueue};
use kcore::time::Instant;

use crate::address::{IpAddress, Prefix};
use crate::interface::Interface;
use crate::ip::{self, Outgoing};
use crate::route::Route;
use crate::stack::Stack;
use crate::wheel::Timed;
use crate::wire::dhcp::{Answer, CLIENT_PORT, Question, SERVER_PORT, kind};
use crate::wire::ethernet;
use crate::wire::ipv4::Header;
use crate::wire::{checksum, udp};

const SECOND: u64 = 1_000_000_000;
/// The longest time between two questions while there is no address, in seconds.
const LONGEST_WAIT: u64 = 64;
/// The longest lease that is told apart from one for ever, in seconds: ten years.
const LONGEST_LEASE: u32 = 315_360_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Asking who is there.
    Selecting,
    /// Asking for what was offered.
    Requesting { address: [u8; 4], server: [u8; 4] },
    /// It is ours; times in nanoseconds.
    Bound { address: [u8; 4], server: [u8; 4], renew: u64, rebind: u64, until: u64 },
}

struct Progress {
    state: State,
    /// The number of the question at hand.
    id: u32,
    /// When we began, and how often we asked.
    began: u64,
    tries: u32,
}

/// A card's client.
pub(crate) struct Client {
    interface: Weak<Interface>,
    progress: SpinLock<Progress>,
    answered: WaitQueue,
}

/// Begins to ask on a card.
pub(crate) fn begin(stack: &'static Stack, interface: &Arc<Interface>) -> Arc<Client> {
    let client = Arc::new(Client {
        interface: Arc::downgrade(interface),
        progress: SpinLock::new(Progress {
            state: State::Selecting,
            id: kcore::random::word() as u32,
            began: stack.now(),
            tries: 0,
        }),
        answered: WaitQueue::new(),
    });
    *interface.dhcp.lock() = Some(client.clone());
    client.clone().expired(stack);
    client
}

/// Takes a packet that is for a client; false for all others.
pub(crate) fn overhears(
    stack: &'static Stack,
    interface: &Interface,
    header: &Header,
    packet: &Packet,
) -> bool {
    if header.protocol != udp::PROTOCOL || header.offset > 0 || header.more {
        return false;
    }
    let Some(datagram) = packet.head.get(header.header_length..header.total_length) else { return false };
    let Some(told) =
        udp::Header::parse(datagram, datagram.len()).filter(|told| told.destination == CLIENT_PORT)
    else {
        return false;
    };
    let Some(client) = interface.dhcp.lock().clone() else { return false };
    let (source, destination) = (IpAddress::V4(header.source), IpAddress::V4(header.destination));
    let mut sum = checksum::pseudo(&source, &destination, udp::PROTOCOL, told.length);
    sum.add(datagram.get(..told.length).unwrap_or_default());
    if told.has_checksum && packet.checksum == Checksum::Complete && !sum.is_right() {
        return true;
    }
    if let Some(answer) = datagram.get(udp::LENGTH..told.length).and_then(Answer::parse) {
        client.answered(stack, interface, answer);
    }
    true
}

impl Client {
    /// Waits for an address; false if there is none in time.
    pub fn wait(&self, at_most: Duration) -> bool {
        let bound = || matches!(self.progress.lock().state, State::Bound { .. }).then_some(());
        let deadline = kcore::time::now() + at_most;
        loop {
            match self.answered.wait_until(Some(Instant(deadline.0)), bound) {
                Ok(()) => return true,
                // A signal does not end the start of the stack.
                Err(error) if error == kcore::errno::EINTR && kcore::time::now() < deadline => {
                    kcore::sched::yield_now();
                }
                Err(_) => return false,
            }
        }
    }

    fn ask(&self, stack: &'static Stack, interface: &Interface, question: &Question, to: [u8; 4]) {
        let bytes = question.bytes();
        let (source, destination) = (IpAddress::V4(question.own), IpAddress::V4(to));
        let Ok(mut packet) = crate::packet::payload(&[&bytes], bytes.len()) else { return };
        let length = udp::LENGTH + bytes.len();
        let header =
            udp::Header { source: CLIENT_PORT, destination: SERVER_PORT, length, has_checksum: true };
        let Some(start) = packet.push_header(udp::LENGTH) else { return };
        header.write(start, checksum::pseudo(&source, &destination, udp::PROTOCOL, length).folded());
        packet.checksum = Checksum::Partial { start: 0, offset: udp::CHECKSUM };
        checksum::complete(&mut packet);
        let out =
            Outgoing { source, destination, protocol: udp::PROTOCOL, ttl: 64, tos: 0, dont_fragment: false };
        if (ip::IPV4.header)(stack, &mut packet, &out, None).is_none() {
            return;
        }
        if to == [255; 4] {
            interface.send_to(ethernet::BROADCAST, ethernet::kind::IPV4, packet, false);
        } else if let Ok(way) = stack.route(&destination, Some(&source), interface.index) {
            way.send(ethernet::kind::IPV4, packet, false);
        }
    }

    /// Asks again from the start.
    fn restart(self: &Arc<Self>, stack: &'static Stack, interface: &Interface) {
        let mut progress = self.progress.lock();
        let old = progress.state;
        progress.state = State::Selecting;
        (progress.began, progress.tries) = (stack.now(), 0);
        progress.id = progress.id.wrapping_add(1);
        drop(progress);
        if let State::Bound { address, .. } = old {
            interface.remove_address(&IpAddress::V4(address));
            let index = interface.index;
            stack
                .routes
                .remove(|route| route.interface == index && matches!(route.gateway, Some(IpAddress::V4(_))));
        }
    }

    fn answered(self: &Arc<Self>, stack: &'static Stack, interface: &Interface, answer: Answer) {
        let mut progress = self.progress.lock();
        if answer.id != progress.id || answer.mac != interface.mac {
            return;
        }
        let usable = IpAddress::V4(answer.address).is_unicast() && answer.address[0] != 127;
        match (progress.state, answer.kind) {
            (State::Selecting, kind::OFFER) if usable => {
                progress.state = State::Requesting { address: answer.address, server: answer.server };
                progress.tries = 0;
                drop(progress);
            }
            (State::Requesting { .. } | State::Bound { .. }, kind::ACK) if usable => {
                let now = stack.now();
                let lease =
                    if answer.lease == 0 { LONGEST_LEASE } else { answer.lease.clamp(10, LONGEST_LEASE) };
                let at = |seconds: u32| now + u64::from(seconds.min(lease)) * SECOND;
                // RFC 2131, section 4.4.5.
                let renew = at(answer.renew.filter(|&renew| renew > 0).unwrap_or(lease / 2));
                let rebind = at(answer.rebind.filter(|&rebind| rebind > 0).unwrap_or(lease / 8 * 7));
                progress.state = State::Bound {
                    address: answer.address,
                    server: answer.server,
                    renew,
                    rebind: rebind.max(renew),
                    until: at(lease),
                };
                progress.tries = 0;
                drop(progress);
                self.bound(stack, interface, &answer, at(lease));
                self.arm(stack, renew);
                return;
            }
            (State::Requesting { .. } | State::Bound { .. }, kind::NAK) => {
                drop(progress);
                self.restart(stack, interface);
            }
            _ => return,
        }
        self.clone().expired(stack);
    }

    /// Takes over what the server says.
    fn bound(&self, stack: &'static Stack, interface: &Interface, answer: &Answer, until: u64) {
        let address = IpAddress::V4(answer.address);
        let new = !interface.has(&address);
        interface.add_address(Prefix { address, length: answer.prefix.unwrap_or(24).clamp(1, 32) }, until);
        let add = |network, length, router: [u8; 4]| {
            let to = Prefix { address: IpAddress::V4(network), length };
            let gateway = Some(IpAddress::V4(router)).filter(|router| router.is_unicast());
            stack.routes.add(Route { to, gateway, interface: interface.index, valid_until: until });
        };
        // Where there are routes, the routers do not count (RFC 3442).
        if answer.routes.is_empty() {
            answer.routers.iter().take(1).for_each(|&router| add([0; 4], 0, router));
        } else {
            answer.routes.iter().for_each(|&(network, length, router)| add(network, length, router));
        }
        let mut names = stack.names.lock();
        names.servers.retain(|server| !matches!(server, IpAddress::V4(_)));
        names.servers.extend(answer.name_servers.iter().map(|&server| IpAddress::V4(server)));
        names.host.clone_from(&answer.host);
        names.domain.clone_from(&answer.domain);
        drop(names);
        if new {
            ip::announce(interface, answer.address);
        }
        self.answered.wake_all();
    }

    fn arm(self: &Arc<Self>, stack: &'static Stack, at: u64) {
        let weak: Weak<dyn Timed> = Arc::downgrade(&(self.clone() as Arc<dyn Timed>));
        stack.set_timer(at, weak);
    }
}

impl Timed for Client {
    /// Asks what is to be asked now.
    fn expired(self: Arc<Self>, stack: &'static Stack) {
        let Some(interface) = self.interface.upgrade() else { return };
        let now = stack.now();
        let mut progress = self.progress.lock();
        if let State::Bound { renew, until, .. } = progress.state {
            if now >= until {
                drop(progress);
                self.restart(stack, &interface);
                progress = self.progress.lock();
            } else if now < renew {
                // An older timer's.
                return;
            }
        }
        progress.tries += 1;
        let tries = progress.tries;
        if let State::Requesting { .. } = progress.state
            && tries > 4
        {
            // The server that offered it has gone.
            progress.state = State::Selecting;
        }
        let seconds = (now.saturating_sub(progress.began) / SECOND).min(u64::from(u16::MAX)) as u16;
        let mut question = Question {
            kind: kind::REQUEST,
            id: progress.id,
            mac: interface.mac,
            own: [0; 4],
            requested: None,
            server: None,
            seconds,
        };
        let mut to = [255; 4];
        let wait = SECOND << tries.saturating_sub(1).min(6);
        let mut next = now + wait.min(LONGEST_WAIT * SECOND);
        match progress.state {
            State::Selecting => question.kind = kind::DISCOVER,
            State::Requesting { address, server } => {
                (question.requested, question.server) = (Some(address), Some(server));
            }
            State::Bound { address, server, rebind, until, .. } => {
                question.own = address;
                if now < rebind {
                    to = server;
                }
                // Half of what is left, but not more often than once a minute.
                let phase = if now < rebind { rebind } else { until };
                next = (now + ((phase - now) / 2).max(60 * SECOND)).min(phase.max(now + SECOND));
            }
        }
        drop(progress);
        self.ask(stack, &interface, &question, to);
        self.arm(stack, next);
    }
}
