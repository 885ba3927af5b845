//! `/etc/resolv.conf`: whom to ask, and how (resolv.conf(5)).

use alloc::vec::Vec;

use net::{Endpoint, IpAddress};

/// Servers that are asked at most (`MAXNS`).
const SERVERS_MAX: usize = 3;
/// The port of servers.
pub const PORT: u16 = 53;

/// How names are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Whom to ask, in this order.
    pub servers: Vec<Endpoint>,
    /// Domains that are appended to names.
    pub search: Vec<Vec<u8>>,
    /// Dots that make a name be asked for as it is first.
    pub dots: usize,
    /// Seconds before the next server is asked.
    pub timeout: u64,
    /// Times that all servers are asked.
    pub attempts: u32,
    /// Start with another server each time.
    pub rotate: bool,
    /// Ask over TCP.
    pub stream: bool,
    /// Ask for one type after the other.
    pub single: bool,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            search: Vec::new(),
            dots: 1,
            timeout: 5,
            attempts: 2,
            rotate: false,
            stream: false,
            single: false,
        }
    }
}

impl Configuration {
    /// Reads the file's contents, and the two environment variables that change it.
    #[must_use]
    pub fn parse(contents: &[u8], domain: Option<&[u8]>, options: Option<&[u8]>) -> Self {
        let mut configuration = Self::default();
        for line in contents.split(|&byte| byte == b'\n') {
            let mut words = words(line);
            match words.next() {
                Some(b"nameserver") if configuration.servers.len() < SERVERS_MAX => {
                    let address = words.next().and_then(crate::arpa_inet::parse_either);
                    configuration.servers.extend(address.map(|address| Endpoint::new(address, PORT)));
                }
                Some(b"domain" | b"search") => configuration.search = words.map(<[u8]>::to_vec).collect(),
                Some(b"options") => words.for_each(|word| configuration.option(word)),
                _ => {}
            }
        }
        if let Some(domain) = domain {
            configuration.search = words(domain).map(<[u8]>::to_vec).collect();
        }
        words(options.unwrap_or_default()).for_each(|word| configuration.option(word));
        configuration
    }

    fn option(&mut self, word: &[u8]) {
        let (name, value) = match word.iter().position(|&byte| byte == b':') {
            Some(at) => word.split_at(at),
            None => (word, &b""[..]),
        };
        let value = crate::accounts::number(value.get(1..).unwrap_or_default());
        match (name, value) {
            (b"ndots", Some(number)) => self.dots = number.min(15) as usize,
            (b"timeout", Some(number)) => self.timeout = number.clamp(1, 30).into(),
            (b"attempts", Some(number)) => self.attempts = number.clamp(1, 5),
            (b"rotate", None) => self.rotate = true,
            (b"use-vc", None) => self.stream = true,
            (b"single-request" | b"single-request-reopen", None) => self.single = true,
            _ => {}
        }
    }

    /// The file, or without it what DHCP said; the machine itself if nobody said anything.
    #[must_use]
    pub fn current() -> Self {
        let contents = crate::accounts::read(c"/etc/resolv.conf", b"").unwrap_or_default();
        let variable = |name| crate::stdlib::environment::value(name);
        let mut configuration = Self::parse(&contents, variable(b"LOCALDOMAIN"), variable(b"RES_OPTIONS"));
        if configuration.servers.is_empty() {
            let told = net::stack().name_servers().into_iter().take(SERVERS_MAX);
            configuration.servers = told.map(|address| Endpoint::new(address, PORT)).collect();
            if configuration.search.is_empty() {
                configuration.search = words(&net::stack().search_domain()).map(<[u8]>::to_vec).collect();
            }
        }
        if configuration.servers.is_empty() {
            configuration.servers.push(Endpoint::new(IpAddress::LOOPBACK_V4, PORT));
        }
        configuration
    }

    /// The names to ask for, in order, when `name` is looked up.
    #[must_use]
    pub fn candidates(&self, name: &[u8]) -> Vec<Vec<u8>> {
        if let Some(whole) = name.strip_suffix(b".") {
            return [whole.to_vec()].into();
        }
        let dots = name.iter().filter(|&&byte| byte == b'.').count();
        let appended = self.search.iter().filter(|domain| !domain.is_empty() && *domain != b".");
        let mut list: Vec<_> =
            appended.map(|domain| [name, domain.strip_prefix(b".").unwrap_or(domain)].join(&b'.')).collect();
        list.insert(if dots >= self.dots { 0 } else { list.len() }, name.to_vec());
        list
    }
}

/// The words of a line, up to a comment.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = line.iter().position(|byte| b"#;".contains(byte)).unwrap_or(line.len());
    line[..end].split(|byte| b" \t\r".contains(byte)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_its_manual_says() {
        let contents = b"# comment\nnameserver 10.0.2.3\nnameserver fe80::1%eth0\nnameserver junk\n\
            domain example.org\nsearch a.example b.example ; more\noptions ndots:2 timeout:99 rotate use-vc junk\n\
            nameserver ::1\nnameserver 9.9.9.9\n";
        let read = Configuration::parse(contents, None, Some(b"attempts:4"));
        assert_eq!(read.servers.len(), 3);
        assert_eq!(read.servers[0].address, IpAddress::V4([10, 0, 2, 3]));
        assert_eq!(read.servers[2].address, IpAddress::LOOPBACK_V6);
        assert_eq!(read.search, [b"a.example", b"b.example"]);
        assert_eq!(
            (read.dots, read.timeout, read.attempts, read.rotate, read.stream),
            (2, 30, 4, true, true)
        );
        assert_eq!(read.candidates(b"x.y"), [&b"x.y.a.example"[..], b"x.y.b.example", b"x.y"]);
        assert_eq!(read.candidates(b"x.y.z"), [&b"x.y.z"[..], b"x.y.z.a.example", b"x.y.z.b.example"]);
        assert_eq!(read.candidates(b"x."), [b"x"]);
    }
}
