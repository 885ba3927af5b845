//! How a host gets its addresses: from a DHCP server, from a router's advertisements.

mod link;

use std::sync::{Arc, Mutex};

use kcore::device::net::{Buffer, Checksum, Nic, Offloads, Packet, Receiver};
use link::SECOND;
use net::wire::{checksum, icmp, udp};
use net::{Endpoint, IpAddress, Stack};

/// A card whose other end is the test.
struct Card {
    receiver: Mutex<Option<Arc<dyn Receiver>>>,
    sent: Mutex<Vec<Vec<u8>>>,
}

impl Nic for Card {
    fn mac(&self) -> [u8; 6] {
        [2, 0, 0, 0, 0, 1]
    }

    fn mtu(&self) -> usize {
        1500
    }

    fn offloads(&self) -> Offloads {
        Offloads::default()
    }

    fn link(&self) -> bool {
        true
    }

    fn queues(&self) -> usize {
        1
    }

    fn transmit(&self, packet: Packet, _more: bool) -> Result<(), Packet> {
        assert_eq!(packet.checksum, Checksum::Complete);
        self.sent.lock().unwrap().push(packet.parts().flatten().copied().collect());
        Ok(())
    }

    fn start(&self, receiver: Arc<dyn Receiver>) -> kcore::errno::Result<()> {
        *self.receiver.lock().unwrap() = Some(receiver);
        Ok(())
    }
}

impl Card {
    fn new() -> Arc<Self> {
        Arc::new(Self { receiver: Mutex::new(None), sent: Mutex::new(Vec::new()) })
    }

    fn deliver(&self, frame: &[u8]) {
        let receiver = self.receiver.lock().unwrap().clone().unwrap();
        let mut buffer = Buffer::new(frame.len()).unwrap();
        buffer.append(frame);
        receiver.receive(Packet::new(buffer));
        receiver.done();
    }

    fn take(&self) -> Vec<Vec<u8>> {
        core::mem::take(&mut self.sent.lock().unwrap())
    }

    /// DHCP's messages among what was sent: kind, and the whole of it.
    fn questions(&self) -> Vec<(u8, Vec<u8>)> {
        let to_server =
            |frame: &Vec<u8>| frame[12..14] == [8, 0] && frame[23] == 17 && frame[36..38] == [0, 67];
        let frames = self.take().into_iter().filter(to_server);
        frames.map(|frame| (option(&frame[42..], 53).unwrap()[0], frame[42..].to_vec())).collect()
    }
}

fn option(message: &[u8], wanted: u8) -> Option<Vec<u8>> {
    let mut at = 240;
    while message[at] != 255 {
        let (kind, length) = (message[at], usize::from(message[at + 1]));
        if kind == wanted {
            return Some(message[at + 2..at + 2 + length].to_vec());
        }
        at += 2 + length;
    }
    None
}

/// A server's answer to a question, as a frame.
fn answer(question: &[u8], kind: u8, options: &[u8]) -> Vec<u8> {
    let mut message = vec![0; 240];
    message[..3].copy_from_slice(&[2, 1, 6]);
    message[4..8].copy_from_slice(&question[4..8]);
    message[16..20].copy_from_slice(&[10, 1, 0, 77]);
    message[28..34].copy_from_slice(&question[28..34]);
    message[236..240].copy_from_slice(&[99, 130, 83, 99]);
    message.extend_from_slice(&[53, 1, kind, 54, 4, 10, 1, 0, 2, 1, 4, 255, 255, 0, 0, 3, 4, 10, 1, 0, 2]);
    message.extend_from_slice(&[6, 8, 10, 1, 0, 3, 10, 1, 0, 4, 12, 2, b'v', b'm', 15, 3, b'a', b'.', b'b']);
    message.extend_from_slice(&[51, 4, 0, 0, 0, 100]);
    message.extend_from_slice(options);
    message.push(255);
    let (from, to) = (IpAddress::V4([10, 1, 0, 2]), IpAddress::V4([255; 4]));
    let length = udp::LENGTH + message.len();
    let mut frame = vec![0xff; 6];
    frame.extend_from_slice(&[2, 0, 0, 0, 0, 9, 8, 0]);
    frame.resize(42, 0);
    let ip = net::wire::ipv4::Header {
        header_length: 20,
        tos: 0,
        total_length: 20 + length,
        id: 7,
        dont_fragment: false,
        more: false,
        offset: 0,
        ttl: 64,
        protocol: 17,
        source: [10, 1, 0, 2],
        destination: [255; 4],
    };
    ip.write(&mut frame[14..]);
    udp::Header { source: 67, destination: 68, length, has_checksum: true }.write(&mut frame[34..], [0; 2]);
    frame.extend_from_slice(&message);
    let mut sum = checksum::pseudo(&from, &to, 17, length);
    sum.add(&frame[34..]);
    let sum = sum.checksum();
    frame[40..42].copy_from_slice(&sum);
    frame
}

