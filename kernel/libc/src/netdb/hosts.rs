//! Names of hosts: from `/etc/hosts`, then from the domain name system.

use alloc::vec::Vec;

use kcore::sync::Mutex;
use net::{Family, IpAddress};

use super::words;
use crate::resolv::client::{Client, Failure};

/// What is known of a host.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub name: Vec<u8>,
    /// Its other names.
    pub aliases: Vec<Vec<u8>>,
    /// Its addresses.
    pub addresses: Vec<IpAddress>,
}

/// What stands for `/etc/hosts` where there is none.
const FALLBACK: &[u8] = b"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

/// The contents of `/etc/hosts`.
pub(super) fn file() -> Vec<u8> {
    crate::accounts::read(c"/etc/hosts", FALLBACK).unwrap_or_default()
}

/// A line: an address, the name, the other names.
pub(super) fn entry(line: &[u8]) -> Option<Host> {
    let mut words = words(line);
    let address = words.next().and_then(crate::arpa_inet::parse_either)?;
    let name = words.next()?.to_vec();
    Some(Host { name, aliases: words.map(<[u8]>::to_vec).collect(), addresses: [address].into() })
}

fn entries(contents: &[u8]) -> impl Iterator<Item = Host> {
    contents.split(|&byte| byte == b'\n').filter_map(entry)
}

/// The host of this name in `/etc/hosts`, with its addresses of the families that are wanted.
pub fn in_file(contents: &[u8], name: &[u8], wanted: &dyn Fn(Family) -> bool) -> Option<Host> {
    let mut found: Option<Host> = None;
    for mut host in entries(contents) {
        let named = host.name.eq_ignore_ascii_case(name)
            || host.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name));
        if !named || !host.addresses.iter().all(|address| wanted(address.family())) {
            continue;
        }
        match &mut found {
            None => found = Some(host),
            Some(found) => {
                for address in host.addresses {
                    if !found.addresses.contains(&address) {
                        found.addresses.push(address);
                    }
                }
                for alias in host.aliases.drain(..) {
                    if !found.aliases.contains(&alias) {
                        found.aliases.push(alias);
                    }
                }
            }
        }
    }
    found
}

/// Looks a host up in the file's contents, then by asking servers.
pub fn find(
    contents: &[u8],
    client: impl FnOnce(&mut dyn FnMut(&Client<'_>)),
    name: &[u8],
    v4: bool,
    v6: bool,
) -> Result<Host, Failure> {
    let wanted = |family| if family == Family::V4 { v4 } else { v6 };
    if let Some(host) = in_file(contents, name, &wanted) {
        return Ok(host);
    }
    let mut result = Err(Failure::NotFound);
    client(&mut |client| {
        result = client.addresses(name, v4, v6).map(|found| {
            let aliases =
                if found.asked.eq_ignore_ascii_case(&found.name) { Vec::new() } else { [found.asked].into() };
            Host { name: found.name, aliases, addresses: found.addresses }
        });
    });
    result
}

/// Looks a host up as the machine is configured.
pub(super) fn look_up(name: &[u8], v4: bool, v6: bool) -> Result<Host, Failure> {
    find(&file(), |work| crate::resolv::transport::with_client(work), name, v4, v6)
}

/// The host that has an address.
pub(super) fn look_up_address(address: &IpAddress) -> Result<Host, Failure> {
    if let Some(host) = entries(&file()).find(|host| host.addresses.contains(address)) {
        return Ok(host);
    }
    let name = crate::resolv::transport::with_client(|client| client.name_of(address))?;
    Ok(Host { name, aliases: Vec::new(), addresses: [*address].into() })
}

/// Where a walk through the hosts is: the file's contents, and how far it went.
pub(super) static WALK: Mutex<(Option<Vec<u8>>, usize)> = Mutex::new((None, 0));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolv::client::tests::{Fake, configuration};

    const FILE: &[u8] = b"127.0.0.1\tlocalhost # the machine\n::1 localhost ip6-localhost\n\
                          10.0.0.9 Printer.example printer\nnonsense here\n10.0.0.10 printer second\n";

    #[test]
    fn the_file_comes_before_the_servers() {
        let fake = Fake {
            names: [(&b"far.example"[..], [IpAddress::V4([1, 2, 3, 4])].to_vec())].into(),
            ..Fake::default()
        };
        let configuration = configuration();
        let find = |name: &[u8], v4, v6| {
            let client = Client { configuration: &configuration, transport: &fake, identifier: || 5 };
            find(FILE, |work| work(&client), name, v4, v6)
        };
        let both = find(b"LOCALHOST", true, true).unwrap();
        assert_eq!(both.addresses, [IpAddress::LOOPBACK_V4, IpAddress::LOOPBACK_V6]);
        assert_eq!(find(b"localhost", false, true).unwrap().addresses, [IpAddress::LOOPBACK_V6]);
        let printer = find(b"printer", true, true).unwrap();
        assert_eq!((&printer.name[..], printer.addresses.len()), (&b"Printer.example"[..], 2));
        assert!(fake.asked.borrow().is_empty());
        assert_eq!(find(b"far.example", true, true).unwrap().addresses, [IpAddress::V4([1, 2, 3, 4])]);
        assert_eq!(find(b"nowhere", true, true), Err(Failure::NotFound));
    }
}
