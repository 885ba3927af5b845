//! Servers under attack, each on a guest of its own: clients that send garbage, close by half or vanish, a flood of
//! requests for connections, and twenty thousand connections at once. After each of them, and during the flood, the
//! server has to answer an ordinary client.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::link::phantom::{FIRST, SILENT, Segment};
use crate::link::random::Random;
use crate::link::{Faults, Link};
use crate::tapped::{self, Guest, Server};
use crate::{Context, data};

/// How long an answer may take, also while a flood is on.
const PATIENCE: Duration = Duration::from_secs(20);
/// Clients of each kind.
const CLIENTS: usize = 50;
/// Requests for connections in the flood.
const FLOOD: u32 = 50_000;
/// Connections that are opened at once, of so many hosts, and how many are asked for at a time.
const CONNECTIONS: usize = 20_000;
const HOSTS: usize = 4;
const BATCH: usize = 400;

/// What is done to a server whose network has this number.
type Attack = fn(&Besieged, &Guest, u8) -> Result<(), String>;

/// A server, a request and the whole answer to it.
struct Besieged {
    server: Server,
    request: &'static str,
    answer: &'static str,
    /// Whether it is to have all connections, or may refuse some since they are more than its memory.
    takes_all: bool,
}

const BESIEGED: [Besieged; 3] = [
    Besieged {
        server: Server {
            name: "redis",
            app: "/usr/bin/redis-server",
            args: &["--port", "6379", "--protected-mode", "no", "--save", "", "--maxclients", "20000"],
            files: &[],
            set: &["open-files=30000"],
            port: 6379,
            memory: 64,
            cpus: 1,
        },
        request: "PING\r\n",
        answer: "+PONG\r\n",
        takes_all: false,
    },
    Besieged {
        server: Server {
            name: "memcached",
            app: "/usr/bin/memcached",
            args: &["-u", "root", "-t", "2", "-m", "16", "-c", "25000"],
            files: &[],
            set: &["open-files=30000", "connection-memory=4096"],
            port: 11211,
            memory: 256,
            cpus: 2,
        },
        request: "verbosity 0\r\n",
        answer: "OK\r\n",
        takes_all: true,
    },
    Besieged {
        server: Server {
            name: "nginx",
            app: "/usr/sbin/nginx",
            args: &["-c", "/etc/nginx/nginx.conf"],
            files: &["siege.conf:/etc/nginx/nginx.conf"],
            set: &["open-files=30000", "connection-memory=4096"],
            port: 80,
            memory: 256,
            cpus: 1,
        },
        request: "GET / HTTP/1.0\r\n\r\n",
        answer: "it stands\n",
        takes_all: true,
    },
];

/// Besieges the servers that the options ask for.
pub fn run(context: &Context) -> Result<(), String> {
    tapped::enter_namespace()?;
    data::make_web(&context.directory.join("web"))
        .map_err(|error| format!("cannot make the files to serve: {error}"))?;
    for (number, besieged) in BESIEGED.iter().enumerate() {
        let name = format!("siege/{}", besieged.server.name);
        if !context.options.filter.is_empty()
            && !context.options.filter.iter().any(|text| name.contains(text))
        {
            continue;
        }
        let started = Instant::now();
        match besiege(besieged, number, context) {
            Ok(()) => context.passed(&name, started.elapsed().as_secs_f32()),
            Err(why) => context.failed(&name, &why),
        }
    }
    Ok(())
}

fn besiege(besieged: &Besieged, number: usize, context: &Context) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no directory: {error}"))?;
    let mut guest = Guest::start(&besieged.server, number, Faults::default(), folder.path(), context)?;
    let attacks: [(&str, Attack); 5] = [
        ("garbage", garbage),
        ("half-closes", halves),
        ("vanishing", vanishing),
        ("flood", flood),
        ("crowd", crowd),
    ];
    let all = || {
        asked(besieged, &guest, "before anything")?;
        for (name, attack) in attacks {
            let started = Instant::now();
            attack(besieged, &guest, number as u8).map_err(|why| format!("{name}: {why}"))?;
            asked(besieged, &guest, &format!("after {name}"))?;
            println!("  {}: {name}, {:.1} s", besieged.server.name, started.elapsed().as_secs_f32());
        }
        Ok(())
    };
    let result: Result<(), String> = all();
    result.and_then(|()| guest.end()).map_err(|why| format!("  {why}\n{}", guest.told()))
}

fn connect(besieged: &Besieged, guest: &Guest) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&guest.address(besieged.server.port), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// An ordinary client's request and the answer to it, twice.
fn asked(besieged: &Besieged, guest: &Guest, when: &str) -> Result<(), String> {
    for _ in 0..2 {
        let answer = || -> io::Result<String> {
            let mut stream = connect(besieged, guest)?;
            stream.write_all(besieged.request.as_bytes())?;
            let mut lines = BufReader::new(stream);
            let mut line = String::new();
            loop {
                line.clear();
                // Of a web server's answer the last line is what is asked for.
                if lines.read_line(&mut line)? == 0 || line == besieged.answer {
                    return Ok(line);
                }
            }
        };
        match answer() {
            Ok(line) if line == besieged.answer => {}
            Ok(line) => return Err(format!("{when} it answered '{}'", line.escape_debug())),
            Err(error) => return Err(format!("{when} it did not answer: {error}")),
        }
    }
    Ok(())
}

