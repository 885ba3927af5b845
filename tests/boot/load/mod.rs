//! A long mixed load on three servers at once, each on a guest of its own at the end of a cable that damages
//! frames: clients that compare every byte, clients that send garbage, close by half or vanish. Nothing may come
//! out wrong, nobody may wait for long, and the guests' memory may not grow.
//!
//! Runs in a network namespace of its own, so that its interfaces are nobody else's.

mod clients;

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::link::Faults;
use crate::link::random::Random;
use crate::tapped::{self, Guest, Server};
use crate::{Context, data};

use clients::Shared;

/// How many of a thousand frames fare badly, in each direction.
const FAULTS: Faults = Faults { drop: 2, duplicate: 2, reorder: 5, corrupt: 1, truncate: 1 };
/// How often memory is looked at, and progress is told.
const LOOK: Duration = Duration::from_secs(10);
const TELL: Duration = Duration::from_secs(60);
/// How many MB a guest may grow by after the first third of the load.
const GROWTH: u64 = 4;

/// A server, and what uses it.
struct Loaded {
    server: Server,
    clients: usize,
    client: clients::Client,
}

const LOADED: [Loaded; 3] = [
    Loaded {
        server: Server {
            name: "redis",
            app: "/usr/bin/redis-server",
            args: &["--port", "6379", "--protected-mode", "no", "--save", "", "--tcp-keepalive", "30"],
            files: &[],
            set: &[],
            port: 6379,
            memory: 64,
            cpus: 1,
        },
        clients: 4,
        client: clients::redis,
    },
    Loaded {
        server: Server {
            name: "memcached",
            app: "/usr/bin/memcached",
            args: &["-u", "root", "-t", "2", "-m", "16", "-o", "idle_timeout=60"],
            files: &[],
            set: &[],
            port: 11211,
            memory: 64,
            cpus: 2,
        },
        clients: 4,
        client: clients::memcached,
    },
    Loaded {
        server: Server {
            name: "nginx",
            app: "/usr/sbin/nginx",
            args: &["-c", "/etc/nginx/nginx.conf"],
            files: &[
                "load.conf:/etc/nginx/nginx.conf",
                "numbers.txt:/www/numbers.txt",
                "index.html:/www/index.html",
            ],
            set: &[],
            port: 80,
            memory: 64,
            cpus: 1,
        },
        clients: 4,
        client: clients::web,
    },
];

/// Loads the servers for so many seconds.
pub fn run(context: &Context, seconds: u64) -> Result<(), String> {
    tapped::enter_namespace()?;
    let name = format!("load/{seconds} s");
    match load(context, Duration::from_secs(seconds)) {
        Ok(()) => context.passed(&name, seconds as f32),
        Err(why) => context.failed(&name, &why),
    }
    Ok(())
}

fn load(context: &Context, duration: Duration) -> Result<(), String> {
    let web = context.directory.join("web");
    data::make_web(&web).map_err(|error| format!("cannot make the files to serve: {error}"))?;
    let folder = tempfile::tempdir().map_err(|error| format!("no directory: {error}"))?;
    let mut guests = Vec::new();
    for (number, Loaded { server, .. }) in LOADED.iter().enumerate() {
        guests.push(Guest::start(server, number, FAULTS, &folder.path().join(server.name), context)?);
    }
    let shared = Shared::new(&web.join("www/numbers.txt"))?;
    let result = thread::scope(|scope| {
        for (number, (loaded, guest)) in LOADED.iter().zip(&guests).enumerate() {
            let server = &loaded.server;
            for client in 0..loaded.clients {
                let seed = Random::new((number * 100 + client) as u64 + 1);
                let place =
                    clients::Place { number, client, address: guest.address(server.port), link: &guest.link };
                let shared = &shared;
                scope.spawn(move || shared.work(&place, loaded.client, seed));
            }
            let seed = Random::new(number as u64 + 1000);
            let place = clients::Place {
                number,
                client: loaded.clients,
                address: guest.address(server.port),
                link: &guest.link,
            };
            let shared = &shared;
            scope.spawn(move || shared.work(&place, clients::rude, seed));
        }
        let result = watch(&guests, &shared, duration);
        shared.stop.store(true, Ordering::Relaxed);
        result
    });
    let consoles = || guests.iter().map(Guest::told).collect::<String>();
    let mut faults = shared.failures();
    faults.extend(result.err());
    if let Some(first) = faults.first() {
        let more = faults.len() - 1;
        return Err(format!("  {first}\n  and {more} more\n{}", consoles()));
    }
    for (Loaded { server, .. }, guest) in LOADED.iter().zip(&mut guests) {
        guest.end().map_err(|why| format!("  {}: {why}\n{}", server.name, guest.told()))?;
    }
    Ok(())
}

/// Looks after the guests' memory and the clients' progress until the time is over.
fn watch(guests: &[Guest], shared: &Shared, duration: Duration) -> Result<(), String> {
    let started = Instant::now();
    let mut told = Instant::now();
    let mut settled: Vec<Option<u64>> = vec![None; guests.len()];
    let mut done_before = [0; LOADED.len()];
    while started.elapsed() < duration {
        thread::sleep(LOOK.min(duration.saturating_sub(started.elapsed())));
        let mut line = format!("{:5} s", started.elapsed().as_secs());
        for (number, (Loaded { server, .. }, guest)) in LOADED.iter().zip(guests).enumerate() {
            if guest.has_ended() {
                return Err(format!("{} has ended", server.name));
            }
            let memory = guest.memory()?;
            if started.elapsed() > duration / 3 {
                let settled = *settled[number].get_or_insert(memory);
                if memory > settled + (GROWTH << 20) {
                    let (from, to) = (settled >> 20, memory >> 20);
                    return Err(format!("{}'s memory has grown from {from} to {to} MB", server.name));
                }
            }
            let done = shared.done[number].load(Ordering::Relaxed);
            let (frames, faults) = guest.frames();
            line += &format!(
                " | {}: {} requests, {} in all, {:.1} MB, {faults} of {frames} frames bad",
                server.name,
                done - done_before[number],
                done,
                memory as f64 / f64::from(1 << 20)
            );
            if told.elapsed() >= TELL {
                done_before[number] = done;
            }
        }
        if told.elapsed() >= TELL {
            told = Instant::now();
            println!("{line} | {}", shared.summary());
        }
        if shared.failures().len() >= 20 {
            return Err("too much has gone wrong to go on".into());
        }
    }
    println!("after {} s: {}", started.elapsed().as_secs(), shared.summary());
    Ok(())
}
