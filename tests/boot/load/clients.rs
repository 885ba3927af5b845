//! The clients of the load: each knows what it has stored, and compares all that it gets with it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::link::Link;
use crate::link::random::Random;

use super::LOADED;

/// Longer than this nobody may wait for an answer.
const STALL: Duration = Duration::from_secs(60);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(30);
/// Keys of a client, and the longest value.
const KEYS: u64 = 200;
const LONGEST: u64 = 20_000;

/// Where a client works.
pub struct Place<'a> {
    /// The server's number and the client's.
    pub number: usize,
    pub client: usize,
    pub address: SocketAddr,
    pub link: &'a Link,
}

/// What one connection does. Errors of the connection are no faults, unless nothing came for too long.
pub type Client = fn(&Shared, &Place<'_>, &mut Talk, &mut Memory, &mut Random) -> Result<(), Wrong>;

/// What went wrong.
pub enum Wrong {
    /// The connection; that may be.
    Connection(io::Error),
    /// What was said.
    Answer(String),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

/// What a client knows of its keys: the seed and length of each value.
pub type Memory = BTreeMap<u64, (u64, usize)>;

/// A connection.
pub struct Talk {
    from: BufReader<TcpStream>,
    to: TcpStream,
}

impl Talk {
    fn to(address: &SocketAddr) -> io::Result<Self> {
        let to = TcpStream::connect_timeout(address, CONNECT)?;
        to.set_read_timeout(Some(STALL))?;
        to.set_write_timeout(Some(STALL))?;
        to.set_nodelay(true)?;
        Ok(Self { from: BufReader::new(to.try_clone()?), to })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.from.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.pop_if(|last| *last == b'\r');
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// What all clients share.
pub struct Shared {
    pub stop: AtomicBool,
    /// Requests that were answered, by server.
    pub done: [AtomicU64; LOADED.len()],
    compared: AtomicU64,
    vanished: AtomicU64,
    broken: AtomicU64,
    slowest: AtomicU64,
    failures: Mutex<Vec<String>>,
    /// The file that the web server has.
    numbers: Vec<u8>,
}

impl Shared {
    pub fn new(numbers: &Path) -> Result<Self, String> {
        Ok(Self {
            stop: AtomicBool::new(false),
            done: Default::default(),
            compared: AtomicU64::new(0),
            vanished: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            slowest: AtomicU64::new(0),
            failures: Mutex::default(),
            numbers: fs::read(numbers).map_err(|error| format!("{}: {error}", numbers.display()))?,
        })
    }

    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    pub fn summary(&self) -> String {
        let number = |of: &AtomicU64| of.load(Ordering::Relaxed);
        format!(
            "{} MB compared, {} clients vanished, {} connections broke, the slowest answer took {} ms, {} faults",
            number(&self.compared) >> 20,
            number(&self.vanished),
            number(&self.broken),
            number(&self.slowest),
            self.failures().len()
        )
    }

    fn failed(&self, place: &Place<'_>, what: &str) {
        let text = format!("client {} of {}: {what}", place.client, LOADED[place.number].server.name);
        println!("FAULT: {text}");
        self.failures.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(text);
    }

    /// A request was answered that was made at a point in time.
    fn answered(&self, place: &Place<'_>, asked: Instant) {
        self.done[place.number].fetch_add(1, Ordering::Relaxed);
        self.slowest.fetch_max(asked.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Whether two byte strings are the same.
    fn compare(&self, what: &str, expected: &[u8], found: &[u8]) -> Result<(), Wrong> {
        self.compared.fetch_add(found.len() as u64, Ordering::Relaxed);
        if expected == found {
            return Ok(());
        }
        let at = expected.iter().zip(found).take_while(|(one, other)| one == other).count();
        let (lengths, size) = ((expected.len(), found.len()), at.saturating_add(16));
        let part = |bytes: &[u8]| format!("{:02x?}", &bytes[at.min(bytes.len())..size.min(bytes.len())]);
        let (one, other) = (part(expected), part(found));
        Err(Wrong::Answer(format!("{what}: wrong from byte {at} on, of {lengths:?}: {one} and {other}")))
    }

    /// Makes connection after connection until it is over.
    pub fn work(&self, place: &Place<'_>, client: Client, mut random: Random) {
        let mut memory = Memory::new();
        let mut refused = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let mut talk = match Talk::to(&place.address) {
                Ok(talk) => talk,
                Err(error) => {
                    if refused.elapsed() > 2 * STALL {
                        self.failed(place, &format!("cannot connect for long: {error}"));
                        refused = Instant::now();
                    }
                    continue;
                }
            };
            refused = Instant::now();
            match client(self, place, &mut talk, &mut memory, &mut random) {
                Ok(()) => self.part(place, talk, &mut random),
                Err(Wrong::Answer(what)) => self.failed(place, &what),
                Err(Wrong::Connection(error)) => {
                    self.broken.fetch_add(1, Ordering::Relaxed);
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
                        let port = talk.to.local_addr().map_or(0, |own| own.port());
                        self.failed(place, &format!("no answer for {} s (port {port})", STALL.as_secs()));
                    }
                    // What was on its way may have been stored or not.
                    memory.clear();
                }
            }
        }
    }

    /// Ends a connection, in one of the ways that clients have.
    fn part(&self, place: &Place<'_>, talk: Talk, random: &mut Random) {
        match random.below(8) {
            0 => {
                if let Ok(own) = talk.to.local_addr() {
                    place.link.vanish(own.port());
                    self.vanished.fetch_add(1, Ordering::Relaxed);
                }
            }
            1 | 2 => {
                let _ = talk.to.shutdown(Shutdown::Write);
                let _ = talk.to.set_read_timeout(Some(Duration::from_secs(1)));
                let _ = io::copy(&mut &talk.to, &mut io::sink());
            }
            _ => {}
        }
    }
}

fn value(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..length).map(|_| random.below(256) as u8).collect()
}

/// The same as both protocols carry it: with the end of a line.
fn line_of(seed: u64, length: usize) -> Vec<u8> {
    let mut line = value(seed, length);
    line.extend(b"\r\n");
    line
}

fn chosen(random: &mut Random) -> (u64, usize) {
    (random.below(u64::MAX), random.below(LONGEST) as usize)
}

fn wrong<T>(what: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Answer(what.into()))
}

/// Stores and fetches values of redis, one by one and many at a time.
pub fn redis(
    shared: &Shared,
    place: &Place<'_>,
    talk: &mut Talk,
    memory: &mut Memory,
    random: &mut Random,
) -> Result<(), Wrong> {
    let name = |key: u64| format!("key:{}:{key}", place.client);
    for _ in 0..10 + random.below(200) {
        let asked = Instant::now();
        let key = random.below(KEYS);
        if random.below(2) == 0 {
            let (seed, length) = chosen(random);
            let name = name(key);
            let mut request =
                format!("*3\r\n$3\r\nSET\r\n${}\r\n{name}\r\n${length}\r\n", name.len()).into_bytes();
            request.extend(line_of(seed, length));
            memory.remove(&key);
            talk.to.write_all(&request)?;
            let answer = talk.line()?;
            if answer != "+OK" {
                return wrong(format!("SET gave '{answer}'"));
            }
            memory.insert(key, (seed, length));
            shared.answered(place, asked);
            continue;
        }
        let keys: Vec<u64> = (0..1 + random.below(8)).map(|more| (key + more) % KEYS).collect();
        let requests: String = keys.iter().map(|key| format!("GET {}\r\n", name(*key))).collect();
        talk.to.write_all(requests.as_bytes())?;
        for key in keys {
            let head = talk.line()?;
            let Some(length) = head.strip_prefix('$').and_then(|length| length.parse::<i64>().ok()) else {
                return wrong(format!("GET gave '{head}'"));
            };
            let found = match usize::try_from(length) {
                Ok(length) => Some(talk.bytes(length + 2)?),
                Err(_) => None,
            };
            match (memory.get(&key), found) {
                (Some((seed, length)), Some(found)) => {
                    shared.compare(&name(key), &line_of(*seed, *length), &found)?;
                }
                (Some(_), None) => return wrong(format!("{} is gone", name(key))),
                // What it was before a connection broke is not known.
                (None, _) => {}
            }
            shared.answered(place, asked);
        }
    }
    Ok(())
}

/// Stores and fetches items of memcached, which may forget any.
pub fn memcached(
    shared: &Shared,
    place: &Place<'_>,
    talk: &mut Talk,
    memory: &mut Memory,
    random: &mut Random,
) -> Result<(), Wrong> {
    for _ in 0..10 + random.below(200) {
        let asked = Instant::now();
        let key = random.below(KEYS);
        let name = format!("key:{}:{key}", place.client);
        if random.below(2) == 0 {
            let (seed, length) = chosen(random);
            let mut request = format!("set {name} 0 0 {length}\r\n").into_bytes();
            request.extend(line_of(seed, length));
            memory.remove(&key);
            talk.to.write_all(&request)?;
            let answer = talk.line()?;
            if answer != "STORED" {
                return wrong(format!("set gave '{answer}'"));
            }
            memory.insert(key, (seed, length));
        } else {
            talk.to.write_all(format!("get {name}\r\n").as_bytes())?;
            let head = talk.line()?;
            if head != "END" {
                let Some(length) = head.rsplit(' ').next().and_then(|length| length.parse::<usize>().ok())
                else {
                    return wrong(format!("get gave '{head}'"));
                };
                let mut found = talk.bytes(length + 2)?;
                found.truncate(length);
                if let Some((seed, length)) = memory.get(&key) {
                    shared.compare(&name, &value(*seed, *length), &found)?;
                }
                let end = talk.line()?;
                if end != "END" {
                    return wrong(format!("after an item came '{end}'"));
                }
            }
        }
        shared.answered(place, asked);
    }
    Ok(())
}

/// Fetches parts of a file over a kept connection, and goes away in the middle of one now and then.
pub fn web(
    shared: &Shared,
    place: &Place<'_>,
    talk: &mut Talk,
    _: &mut Memory,
    random: &mut Random,
) -> Result<(), Wrong> {
    let all = shared.numbers.len() as u64;
    for _ in 0..5 + random.below(50) {
        let asked = Instant::now();
        let from = random.below(all);
        let to = if random.below(10) == 0 { all - 1 } else { (from + random.below(LONGEST)).min(all - 1) };
        let request = format!("GET /numbers.txt HTTP/1.1\r\nHost: guest\r\nRange: bytes={from}-{to}\r\n\r\n");
        talk.to.write_all(request.as_bytes())?;
        let status = talk.line()?;
        if status != "HTTP/1.1 206 Partial Content" {
            return wrong(format!("the web server said '{status}'"));
        }
        let mut length = 0;
        loop {
            let header = talk.line()?;
            if header.is_empty() {
                break;
            }
            if let Some(number) = header.strip_prefix("Content-Length: ") {
                length = number.parse().unwrap_or(0);
            }
        }
        if random.below(40) == 0 {
            // Enough seen.
            return Ok(());
        }
        let found = talk.bytes(length)?;
        shared.compare("numbers.txt", &shared.numbers[from as usize..=to as usize], &found)?;
        shared.answered(place, asked);
    }
    Ok(())
}

/// Sends what no server understands, and leaves whether it was heard or not.
pub fn rude(
    _: &Shared,
    _: &Place<'_>,
    talk: &mut Talk,
    _: &mut Memory,
    random: &mut Random,
) -> Result<(), Wrong> {
    let garbage = value(random.below(u64::MAX), 1 + random.below(4000) as usize);
    talk.to.set_read_timeout(Some(Duration::from_secs(1)))?;
    talk.to.set_write_timeout(Some(Duration::from_secs(1)))?;
    // That the server hangs up, or waits for more, is all that can be expected.
    let _ = talk.to.write_all(&garbage);
    if random.below(2) == 0 {
        let _ = talk.to.shutdown(Shutdown::Write);
    }
    let _ = io::copy(&mut (&mut talk.from).take(1 << 20), &mut io::sink());
    Ok(())
}
