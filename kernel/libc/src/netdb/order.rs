//! The order in which addresses are tried: RFC 6724, with the tables that glibc has.

use alloc::vec::Vec;

use net::IpAddress;

/// A destination, and where packets to it come from.
struct Candidate {
    to: IpAddress,
    from: Option<IpAddress>,
}

/// An address as IPv6 sees it.
fn wide(address: &IpAddress) -> [u8; 16] {
    net::inet::name::map(*address)
}

/// A row of a table: how many bits of the prefix count, the prefix's first bytes, the value.
type Row = (u32, &'static [u8], u8);

const MAPPED: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const LOOPBACK: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Labels: what belongs together (section 2.1; glibc's numbers).
const LABELS: [Row; 8] = [
    (128, LOOPBACK, 0),
    (96, MAPPED, 4),
    (96, &[0; 12], 3),
    (32, &[0x20, 1, 0, 0], 7),
    (16, &[0x20, 2], 2),
    (10, &[0xfe, 0xc0], 5),
    (7, &[0xfc], 6),
    (0, &[], 1),
];

/// Precedences.
const PRECEDENCES: [Row; 5] =
    [(128, LOOPBACK, 50), (96, MAPPED, 10), (96, &[0; 12], 20), (16, &[0x20, 2], 30), (0, &[], 40)];

fn look_up(table: &[Row], address: &IpAddress) -> u8 {
    let address = wide(address);
    let fits = |row: &&Row| {
        (0..row.0).all(|bit| {
            let at = bit as usize / 8;
            let mask = 0x80 >> (bit % 8);
            address.get(at).copied().unwrap_or(0) & mask == row.1.get(at).copied().unwrap_or(0) & mask
        })
    };
    table.iter().find(fits).map_or(0, |row| row.2)
}

/// How far an address reaches (section 3.1).
fn scope(address: &IpAddress) -> u8 {
    match address {
        IpAddress::V6([0xff, second, ..]) => second & 15,
        IpAddress::V6([0xfe, second, ..]) if second & 0xc0 == 0xc0 => 5,
        address if address.is_link_local() || address.is_loopback() => 2,
        _ => 14,
    }
}

/// How much better `one` is than `other`: negative if it is to come first.
fn compare(one: &Candidate, other: &Candidate) -> i32 {
    let better = |yes: bool, no: bool| i32::from(no) - i32::from(yes);
    let by = |rule: &dyn Fn(&Candidate, &IpAddress) -> bool| {
        let holds = |candidate: &Candidate| candidate.from.as_ref().is_some_and(|from| rule(candidate, from));
        better(holds(one), holds(other))
    };
    // Rule 1: what cannot be reached comes last.
    let usable = better(one.from.is_some(), other.from.is_some());
    // Rule 2: the scopes of both ends are the same.
    let same_scope = by(&|candidate, from| scope(&candidate.to) == scope(from));
    // Rule 5: so are their labels.
    let same_label = by(&|candidate, from| look_up(&LABELS, &candidate.to) == look_up(&LABELS, from));
    // Rule 6: higher precedence. Rule 8: smaller scope.
    let precedence = i32::from(look_up(&PRECEDENCES, &other.to)) - i32::from(look_up(&PRECEDENCES, &one.to));
    let reach = i32::from(scope(&one.to)) - i32::from(scope(&other.to));
    // Rule 9: more bits in common with the source, in IPv6.
    let common = |candidate: &Candidate| match (&candidate.to, &candidate.from) {
        (IpAddress::V6(_), Some(from)) => candidate.to.common_bits(from) as i32,
        _ => 0,
    };
    let longer = common(other) - common(one);
    [usable, same_scope, same_label, precedence, reach, longer]
        .into_iter()
        .find(|&rule| rule != 0)
        .unwrap_or(0)
}

/// Sorts destinations; those that no rule tells apart stay as they are. `source` says where packets
/// to an address come from.
pub(super) fn sort(addresses: &mut Vec<IpAddress>, source: &dyn Fn(&IpAddress) -> Option<IpAddress>) {
    if addresses.len() < 2 {
        return;
    }
    let mut candidates: Vec<_> = addresses.iter().map(|to| Candidate { to: *to, from: source(to) }).collect();
    // There are few, and most often they are in order.
    for end in 1..candidates.len() {
        let mut at = end;
        while at > 0 && compare(&candidates[at], &candidates[at - 1]) < 0 {
            candidates.swap(at, at - 1);
            at -= 1;
        }
    }
    *addresses = candidates.into_iter().map(|candidate| candidate.to).collect();
}

/// Where packets to an address come from.
pub(super) fn source(to: &IpAddress) -> Option<IpAddress> {
    let to = net::inet::name::reachable(net::Endpoint::new(*to, 0)).address;
    net::stack().source_for(&to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v6(text: &str) -> IpAddress {
        crate::arpa_inet::parse_either(text.as_bytes()).unwrap()
    }

    fn sorted(list: &[&str], sources: &[(&str, &str)]) -> Vec<IpAddress> {
        let mut addresses: Vec<_> = list.iter().map(|text| v6(text)).collect();
        let source = |to: &IpAddress| sources.iter().find(|(of, _)| v6(of) == *to).map(|(_, from)| v6(from));
        sort(&mut addresses, &source);
        addresses
    }

    #[test]
    fn the_examples_of_the_rfc() {
        // Section 10.2.
        let prefer = |list: &[&str], sources: &[(&str, &str)], first: &str| {
            assert_eq!(sorted(list, sources)[0], v6(first), "{list:?}");
            let turned: Vec<_> = list.iter().rev().copied().collect();
            assert_eq!(sorted(&turned, sources)[0], v6(first), "{turned:?}");
        };
        prefer(
            &["2001:db8:1::1", "198.51.100.121"],
            &[("2001:db8:1::1", "2001:db8:1::2"), ("198.51.100.121", "169.254.13.78")],
            "2001:db8:1::1",
        );
        prefer(
            &["2001:db8:1::1", "198.51.100.121"],
            &[("2001:db8:1::1", "fe80::1"), ("198.51.100.121", "198.51.100.117")],
            "198.51.100.121",
        );
        prefer(
            &["2001:db8:1::1", "fe80::1"],
            &[("2001:db8:1::1", "2001:db8:1::2"), ("fe80::1", "fe80::2")],
            "fe80::1",
        );
        prefer(&["2001:db8:1::1", "10.1.2.3"], &[("10.1.2.3", "10.1.2.4")], "10.1.2.3");
        prefer(&["::1", "127.0.0.1"], &[("::1", "::1"), ("127.0.0.1", "127.0.0.1")], "::1");
        prefer(&["::", "0.0.0.0"], &[("::", "::1"), ("0.0.0.0", "127.0.0.1")], "0.0.0.0");
    }

    #[test]
    fn equals_stay_in_order() {
        let list = ["10.0.0.3", "10.0.0.1", "10.0.0.2"];
        let sources = list.map(|to| (to, "10.0.0.9"));
        assert_eq!(sorted(&list, &sources), list.map(v6));
    }
}
