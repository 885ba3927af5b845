//! Connections between the two stacks, and the stream that they carry.

use std::sync::Arc;

use kcore::errno::{EAGAIN, EINPROGRESS};
use kcore::vfs::poll::Events;
use net::tcp::Socket;
use net::{Endpoint, Family, Receive, Send};

use super::{SECOND, World, endpoint, stream};

/// Listens on the second side.
pub fn listener(world: &World, family: Family, port: u16, backlog: u32) -> Arc<Socket> {
    let socket = Socket::new(world.stacks[1], family).unwrap();
    socket.configure(&mut |settings| settings.reuse_address = true);
    socket.bind(Endpoint { port, ..Endpoint::any(family) }).unwrap();
    socket.listen(backlog).unwrap();
    socket
}

pub fn connect(world: &World, family: Family, port: u16) -> Arc<Socket> {
    let socket = Socket::new(world.stacks[0], family).unwrap();
    assert_eq!(socket.connect(endpoint(1, family, port)), Err(EINPROGRESS));
    socket
}

/// A connection: the one that asked, and the one that was accepted.
pub fn pair(world: &mut World, family: Family) -> (Arc<Socket>, Arc<Socket>, Arc<Socket>) {
    let listener = listener(world, family, 80, 16);
    let client = connect(world, family, 80);
    assert!(world.run_until(60 * SECOND, || client.ready().contains(Events::WRITABLE)
        && listener.ready().contains(Events::READABLE)));
    let (server, from) = listener.accept().unwrap();
    assert_eq!(from, client.local());
    assert_eq!(server.peer().unwrap(), client.local());
    assert_eq!(client.take_error(), None);
    (client, server, listener)
}

/// Sends what there is room for of the stream; gives where it is then.
pub fn pump(socket: &Arc<Socket>, at: usize, end: usize) -> usize {
    let mut at = at;
    while at < end {
        let bytes = stream(at, (end - at).min(10_000));
        let (one, two) = bytes.split_at(bytes.len() / 3);
        match socket.send(&[one, two], Send::empty()) {
            Ok(count) => at += count,
            Err(error) => {
                assert_eq!(error, EAGAIN);
                break;
            }
        }
    }
    at
}

/// Receives what there is and compares it with the stream; gives where it is then, and whether it ended.
pub fn drain(socket: &Arc<Socket>, at: usize) -> (usize, bool) {
    let mut at = at;
    let mut buffer = vec![0; 7000];
    loop {
        let (one, two) = buffer.split_at_mut(999);
        match socket.receive(&mut [one, two], Receive::empty()) {
            Ok(0) => return (at, true),
            Ok(count) => {
                assert_eq!(buffer[..count], stream(at, count), "at {at}");
                at += count;
            }
            Err(error) => {
                assert_eq!(error, EAGAIN);
                return (at, false);
            }
        }
    }
}

/// Sends `length` bytes each way, then ends; both have to get all of it. Gives how long it took.
pub fn exchange(
    world: &mut World,
    client: &Arc<Socket>,
    server: &Arc<Socket>,
    length: usize,
    limit: u64,
) -> u64 {
    let began = world.now;
    let sockets = [client, server];
    let (mut sent, mut received, mut ended) = ([0; 2], [0; 2], [false; 2]);
    let mut shut = [false; 2];
    while ended != [true; 2] {
        for side in 0..2 {
            sent[side] = pump(sockets[side], sent[side], length);
            if sent[side] == length && !shut[side] {
                sockets[side].shutdown(false, true).unwrap();
                shut[side] = true;
            }
            if !ended[side] {
                (received[side], ended[side]) = drain(sockets[side], received[side]);
            }
        }
        assert!(
            world.now - began < limit,
            "stalled: sent {sent:?}, received {received:?}, {:?} {:?}",
            client.info(),
            server.info()
        );
        let until = world.now + SECOND;
        world.step(until);
    }
    assert_eq!(received, [length; 2]);
    world.now - began
}
