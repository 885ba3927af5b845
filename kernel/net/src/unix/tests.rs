//! The family on the host's threads.

use alloc::sync::Arc;
use alloc::vec::Vec;
use kcore::errno::{EADDRINUSE, EAGAIN, ECONNREFUSED, ECONNRESET, EMSGSIZE, ENOTCONN, EPIPE, Result};
use kcore::vfs::poll::Events;

use super::name::UnixName;
use super::{create, pair};
use crate::socket::{
    Flags, Incoming, Outgoing, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, Shutdown, Socket, Wait,
};

fn send(socket: &dyn Socket, bytes: &[u8]) -> Result<usize> {
    socket.send(&[bytes], &mut Outgoing::default(), &Wait::NEVER)
}

fn receive_as(socket: &dyn Socket, size: usize, flags: Flags) -> Result<(Vec<u8>, Flags)> {
    let mut buffer = vec![0; size];
    let mut message = Incoming::new(flags);
    let count = socket.receive(&mut [&mut buffer], &mut message, &Wait::NEVER)?;
    buffer.truncate(count);
    Ok((buffer, message.outcome))
}

fn receive(socket: &dyn Socket, size: usize) -> Result<Vec<u8>> {
    receive_as(socket, size, Flags::empty()).map(|(bytes, _)| bytes)
}

fn abstract_name(text: &str) -> Vec<u8> {
    let name = UnixName::Abstract([b"\0", text.as_bytes()].concat());
    name.to_socket_name().bytes().to_vec()
}

#[test]
fn a_stream_has_no_bounds_and_packets_have() {
    let [one, other] = pair(SOCK_STREAM, 0).unwrap();
    send(&*one, b"ab").unwrap();
    send(&*one, b"cd").unwrap();
    assert_eq!(receive(&*other, 3).unwrap(), b"abc");
    assert_eq!(receive(&*other, 3).unwrap(), b"d");
    let [one, other] = pair(SOCK_SEQPACKET, 0).unwrap();
    send(&*one, b"ab").unwrap();
    send(&*one, b"cd").unwrap();
    assert_eq!(receive_as(&*other, 1, Flags::empty()).unwrap(), (b"a".to_vec(), Flags::TRUNC));
    assert_eq!(receive(&*other, 3).unwrap(), b"cd");
    assert_eq!(receive(&*other, 3), Err(EAGAIN));
}

#[test]
fn what_is_received_into_parts_is_what_was_sent_in_parts() {
    let [one, other] = pair(SOCK_STREAM, 0).unwrap();
    let sent = one.send(&[b"ab", b"", b"cdefg"], &mut Outgoing::default(), &Wait::NEVER);
    assert_eq!(sent, Ok(7));
    let (mut first, mut second) = ([0; 3], [0; 9]);
    let mut message = Incoming::new(Flags::empty());
    assert_eq!(other.receive(&mut [&mut first, &mut second], &mut message, &Wait::NEVER), Ok(7));
    assert_eq!((&first, &second[..4]), (b"abc", &b"defg"[..]));
}

#[test]
fn the_end_is_seen_by_both_sides() {
    let [one, other] = pair(SOCK_STREAM, 0).unwrap();
    send(&*one, b"last").unwrap();
    one.shutdown(Shutdown { receive: false, send: true }).unwrap();
    assert_eq!(send(&*one, b"x"), Err(EPIPE));
    assert!(other.ready().contains(Events::RDHUP) && !other.ready().contains(Events::HUP));
    assert_eq!(receive(&*other, 9).unwrap(), b"last");
    assert_eq!(receive(&*other, 9).unwrap(), b"");
    send(&*other, b"unread").unwrap();
    drop(one);
    assert!(other.ready().contains(Events::HUP | Events::ERR));
    assert_eq!(receive(&*other, 9), Err(ECONNRESET));
    assert_eq!(send(&*other, b"x"), Err(EPIPE));
}

