//! Boots real programs under QEMU and compares what they print, byte for byte, and how they end
//! with the same programs on this host.
//!
//! `cargo test --release --test boot -- [--filter TEXT] …`; `--help` lists the options.

mod build;
mod case;
mod conformance;
mod data;
mod fault;
mod guest;
mod host;
#[path = "../link/mod.rs"]
mod link;
mod load;
mod pair;
mod server;
mod siege;
mod tapped;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::Instant;

use clap::Parser;
use specialize::boot::{Accelerator, Machine};

use case::{Boot, Case};
use server::Server;

/// Boots programs under QEMU and compares them with the host.
#[derive(Parser)]
struct Options {
    /// Only boots whose name (`program/machine/smpN/effort`) contains this; may be given again
    #[arg(long)]
    filter: Vec<String>,
    /// Only this machine
    #[arg(long)]
    machine: Vec<Machine>,
    /// One machine, one CPU and one effort per program
    #[arg(long)]
    quick: bool,
    /// How kernels are made where it is of no matter
    #[arg(long, default_value = "balanced", value_parser = ["instant", "balanced", "max"])]
    effort: String,
    /// Only list the boots
    #[arg(long)]
    list: bool,
    /// Only run the programs on the host, and show what they print
    #[arg(long)]
    host: bool,
    /// Boots at the same time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// The accelerator; probed if not given
    #[arg(long)]
    accel: Option<Accelerator>,
    /// A kernel to boot everything with, instead of one specialized for each program
    #[arg(long)]
    kernel: Option<PathBuf>,
    /// The kernel package to specialize, instead of this source tree's
    #[arg(long)]
    package: Option<PathBuf>,
    /// Where programs, kernels and images go
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/boot"))]
    directory: PathBuf,
    /// Show the QEMU command line of each boot
    #[arg(long)]
    print_command: bool,
    /// Also what may take long
    #[arg(long)]
    long: bool,
    /// Only load servers with all kinds of clients, for so many seconds
    #[arg(long, value_name = "SECONDS")]
    load: Option<u64>,
    /// Only besiege servers
    #[arg(long)]
    siege: bool,
    /// Repeat every boot this often
    #[arg(long, default_value_t = 1)]
    repeat: usize,
}

impl Options {
    /// Whether a boot of this name on this machine is asked for.
    fn wants(&self, name: &str, machine: Machine) -> bool {
        let named = self.filter.is_empty() || self.filter.iter().any(|text| name.contains(text));
        named && (self.machine.is_empty() || self.machine.contains(&machine))
    }
}

/// What all the boots of a run share.
struct Context {
    options: Options,
    accelerator: Accelerator,
    /// Where programs, kernels and images go.
    directory: PathBuf,
    results: Mutex<Results>,
    /// The kernels of the conformance set.
    whole: Mutex<guest::Kernels>,
}

/// What is done beside each other.
enum Work<'a> {
    Case(&'a Case),
    Server(&'a Server),
}

#[derive(Default)]
struct Results {
    passed: usize,
    failures: Vec<String>,
}

impl Context {
    /// `specialize` with these words, for the package that the options name.
    fn specialize(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_specialize"));
        command.args(words).arg("--quiet");
        if let Some(package) = &self.options.package {
            command.arg("--kernel").arg(package);
        }
        command
    }

    /// `specialize run` of a program, as a boot has it.
    fn specialize_run(&self, program: &Path, boot: Boot) -> Command {
        let mut command = self.specialize(&["run", "--hv", boot.profile(), "--effort", boot.effort]);
        command.args(["--machine", boot.machine.name(), "--accel", self.accelerator.name()]);
        command.args(["--smp", &boot.cpus.to_string(), "--app"]).arg(program);
        command
    }

    fn passed(&self, name: &str, seconds: f32) {
        self.results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).passed += 1;
        println!("ok     {name}  {seconds:.1} s");
    }

    fn failed(&self, name: &str, why: &str) {
        println!("FAILED {name}\n{why}");
        self.results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).failures.push(name.to_string());
    }
}

