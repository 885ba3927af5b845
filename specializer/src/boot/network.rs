//! The guest's network card: what its cable is plugged into.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::str::FromStr;

/// What the cable of the guest's card is plugged into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Network {
    /// There is no card.
    #[default]
    None,
    /// QEMU's user-mode network: the guest reaches out as this user does, and is reached through
    /// published ports. For convenience, not for speed.
    User(Vec<Publish>),
    /// A tap interface of the host, by name.
    Tap(String),
    /// A back end in QEMU's words, the value of `-netdev` but for its `id`, and the card's address.
    Backend(OsString, [u8; 6]),
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Streams.
    Tcp,
    /// Datagrams.
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// A port of the guest that is reached through one of the host: `[ADDRESS:]HOST:GUEST[/udp]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// The host's address that listens: 127.0.0.1 if none is named.
    pub address: Ipv4Addr,
    /// The host's port.
    pub host: u16,
    /// The guest's port.
    pub guest: u16,
    /// For which protocol.
    pub transport: Transport,
}

impl FromStr for Publish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is not [ADDRESS:]HOST:GUEST[/udp], as in 8080:80 or 0.0.0.0:53:53/udp");
        let (ports, transport) = match text.split_once('/') {
            None | Some((_, "tcp")) => (text.split('/').next().unwrap_or(text), Transport::Tcp),
            Some((ports, "udp")) => (ports, Transport::Udp),
            Some(_) => return Err(wrong()),
        };
        let port = |digits: &str| digits.parse::<u16>().ok().filter(|&port| port != 0).ok_or_else(wrong);
        let (address, host, guest) = match *ports.split(':').collect::<Vec<_>>() {
            [host, guest] => (Ipv4Addr::LOCALHOST, host, guest),
            [address, host, guest] => (address.parse().map_err(|_| wrong())?, host, guest),
            _ => return Err(wrong()),
        };
        Ok(Self { address, host: port(host)?, guest: port(guest)?, transport })
    }
}

impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.host, self.guest, self.transport)
    }
}

/// Why a card can't be plugged in.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Somebody listens there already, or this user may not.
    #[error("port {port}/{transport} of {address} cannot be published: {source}", port = .publish.host,
            transport = .publish.transport, address = .publish.address)]
    Port {
        /// What was to be published.
        publish: Publish,
        /// What the host said.
        source: io::Error,
    },
    /// The host has no such interface, or it is no tap.
    #[error("'{0}' is no tap interface of this host")]
    NoTap(String),
}

impl NetworkError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Port { publish, source } if source.kind() == io::ErrorKind::AddrInUse => {
                format!(
                    "another port of the host will do as well: --publish {}:{}",
                    publish.host.wrapping_add(1),
                    publish.guest
                )
            }
            Self::Port { .. } => {
                "ports below 1024 are for root; a higher one of the host will do as well".into()
            }
            Self::NoTap(name) => format!(
                "make it, as root: ip tuntap add dev {name} mode tap user $USER && ip link set {name} up"
            ),
        }
    }
}

/// Bit of `tun_flags` of an interface with several queues (IFF_MULTI_QUEUE, linux/if_tun.h).
const MULTI_QUEUE: u32 = 0x100;

impl Network {
    /// Looks whether QEMU will be able to do it, so that the user gets to know in our words.
    pub fn check(&self) -> Result<(), NetworkError> {
        match self {
            Self::User(publish) => publish.iter().try_for_each(|publish| publish.check()),
            Self::Tap(name) if tun_flags(name).is_none() => Err(NetworkError::NoTap(name.clone())),
            Self::None | Self::Tap(_) | Self::Backend(..) => Ok(()),
        }
    }

