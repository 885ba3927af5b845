//! Two programs, a server and a client, each on a guest of its own, with a cable between them that
//! may be a bad one (`pairs.toml`). What each prints has to be what it prints on this host.

use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

use serde::Deserialize;

use crate::Context;
use crate::build::{self, Program};
use crate::case::{Boot, Case};
use crate::guest::{self, Kernels};
use crate::host::{self, Expected};
use crate::link::{self, Faults, Link};

/// A server and a client; `pairs.toml` says what each field is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    pub name: String,
    server: String,
    client: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    faults: Faults,
    #[serde(default)]
    seed: u64,
    #[serde(default = "default_deadline")]
    deadline: u64,
    #[serde(default)]
    pub long: bool,
}

fn default_deadline() -> u64 {
    240
}

/// Addresses of the two guests.
const ADDRESSES: [&str; 2] = ["10.77.0.1", "10.77.0.2"];
/// The port that servers listen at on a guest.
const PORT: u16 = 7000;
/// Ports on this host: each pair its own.
static NEXT_PORT: AtomicU16 = AtomicU16::new(21_700);

/// Reads the manifest.
pub fn read(path: &Path) -> Result<Vec<Pair>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Manifest {
        pair: Vec<Pair>,
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    for pair in &manifest.pair {
        link::check(pair.faults).map_err(|why| format!("the link of {}: {why}", pair.name))?;
    }
    Ok(manifest.pair)
}

impl Pair {
    /// The two programs as cases: both are told where the server is.
    fn cases(&self, address: &str, port: u16) -> [Case; 2] {
        let case = |role: &str, source: &str| {
            let place = [address.to_owned(), port.to_string()];
            Case {
                name: format!("{}-{role}", self.name),
                source: Some(source.to_owned()),
                args: place.into_iter().chain(self.args.iter().cloned()).collect(),
                deadline: self.deadline,
                memory: 128,
                ..Case::default()
            }
        };
        [case("server", &self.server), case("client", &self.client)]
    }

    /// The boots that the options ask for, under this pair's name.
    pub fn boots(&self, options: &crate::Options) -> Vec<Boot> {
        Case { name: self.name.clone(), ..Case::default() }.boots(options).collect()
    }
}

/// Runs a pair on this host and on each machine.
pub fn whole_pair(pair: &Pair, context: &Context) {
    if let Err(why) = all_boots(pair, context) {
        context.failed(&pair.name, &why);
    }
}

fn all_boots(pair: &Pair, context: &Context) -> Result<(), String> {
    let on_host = pair.cases("127.0.0.1", NEXT_PORT.fetch_add(1, Ordering::Relaxed));
    let programs = [&on_host[0], &on_host[1]].map(|case| build::program(case, &context.directory));
    let [server, client] = programs;
    let programs = [server?, client?];
    let expected = both(|which| host::run_now(&on_host[which], &programs[which], &context.directory));
    let [server, client] = expected;
    let expected = [server?, client?];
    let cases = pair.cases(ADDRESSES[0], PORT);
    let mut kernels = [Kernels::default(), Kernels::default()];
    for boot in pair.boots(&context.options) {
        let name = boot.name(&pair.name);
        match one_boot(pair, boot, &cases, &programs, &expected, &mut kernels, context) {
            Ok(seconds) => context.passed(&name, seconds),
            Err(why) => context.failed(&name, &why),
        }
    }
    Ok(())
}

/// Does something for server and client at the same time.
fn both<T: Send>(work: impl Fn(usize) -> T + Sync) -> [T; 2] {
    thread::scope(|scope| {
        let server = scope.spawn(|| work(0));
        let client = work(1);
        match server.join() {
            Ok(server) => [server, client],
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn one_boot(
    pair: &Pair,
    boot: Boot,
    cases: &[Case; 2],
    programs: &[Program; 2],
    expected: &[Expected; 2],
    kernels: &mut [Kernels; 2],
    context: &Context,
) -> Result<f32, String> {
    let mut plans = Vec::new();
    let directory = tempfile::tempdir().map_err(|error| format!("no directory for the link: {error}"))?;
    let link =
        Link::new(directory.path(), pair.faults, pair.seed).map_err(|error| format!("no link: {error}"))?;
    for which in 0..2 {
        let mut plan = guest::plan(&cases[which], boot, &programs[which], &mut kernels[which], context)?;
        plan.network = link.network(which);
        plan.command_line.extra.push(("ip".into(), format!("{}/24", ADDRESSES[which]).into_bytes()));
        plans.push(plan);
    }
    let results = both(|which| guest::judge(&cases[which], &plans[which], &expected[which]));
    let counted = |which: usize| {
        let counts = &link.counts[which];
        let (frames, faults) = (counts.frames.load(Ordering::Relaxed), counts.faults.load(Ordering::Relaxed));
        format!("{frames} frames, {faults} faults")
    };
    let [server, client] = results;
    match (server, client) {
        (Ok(one), Ok(other)) => {
            let spoilt = (0..2).any(|which| link.counts[which].faults.load(Ordering::Relaxed) > 0);
            match spoilt || pair.faults == Faults::default() {
                true => Ok(one.max(other)),
                false => Err("  the link spoilt nothing".into()),
            }
        }
        (server, client) => {
            let say = |who: &str, result: Result<f32, String>| {
                result.err().map_or_else(String::new, |why| format!(" {who}:\n{why}\n"))
            };
            Err(format!(
                "{}{}  from the server {}, from the client {}",
                say("server", server),
                say("client", client),
                counted(0),
                counted(1)
            ))
        }
    }
}
