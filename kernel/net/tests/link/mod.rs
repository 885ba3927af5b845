//! A link between two stacks, in virtual time, that treats packets as badly as it is told to, by a seed.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod streams;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use kcore::device::net::{Buffer, Checksum, Gso, Nic, Offloads, Packet, Receiver};
use net::wire::checksum::{self, Sum};
use net::{Endpoint, Family, IpAddress, Prefix, Stack, interface};

pub const MS: u64 = 1_000_000;
pub const SECOND: u64 = 1000 * MS;

/// How packets are treated; chances are in a thousand.
#[derive(Clone, Copy, Default, Debug)]
pub struct Treatment {
    pub drop: u32,
    pub duplicate: u32,
    pub reorder: u32,
    pub corrupt: u32,
    pub truncate: u32,
    /// Nanoseconds that each takes.
    pub delay: u64,
    /// Nanoseconds that a byte takes; 0 for an infinitely fast link.
    pub per_byte: u64,
    /// Bytes that wait for the link at most; more is dropped. 0 for no limit.
    pub queue: u64,
}

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit.max(1))) as u32
    }
}

/// Looks at a frame from a side; false drops it.
pub type Filter = Box<dyn FnMut(usize, &[u8]) -> bool + Send>;

/// What is on the wire.
pub struct Wire {
    pub treatment: Treatment,
    random: Random,
    now: u64,
    /// By time and number: to which side, and the bytes.
    flying: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    count: u64,
    /// Until when each direction is busy.
    busy: [u64; 2],
    /// Frames that were sent, by side.
    pub sent: [u64; 2],
    /// The longest frame that a card was given, before it was cut.
    pub longest: usize,
    /// Sees each frame; false drops it.
    pub filter: Option<Filter>,
}

pub struct Card {
    side: usize,
    wire: Arc<Mutex<Wire>>,
    offloads: Offloads,
    mtu: usize,
    pub receiver: OnceLock<Arc<dyn Receiver>>,
}

fn flat(packet: &Packet) -> Vec<u8> {
    packet.parts().flatten().copied().collect()
}

/// Cuts a frame as a card does.
fn cut(frame: &[u8], gso: &Gso) -> Vec<Vec<u8>> {
    let (headers, payload) = frame.split_at(usize::from(gso.headers));
    let chunks: Vec<&[u8]> = payload.chunks(usize::from(gso.size)).collect();
    let v4 = frame[14] >> 4 == 4;
    let tcp = if v4 { 34 } else { 54 };
    let mut frames = Vec::new();
    for (number, chunk) in chunks.iter().enumerate() {
        let mut one = [headers, chunk].concat();
        if v4 {
            let length = (one.len() - 14) as u16;
            one[16..18].copy_from_slice(&length.to_be_bytes());
            let id = u16::from_be_bytes([one[18], one[19]]).wrapping_add(number as u16);
            one[18..20].copy_from_slice(&id.to_be_bytes());
            one[24..26].fill(0);
            let sum = checksum::of(&one[14..34]);
            one[24..26].copy_from_slice(&sum);
        } else {
            let length = (one.len() - 54) as u16;
            one[18..20].copy_from_slice(&length.to_be_bytes());
        }
        let sequence = u32::from_be_bytes(one[tcp + 4..tcp + 8].try_into().unwrap());
        let sequence = sequence.wrapping_add((number * usize::from(gso.size)) as u32);
        one[tcp + 4..tcp + 8].copy_from_slice(&sequence.to_be_bytes());
        if number + 1 < chunks.len() {
            one[tcp + 13] &= !0b1001;
        }
        let (from, to) = if v4 { (26..30, 30..34) } else { (22..38, 38..54) };
        one[tcp + 16..tcp + 18].fill(0);
        let mut sum = Sum::default();
        sum.add(&one[from]);
        sum.add(&one[to]);
        sum.add_number(6);
        sum.add_number((one.len() - tcp) as u32);
        sum.add(&one[tcp..]);
        let sum = sum.checksum();
        one[tcp + 16..tcp + 18].copy_from_slice(&sum);
        frames.push(one);
    }
    frames
}

impl Nic for Card {
    fn mac(&self) -> [u8; 6] {
        [2, 0, 0, 0, 0, self.side as u8 + 1]
    }

    fn mtu(&self) -> usize {
        self.mtu
    }

    fn offloads(&self) -> Offloads {
        self.offloads
    }

    fn link(&self) -> bool {
        true
    }

    fn queues(&self) -> usize {
        1
    }

    fn transmit(&self, mut packet: Packet, _more: bool) -> Result<(), Packet> {
        let gso = packet.gso;
        let mut wire = self.wire.lock().unwrap();
        wire.longest = wire.longest.max(packet.length());
        let frames = match gso {
            Some(gso) => {
                assert!(self.offloads.gso >= packet.length(), "longer than the card takes");
                cut(&flat(&packet), &gso)
            }
            None => {
                assert!(self.offloads.checksum || packet.checksum == Checksum::Complete);
                checksum::complete(&mut packet);
                vec![flat(&packet)]
            }
        };
        for frame in frames {
            assert!(frame.len() <= self.mtu + 14, "a frame of {} bytes", frame.len());
            wire.send(self.side, frame);
        }
        Ok(())
    }

    fn start(&self, receiver: Arc<dyn Receiver>) -> kcore::errno::Result<()> {
        let _ = self.receiver.set(receiver);
        Ok(())
    }
}