fn run(stack: &'static Stack, nanoseconds: u64) {
    let until = stack.now() + nanoseconds;
    while let Some(next) = stack.next_due().filter(|&next| next <= until) {
        stack.advance_to(next.max(stack.now()));
    }
    stack.advance_to(until);
}

fn addresses(stack: &Stack) -> Vec<IpAddress> {
    stack.interfaces()[1].addresses.iter().map(|prefix| prefix.address).collect()
}

const OWN: IpAddress = IpAddress::V4([10, 1, 0, 77]);

#[test]
fn an_address_is_asked_for_kept_and_lost() {
    let (stack, card) = (Stack::simulated(), Card::new());
    net::start::add_card_with_dhcp(stack, card.clone()).unwrap();
    assert_eq!(card.questions()[0].0, 1);
    // Nobody answers: it asks again, less and less often.
    run(stack, 20 * SECOND);
    let questions = card.questions();
    assert!((4..=5).contains(&questions.len()), "{}", questions.len());
    let discover = &questions.last().unwrap().1;
    // Answers to other questions, or damaged, do not count.
    let mut other = answer(discover, 2, &[]);
    other[46] ^= 1;
    card.deliver(&other);
    let mut stranger = discover.clone();
    stranger[5] ^= 1;
    card.deliver(&answer(&stranger, 2, &[]));
    assert!(card.questions().is_empty());
    card.deliver(&answer(discover, 2, &[]));
    let questions = card.questions();
    let (kind, request) = &questions[0];
    assert_eq!(
        (*kind, option(request, 50), option(request, 54)),
        (3, Some(vec![10, 1, 0, 77]), Some(vec![10, 1, 0, 2]))
    );
    assert!(addresses(stack).is_empty());
    card.deliver(&answer(request, 5, &[]));
    assert_eq!(addresses(stack), [OWN]);
    assert_eq!(stack.interfaces()[1].addresses[0].length, 16);
    assert_eq!(stack.name_servers(), [IpAddress::V4([10, 1, 0, 3]), IpAddress::V4([10, 1, 0, 4])]);
    assert_eq!((stack.host_name(), stack.search_domain()), (b"vm".to_vec(), b"a.b".to_vec()));
    let way = stack.route(&IpAddress::V4([8, 8, 8, 8]), None, 0).unwrap();
    assert_eq!((way.next_hop, way.source), (IpAddress::V4([10, 1, 0, 2]), OWN));
    card.take();
    // Half of the lease has passed: the server alone is asked, by its hardware address.
    run(stack, 51 * SECOND);
    let frames = card.take();
    let arp =
        frames.iter().find(|frame| frame[12..14] == [8, 6]).expect("a question for the server's address");
    assert_eq!(arp[38..42], [10, 1, 0, 2]);
    let mut reply = arp.clone();
    reply[..6].copy_from_slice(&arp[6..12]);
    reply[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
    reply[21] = 2;
    reply[22..32].copy_from_slice(&[2, 0, 0, 0, 0, 9, 10, 1, 0, 2]);
    reply[32..42].copy_from_slice(&arp[22..32]);
    card.deliver(&reply);
    let questions = card.questions();
    assert_eq!((questions[0].0, &questions[0].1[12..16]), (3, &[10, 1, 0, 77][..]));
    card.deliver(&answer(&questions[0].1, 5, &[]));
    run(stack, 45 * SECOND);
    assert!(card.questions().is_empty());
    // Nobody answers any more: everybody is asked, and in the end the address is given up.
    run(stack, 54 * SECOND);
    assert_eq!(addresses(stack), [OWN]);
    assert!(card.questions().iter().all(|question| question.0 == 3));
    run(stack, 5 * SECOND);
    assert!(addresses(stack).is_empty());
    assert_eq!(card.questions()[0].0, 1);
    assert!(stack.route(&IpAddress::V4([8, 8, 8, 8]), None, 0).is_err());
}

#[test]
fn a_refusal_begins_again_and_routes_without_classes_count() {
    let (stack, card) = (Stack::simulated(), Card::new());
    net::start::add_card_with_dhcp(stack, card.clone()).unwrap();
    card.deliver(&answer(&card.questions()[0].1, 2, &[]));
    card.deliver(&answer(&card.questions()[0].1, 6, &[]));
    let questions = card.questions();
    assert_eq!(questions[0].0, 1);
    card.deliver(&answer(&questions[0].1, 2, &[]));
    // 172.16.0.0/12 by one router, everything by another.
    let routes = [121, 12, 12, 172, 16, 10, 1, 0, 9, 0, 10, 1, 0, 8];
    card.deliver(&answer(&card.questions()[0].1, 5, &routes));
    let hop = |to| stack.route(&IpAddress::V4(to), None, 0).unwrap().next_hop;
    assert_eq!(hop([172, 20, 1, 1]), IpAddress::V4([10, 1, 0, 9]));
    assert_eq!(hop([9, 9, 9, 9]), IpAddress::V4([10, 1, 0, 8]));
    assert_eq!(hop([10, 1, 200, 1]), IpAddress::V4([10, 1, 200, 1]));
}

/// A message of ICMPv6 from a router, as a frame.
fn from_router(message: &[u8], hop_limit: u8) -> Vec<u8> {
    let mut router = [0; 16];
    router[..2].copy_from_slice(&[0xfe, 0x80]);
    router[15] = 1;
    let mut all = [0; 16];
    (all[0], all[1], all[15]) = (0xff, 2, 1);
    let mut frame = vec![0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x86, 0xdd];
    frame.resize(54, 0);
    let header = net::wire::ipv6::Header {
        class: 0,
        flow: 0,
        payload_length: message.len(),
        next: 58,
        hop_limit,
        source: router,
        destination: all,
    };
    header.write(&mut frame[14..]);
    frame.extend_from_slice(message);
    let mut sum = checksum::pseudo(&IpAddress::V6(router), &IpAddress::V6(all), 58, message.len());
    sum.add(message);
    frame[56..58].copy_from_slice(&sum.checksum());
    frame
}

#[test]
fn a_router_tells_the_network_and_the_host_makes_its_address() {
    let (stack, card) = (Stack::simulated(), Card::new());
    let interface = net::interface::add_card(stack, card.clone()).unwrap();
    for row in net::ip::rows() {
        row.start(stack, &interface);
    }
    // It asks whether its address is taken before it uses it, then for routers.
    let kinds = |card: &Card| -> Vec<u8> { card.take().iter().map(|frame| frame[54]).collect() };
    assert_eq!(kinds(&card), [135]);
    assert!(addresses(stack).is_empty());
    run(stack, 2 * SECOND);
    assert_eq!(kinds(&card), [133]);
    let mut link_local = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 1];
    assert_eq!(addresses(stack), [IpAddress::V6(link_local)]);
    let mut advertisement = vec![134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 9];
    advertisement.extend_from_slice(&[3, 4, 64, 0xc0, 0, 0, 1, 0, 0, 0, 0, 100, 0, 0, 0, 0]);
    let mut network = [0; 16];
    network[..4].copy_from_slice(&[0xfd, 0, 0, 7]);
    advertisement.extend_from_slice(&network);
    advertisement.extend_from_slice(&[25, 3, 0, 0, 0, 0, 1, 0]);
    network[15] = 0x53;
    advertisement.extend_from_slice(&network);
    // Not from this link: somebody pretends.
    card.deliver(&from_router(&advertisement, 254));
    run(stack, 2 * SECOND);
    assert_eq!(addresses(stack).len(), 1);
    card.deliver(&from_router(&advertisement, 255));
    assert_eq!(kinds(&card), [135]);
    run(stack, 2 * SECOND);
    link_local[..8].copy_from_slice(&[0xfd, 0, 0, 7, 0, 0, 0, 0]);
    let own = IpAddress::V6(link_local);
    assert_eq!(addresses(stack)[1], own);
    assert_eq!(stack.name_servers(), [IpAddress::V6(network)]);
    let mut far = [0x20; 16];
    far[15] = 9;
    let way = stack.route(&IpAddress::V6(far), None, 0).unwrap();
    assert!(way.next_hop.is_link_local() && way.source == own);
    // The router's hardware address came with its advertisement: a datagram goes out at once.
    let socket = net::udp::Socket::new(stack, net::Family::V6).unwrap();
    socket.send_to(&[b"hello"], Some(Endpoint::new(IpAddress::V6(far), 53)), &Default::default()).unwrap();
    let sent = card.take();
    assert_eq!((&sent[0][..6], &sent[0][62..]), (&[2, 0, 0, 0, 0, 9][..], &b"hello"[..]));
    // The router goes.
    advertisement[6..8].fill(0);
    card.deliver(&from_router(&advertisement, 255));
    assert!(stack.route(&IpAddress::V6(far), None, 0).is_err());
    assert_eq!(icmp::LENGTH, 8);
}

#[test]
fn an_address_that_somebody_has_is_not_taken() {
    let (stack, card) = (Stack::simulated(), Card::new());
    let interface = net::interface::add_card(stack, card.clone()).unwrap();
    for row in net::ip::rows() {
        row.start(stack, &interface);
    }
    let question = card.take().remove(0);
    let mut claim = vec![136, 0, 0, 0, 0x20, 0, 0, 0];
    claim.extend_from_slice(&question[62..78]);
    claim.extend_from_slice(&[2, 1, 2, 0, 0, 0, 0, 8]);
    card.deliver(&from_router(&claim, 255));
    run(stack, 5 * SECOND);
    assert!(addresses(stack).is_empty());
}
