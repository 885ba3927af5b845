//! The formats of headers, against smoltcp's: what one writes the other has to read alike.

mod link;

use link::Random;
use net::IpAddress;
use net::wire::tcp::{Flags, Header, OPTIONS_MAX, Options};
use net::wire::{arp, ethernet, icmp, ipv4, ipv6, udp};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire as other;

fn bytes<const N: usize>(random: &mut Random) -> [u8; N] {
    core::array::from_fn(|_| random.below(256) as u8)
}

fn options(random: &mut Random, syn: bool) -> Options {
    let mut options = Options::default();
    if syn {
        options.mss = Some(random.below(65536) as u16);
        options.window_scale = (random.below(2) == 0).then(|| random.below(15) as u8);
        options.sack_permitted = random.below(2) == 0;
    }
    options.timestamps = (random.below(2) == 0).then(|| (random.below(u32::MAX), random.below(u32::MAX)));
    let most = if options.timestamps.is_some() { 3 } else { 4 };
    if !syn {
        for block in options.sacks.iter_mut().take(random.below(most + 1) as usize) {
            let start = random.below(1 << 31);
            *block = (start, start + 1 + random.below(100_000));
        }
    }
    options
}

#[test]
fn tcp() {
    let mut random = Random(1);
    for round in 0..20_000 {
        let syn = round % 3 == 0;
        let own = options(&mut random, syn);
        let mut written = [0; OPTIONS_MAX];
        let length = own.write(&mut written);
        assert!(length <= OPTIONS_MAX && length.is_multiple_of(4));
        let header = Header {
            source: 1 + random.below(65535) as u16,
            destination: 1 + random.below(65535) as u16,
            sequence: random.below(u32::MAX),
            acknowledgement: random.below(u32::MAX),
            header_length: 20 + length,
            flags: Flags::ACK | if syn { Flags::SYN } else { Flags::PSH },
            window: random.below(65536) as u16,
            urgent: 0,
        };
        let mut frame = vec![0; 20 + length];
        header.write(&mut frame, [0; 2]);
        frame[20..].copy_from_slice(&written[..length]);
        assert_eq!(Header::parse(&frame), Some(header));
        assert_eq!(Options::parse(&frame[20..]), own);
        let packet = other::TcpPacket::new_checked(&frame[..]).unwrap();
        let any = other::IpAddress::v4(0, 0, 0, 0);
        let repr = other::TcpRepr::parse(&packet, &any, &any, &ChecksumCapabilities::ignored()).unwrap();
        assert_eq!((repr.src_port, repr.dst_port), (header.source, header.destination));
        assert_eq!(repr.seq_number.0 as u32, header.sequence);
        assert_eq!(repr.ack_number.map(|ack| ack.0 as u32), Some(header.acknowledgement));
        assert_eq!((repr.window_len, repr.max_seg_size), (header.window, own.mss));
        assert_eq!((repr.window_scale, repr.sack_permitted), (own.window_scale, own.sack_permitted));
        assert_eq!(repr.timestamp.map(|stamps| (stamps.tsval, stamps.tsecr)), own.timestamps);
        let blocks: Vec<_> = repr.sack_ranges.iter().flatten().copied().collect();
        let expected: Vec<_> =
            own.sacks.iter().copied().take_while(|block| block.0 != block.1).take(3).collect();
        assert_eq!(blocks, expected);
        // And back, as far as it writes what it read.
        let mut again = vec![0; repr.buffer_len()];
        repr.emit(
            &mut other::TcpPacket::new_unchecked(&mut again[..]),
            &any,
            &any,
            &ChecksumCapabilities::ignored(),
        );
        let read = Header::parse(&again).unwrap();
        assert_eq!((read.sequence, read.flags, read.window), (header.sequence, header.flags, header.window));
        let read = Options::parse(&again[20..read.header_length]);
        assert_eq!(
            (read.mss, read.window_scale, read.sack_permitted),
            (own.mss, own.window_scale, own.sack_permitted)
        );
    }
}