impl Wire {
    fn send(&mut self, side: usize, frame: Vec<u8>) {
        self.sent[side] += 1;
        if let Some(mut filter) = self.filter.take() {
            let passes = filter(side, &frame);
            self.filter = Some(filter);
            if !passes {
                return;
            }
        }
        let treatment = self.treatment;
        if self.random.below(1000) < treatment.drop {
            return;
        }
        let copies = if self.random.below(1000) < treatment.duplicate { 2 } else { 1 };
        let waiting = self.busy[side].saturating_sub(self.now);
        if treatment.queue > 0 && waiting > treatment.queue * treatment.per_byte {
            return;
        }
        self.busy[side] = self.busy[side].max(self.now) + treatment.per_byte * frame.len() as u64;
        for _ in 0..copies {
            let mut frame = frame.clone();
            if self.random.below(1000) < treatment.corrupt {
                let at = self.random.below(frame.len() as u32) as usize;
                frame[at] ^= 1 << self.random.below(8);
            }
            if self.random.below(1000) < treatment.truncate {
                let length = self.random.below(frame.len() as u32) as usize;
                frame.truncate(length);
            }
            let mut at = self.busy[side].max(self.now) + treatment.delay;
            if self.random.below(1000) < treatment.reorder {
                at += u64::from(self.random.below(1000)) * treatment.delay.max(MS) / 300;
            }
            self.count += 1;
            self.flying.insert((at, self.count), (1 - side, frame));
        }
    }
}

/// Two stacks and what is between them.
pub struct World {
    pub stacks: [&'static Stack; 2],
    pub cards: [Arc<Card>; 2],
    pub wire: Arc<Mutex<Wire>>,
    pub now: u64,
}

/// What a card may offer.
pub fn offloads(tso: bool) -> Offloads {
    Offloads { checksum: tso, checked: false, tso4: tso, tso6: tso, gso: if tso { 65536 } else { 0 } }
}

impl World {
    pub fn new(treatment: Treatment, seed: u64, tso: bool, mtu: usize) -> Self {
        let wire = Arc::new(Mutex::new(Wire {
            treatment,
            random: Random(seed),
            now: SECOND,
            flying: BTreeMap::new(),
            count: 0,
            busy: [0; 2],
            sent: [0; 2],
            longest: 0,
            filter: None,
        }));
        let card = |side| {
            let offloads = offloads(tso);
            Arc::new(Card { side, wire: wire.clone(), offloads, mtu, receiver: OnceLock::new() })
        };
        let cards = [card(0), card(1)];
        let stacks = [Stack::simulated(), Stack::simulated()];
        for side in 0..2 {
            interface::add_card(stacks[side], cards[side].clone()).unwrap();
            for family in [Family::V4, Family::V6] {
                let length = if family == Family::V4 { 24 } else { 64 };
                stacks[side].add_address(2, Prefix { address: address(side, family), length }).unwrap();
            }
        }
        Self { stacks, cards, wire, now: SECOND }
    }

    /// When something happens next.
    pub fn next(&self) -> Option<u64> {
        let wire = self.wire.lock().unwrap().flying.keys().next().map(|key| key.0);
        let stacks = self.stacks.iter().filter_map(|stack| stack.next_due());
        stacks.chain(wire).min()
    }

    /// Moves on to what happens next, at most to `until`; false if nothing does before.
    pub fn step(&mut self, until: u64) -> bool {
        let next = self.next();
        let moved = next.is_some_and(|next| next <= until);
        self.now = self.now.max(if moved { next.unwrap() } else { until });
        self.wire.lock().unwrap().now = self.now;
        for stack in self.stacks {
            stack.advance_to(self.now);
        }
        loop {
            let mut wire = self.wire.lock().unwrap();
            let first = wire.flying.first_key_value().map(|(key, _)| *key).filter(|key| key.0 <= self.now);
            let Some(key) = first else { break };
            let (side, frame) = wire.flying.remove(&key).unwrap();
            drop(wire);
            self.deliver(side, &frame);
        }
        moved
    }

    /// Gives a card a frame.
    pub fn deliver(&self, side: usize, frame: &[u8]) {
        let mut buffer = Buffer::new(frame.len()).unwrap();
        buffer.append(frame);
        let receiver = self.cards[side].receiver.get().unwrap();
        receiver.receive(Packet::new(buffer));
        receiver.done();
    }

    /// Lets time pass.
    pub fn run(&mut self, nanoseconds: u64) {
        let until = self.now + nanoseconds;
        while self.step(until) {}
    }

    /// Lets time pass until something is true; false if it is not so in time.
    pub fn run_until(&mut self, nanoseconds: u64, mut done: impl FnMut() -> bool) -> bool {
        let until = self.now + nanoseconds;
        while !done() {
            if !self.step(until) {
                return done();
            }
        }
        true
    }
}

/// The address of a side.
pub fn address(side: usize, family: Family) -> IpAddress {
    let last = side as u8 + 1;
    match family {
        Family::V4 => IpAddress::V4([10, 0, 0, last]),
        Family::V6 => IpAddress::V6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]),
    }
}

pub fn endpoint(side: usize, family: Family, port: u16) -> Endpoint {
    Endpoint::new(address(side, family), port)
}

/// Byte number `at` of the stream that tests send.
pub fn byte(at: usize) -> u8 {
    (at.wrapping_mul(0x9e37_79b9) >> 11) as u8 ^ (at >> 16) as u8
}

pub fn stream(from: usize, length: usize) -> Vec<u8> {
    (from..from + length).map(byte).collect()
}
