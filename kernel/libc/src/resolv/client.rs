//! Asking servers: in which order, how often, and what their answers mean together.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use net::{Endpoint, IpAddress};

use super::configuration::Configuration;
use super::message::{self, A, AAAA, NAME_ERROR, NO_ERROR, PTR, SERVER_FAILURE};

/// Why a name was not found, with `netdb.h`'s numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// `HOST_NOT_FOUND`: there is no such name.
    NotFound = 1,
    /// `TRY_AGAIN`: no server gave an answer.
    TryAgain = 2,
    /// `NO_RECOVERY`: the servers will not answer this.
    NoRecovery = 3,
    /// `NO_DATA`: the name is there, but has nothing of that kind.
    NoData = 4,
}

/// Carries questions to servers.
pub trait Transport {
    /// Asks `server` all `questions` at once, over TCP if `stream`; waits `seconds` at most. Gives
    /// an answer for each question that got one.
    fn ask(
        &self,
        server: Endpoint,
        questions: &[Vec<u8>],
        stream: bool,
        seconds: u64,
    ) -> Vec<Option<Vec<u8>>>;
}

/// The names that look-ups lead to, and what was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The name that aliases led to, as text.
    pub name: Vec<u8>,
    /// The name that was asked for, as text, with the domain that was appended.
    pub asked: Vec<u8>,
    /// Addresses, in the order of the answer.
    pub addresses: Vec<IpAddress>,
}

/// A resolver: a configuration and a way to the servers.
pub struct Client<'a> {
    /// How names are looked up.
    pub configuration: &'a Configuration,
    /// The way.
    pub transport: &'a dyn Transport,
    /// Numbers that nobody can guess.
    pub identifier: fn() -> u16,
}

impl Client<'_> {
    /// Asks for records of each type for a name as sent; the answers, as they came. All attempts at
    /// all servers, until each question has an answer that says something.
    pub fn ask(&self, name: &[u8], kinds: &[u16]) -> Vec<Option<Vec<u8>>> {
        let questions = |kind: &u16| message::question((self.identifier)(), name, *kind, message::CLASS_IN);
        let questions: Vec<Vec<u8>> = kinds.iter().map(questions).collect();
        self.send(&questions)
    }

    /// As [`Client::ask`], for questions that are made already.
    pub fn send(&self, questions: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        static TURN: AtomicU32 = AtomicU32::new(0);
        let servers = &self.configuration.servers;
        let first = if self.configuration.rotate { TURN.fetch_add(1, Ordering::Relaxed) as usize } else { 0 };
        let mut answers: Vec<Option<Vec<u8>>> = questions.iter().map(|_| None).collect();
        for _ in 0..self.configuration.attempts {
            for at in 0..servers.len() {
                let Some(server) = servers.get((first + at) % servers.len()) else { continue };
                self.ask_one(*server, questions, &mut answers);
                if answers.iter().all(|answer| answer.as_deref().is_some_and(is_final)) {
                    return answers;
                }
            }
        }
        answers
    }

    /// Asks one server what has no final answer yet; over TCP what it cuts.
    fn ask_one(&self, server: Endpoint, questions: &[Vec<u8>], answers: &mut [Option<Vec<u8>>]) {
        let Configuration { timeout, stream, single, .. } = *self.configuration;
        let open: Vec<usize> =
            (0..questions.len()).filter(|&at| !answers[at].as_deref().is_some_and(is_final)).collect();
        let groups: Vec<&[usize]> = if single { open.chunks(1).collect() } else { [&open[..]].into() };
        for group in groups {
            let pick = |list: &[usize]| list.iter().map(|&at| questions[at].clone()).collect::<Vec<_>>();
            let mut cut = Vec::new();
            let came = self.transport.ask(server, &pick(group), stream, timeout);
            for (&at, answer) in group.iter().zip(came) {
                let Some(answer) = answer else { continue };
                if message::truncated(&answer) && !stream {
                    cut.push(at);
                }
                answers[at] = Some(answer);
            }
            if cut.is_empty() {
                continue;
            }
            // What was cut is used as far as it goes if TCP does not work.
            for (&at, answer) in cut.iter().zip(self.transport.ask(server, &pick(&cut), true, timeout)) {
                if answer.is_some() {
                    answers[at] = answer;
                }
            }
        }
    }

    /// Looks a name up, with the domains to search; for one address family or for both at once.
    pub fn addresses(&self, name: &[u8], v4: bool, v6: bool) -> Result<Found, Failure> {
        let kinds: &[u16] = match (v4, v6) {
            (true, true) => &[A, AAAA],
            (true, false) => &[A],
            _ => &[AAAA],
        };
        let mut failure = Failure::NotFound;
        for candidate in self.configuration.candidates(name) {
            let Some(wire) = message::encode(&candidate) else { continue };
            let answers = self.ask(&wire, kinds);
            let mut found = Found { asked: candidate, ..Found::default() };
            let mut here = Failure::NotFound;
            for (kind, answer) in kinds.iter().zip(&answers) {
                let one = match verdict(answer.as_deref()) {
                    Ok(answer) => {
                        let (owner, records) = message::answer(answer, &wire, *kind);
                        found.name = message::text(&owner);
                        let before = found.addresses.len();
                        found.addresses.extend(records.iter().filter_map(|data| address(*kind, data)));
                        (found.addresses.len() == before).then_some(Failure::NoData)
                    }
                    Err(failure) => Some(failure),
                };
                here = worse(here, one.unwrap_or(Failure::NotFound));
            }
            if !found.addresses.is_empty() {
                return Ok(found);
            }
            // A server that fails for one domain may know the next; what was learnt counts in the end.
            failure = worse(failure, here);
        }
        Err(failure)
    }

    /// The name of an address.
    pub fn name_of(&self, address: &IpAddress) -> Result<Vec<u8>, Failure> {
        let wire = message::encode(&reverse(address)).ok_or(Failure::NoRecovery)?;
        let answers = self.ask(&wire, &[PTR]);
        let answer = verdict(answers.first().and_then(Option::as_deref))?;
        let (_, names) = message::answer(answer, &wire, PTR);
        names.first().filter(|name| !name.is_empty()).map(|name| message::text(name)).ok_or(Failure::NoData)
    }
}

