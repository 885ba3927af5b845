//! UDP, raw sockets, fragments, groups, and messages about errors.

mod link;

use std::sync::Arc;

use kcore::errno::{EACCES, EADDRINUSE, EAGAIN, ECONNREFUSED, EDESTADDRREQ, EMSGSIZE};
use kcore::vfs::poll::Events;
use link::streams::{drain, pair, pump};
use link::{MS, SECOND, Treatment, World, address, endpoint, stream};
use net::datagram::Control;
use net::udp::Socket;
use net::{Endpoint, Family, IpAddress, Receive, raw};

fn world() -> World {
    World::new(Treatment { delay: MS, ..Treatment::default() }, 5, false, 1500)
}

fn socket(world: &World, side: usize, family: Family, port: u16) -> Arc<Socket> {
    let socket = Socket::new(world.stacks[side], family).unwrap();
    socket.bind(Endpoint { port, ..Endpoint::any(family) }).unwrap();
    socket
}

fn send(from: &Arc<Socket>, bytes: &[u8], to: Endpoint) -> Result<usize, kcore::errno::Errno> {
    from.send_to(&[bytes], Some(to), &Control::default())
}

fn receive(socket: &Socket) -> Result<(Vec<u8>, Endpoint), kcore::errno::Errno> {
    let mut buffer = vec![0; 70_000];
    let received = socket.receive_from(&mut [&mut buffer], Receive::empty())?.unwrap();
    buffer.truncate(received.copied);
    Ok((buffer, received.from))
}

#[test]
fn datagrams_of_all_lengths_arrive_whole() {
    for family in [Family::V4, Family::V6] {
        for tso in [false, true] {
            let treatment = Treatment { delay: MS, reorder: 300, duplicate: 100, ..Treatment::default() };
            let mut world = World::new(treatment, 9, tso, 1500);
            let (a, b) = (socket(&world, 0, family, 1000), socket(&world, 1, family, 2000));
            for length in [0, 1, 100, 1452, 1472, 1473, 3000, 9000, 40_000, 65_000] {
                let bytes = stream(length, length);
                assert_eq!(send(&a, &bytes, endpoint(1, family, 2000)), Ok(length));
                assert!(world.run_until(SECOND, || b.ready().contains(Events::READABLE)), "{length}");
                let mut part = [0; 10];
                let peeked = b.receive_from(&mut [&mut part], Receive::PEEK).unwrap().unwrap();
                assert_eq!((peeked.copied, peeked.length), (length.min(10), length));
                assert_eq!(peeked.to, address(1, family));
                assert_eq!(receive(&b), Ok((bytes, endpoint(0, family, 1000))));
                world.run(SECOND);
                // Copies of the packet come as well, whole or not.
                while receive(&b).is_ok() {}
            }
            assert_eq!(send(&a, &[0; 65_600], endpoint(1, family, 2000)), Err(EMSGSIZE));
        }
    }
}

#[test]
fn lost_fragments_cost_their_packet_alone() {
    let mut world = World::new(Treatment { delay: MS, drop: 100, ..Treatment::default() }, 2, false, 1500);
    let (a, b) = (socket(&world, 0, Family::V4, 1000), socket(&world, 1, Family::V4, 2000));
    let mut arrived = 0;
    for number in 0..500 {
        send(&a, &stream(number, 5000), endpoint(1, Family::V4, 2000)).unwrap();
        world.run(100 * MS);
        while let Ok((bytes, _)) = receive(&b) {
            assert_eq!(bytes, stream(number, 5000));
            arrived += 1;
        }
    }
    // Four fragments each: about 66 of a hundred arrive.
    assert!((250..420).contains(&arrived), "{arrived}");
}

#[test]
fn nobody_listens() {
    for family in [Family::V4, Family::V6] {
        let mut world = world();
        let a = socket(&world, 0, family, 1000);
        let nobody = endpoint(1, family, 2000);
        assert_eq!(a.send_to(&[b"x"], None, &Control::default()), Err(EDESTADDRREQ));
        // An unconnected socket does not hear of it, a connected one does, once.
        send(&a, b"x", nobody).unwrap();
        world.run(SECOND);
        assert_eq!(receive(&a), Err(EAGAIN));
        a.connect(Some(nobody)).unwrap();
        assert_eq!(a.peer(), Ok(nobody));
        a.send_to(&[b"x"], None, &Control::default()).unwrap();
        world.run(SECOND);
        assert!(a.ready().contains(Events::ERR));
        assert_eq!(receive(&a), Err(ECONNREFUSED));
        assert_eq!(receive(&a), Err(EAGAIN));
        // Only the peer is heard.
        let stranger = socket(&world, 1, family, 3000);
        send(&stranger, b"hello", endpoint(0, family, 1000)).unwrap();
        let peer = socket(&world, 1, family, 2000);
        send(&peer, b"peer", endpoint(0, family, 1000)).unwrap();
        world.run(SECOND);
        assert_eq!(receive(&a).unwrap().0, b"peer");
        assert_eq!(receive(&a), Err(EAGAIN));
    }
}

