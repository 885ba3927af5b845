use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kcore::device::net::{Buffer, Checksum, Gso, GsoKind, Nic, Packet, Receiver};

use super::device::Card;
use crate::virtio::model::{Model, Shared};

const VERSION: u64 = 1 << 32;
const CHECKSUMS: u64 = 0b11;
const MAC: u64 = 1 << 5;
const TSO: u64 = 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12;
const MERGEABLE: u64 = 1 << 15;
const STATUS: u64 = 1 << 16;
const CONTROL_AND_PAIRS: u64 = 1 << 17 | 1 << 22;
const EVENTS: u64 = 1 << 29;

/// The other end of the cable.
struct Cable {
    model: Arc<Model>,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
    commands: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Receive buffers used so far.
    used: AtomicU16,
}

/// What a stack would get.
#[derive(Default)]
struct Stack {
    packets: Mutex<Vec<Packet>>,
    batches: AtomicUsize,
    writable: AtomicUsize,
}

impl Receiver for Stack {
    fn receive(&self, packet: Packet) {
        self.packets.lock().unwrap().push(packet);
    }

    fn done(&self) {
        self.batches.fetch_add(1, Ordering::SeqCst);
    }

    fn writable(&self) {
        self.writable.fetch_add(1, Ordering::SeqCst);
    }

    fn link(&self, _up: bool) {}
}

fn until(mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < end, "it never came true");
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Cable {
    /// A card with these features; while `stuck`, it sends nothing.
    fn new(features: u64, stuck: Arc<Mutex<bool>>) -> (Self, Arc<Card>, Arc<Stack>) {
        let (sent, commands) = (Arc::<Mutex<Vec<Vec<u8>>>>::default(), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let (out, orders) = (sent.clone(), commands.clone());
        let seen: [AtomicU16; 6] = Default::default();
        let serve = move |model: &Model, queue: u16| {
            if queue.is_multiple_of(2) && queue != 4 || *stuck.lock().unwrap() {
                return;
            }
            let seen = &seen[usize::from(queue)];
            // After a reset the ring starts anew.
            if model.index(queue) < seen.load(Ordering::SeqCst) {
                seen.store(0, Ordering::SeqCst);
            }
            for (head, parts) in model.offered(queue, seen.load(Ordering::SeqCst)) {
                seen.fetch_add(1, Ordering::SeqCst);
                let bytes: Vec<u8> = parts
                    .iter()
                    .filter(|part| !part.writable)
                    .flat_map(|part| part.bytes().to_vec())
                    .collect();
                if queue == 4 {
                    parts.last().unwrap().bytes()[0] = 0;
                    orders.lock().unwrap().push(bytes);
                } else {
                    out.lock().unwrap().push(bytes);
                }
                model.finish(queue, head.into(), 0);
                model.want(queue, seen.load(Ordering::SeqCst));
            }
        };
        // 52:54:00:12:34:56, the link is up, two pairs, an MTU that is not asked for.
        let config = vec![0x1200_5452, 0x0001_5634, 0x05dc_0002];
        let model = Model::new(features | VERSION, config, Box::new(serve));
        let card = Card::new(Box::new(Shared(model.clone())), 2).unwrap();
        let stack = Arc::new(Stack::default());
        card.start(stack.clone()).unwrap();
        (Self { model, sent, commands, used: AtomicU16::new(0) }, card, stack)
    }

    /// Lets the card receive these bytes, header included, in as many buffers as they need. `lie`
    /// changes the length that the first entry says.
    fn deliver(&self, mut bytes: Vec<u8>, lie: fn(u32) -> u32) {
        let offered = self.model.offered(0, self.used.load(Ordering::SeqCst));
        let room = offered[0].1[0].length;
        let count = bytes.len().div_ceil(room);
        bytes[10..12].copy_from_slice(&(count as u16).to_le_bytes());
        for (number, ((head, parts), chunk)) in offered.iter().zip(bytes.chunks(room)).enumerate() {
            assert!(parts.len() == 1 && parts[0].writable);
            parts[0].bytes()[..chunk.len()].copy_from_slice(chunk);
            let length = chunk.len() as u32;
            self.used.fetch_add(1, Ordering::SeqCst);
            self.model.finish(0, (*head).into(), if number == 0 { lie(length) } else { length });
        }
        self.model.interrupt(0);
    }
}

/// A frame that carries a number.
fn frame(length: usize, number: u8) -> Packet {
    let mut head = Buffer::with_headroom(length + 32, 32).unwrap();
    head.append(&vec![number; length]);
    Packet::new(head)
}

#[test]
fn frames_go_out_with_what_they_ask_for() {
    let (cable, card, _) = Cable::new(CHECKSUMS | MAC | TSO | MERGEABLE | STATUS, Arc::default());
    assert_eq!(card.mac(), [0x52, 0x54, 0, 0x12, 0x34, 0x56]);
    assert!(card.link() && card.offloads().checksum && card.offloads().tso4);
    assert_eq!((card.mtu(), card.queues()), (1500, 1));
    let mut long = frame(54, 1);
    let mut payload = Buffer::new(9000).unwrap();
    payload.append(&[2; 9000]);
    long.fragments.push(payload.into());
    long.checksum = Checksum::Partial { start: 34, offset: 16 };
    long.gso = Some(Gso { kind: GsoKind::Tcp4, size: 1460, headers: 54, congestion: false });
    // One without room for the device's header.
    let mut tight = Buffer::new(60).unwrap();
    tight.append(&[3; 60]);
    assert!(card.transmit(long, false).is_ok() && card.transmit(Packet::new(tight), false).is_ok());
    // Longer than the cable takes.
    assert!(card.transmit(frame(1600, 4), false).is_ok());
    let sent = cable.sent.lock().unwrap();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0][..12], [1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0]);
    assert_eq!((sent[0].len(), sent[0][12], sent[0][12 + 54]), (12 + 54 + 9000, 1, 2));
    assert_eq!(sent[1], [vec![0; 12], vec![3; 60]].concat());
}

