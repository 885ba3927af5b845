//! DHCP's messages (RFC 2131, RFC 2132, RFC 3442).

use alloc::vec::Vec;

use super::ethernet::Mac;
use super::{array, put, u32_at};

/// The server's port, and the client's.
pub const SERVER_PORT: u16 = 67;
/// See [`SERVER_PORT`].
pub const CLIENT_PORT: u16 = 68;
/// Bytes before the options, the cookie among them.
const FIXED: usize = 240;
const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// What a message is (option 53).
pub mod kind {
    /// Who is there?
    pub const DISCOVER: u8 = 1;
    /// A server offers an address.
    pub const OFFER: u8 = 2;
    /// A client takes it.
    pub const REQUEST: u8 = 3;
    /// A server confirms.
    pub const ACK: u8 = 5;
    /// A server refuses.
    pub const NAK: u8 = 6;
}

/// Types of options.
mod option {
    pub const NETMASK: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const NAME_SERVERS: u8 = 6;
    pub const HOST_NAME: u8 = 12;
    pub const DOMAIN: u8 = 15;
    pub const REQUESTED: u8 = 50;
    pub const LEASE: u8 = 51;
    pub const KIND: u8 = 53;
    pub const SERVER: u8 = 54;
    pub const PARAMETERS: u8 = 55;
    pub const LONGEST: u8 = 57;
    pub const RENEW: u8 = 58;
    pub const REBIND: u8 = 59;
    pub const CLIENT: u8 = 61;
    pub const ROUTES: u8 = 121;
    pub const END: u8 = 255;
}

/// A server's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Which question it answers.
    pub id: u32,
    /// Whom it is for.
    pub mac: Mac,
    /// What it is.
    pub kind: u8,
    /// The address.
    pub address: [u8; 4],
    /// The server.
    pub server: [u8; 4],
    /// Bits of the network.
    pub prefix: Option<u8>,
    /// Routers to everywhere.
    pub routers: Vec<[u8; 4]>,
    /// Routes: network, its bits, router.
    pub routes: Vec<([u8; 4], u8, [u8; 4])>,
    /// Servers of the domain name system.
    pub name_servers: Vec<[u8; 4]>,
    /// The host's name.
    pub host: Vec<u8>,
    /// The domain to search.
    pub domain: Vec<u8>,
    /// Seconds that the address is ours; when to ask again, and when to ask anybody.
    pub lease: u32,
    /// See `lease`.
    pub renew: Option<u32>,
    /// See `lease`.
    pub rebind: Option<u32>,
}

/// Entries of a list that are kept.
const LIST: usize = 8;

fn addresses(option: &[u8]) -> Vec<[u8; 4]> {
    option.as_chunks::<4>().0.iter().take(LIST).copied().collect()
}

/// A name without what has no place in one.
fn name(option: &[u8]) -> Vec<u8> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    if option.iter().all(fits) { option.to_vec() } else { Vec::new() }
}

impl Answer {
    /// Reads a message from a server.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if array(bytes, 0)? != [2, 1, 6] || array(bytes, 236)? != COOKIE {
            return None;
        }
        let mut answer = Self {
            id: u32_at(bytes, 4)?,
            mac: array(bytes, 28)?,
            address: array(bytes, 16)?,
            server: array(bytes, 20)?,
            ..Self::default()
        };
        let mut options = bytes.get(FIXED..)?;
        while let Some((&kind, rest)) = options.split_first() {
            if kind == option::END {
                break;
            }
            if kind == 0 {
                options = rest;
                continue;
            }
            let (&length, rest) = rest.split_first()?;
            let value = rest.get(..usize::from(length))?;
            answer.take(kind, value);
            options = rest.get(usize::from(length)..)?;
        }
        (answer.kind != 0).then_some(answer)
    }

    fn take(&mut self, kind: u8, value: &[u8]) {
        match kind {
            option::KIND => self.kind = value.first().copied().unwrap_or(0),
            option::SERVER => self.server = array(value, 0).unwrap_or(self.server),
            option::NETMASK => {
                let mask = u32_at(value, 0).unwrap_or(0);
                // Ones, then zeros.
                self.prefix = (mask.leading_ones() == mask.count_ones()).then(|| mask.count_ones() as u8);
            }
            option::ROUTER => self.routers = addresses(value),
            option::NAME_SERVERS => self.name_servers = addresses(value),
            option::HOST_NAME => self.host = name(value),
            option::DOMAIN => self.domain = name(value),
            option::LEASE => self.lease = u32_at(value, 0).unwrap_or(0),
            option::RENEW => self.renew = u32_at(value, 0),
            option::REBIND => self.rebind = u32_at(value, 0),
            option::ROUTES => self.routes = routes(value),
            _ => {}
        }
    }
}

/// Routes without classes (RFC 3442): the bits of a network, as many bytes of it as those are in, a router.
fn routes(mut value: &[u8]) -> Vec<([u8; 4], u8, [u8; 4])> {
    let mut routes = Vec::new();
    while let Some((&length, rest)) = value.split_first() {
        let count = usize::from(length).div_ceil(8);
        let (Some(bytes), Some(router)) = (rest.get(..count), array(rest, count)) else { break };
        if length > 32 || routes.len() >= LIST {
            break;
        }
        let mut network = [0; 4];
        put(&mut network, 0, bytes);
        routes.push((network, length, router));
        value = rest.get(count + 4..).unwrap_or_default();
    }
    routes
}

/// What a client asks.
pub struct Question {
    /// What it is.
    pub kind: u8,
    /// Its number.
    pub id: u32,
    /// Our hardware address.
    pub mac: Mac,
    /// Our address, if we have it already.
    pub own: [u8; 4],
    /// The address that we want.
    pub requested: Option<[u8; 4]>,
    /// The server that offered it.
    pub server: Option<[u8; 4]>,
    /// Seconds since we began.
    pub seconds: u16,
}

impl Question {
    /// The message.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = alloc::vec![0; FIXED];
        put(&mut bytes, 0, &[1, 1, 6, 0]);
        put(&mut bytes, 4, &self.id.to_be_bytes());
        put(&mut bytes, 8, &self.seconds.to_be_bytes());
        put(&mut bytes, 12, &self.own);
        put(&mut bytes, 28, &self.mac);
        put(&mut bytes, 236, &COOKIE);
        let mut option = |kind: u8, value: &[u8]| {
            bytes.extend_from_slice(&[kind, value.len() as u8]);
            bytes.extend_from_slice(value);
        };
        option(option::KIND, &[self.kind]);
        let [a, b, c, d, e, f] = self.mac;
        option(option::CLIENT, &[1, a, b, c, d, e, f]);
        if let Some(requested) = &self.requested {
            option(option::REQUESTED, requested);
        }
        if let Some(server) = &self.server {
            option(option::SERVER, server);
        }
        option(option::LONGEST, &1500u16.to_be_bytes());
        option(
            option::PARAMETERS,
            &[
                option::NETMASK,
                option::ROUTER,
                option::NAME_SERVERS,
                option::HOST_NAME,
                option::DOMAIN,
                option::LEASE,
                option::RENEW,
                option::REBIND,
                option::ROUTES,
            ],
        );
        bytes.push(option::END);
        // What BOOTP's relays take as the shortest message.
        let length = bytes.len().max(300);
        bytes.resize(length, 0);
        bytes
    }
}