#[test]
fn connections_wait_up_to_the_backlog() {
    let name = abstract_name("backlog");
    let server = create(SOCK_STREAM, 0).unwrap();
    server.bind(&name).unwrap();
    assert_eq!(create(SOCK_STREAM, 0).unwrap().bind(&name), Err(EADDRINUSE));
    // Each type has names of its own.
    create(SOCK_SEQPACKET, 0).unwrap().bind(&name).unwrap();
    let clients: Vec<_> = (0..3).map(|_| create(SOCK_STREAM, 0).unwrap()).collect();
    assert_eq!(clients[0].connect(&name, &Wait::NEVER), Err(ECONNREFUSED));
    server.listen(1).unwrap();
    assert_eq!(clients[0].connect(&name, &Wait::NEVER), Ok(()));
    assert_eq!(clients[1].connect(&name, &Wait::NEVER), Ok(()));
    assert_eq!(clients[2].connect(&name, &Wait::NEVER), Err(EAGAIN));
    let (accepted, _) = server.accept(&Wait::NEVER).unwrap();
    send(&*clients[0], b"hello").unwrap();
    assert_eq!(receive(&*accepted, 9).unwrap(), b"hello");
    assert_eq!(clients[2].connect(&name, &Wait::NEVER), Ok(()));
    drop(server);
    assert_eq!(receive(&*clients[1], 1), Err(ECONNRESET));
    assert_eq!(create(SOCK_STREAM, 0).unwrap().connect(&name, &Wait::NEVER), Err(ECONNREFUSED));
}

#[test]
fn a_blocked_connect_and_a_blocked_receive_are_woken() {
    let name = abstract_name("blocked");
    let server = create(SOCK_STREAM, 0).unwrap();
    server.bind(&name).unwrap();
    server.listen(0).unwrap();
    let first = create(SOCK_STREAM, 0).unwrap();
    first.connect(&name, &Wait::NEVER).unwrap();
    let thread = std::thread::spawn(move || {
        let second = create(SOCK_STREAM, 0).unwrap();
        second.connect(&name, &Wait::FOREVER).unwrap();
        let mut buffer = [0; 4];
        let mut message = Incoming::new(Flags::empty());
        second.receive(&mut [&mut buffer], &mut message, &Wait::FOREVER).unwrap();
        buffer
    });
    std::thread::sleep(std::time::Duration::from_millis(20));
    drop(server.accept(&Wait::FOREVER).unwrap());
    let (accepted, _) = server.accept(&Wait::FOREVER).unwrap();
    send(&*accepted, b"woke").unwrap();
    assert_eq!(thread.join().unwrap(), *b"woke");
}

#[test]
fn datagrams_know_where_they_come_from() {
    let (here, there) = (abstract_name("here"), abstract_name("there"));
    let (one, other) = (create(SOCK_DGRAM, 0).unwrap(), create(SOCK_DGRAM, 0).unwrap());
    one.bind(&here).unwrap();
    other.bind(&there).unwrap();
    assert_eq!(send(&*one, b"x"), Err(ENOTCONN));
    let mut message = Outgoing { to: Some(&there), ..Outgoing::default() };
    one.send(&[b"hello"], &mut message, &Wait::NEVER).unwrap();
    let mut buffer = [0; 9];
    let mut message = Incoming::new(Flags::empty());
    assert_eq!(other.receive(&mut [&mut buffer], &mut message, &Wait::NEVER), Ok(5));
    assert_eq!(message.sender(), here);
    assert_eq!(send(&*pair(SOCK_DGRAM, 0).unwrap()[0], &vec![0; 300_000]), Err(EMSGSIZE));
    one.connect(&there, &Wait::NEVER).unwrap();
    drop(other);
    assert_eq!(send(&*one, b"x"), Err(ECONNREFUSED));
    assert_eq!(send(&*one, b"x"), Err(ENOTCONN));
}

#[test]
fn files_travel_with_the_bytes_they_were_sent_with() {
    let [one, other] = pair(SOCK_STREAM, 0).unwrap();
    let (file, _writer) = kcore::vfs::pipe::pair(kcore::vfs::OpenFlags::empty());
    send(&*one, b"before").unwrap();
    let mut message = Outgoing { rights: vec![file.clone()], ..Outgoing::default() };
    one.send(&[b"with"], &mut message, &Wait::NEVER).unwrap();
    send(&*one, b"after").unwrap();
    assert_eq!(Arc::strong_count(&file), 2);
    let mut buffer = [0; 99];
    let mut message = Incoming::new(Flags::empty());
    assert_eq!(other.receive(&mut [&mut buffer], &mut message, &Wait::NEVER), Ok(10));
    assert!(Arc::ptr_eq(&message.rights[0], &file));
    assert_eq!(receive(&*other, 99).unwrap(), b"after");
}