    /// QEMU's arguments for a card called `device`, a pair of queues a processor where the back end has several.
    pub(super) fn arguments(&self, device: &str, pci: bool, cpus: u32) -> Vec<OsString> {
        let mut card = format!("{device},netdev=net");
        let mut backend = match self {
            Self::None => return Vec::new(),
            Self::User(publish) => {
                let mut user = OsString::from("user");
                for Publish { address, host, guest, transport } in publish {
                    user.push(format!(",hostfwd={transport}:{address}:{host}-:{guest}"));
                }
                user
            }
            Self::Tap(name) => {
                let mut tap = format!("tap,ifname={name},script=no,downscript=no");
                if cpus > 1 && tun_flags(name).is_some_and(|flags| flags & MULTI_QUEUE != 0) {
                    tap.push_str(&format!(",queues={cpus}"));
                    card.push_str(",mq=on");
                    if pci {
                        // One for each queue, one for control, one for changes.
                        card.push_str(&format!(",vectors={}", 2 * cpus + 2));
                    }
                }
                card.push_str(&mac(own_address(name)));
                tap.into()
            }
            Self::Backend(backend, address) => {
                card.push_str(&mac(*address));
                backend.clone()
            }
        };
        backend.push(",id=net");
        vec!["-netdev".into(), backend, "-device".into(), card.into()]
    }
}

fn mac(address: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = address;
    format!(",mac={a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

/// A locally administered address for the card on a tap: QEMU gives all guests the same, which guests
/// on one bridge cannot have.
fn own_address(name: &str) -> [u8; 6] {
    // FNV-1a.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let [a, b, c, d, ..] = hash.to_be_bytes();
    [0x52, 0x54, a, b, c, d]
}

impl Publish {
    fn check(&self) -> Result<(), NetworkError> {
        let place = (IpAddr::from(self.address), self.host);
        let taken = match self.transport {
            Transport::Tcp => TcpListener::bind(place).err(),
            Transport::Udp => UdpSocket::bind(place).err(),
        };
        taken.map_or(Ok(()), |source| Err(NetworkError::Port { publish: *self, source }))
    }
}

/// The flags of a tap interface; none if it is none.
fn tun_flags(name: &str) -> Option<u32> {
    if name.is_empty() || name.contains('/') {
        return None;
    }
    let text = fs::read_to_string(format!("/sys/class/net/{name}/tun_flags")).ok()?;
    u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_published_on_the_hosts_own_address() {
        let publish: Publish = "8080:80".parse().unwrap();
        assert_eq!((publish.address, publish.host, publish.guest), (Ipv4Addr::LOCALHOST, 8080, 80));
        let all = ["8080:80", "0.0.0.0:53:5353/udp", "443:443/tcp"].map(|text| text.parse().unwrap());
        let words = Network::User(all.to_vec()).arguments("virtio-net-pci", true, 1);
        assert_eq!(
            words,
            ["-netdev", "user,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:0.0.0.0:53-:5353,hostfwd=tcp:127.0.0.1:443-:443,id=net",
             "-device", "virtio-net-pci,netdev=net"].map(OsString::from)
        );
        for wrong in ["80", "80:0", "x:80", "80:80/sctp", "1:2:3:4", "70000:1", "::1:80:80", ""] {
            assert!(wrong.parse::<Publish>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_busy_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Network::User(vec![format!("{port}:80").parse().unwrap()]);
        let error = network.check().unwrap_err();
        assert!(error.to_string().contains(&format!("port {port}/tcp of 127.0.0.1")), "{error}");
        assert!(error.hint().contains("--publish"));
        drop(listener);
        assert!(network.check().is_ok());
    }

    #[test]
    fn a_tap_has_to_be_there() {
        for name in ["nosuchtap", "lo", "", "../net/lo"] {
            assert!(Network::Tap(name.into()).check().is_err(), "{name}");
        }
        let words = Network::Tap("nosuchtap".into()).arguments("virtio-net-device", false, 4);
        assert_eq!(words[1], "tap,ifname=nosuchtap,script=no,downscript=no,id=net");
        let other = Network::Tap("nosuchtaq".into()).arguments("virtio-net-device", false, 4);
        assert!(
            words[3] != other[3] && words[3].to_string_lossy().contains("netdev=net,mac=52:54:"),
            "{words:?}"
        );
    }
}