#[test]
fn ports_are_shared_as_asked() {
    let mut world = world();
    let first = socket(&world, 1, Family::V4, 2000);
    let second = Socket::new(world.stacks[1], Family::V4).unwrap();
    assert_eq!(second.bind(endpoint(1, Family::V4, 2000)), Err(EADDRINUSE));
    first.close();
    second.bind(endpoint(1, Family::V4, 2000)).unwrap();
    second.close();
    let group: Vec<_> = (0..4)
        .map(|_| {
            let socket = Socket::new(world.stacks[1], Family::V4).unwrap();
            socket.configure(&mut |settings| settings.reuse_port = true);
            socket.bind(Endpoint { port: 2000, ..Endpoint::any(Family::V4) }).unwrap();
            socket
        })
        .collect();
    for port in 1000..1100 {
        let from = socket(&world, 0, Family::V4, port);
        send(&from, b"1", endpoint(1, Family::V4, 2000)).unwrap();
        send(&from, b"2", endpoint(1, Family::V4, 2000)).unwrap();
        world.run(3 * MS);
    }
    let mut counts = Vec::new();
    for socket in &group {
        let mut from = Vec::new();
        while let Ok((_, sender)) = receive(socket) {
            from.push(sender.port);
        }
        // One sender's datagrams all come to the same socket, in order.
        assert!(from.chunks(2).all(|pair| pair[0] == pair[1]));
        counts.push(from.len());
    }
    assert_eq!(counts.iter().sum::<usize>(), 200);
    assert!(counts.iter().all(|&count| count > 10), "{counts:?}");
}

#[test]
fn a_slow_reader_loses_datagrams_and_no_memory() {
    let mut world = world();
    let (a, b) = (socket(&world, 0, Family::V4, 1000), socket(&world, 1, Family::V4, 2000));
    b.configure(&mut |settings| settings.receive_buffer = 20_000);
    for _ in 0..1000 {
        send(&a, &[7; 1000], endpoint(1, Family::V4, 2000)).unwrap();
        world.run(MS);
    }
    let mut count = 0;
    while receive(&b).is_ok() {
        count += 1;
    }
    assert!((5..20).contains(&count), "{count}");
}

#[test]
fn groups_and_broadcasts_reach_those_who_joined() {
    let mut world = world();
    let group = IpAddress::V4([239, 1, 2, 3]);
    let (a, b) = (socket(&world, 0, Family::V4, 5353), socket(&world, 1, Family::V4, 5353));
    send(&a, b"early", Endpoint::new(group, 5353)).unwrap();
    world.run(SECOND);
    b.join(group, 0).unwrap();
    assert_eq!(b.join(group, 2), Err(EADDRINUSE));
    world.run(SECOND);
    send(&a, b"group", Endpoint::new(group, 5353)).unwrap();
    world.run(SECOND);
    assert_eq!(receive(&b).unwrap(), (b"group".to_vec(), endpoint(0, Family::V4, 5353)));
    assert_eq!(receive(&b), Err(EAGAIN));
    // What is sent to a group comes back to a member on the same machine.
    send(&b, b"own", Endpoint::new(group, 5353)).unwrap();
    world.run(SECOND);
    assert_eq!(receive(&b).unwrap().0, b"own");
    assert_eq!(receive(&a), Err(EAGAIN));
    b.leave(group, 0).unwrap();
    send(&a, b"late", Endpoint::new(group, 5353)).unwrap();
    world.run(SECOND);
    assert_eq!(receive(&b), Err(EAGAIN));
    let all = Endpoint::new(IpAddress::V4([10, 0, 0, 255]), 5353);
    assert_eq!(send(&a, b"all", all), Err(EACCES));
    a.configure(&mut |settings| settings.broadcast = true);
    send(&a, b"all", all).unwrap();
    world.run(SECOND);
    assert_eq!(receive(&b).unwrap().0, b"all");
}