fn main() -> ExitCode {
    // `cargo test` passes options of its own harness to every test.
    let options = Options::parse_from(std::env::args().filter(|argument| argument != "--nocapture"));
    match run(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<bool, String> {
    let started = Instant::now();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/boot");
    let mut cases = case::read(&sources.join("cases.toml"))?;
    cases.extend(conformance::cases(&sources.join("../conformance"))?);
    // These run in a network namespace of their own, in which there is nothing else to be done.
    let apart = options.load.is_some() || options.siege;
    let covers = !options.host && !apart && conformance::covers(&options);
    let all = if covers { cases.clone() } else { Vec::new() };
    cases.retain(|case| case.boots(&options).next().is_some());
    let mut pairs = pair::read(&sources.join("pairs.toml"))?;
    pairs.retain(|pair| (options.long || !pair.long) && !pair.boots(&options).is_empty());
    let all_servers = server::read(&sources.join("servers.toml"))?;
    let mut servers = all_servers.clone();
    servers.retain(|server| !server.boots(&options).is_empty());
    if options.list {
        for case in &cases {
            case.boots(&options).for_each(|boot| println!("{}", boot.name(&case.name)));
        }
        for pair in &pairs {
            pair.boots(&options).iter().for_each(|boot| println!("{}", boot.name(&pair.name)));
        }
        for server in &servers {
            server.boots(&options).iter().for_each(|boot| println!("{}", server.boot_name(*boot)));
        }
        for (number, boot) in fault::boots(&options) {
            println!("{}", fault::name(number, boot));
        }
        if covers {
            println!("{}", conformance::COVERAGE);
        }
        return Ok(true);
    }
    if apart {
        cases.clear();
        pairs.clear();
        servers.clear();
    }
    let directory = options.directory.clone();
    data::make(&directory.join("data")).map_err(|error| format!("cannot make the data set: {error}"))?;
    let accelerator =
        options.accel.unwrap_or_else(|| Accelerator::probe(specialize::boot::run::QEMU.as_ref()));
    println!(
        "{} programs, {} pairs, {} servers, accelerator {}",
        cases.len(),
        pairs.len(),
        servers.len(),
        accelerator.name()
    );
    let context =
        Context { options, accelerator, directory, results: Mutex::default(), whole: Mutex::default() };
    if let Some(seconds) = context.options.load {
        load::run(&context, seconds)?;
    }
    if context.options.siege {
        siege::run(&context)?;
    }
    let on_host = context.options.host;
    let servers = servers.iter().filter(|_| !on_host).map(Work::Server);
    let queue = Mutex::new(cases.iter().map(Work::Case).chain(servers));
    std::thread::scope(|scope| {
        for _ in 0..context.options.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
                    match next {
                        Some(Work::Case(case)) => whole_case(case, &context),
                        Some(Work::Server(server)) => server::whole_server(server, &all_servers, &context),
                        None => return,
                    }
                }
            });
        }
    });
    if covers {
        match conformance::coverage(&all, &context) {
            Ok(()) => context.passed(conformance::COVERAGE, 0.0),
            Err(why) => context.failed(conformance::COVERAGE, &why),
        }
    }
    // Two guests each, so one after the other.
    if !context.options.host && !apart {
        fault::all_faults(&context);
        pairs.iter().for_each(|pair| pair::whole_pair(pair, &context));
    }
    let results = context.results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    if !results.failures.is_empty() {
        println!("\nfailed:");
        results.failures.iter().for_each(|name| println!("  {name}"));
    }
    println!("\nin {:.0} s", started.elapsed().as_secs_f32());
    println!("{} passed, {} failed", results.passed, results.failures.len());
    Ok(results.failures.is_empty())
}

/// Builds a case's program, runs it here, makes its kernels and boots each.
fn whole_case(case: &Case, context: &Context) {
    let program = match build::program(case, &context.directory) {
        Ok(program) => program,
        Err(why) => return context.failed(&case.name, &why),
    };
    let expected = match host::run(case, &program, &context.directory) {
        Ok(expected) => expected,
        Err(why) => return context.failed(&case.name, &why),
    };
    if context.options.host {
        let text = String::from_utf8_lossy(&expected.output);
        return println!("== {}: {:?}\n{text}", case.name, expected.status);
    }
    let mut kernels = guest::Kernels::default();
    for boot in case.boots(&context.options) {
        for _ in 0..context.options.repeat {
            guest::boot(case, boot, &program, &expected, &mut kernels, context);
        }
    }
}