/// Clients that send what no server understands. That they are not hung up on is no fault.
fn garbage(besieged: &Besieged, guest: &Guest, _: u8) -> Result<(), String> {
    let mut random = Random::new(1);
    for _ in 0..CLIENTS {
        let mut stream = connect(besieged, guest).map_err(|error| format!("cannot connect: {error}"))?;
        let bytes: Vec<u8> = (0..1 + random.below(3000)).map(|_| random.below(256) as u8).collect();
        // The server may hang up before it has all.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
    }
    Ok(())
}

/// Clients that say that they have said all get the whole answer and the end of the connection.
fn halves(besieged: &Besieged, guest: &Guest, _: u8) -> Result<(), String> {
    for _ in 0..CLIENTS {
        let mut answer = String::new();
        let mut ask = || -> io::Result<()> {
            let mut stream = connect(besieged, guest)?;
            stream.write_all(besieged.request.as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            stream.read_to_string(&mut answer).map(drop)
        };
        ask().map_err(|error| format!("no end: {error}"))?;
        if !answer.ends_with(besieged.answer) {
            return Err(format!("it answered '{}'", answer.escape_debug()));
        }
    }
    Ok(())
}

/// Clients of which nothing is heard any more, in the middle of a request or after one.
fn vanishing(besieged: &Besieged, guest: &Guest, _: u8) -> Result<(), String> {
    for number in 0..CLIENTS {
        let vanish = || -> io::Result<()> {
            let mut stream = connect(besieged, guest)?;
            let request = besieged.request.as_bytes();
            stream.write_all(&request[..request.len() - number % 2 * 3])?;
            guest.link.vanish(stream.local_addr()?.port());
            Ok(())
        };
        vanish().map_err(|error| format!("cannot connect: {error}"))?;
    }
    Ok(())
}

/// Requests for connections from all over, none of which is confirmed, while ordinary clients come and go.
fn flood(besieged: &Besieged, guest: &Guest, network: u8) -> Result<(), String> {
    thread::scope(|scope| {
        let flooding = scope.spawn(|| {
            let mut random = Random::new(2);
            for _ in 0..FLOOD {
                let host = SILENT + random.below(u64::from(u8::MAX - SILENT)) as u8;
                let ports = (1024 + random.below(60_000) as u16, besieged.server.port);
                let sequence = random.below(1 << 32) as u32;
                let request = Segment::request(Link::card(0), [10, 77, network], host, ports, sequence);
                // What the guest does not take in time is lost, as on any cable.
                let _ = guest.link.inject(&request.frame());
            }
        });
        let mut during = 0;
        while !flooding.is_finished() {
            asked(besieged, guest, "while flooded")?;
            during += 1;
        }
        if during == 0 { Err("it was over before anybody could ask".to_owned()) } else { Ok(()) }
    })
}

/// So many connections at once that the server has, or refuses in order.
fn crowd(besieged: &Besieged, guest: &Guest, network: u8) -> Result<(), String> {
    let each = CONNECTIONS / HOSTS;
    let all: Vec<(u8, u16)> = (0..HOSTS)
        .flat_map(|host| (0..each).map(move |port| (FIRST + host as u8, 20_000 + port as u16)))
        .collect();
    let phantoms = &guest.link.phantoms;
    // The same sequence numbers for a request that is repeated, and for the end.
    let request = |(host, port): (u8, u16)| {
        let sequence = u32::from(host) << 24 | u32::from(port) << 3;
        Segment::request(Link::card(0), [10, 77, network], host, (port, besieged.server.port), sequence)
    };
    let send = |segment: Segment| {
        let _ = guest.link.inject(&segment.frame());
    };
    let mut have = 0;
    for batch in all.chunks(BATCH) {
        let deadline =
            Instant::now() + if besieged.takes_all { PATIENCE } else { Duration::from_millis(200) };
        let mut missing = batch.to_vec();
        // What was dropped on the way is asked for again, as clients do.
        while !missing.is_empty() && Instant::now() < deadline {
            missing.iter().for_each(|place| send(request(*place)));
            thread::sleep(Duration::from_millis(20));
            let open = phantoms.open();
            missing.retain(|place| !open.contains(place));
        }
        have += batch.len() - missing.len();
        if besieged.takes_all && !missing.is_empty() {
            return Err(format!("it has {have} connections and does not take more"));
        }
    }
    println!("  {}: {have} of {CONNECTIONS} connections, {:.1} MB", besieged.server.name, megabytes(guest)?);
    if besieged.takes_all {
        asked(besieged, guest, "with all connections open")?;
        let open = phantoms.open().len();
        if open < CONNECTIONS {
            return Err(format!("{} connections were ended", CONNECTIONS - open));
        }
    }
    // All at once they are gone.
    all.iter().for_each(|place| send(request(*place).reset()));
    Ok(())
}

fn megabytes(guest: &Guest) -> Result<f64, String> {
    Ok(guest.memory()? as f64 / f64::from(1 << 20))
}
