use super::*;

#[test]
fn a_buffer_grows_at_both_ends_and_shares_what_is_done() {
    let mut buffer = Buffer::with_headroom(64, 16).unwrap();
    assert_eq!(buffer.append(&[7; 20]), 20);
    buffer.prepend(4).unwrap().copy_from_slice(b"head");
    assert_eq!((buffer.headroom(), buffer.len(), buffer.tailroom()), (12, 24, 28));
    assert!(buffer.prepend(13).is_none());
    let first = buffer.share();
    assert_eq!((buffer.headroom(), buffer.len(), buffer.tailroom()), (0, 0, 28));
    assert_eq!(buffer.append(&[9; 40]), 28);
    let second = buffer.share();
    assert_eq!(&first[..5], b"head\x07");
    assert_eq!(&*second.part(20..99), &[9; 8]);
    let mut joined = first.clone();
    assert!(joined.join(first.clone()).is_err());
    assert!(joined.join(second).is_ok());
    assert_eq!(joined.len(), 52);
}

#[test]
fn positions_move_with_the_headers() {
    let mut packet = Packet::with_room(40).unwrap();
    let mut payload = Buffer::new(3000).unwrap();
    payload.append(&[5; 3000]);
    packet.fragments.push(payload.into());
    packet.push_header(20).unwrap()[0] = 6;
    packet.checksum = Checksum::Partial { start: 0, offset: 16 };
    packet.gso = Some(Gso { kind: GsoKind::Tcp4, size: 1460, headers: 20, congestion: false });
    packet.push_header(20).unwrap();
    packet.push_header(14).unwrap();
    assert_eq!(packet.checksum, Checksum::Partial { start: 34, offset: 16 });
    assert_eq!(packet.gso.map(|gso| gso.headers), Some(54));
    assert_eq!(packet.length(), 3054);
    let mut bytes = [0; 24];
    assert_eq!(packet.copy_to(34, &mut bytes), 24);
    assert_eq!((bytes[0], bytes[19], bytes[20]), (6, 0, 5));
    assert!(packet.pull_header(14) && !packet.pull_header(41));
    packet.truncate(100);
    assert_eq!((packet.length(), packet.fragments.len()), (100, 1));
    packet.truncate(40);
    assert!(packet.fragments.is_empty());
    packet.truncate(10);
    assert_eq!(packet.length(), 10);
}