/// Whether an answer says something about the name: a failing server does not.
fn is_final(answer: &[u8]) -> bool {
    matches!(message::code(answer), NO_ERROR | NAME_ERROR)
}

/// What an answer means: itself if it says that the name is there.
pub fn verdict(answer: Option<&[u8]>) -> Result<&[u8], Failure> {
    let answer = answer.ok_or(Failure::TryAgain)?;
    match message::code(answer) {
        NO_ERROR => Ok(answer),
        NAME_ERROR => Err(Failure::NotFound),
        SERVER_FAILURE => Err(Failure::TryAgain),
        _ => Err(Failure::NoRecovery),
    }
}

/// The failure that says more of what to do.
fn worse(one: Failure, other: Failure) -> Failure {
    let weight = |failure| match failure {
        Failure::NotFound => 0,
        Failure::NoRecovery => 1,
        Failure::NoData => 2,
        Failure::TryAgain => 3,
    };
    if weight(other) > weight(one) { other } else { one }
}

fn address(kind: u16, data: &[u8]) -> Option<IpAddress> {
    match kind {
        A => data.try_into().ok().map(IpAddress::V4),
        _ => data.try_into().ok().map(IpAddress::V6),
    }
}

/// The name under which an address's name is kept.
fn reverse(address: &IpAddress) -> Vec<u8> {
    let mut name = Vec::new();
    match address {
        IpAddress::V4(bytes) => {
            for byte in bytes.iter().rev() {
                let mut digits = [0; 3];
                let mut used = 0;
                let mut rest = *byte;
                loop {
                    digits[used] = b'0' + rest % 10;
                    used += 1;
                    rest /= 10;
                    if rest == 0 {
                        break;
                    }
                }
                name.extend(digits[..used].iter().rev());
                name.push(b'.');
            }
            name.extend_from_slice(b"in-addr.arpa");
        }
        IpAddress::V6(bytes) => {
            for byte in bytes.iter().rev() {
                for digit in [byte & 15, byte >> 4] {
                    name.extend_from_slice(&[b"0123456789abcdef"[usize::from(digit)], b'.']);
                }
            }
            name.extend_from_slice(b"ip6.arpa");
        }
    }
    name
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Servers that know names, fail, cut their answers or keep silent.
    #[derive(Default)]
    pub(crate) struct Fake {
        pub(crate) names: Vec<(&'static [u8], Vec<IpAddress>)>,
        pub(crate) silent: Vec<Endpoint>,
        pub(crate) failing: Vec<Endpoint>,
        pub(crate) cuts: bool,
        pub(crate) asked: RefCell<Vec<(Endpoint, usize, bool)>>,
    }

    impl Transport for Fake {
        fn ask(&self, server: Endpoint, questions: &[Vec<u8>], stream: bool, _: u64) -> Vec<Option<Vec<u8>>> {
            self.asked.borrow_mut().push((server, questions.len(), stream));
            let answer = |question: &Vec<u8>| {
                if self.silent.contains(&server) {
                    return None;
                }
                let (name, end) = message::decode(question, message::HEADER)?;
                let kind = message::word(question, end)?;
                let mut answer = question.clone();
                answer[2] |= 0x80;
                if self.failing.contains(&server) {
                    answer[3] = SERVER_FAILURE;
                    return Some(answer);
                }
                let text = message::text(&name);
                match self.names.iter().find(|(known, _)| *known == text) {
                    None => answer[3] = NAME_ERROR,
                    Some(_) if self.cuts && !stream => answer[2] |= 2,
                    Some((_, addresses)) => {
                        let wanted = if kind == A { net::Family::V4 } else { net::Family::V6 };
                        for address in addresses.iter().filter(|address| address.family() == wanted) {
                            answer[7] += 1;
                            answer.extend_from_slice(&[0xc0, 12]);
                            answer.extend_from_slice(&kind.to_be_bytes());
                            answer.extend_from_slice(&[0, 1, 0, 0, 0, 9, 0, address.bytes().len() as u8]);
                            answer.extend_from_slice(address.bytes());
                        }
                    }
                }
                Some(answer)
            };
            questions.iter().map(answer).collect()
        }
    }

    pub(crate) const SERVERS: [Endpoint; 2] =
        [Endpoint::new(IpAddress::V4([10, 0, 0, 1]), 53), Endpoint::new(IpAddress::V4([10, 0, 0, 2]), 53)];
    const HOST: IpAddress = IpAddress::V4([192, 0, 2, 7]);

    pub(crate) fn configuration() -> Configuration {
        Configuration {
            servers: SERVERS.to_vec(),
            search: [b"example.org".to_vec()].into(),
            ..Configuration::default()
        }
    }

    fn find(fake: &Fake, configuration: &Configuration, name: &[u8]) -> Result<Found, Failure> {
        Client { configuration, transport: fake, identifier: || 77 }.addresses(name, true, true)
    }

    #[test]
    fn both_families_are_asked_for_at_once_and_domains_are_searched() {
        let names = [(&b"host.example.org"[..], [HOST, IpAddress::LOOPBACK_V6].to_vec())].into();
        let fake = Fake { names, ..Fake::default() };
        let found = find(&fake, &configuration(), b"host").unwrap();
        assert_eq!(found.addresses, [HOST, IpAddress::LOOPBACK_V6]);
        assert_eq!(found.name, b"host.example.org");
        assert_eq!(*fake.asked.borrow(), [(SERVERS[0], 2, false)]);
        assert_eq!(find(&fake, &configuration(), b"other"), Err(Failure::NotFound));
    }

    #[test]
    fn the_next_server_is_asked_when_one_fails_or_is_silent() {
        let names = || Vec::from([(&b"a.b"[..], [HOST].to_vec())]);
        for fake in [
            Fake { names: names(), silent: [SERVERS[0]].into(), ..Fake::default() },
            Fake { names: names(), failing: [SERVERS[0]].into(), ..Fake::default() },
        ] {
            assert_eq!(find(&fake, &configuration(), b"a.b").unwrap().addresses, [HOST]);
            assert_eq!(fake.asked.borrow().len(), 2);
        }
        let fake = Fake { names: names(), silent: SERVERS.to_vec(), ..Fake::default() };
        assert_eq!(find(&fake, &configuration(), b"a.b"), Err(Failure::TryAgain));
    }

    #[test]
    fn what_is_cut_is_asked_for_over_tcp() {
        let fake = Fake { names: [(&b"a.b"[..], [HOST].to_vec())].into(), cuts: true, ..Fake::default() };
        assert_eq!(find(&fake, &configuration(), b"a.b").unwrap().addresses, [HOST]);
        assert_eq!(*fake.asked.borrow(), [(SERVERS[0], 2, false), (SERVERS[0], 2, true)]);
    }

    #[test]
    fn a_name_without_addresses_has_no_data() {
        let fake = Fake { names: [(&b"a.b"[..], [].to_vec())].into(), ..Fake::default() };
        assert_eq!(find(&fake, &configuration(), b"a.b."), Err(Failure::NoData));
    }

    #[test]
    fn addresses_have_names_under_arpa() {
        assert_eq!(reverse(&IpAddress::V4([10, 200, 3, 0])), b"0.3.200.10.in-addr.arpa");
        assert!(reverse(&IpAddress::LOOPBACK_V6).starts_with(b"1.0.0.0."));
    }
}
