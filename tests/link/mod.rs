//! A cable between two guests, or a guest and a tap of this host, that treats their frames badly: it
//! drops, duplicates, reorders, corrupts and truncates them, as a seed says.
//!
//! Each guest's card is a `-netdev dgram` of QEMU over a pair of Unix sockets; one datagram is one
//! Ethernet frame. One thread a direction passes them on.

pub mod phantom;
mod plug;
pub mod random;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;
use specialize::boot::Network;

use phantom::Phantoms;
use plug::Plug;
use random::Random;

/// The longest frame that a card sends: one that the other end's card is to cut.
const LONGEST: usize = 14 + 65535;
/// How long a frame that is to come late waits for others to overtake it.
const LATE: Duration = Duration::from_millis(3);
/// How long nothing is heard of a port that has vanished.
const VANISHED: Duration = Duration::from_secs(120);

/// How many of a thousand frames a fault happens to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// They never arrive.
    pub drop: u32,
    /// They arrive twice.
    pub duplicate: u32,
    /// They arrive after some that were sent later.
    pub reorder: u32,
    /// Some of their bits are others.
    pub corrupt: u32,
    /// Their end is missing.
    pub truncate: u32,
}

/// What a direction has done so far.
#[derive(Debug, Default)]
pub struct Counts {
    /// Frames that came in.
    pub frames: AtomicU64,
    /// Faults that happened to them.
    pub faults: AtomicU64,
}

/// A cable, until it is dropped.
pub struct Link {
    ends: Vec<End>,
    unplugged: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    vanished: Arc<Mutex<BTreeMap<u16, Instant>>>,
    /// The first end, to put frames in.
    first: Plug,
    /// Hosts besides the second end, as far as that is a tap.
    pub phantoms: Arc<Phantoms>,
    /// From the first end to the second, and back.
    pub counts: [Arc<Counts>; 2],
}

/// Where one guest's card is plugged in.
struct End {
    /// The socket that QEMU makes.
    guest: PathBuf,
    /// The socket that the link has.
    link: PathBuf,
}

impl Link {
    /// A cable whose sockets are in `directory`, with these faults in each direction.
    pub fn new(directory: &Path, faults: Faults, seed: u64) -> io::Result<Self> {
        let end = |name: &str| End {
            guest: directory.join(format!("{name}.guest")),
            link: directory.join(format!("{name}.link")),
        };
        let ends = vec![end("a"), end("b")];
        let plugs = [Plug::guest(&ends[0])?, Plug::guest(&ends[1])?];
        Self::between(ends, plugs, faults, seed)
    }

    /// A cable from a guest, number 0, to a tap interface of this host.
    pub fn to_tap(directory: &Path, tap: &str, faults: Faults, seed: u64) -> io::Result<Self> {
        let ends = vec![End { guest: directory.join("a.guest"), link: directory.join("a.link") }];
        let plugs = [Plug::guest(&ends[0])?, Plug::tap(tap)?];
        Self::between(ends, plugs, faults, seed)
    }

    fn between(ends: Vec<End>, plugs: [Plug; 2], faults: Faults, seed: u64) -> io::Result<Self> {
        let unplugged = Arc::new(AtomicBool::new(false));
        let vanished = Arc::default();
        let phantoms = Arc::new(Phantoms::default());
        let to_tap = matches!(plugs[1], Plug::Tap(_));
        let counts: [Arc<Counts>; 2] = Default::default();
        let mut threads = Vec::new();
        for (from, to) in [(0, 1), (1, 0)] {
            let mut direction = Direction {
                from: plugs[from].try_clone()?,
                phantoms: (to_tap && from == 0).then(|| Arc::clone(&phantoms)),
                to: plugs[to].try_clone()?,
                wire: Wire::new(faults, seed.wrapping_mul(2).wrapping_add(from as u64)),
                vanished: Arc::clone(&vanished),
                counts: counts[from].clone(),
            };
            let unplugged = unplugged.clone();
            threads.push(thread::spawn(move || direction.pass_on(&unplugged)));
        }
        let first = plugs[0].try_clone()?;
        Ok(Self { ends, unplugged, threads, vanished, first, phantoms, counts })
    }