#[test]
fn internet_headers() {
    let mut random = Random(2);
    for _ in 0..5000 {
        let length = random.below(1000) as usize;
        let own = ipv4::Header {
            header_length: 20,
            tos: (random.below(64) << 2) as u8,
            total_length: 20 + length,
            id: random.below(65536) as u16,
            dont_fragment: random.below(2) == 0,
            more: random.below(2) == 0,
            offset: random.below(8192) as usize * 8,
            ttl: random.below(256) as u8,
            protocol: random.below(256) as u8,
            source: bytes(&mut random),
            destination: bytes(&mut random),
        };
        let mut packet = vec![0; 20 + length];
        own.write(&mut packet);
        assert_eq!(ipv4::Header::parse(&packet, packet.len()), Some(own));
        let read = other::Ipv4Packet::new_checked(&packet[..]).unwrap();
        assert!(read.verify_checksum());
        assert_eq!((read.src_addr().octets(), read.dst_addr().octets()), (own.source, own.destination));
        assert_eq!(
            (read.ident(), read.dont_frag(), read.more_frags()),
            (own.id, own.dont_fragment, own.more)
        );
        assert_eq!((usize::from(read.frag_offset()), read.hop_limit()), (own.offset, own.ttl));
        assert_eq!(
            (usize::from(read.total_len()), u8::from(read.next_header())),
            (own.total_length, own.protocol)
        );
        let own = ipv6::Header {
            class: random.below(256) as u8,
            flow: random.below(1 << 20),
            payload_length: length,
            next: random.below(256) as u8,
            hop_limit: random.below(256) as u8,
            source: bytes(&mut random),
            destination: bytes(&mut random),
        };
        let mut packet = vec![0; 40 + length];
        own.write(&mut packet);
        assert_eq!(ipv6::Header::parse(&packet, packet.len()), Some(own));
        let read = other::Ipv6Packet::new_checked(&packet[..]).unwrap();
        assert_eq!(
            (read.traffic_class(), read.flow_label(), read.hop_limit()),
            (own.class, own.flow, own.hop_limit)
        );
        assert_eq!((read.src_addr().octets(), read.dst_addr().octets()), (own.source, own.destination));
        assert_eq!((usize::from(read.payload_len()), u8::from(read.next_header())), (length, own.next));
        let own = ipv6::Fragment {
            next: 17,
            offset: random.below(8192) as usize * 8,
            more: random.below(2) == 0,
            id: random.below(u32::MAX),
        };
        let mut header = [0; 8];
        own.write(&mut header);
        assert_eq!(ipv6::Fragment::parse(&header), Some(own));
        // smoltcp reads the two first bytes, next header and length, elsewhere.
        let read = other::Ipv6FragmentHeader::new_checked(&header[2..]).unwrap();
        let place = (usize::from(read.frag_offset()) * 8, read.more_frags(), read.ident());
        assert_eq!(place, (own.offset, own.more, own.id));
    }
}

#[test]
fn short_headers() {
    let mut random = Random(3);
    for _ in 0..2000 {
        let own = udp::Header {
            source: random.below(65536) as u16,
            destination: 1 + random.below(65535) as u16,
            length: 8,
            has_checksum: true,
        };
        let mut datagram = [0; 8];
        own.write(&mut datagram, [0; 2]);
        let mut read = other::UdpPacket::new_unchecked(&mut datagram[..]);
        let (a, b) = (bytes::<4>(&mut random), bytes::<4>(&mut random));
        read.fill_checksum(&other::Ipv4Address::from(a).into(), &other::Ipv4Address::from(b).into());
        assert_eq!((read.src_port(), read.dst_port()), (own.source, own.destination));
        assert_eq!(udp::Header::parse(&datagram, 8), Some(own));
        // Its checksum is right by our sum as well.
        let mut sum = net::wire::checksum::pseudo(&IpAddress::V4(a), &IpAddress::V4(b), 17, 8);
        sum.add(&datagram);
        assert!(sum.is_right());
        let own = arp::Message {
            operation: arp::REQUEST,
            sender_mac: bytes(&mut random),
            sender: bytes(&mut random),
            target_mac: bytes(&mut random),
            target: bytes(&mut random),
        };
        let mut message = [0; arp::LENGTH];
        own.write(&mut message);
        assert_eq!(arp::Message::parse(&message), Some(own));
        let read = other::ArpPacket::new_checked(&message[..]).unwrap();
        let read = other::ArpRepr::parse(&read).unwrap();
        let expected = other::ArpRepr::EthernetIpv4 {
            operation: other::ArpOperation::Request,
            source_hardware_addr: other::EthernetAddress(own.sender_mac),
            source_protocol_addr: own.sender.into(),
            target_hardware_addr: other::EthernetAddress(own.target_mac),
            target_protocol_addr: own.target.into(),
        };
        assert_eq!(read, expected);
        let own = ethernet::Header {
            destination: bytes(&mut random),
            source: bytes(&mut random),
            kind: random.below(65536) as u16,
        };
        let mut frame = [0; ethernet::LENGTH];
        own.write(&mut frame);
        assert_eq!(ethernet::Header::parse(&frame), Some(own));
        let read = other::EthernetFrame::new_checked(&frame[..]).unwrap();
        assert_eq!((read.src_addr().0, read.dst_addr().0), (own.source, own.destination));
        assert_eq!(u16::from(read.ethertype()), own.kind);
        let own = icmp::Header { kind: icmp::v4::ECHO, code: 0, rest: random.below(u32::MAX) };
        let mut message = [0; 8];
        own.write(&mut message);
        assert_eq!(icmp::Header::parse(&message), Some(own));
        let read = other::Icmpv4Packet::new_checked(&message[..]).unwrap();
        assert_eq!(u32::from(read.echo_ident()) << 16 | u32::from(read.echo_seq_no()), own.rest);
    }
}

#[test]
fn dhcp() {
    let mut random = Random(4);
    for _ in 0..500 {
        let question = net::wire::dhcp::Question {
            kind: net::wire::dhcp::kind::REQUEST,
            id: random.below(u32::MAX),
            mac: bytes(&mut random),
            own: [0; 4],
            requested: Some(bytes(&mut random)),
            server: Some(bytes(&mut random)),
            seconds: 7,
        };
        let message = question.bytes();
        let packet = other::DhcpPacket::new_checked(&message[..]).unwrap();
        let read = other::DhcpRepr::parse(&packet).unwrap();
        assert_eq!(read.message_type, other::DhcpMessageType::Request);
        assert_eq!((read.transaction_id, read.client_hardware_address.0), (question.id, question.mac));
        assert_eq!(read.requested_ip.map(|ip| ip.octets()), question.requested);
        assert_eq!(read.server_identifier.map(|ip| ip.octets()), question.server);
    }
}