#[test]
fn what_is_held_back_goes_out_with_the_next() {
    let (cable, card, _) = Cable::new(MAC | EVENTS, Arc::default());
    for number in 0..5 {
        assert!(card.transmit(frame(100, number), number != 4).is_ok());
        assert_eq!(cable.sent.lock().unwrap().len(), if number == 4 { 5 } else { 0 });
    }
}

#[test]
fn frames_arrive_over_several_buffers() {
    let (cable, _card, stack) = Cable::new(CHECKSUMS | MAC | TSO | MERGEABLE | EVENTS, Arc::default());
    let content: Vec<u8> = (0..30_000u32).map(|at| (at / 7) as u8).collect();
    let header = [1, 1, 54, 0, 0xb4, 5, 34, 0, 16, 0, 0, 0];
    cable.deliver([&header[..], &content].concat(), |length| length);
    cable.deliver([&[2u8; 1], &[0; 11][..], &[9; 60]].concat(), |length| length);
    until(|| stack.packets.lock().unwrap().len() == 2);
    let packets = stack.packets.lock().unwrap();
    let mut bytes = vec![0; 40_000];
    assert_eq!((packets[0].copy_to(0, &mut bytes), &bytes[..30_000]), (30_000, &content[..]));
    assert_eq!(packets[0].checksum, Checksum::Partial { start: 34, offset: 16 });
    assert_eq!(packets[0].gso.map(|gso| (gso.kind, gso.size)), Some((GsoKind::Tcp4, 1460)));
    assert_eq!((packets[1].length(), packets[1].checksum), (60, Checksum::Valid));
    // A small frame does not keep a whole buffer.
    assert!(packets[1].head.tailroom() < 64);
    // More than a ring: buffers go round.
    drop(packets);
    for number in 0..1000 {
        cable.deliver([&[0; 12][..], &[number as u8; 1000]].concat(), |length| length);
        until(|| stack.packets.lock().unwrap().len() == 3 + number);
    }
}

#[test]
fn a_full_queue_gives_packets_back_and_says_when_there_is_room() {
    let stuck = Arc::new(Mutex::new(true));
    let (cable, card, stack) = Cable::new(MAC, stuck.clone());
    let mut taken = 0;
    let back = loop {
        match card.transmit(frame(60, taken), false) {
            Ok(()) => taken += 1,
            Err(packet) => break packet,
        }
    };
    assert!(taken > 20 && back.length() == 60);
    *stuck.lock().unwrap() = false;
    (cable.model.serve)(&cable.model, 1);
    cable.model.interrupt(1);
    until(|| stack.writable.load(Ordering::SeqCst) == 1);
    assert!(card.transmit(back, false).is_ok());
    let sent = cable.sent.lock().unwrap();
    assert!(sent.iter().enumerate().all(|(number, bytes)| bytes[12] as usize == number));
}

#[test]
fn a_device_that_lies_is_reset_and_works_on() {
    let (cable, card, stack) = Cable::new(MAC | MERGEABLE, Arc::default());
    let resets = || cable.model.resets.load(Ordering::SeqCst);
    assert_eq!(resets(), 1);
    let again = |expected| {
        until(|| resets() == expected && cable.model.is_working());
        // The card has offered new buffers.
        until(|| cable.model.index(0) > 0);
        cable.used.store(0, Ordering::SeqCst);
    };
    cable.deliver(vec![0; 100], |_| 1 << 20);
    again(2);
    cable.deliver(vec![0; 100], |_| 4);
    again(3);
    cable.model.set_used(0, 5000);
    cable.model.interrupt(0);
    again(4);
    cable.model.finish(0, 77, 100);
    cable.model.interrupt(0);
    again(5);
    cable.model.set_used(1, 5000);
    cable.model.interrupt(1);
    again(6);
    cable.deliver(vec![7; 100], |length| length);
    until(|| stack.packets.lock().unwrap().len() == 1);
    until(|| {
        assert!(card.transmit(frame(60, 0), false).is_ok());
        !cable.sent.lock().unwrap().is_empty()
    });
}

#[test]
fn each_processor_has_a_pair_of_queues() {
    let (cable, card, stack) = Cable::new(MAC | STATUS | CONTROL_AND_PAIRS | MERGEABLE, Arc::default());
    assert_eq!(card.queues(), 2);
    assert_eq!(*cable.commands.lock().unwrap(), [vec![4, 0, 2, 0]]);
    for flow in 1..=4u32 {
        let mut packet = frame(60, flow as u8);
        packet.flow = flow;
        assert!(card.transmit(packet, false).is_ok());
    }
    assert_eq!((cable.model.index(1), cable.model.index(3)), (2, 2));
    cable.deliver(vec![0; 80], |length| length);
    until(|| stack.batches.load(Ordering::SeqCst) == 1);
}
