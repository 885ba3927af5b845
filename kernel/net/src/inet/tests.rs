//! Sockets over the loopback interface of a stack on the host.

use alloc::sync::Arc;
use kcore::errno::{EAGAIN, ECONNREFUSED, Result};
use kcore::vfs::poll::Events;
use std::time::Duration;

use super::{create, name};
use crate::address::{Endpoint, Family as Version, IpAddress};
use crate::socket::{Flags, Incoming, Outgoing, SOCK_DGRAM, SOCK_STREAM, Socket, SocketName, Wait};

fn wait() -> Wait {
    Wait::limited(false, 5_000_000_000)
}

fn listener(version: Version) -> (Arc<dyn Socket>, SocketName) {
    let socket = create(version, SOCK_STREAM, 0).unwrap();
    let any = if version == Version::V4 { IpAddress::LOOPBACK_V4 } else { IpAddress::LOOPBACK_V6 };
    socket.bind(name::write(version, &Endpoint::new(any, 0)).bytes()).unwrap();
    socket.listen(4).unwrap();
    let name = socket.name().unwrap();
    (socket, name)
}

fn connection(version: Version) -> [Arc<dyn Socket>; 2] {
    let (server, name) = listener(version);
    let client = create(version, SOCK_STREAM, 0).unwrap();
    client.connect(name.bytes(), &wait()).unwrap();
    let (accepted, from) = server.accept(&wait()).unwrap();
    assert_eq!(from.bytes(), client.name().unwrap().bytes());
    [client, accepted]
}

fn receive(socket: &dyn Socket, size: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; size];
    let count = socket.receive(&mut [&mut buffer], &mut Incoming::new(Flags::empty()), &wait())?;
    buffer.truncate(count);
    Ok(buffer)
}

#[test]
fn what_is_sent_arrives_and_then_the_end() {
    for version in [Version::V4, Version::V6] {
        let [client, accepted] = connection(version);
        let sent = client.send(&[b"hello ", b"world"], &mut Outgoing::default(), &wait());
        assert_eq!(sent, Ok(11));
        assert_eq!(receive(&*accepted, 99).unwrap(), b"hello world");
        drop(accepted);
        assert_eq!(receive(&*client, 99).unwrap(), b"");
        assert!(client.ready().contains(Events::RDHUP));
    }
}

#[test]
fn nobody_listens_means_refused() {
    let (server, name) = listener(Version::V4);
    drop(server);
    let client = create(Version::V4, SOCK_STREAM, 0).unwrap();
    assert_eq!(client.connect(name.bytes(), &wait()), Err(ECONNREFUSED));
}

#[test]
fn a_receiver_with_a_limit_gives_up() {
    let [client, _accepted] = connection(Version::V4);
    let limit = Wait::limited(false, Duration::from_millis(20).as_nanos() as u64);
    let result = client.receive(&mut [&mut [0; 4]], &mut Incoming::new(Flags::empty()), &limit);
    assert_eq!(result, Err(EAGAIN));
}

#[test]
fn datagrams_keep_their_bounds_and_senders() {
    let (one, other) =
        (create(Version::V4, SOCK_DGRAM, 0).unwrap(), create(Version::V4, SOCK_DGRAM, 0).unwrap());
    let here = name::write(Version::V4, &Endpoint::new(IpAddress::LOOPBACK_V4, 0));
    one.bind(here.bytes()).unwrap();
    let to = one.name().unwrap();
    let mut message = Outgoing { to: Some(to.bytes()), ..Outgoing::default() };
    other.send(&[b"da", b"tagram"], &mut message, &wait()).unwrap();
    let mut buffer = [0; 4];
    let mut message = Incoming::new(Flags::TRUNC);
    assert_eq!(one.receive(&mut [&mut buffer], &mut message, &wait()), Ok(8));
    assert_eq!((&buffer, message.outcome), (b"data", Flags::TRUNC));
    assert_eq!(name::parse_any(message.sender()).unwrap().address, IpAddress::LOOPBACK_V4);
}