    /// Nothing more is heard of this TCP port, at either end, for a while: whoever has it has vanished.
    pub fn vanish(&self, port: u16) {
        let mut vanished = self.vanished.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        vanished.retain(|_, since| since.elapsed() < VANISHED);
        vanished.insert(port, Instant::now());
    }

    /// Puts a frame in that the first end gets.
    pub fn inject(&self, frame: &[u8]) -> io::Result<usize> {
        self.first.send(frame)
    }

    /// The address of the card at an end.
    pub fn card(end: usize) -> [u8; 6] {
        [0x52, 0x54, 0, 0x77, 0, end as u8 + 1]
    }

    /// What the card of guest number `end`, 0 or 1, is plugged into.
    pub fn network(&self, end: usize) -> Network {
        let End { guest, link } = &self.ends[end];
        let mut backend = std::ffi::OsString::from("dgram,local.type=unix,local.path=");
        backend.push(guest);
        backend.push(",remote.type=unix,remote.path=");
        backend.push(link);
        Network::Backend(backend, Self::card(end))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.unplugged.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        for path in self.ends.iter().flat_map(|end| [&end.guest, &end.link]) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// One direction of a cable.
struct Direction {
    from: Plug,
    /// Who takes frames that come from `from` and are for nobody on the other end.
    phantoms: Option<Arc<Phantoms>>,
    to: Plug,
    wire: Wire,
    vanished: Arc<Mutex<BTreeMap<u16, Instant>>>,
    counts: Arc<Counts>,
}

impl Direction {
    fn pass_on(&mut self, unplugged: &AtomicBool) {
        let mut buffer = vec![0; LONGEST];
        while !unplugged.load(Ordering::Relaxed) {
            let arriving = match self.from.receive(&mut buffer) {
                Ok(length) if self.has_vanished(&buffer[..length]) => Vec::new(),
                Ok(length) if self.is_for_phantom(&buffer[..length]) => Vec::new(),
                Ok(length) => {
                    self.counts.frames.fetch_add(1, Ordering::Relaxed);
                    self.wire.carry(&buffer[..length])
                }
                // Nothing overtakes what is late.
                Err(_) => self.wire.late.take().into_iter().collect(),
            };
            self.counts.faults.store(self.wire.faulty, Ordering::Relaxed);
            for frame in arriving {
                // The other guest may not be there yet, or not any more.
                let _ = self.to.send(&frame);
            }
        }
    }

    /// Whether a frame is for a host that is not there; it is answered then.
    fn is_for_phantom(&self, frame: &[u8]) -> bool {
        match self.phantoms.as_ref().and_then(|phantoms| phantoms.answer(frame)) {
            None => false,
            Some(answer) => {
                // What the guest does not take is lost.
                let _ = answer.map(|answer| self.from.send(&answer));
                true
            }
        }
    }

    /// Whether a frame is from or for a port of TCP over IPv4 that has vanished.
    fn has_vanished(&self, frame: &[u8]) -> bool {
        let vanished = self.vanished.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if vanished.is_empty() || frame.get(12..14) != Some(&[8, 0]) || frame.get(23) != Some(&6) {
            return false;
        }
        let segment = 14 + usize::from(frame[14] & 15) * 4;
        let gone = |bytes: &[u8]| {
            let port = u16::from_be_bytes([bytes[0], bytes[1]]);
            vanished.get(&port).is_some_and(|since| since.elapsed() < VANISHED)
        };
        frame.get(segment..segment + 4).is_some_and(|ports| gone(&ports[..2]) || gone(&ports[2..]))
    }
}

/// What happens to frames on their way.
struct Wire {
    faults: Faults,
    random: Random,
    /// A frame that others overtake.
    late: Option<Vec<u8>>,
    faulty: u64,
}

impl Wire {
    fn new(faults: Faults, seed: u64) -> Self {
        Self { faults, random: Random::new(seed), late: None, faulty: 0 }
    }

    /// Whether a fault happens that happens to so many of a thousand.
    fn happens(&mut self, of_thousand: u32) -> bool {
        let happens = self.random.below(1000) < u64::from(of_thousand);
        self.faulty += u64::from(happens);
        happens
    }

    /// Changes some of fifteen bits in a row, the first of them in any case. The checksums of the Internet's
    /// protocols are sure to notice that; of bits anywhere they miss one pair in thirty, and what they
    /// miss no program survives that trusts them.
    fn burst(&mut self, frame: &mut [u8]) {
        let first = self.random.below(frame.len() as u64 * 8) as usize;
        let bits = 1 | self.random.below(1 << 15);
        for at in (first..first + 15).filter(|at| bits >> (at - first) & 1 == 1) {
            if let Some(byte) = frame.get_mut(at / 8) {
                *byte ^= 0x80 >> (at % 8);
            }
        }
    }

    /// The frames that arrive when this one was sent.
    fn carry(&mut self, frame: &[u8]) -> Vec<Vec<u8>> {
        let mut frame = frame.to_vec();
        // Each is asked for every time, so that one fault more does not change when the others come.
        let faults = self.faults;
        let lost = self.happens(faults.drop);
        if self.happens(faults.corrupt) && !frame.is_empty() {
            self.burst(&mut frame);
        }
        if self.happens(faults.truncate) && frame.len() > 1 {
            // Something is left of it: QEMU takes an empty datagram for the end, and never reads again.
            frame.truncate(1 + self.random.below(frame.len() as u64 - 1) as usize);
        }
        let twice = self.happens(faults.duplicate);
        if self.happens(faults.reorder) && !lost && self.late.is_none() {
            self.late = Some(frame);
            return Vec::new();
        }
        let copies = match (lost, twice) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        let mut arriving = vec![frame; copies];
        arriving.extend(self.late.take());
        arriving
    }
}

/// Says of what was passed on how much was spoilt: a test that spoils nothing shows nothing.
pub fn check(faults: Faults) -> Result<(), String> {
    let frames: Vec<Vec<u8>> = (0..2000u32).map(|number| number.to_le_bytes().repeat(25)).collect();
    let through = |faults, seed| {
        let mut wire = Wire::new(faults, seed);
        let mut arrived: Vec<Vec<u8>> = frames.iter().flat_map(|frame| wire.carry(frame)).collect();
        arrived.extend(wire.late.take());
        arrived
    };
    if through(Faults::default(), 1) != frames {
        return Err("a cable without faults changes something".into());
    }
    if through(faults, 1) != through(faults, 1)
        || (faults != Faults::default() && through(faults, 1) == through(faults, 2))
    {
        return Err("the seed does not decide what happens".into());
    }
    let one = |faults: Faults, right: &dyn Fn(&[Vec<u8>]) -> bool, what: &str| {
        if right(&through(faults, 3)) { Ok(()) } else { Err(format!("{what} does not do what it says")) }
    };
    let share = |count: usize| (50..=350).contains(&count);
    let known = |frame: &&Vec<u8>| frames.contains(frame);
    one(Faults { drop: 100, ..Faults::default() }, &|got| share(2000 - got.len()), "drop")?;
    one(Faults { duplicate: 100, ..Faults::default() }, &|got| share(got.len() - 2000), "duplicate")?;
    one(
        Faults { corrupt: 100, ..Faults::default() },
        &|got| share(2000 - got.iter().filter(known).count()),
        "corrupt",
    )?;
    one(
        Faults { truncate: 100, ..Faults::default() },
        &|got| {
            share(got.iter().filter(|frame| frame.len() < 100).count())
                && !got.iter().any(|frame| frame.is_empty())
        },
        "truncate",
    )?;
    let swapped = |got: &[Vec<u8>]| {
        let mut sorted = got.to_vec();
        sorted.sort_by_key(|frame| u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]));
        sorted == frames && share(got.iter().zip(&frames).filter(|(a, b)| a != b).count() / 2)
    };
    one(Faults { reorder: 100, ..Faults::default() }, &swapped, "reorder")
}
