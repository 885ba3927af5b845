//! A link that damages frames. ARP has no checksum, so what is known of a neighbour may be wrong: a
//! connection has to get over that about as soon as over a lost segment.

mod link;

use std::sync::{Arc, Mutex};

use kcore::vfs::poll::Events;
use link::streams::{connect, exchange, listener, pair};
use link::{MS, SECOND, Treatment, World, address};
use net::wire::arp::{self, Message};
use net::{Family, IpAddress};

/// The message in a frame of ARP.
fn message(frame: &[u8]) -> Option<Message> {
    (frame[12..14] == [8, 6]).then(|| Message::parse(&frame[14..])).flatten()
}

/// A frame of ARP from the second side to the first.
fn frame(operation: u16, mac: [u8; 6], named: [u8; 6]) -> Vec<u8> {
    let IpAddress::V4(sender) = address(1, Family::V4) else { unreachable!() };
    let IpAddress::V4(target) = address(0, Family::V4) else { unreachable!() };
    let own = [2, 0, 0, 0, 0, 1];
    let mut frame = [&own[..], &mac, &[8, 6], &[0; arp::LENGTH]].concat();
    Message { operation, sender_mac: named, sender, target_mac: own, target }.write(&mut frame[14..]);
    frame
}

/// Counts the questions that the first side asks from now on.
fn count_questions(world: &World) -> Arc<Mutex<u32>> {
    let count = Arc::new(Mutex::new(0));
    let counter = count.clone();
    world.wire.lock().unwrap().filter = Some(Box::new(move |side, frame| {
        let asks = side == 0 && message(frame).is_some_and(|message| message.operation == arp::REQUEST);
        *counter.lock().unwrap() += u32::from(asks);
        true
    }));
    count
}

#[test]
fn a_damaged_link_stalls_no_connection() {
    let treatment = Treatment {
        drop: 5,
        corrupt: 30,
        truncate: 20,
        delay: MS / 10,
        per_byte: 20,
        ..Treatment::default()
    };
    for seed in 0..200 {
        let family = if seed % 4 == 3 { Family::V6 } else { Family::V4 };
        let mut world = World::new(treatment, seed, seed % 2 == 1, 1500);
        for _ in 0..10 {
            let began = world.now;
            let (client, server, listener) = pair(&mut world, family);
            exchange(&mut world, &client, &server, 40_000, 16 * SECOND);
            [client, server, listener].iter().for_each(|socket| socket.close());
            // Four requests in a row may meet with something, but not much else.
            assert!(world.now - began < 16 * SECOND, "seed {seed}: {} ms", (world.now - began) / MS);
        }
    }
}

#[test]
fn a_wrong_answer_is_found_out() {
    for agrees in [false, true] {
        let mut world = World::new(Treatment { delay: MS, ..Treatment::default() }, 1, false, 1500);
        // The first answer is lost, and a damaged one comes in its place.
        let mut lost = false;
        world.wire.lock().unwrap().filter = Some(Box::new(move |side, frame| {
            let first = side == 1 && !lost && message(frame).is_some();
            lost |= first;
            !first
        }));
        let _listener = listener(&world, Family::V4, 80, 16);
        let client = connect(&world, Family::V4, 80);
        let wrong = [2, 0, 0, 0, 8, 2];
        let right = [2, 0, 0, 0, 0, 2];
        world.deliver(0, &frame(arp::REPLY, if agrees { wrong } else { right }, wrong));
        let connected = world.run_until(3500 * MS, || client.ready().contains(Events::WRITABLE));
        assert!(connected && client.take_error().is_none(), "{agrees}");
    }
}

#[test]
fn a_host_that_names_a_wrong_address_is_asked_before_it_is_believed() {
    let mut world = World::new(Treatment { delay: MS, ..Treatment::default() }, 1, false, 1500);
    let (client, server, _listener) = pair(&mut world, Family::V4);
    let questions = count_questions(&world);
    for operation in [arp::REQUEST, arp::REPLY] {
        world.deliver(0, &frame(operation, [2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 8, 2]));
    }
    let took = exchange(&mut world, &client, &server, 40_000, SECOND);
    assert!(took < 200 * MS && client.info().total_retransmits == 0, "{took}");
    // The second time it was on its way.
    assert_eq!(*questions.lock().unwrap(), 1);
}

#[test]
fn progress_makes_questions_needless() {
    let mut world = World::new(Treatment { delay: MS, ..Treatment::default() }, 1, false, 1500);
    let (client, server, _listener) = pair(&mut world, Family::V4);
    let questions = count_questions(&world);
    let mut buffer = [0; 10];
    for _ in 0..20 {
        for (from, to) in [(&client, &server), (&server, &client)] {
            from.send(&[b"one"], net::Send::empty()).unwrap();
            assert!(world.run_until(SECOND, || to.ready().contains(Events::READABLE)));
            to.receive(&mut [&mut buffer], net::Receive::empty()).unwrap();
        }
        world.run(20 * SECOND);
    }
    assert_eq!(*questions.lock().unwrap(), 0);
    world.run(60 * SECOND);
    client.send(&[b"one"], net::Send::empty()).unwrap();
    world.run(SECOND);
    assert_eq!(*questions.lock().unwrap(), 1);
}