#[test]
fn echo_requests_are_answered() {
    for family in [Family::V4, Family::V6] {
        let mut world = world();
        let (request, reply) = if family == Family::V4 { (8, 0) } else { (128, 129) };
        let ping = raw::Socket::echo(world.stacks[0], family).unwrap();
        for length in [8, 64, 1000, 5000] {
            let mut message = stream(3, length);
            message[..8].copy_from_slice(&[request, 0, 0, 0, 0, 0, 0, 9]);
            let to = endpoint(1, family, 0);
            assert_eq!(ping.send_to(&[&message], Some(to), &Control::default()), Ok(length));
            world.run(SECOND);
            let mut answer = vec![0; 9000];
            let received = ping.receive_from(&mut [&mut answer], Receive::empty()).unwrap().unwrap();
            assert_eq!(
                (received.length, received.from.address, answer[0]),
                (length, address(1, family), reply)
            );
            assert_eq!(answer[6..length], message[6..]);
            assert_eq!(ping.next_length(), 0);
        }
    }
}

#[test]
fn a_path_that_takes_shorter_packets_is_learned() {
    for family in [Family::V4, Family::V6] {
        let mut world = world();
        let (client, server, _) = pair(&mut world, family);
        // A router on the way drops what is longer than 1400 bytes, and says so.
        let complaints = Arc::new(std::sync::Mutex::new(Vec::new()));
        let noted = complaints.clone();
        world.wire.lock().unwrap().filter = Some(Box::new(move |side, frame| {
            if side == 0 && frame.len() > 1414 {
                noted.lock().unwrap().push(too_big(family, frame, 1400));
                return false;
            }
            true
        }));
        let (mut sent, mut received, began) = (0, 0, world.now);
        while received < 300_000 {
            sent = pump(&client, sent, 300_000);
            let frames = core::mem::take(&mut *complaints.lock().unwrap());
            frames.iter().for_each(|frame| world.deliver(0, frame));
            received = drain(&server, received).0;
            let until = world.now + SECOND;
            world.step(until);
            assert!(world.now - began < 5 * SECOND, "{received} {:?}", client.info());
        }
        assert_eq!(client.info().path_mtu, 1400);
        // Datagrams are cut to fit from now on.
        let (a, b) = (socket(&world, 0, family, 1000), socket(&world, 1, family, 2000));
        send(&a, &stream(0, 1450), endpoint(1, family, 2000)).unwrap();
        world.run(SECOND);
        assert_eq!(receive(&b).unwrap().0, stream(0, 1450));
    }
}

/// A router's complaint about a frame that the first side sent.
fn too_big(family: Family, frame: &[u8], mtu: u16) -> Vec<u8> {
    let mut message = vec![0; 8];
    let quoted = &frame[14..(14 + 100).min(frame.len())];
    let router = IpAddress::V4([10, 0, 0, 254]);
    let to = address(0, family);
    let mut complaint = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 7];
    match family {
        Family::V4 => {
            message[..2].copy_from_slice(&[3, 4]);
            message[6..8].copy_from_slice(&mtu.to_be_bytes());
            message.extend_from_slice(quoted);
            let sum = net::wire::checksum::of(&message);
            message[2..4].copy_from_slice(&sum);
            let (IpAddress::V4(source), IpAddress::V4(destination)) = (router, to) else { unreachable!() };
            complaint.extend_from_slice(&[8, 0]);
            complaint.resize(34, 0);
            let header = net::wire::ipv4::Header {
                header_length: 20,
                tos: 0,
                total_length: 20 + message.len(),
                id: 0,
                dont_fragment: false,
                more: false,
                offset: 0,
                ttl: 64,
                protocol: 1,
                source,
                destination,
            };
            header.write(&mut complaint[14..]);
        }
        Family::V6 => {
            message[0] = 2;
            message[6..8].copy_from_slice(&mtu.to_be_bytes());
            message.extend_from_slice(quoted);
            let mut source = [0; 16];
            (source[0], source[15]) = (0xfd, 0xfe);
            let IpAddress::V6(destination) = to else { unreachable!() };
            let mut sum = net::wire::checksum::pseudo(&IpAddress::V6(source), &to, 58, message.len());
            sum.add(&message);
            message[2..4].copy_from_slice(&sum.checksum());
            complaint.extend_from_slice(&[0x86, 0xdd]);
            complaint.resize(54, 0);
            let header = net::wire::ipv6::Header {
                class: 0,
                flow: 0,
                payload_length: message.len(),
                next: 58,
                hop_limit: 64,
                source,
                destination,
            };
            header.write(&mut complaint[14..]);
        }
    }
    complaint.extend_from_slice(&message);
    complaint
}
