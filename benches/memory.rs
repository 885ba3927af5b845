//! The smallest memory in which a program still does its work, found by bisection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use specialize::boot::{Accelerator, CommandLine, Machine, Network, RootMedium, RunPlan};

use crate::Options;
use crate::programs::{self, Program};
use crate::table;

/// The most memory that is tried.
const MOST: u64 = 128 << 20;
/// Steps of the bisection, in bytes: what QEMU's `-m` can tell apart on every machine.
const STEP: u64 = 128 << 10;

/// Bisects for hello and sqlite3, then for redis-server.
pub fn measure(_: &Options) -> Result<(), String> {
    programs_that_end()?;
    redis()
}

fn programs_that_end() -> Result<(), String> {
    let scratch = programs::scratch()?;
    let hello = Program { name: "hello", path: programs::compile("hello.c")? };
    let sqlite = Program { name: "sqlite3", path: "/usr/bin/sqlite3".into() };
    let mut rows = Vec::new();
    for (program, arguments, expected) in
        [(&hello, &[][..], "Hello, world!\n"), (&sqlite, &[":memory:", "select 6 * 7"][..], "42\n")]
    {
        for (profile, machine) in [("microvm", Machine::Microvm), ("kvm", Machine::Q35)] {
            let kernel = scratch.join("memory.kernel.elf");
            let mut make = programs::specialize(&program.path, profile, "max", &kernel);
            programs::finish(make.args(["--root", "rofs:module", "--quiet"]))?;
            let image = crate::boot::image(&program.path, &scratch.join("memory.img"))?;
            let runs = |memory: u64| runs(&kernel, &image, program, arguments, expected, machine, memory);
            let name = format!("{} on {machine}", program.name);
            let least = least(runs).ok_or_else(|| format!("{name} does not run in {} MB", MOST >> 20))?;
            let own = std::fs::metadata(&image).map_or(0, |metadata| metadata.len());
            rows.push(vec![name, megabytes(least), megabytes(own)]);
        }
    }
    let note =
        "The image, which holds the program and its libraries, is in that memory too, as a boot module.";
    table::print("Smallest memory, in MB", note, &["program", "memory", "of it the image"], &rows);
    Ok(())
}

/// The least memory, by bisection; none if it does not even work in the most.
fn least(works: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (0, MOST / STEP);
    if !works(high * STEP) {
        return None;
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if works(middle * STEP) { high = middle } else { low = middle }
    }
    Some(high * STEP)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / f64::from(1 << 20))
}

/// The least memory in which redis-server answers, and how much of more it has touched when it is idle.
fn redis() -> Result<(), String> {
    const AMPLE: u64 = 64 << 20;
    let program = Path::new("/usr/bin/redis-server");
    if !program.exists() {
        eprintln!("note: no figure for redis-server, which is not installed");
        return Ok(());
    }
    let scratch = programs::scratch()?;
    let mut rows = Vec::new();
    for (profile, machine) in [("microvm", Machine::Microvm), ("kvm", Machine::Q35)] {
        let kernel = scratch.join("redis.kernel.elf");
        programs::finish(programs::specialize(program, profile, "max", &kernel).args([
            "--root",
            "rofs:disk",
            "--quiet",
        ]))?;
        let image = crate::boot::image(program, &scratch.join("redis.img"))?;
        let answers = |memory: u64| serves(&kernel, &image, program, machine, memory).is_some();
        let least = least(answers).ok_or_else(|| format!("redis-server does not answer on {machine}"))?;
        let idle = serves(&kernel, &image, program, machine, AMPLE).ok_or("redis-server did not answer")?;
        rows.push(vec![format!("redis-server on {machine}"), megabytes(least), megabytes(idle)]);
    }
    let note = "The root is on a disk. Idle: what the guest has touched of 64 MB when it has answered.";
    table::print("Memory of redis-server, in MB", note, &["program", "answers in", "idle"], &rows);
    Ok(())
}

/// Boots redis-server, asks it for a PONG, and gives the bytes of its memory that it has touched.
fn serves(kernel: &Path, image: &Path, program: &Path, machine: Machine, memory: u64) -> Option<u64> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).ok()?.port();
    let command_line = CommandLine {
        program: program.as_os_str().as_encoded_bytes().to_vec(),
        arguments: ["--protected-mode", "no", "--save", ""].map(|word| word.into()).to_vec(),
        ..CommandLine::default()
    };
    let mut plan = RunPlan::new(kernel.to_path_buf(), machine, command_line);
    plan.image = Some(image.to_path_buf());
    plan.root = RootMedium::Disk;
    plan.accelerator = Some(Accelerator::Tcg);
    plan.memory = memory;
    plan.network = Network::User(vec![format!("{port}:6379").parse().ok()?]);
    plan.deadline = Some(Duration::from_secs(20));
    let stop = plan.stop.clone();
    let run = thread::spawn(move || specialize::boot::run(&plan, &mut Vec::new()).is_ok());
    let mut touched = None;
    let deadline = Instant::now() + Duration::from_secs(15);
    while touched.is_none() && !run.is_finished() && Instant::now() < deadline {
        if pong(port).is_some() {
            touched = resident(kernel, memory);
        }
    }
    stop.store(2, Ordering::Relaxed);
    let _ = run.join();
    touched
}

fn pong(port: u16) -> Option<()> {
    let patience = Some(Duration::from_millis(500));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(patience).ok()?;
    stream.write_all(b"PING\r\n").ok()?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).ok()?;
    (answer == *b"+PONG\r\n").then_some(())
}

/// How much of the guest's memory this host holds: that of the mapping of just its size in the QEMU that
/// runs the kernel.
fn resident(kernel: &Path, memory: u64) -> Option<u64> {
    let kernel = kernel.as_os_str().as_encoded_bytes();
    let runs = |folder: &Path| {
        let words = std::fs::read(folder.join("cmdline")).unwrap_or_default();
        words.starts_with(b"qemu") && words.split(|&byte| byte == 0).any(|word| word == kernel)
    };
    let process =
        std::fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path()).find(|path| runs(path))?;
    let maps = std::fs::read_to_string(process.join("smaps")).ok()?;
    let mut lines = maps.lines();
    let value = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
    lines.find(|line| line.starts_with("Size:") && value(line) == Some(memory >> 10))?;
    lines.find(|line| line.starts_with("Rss:")).and_then(value).map(|kilobytes| kilobytes << 10)
}

fn runs(
    kernel: &Path,
    image: &Path,
    program: &Program,
    arguments: &[&str],
    expected: &str,
    machine: Machine,
    memory: u64,
) -> bool {
    let command_line = CommandLine {
        program: program.path.as_os_str().as_encoded_bytes().to_vec(),
        arguments: arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect(),
        ..CommandLine::default()
    };
    let mut plan = RunPlan::new(kernel.to_path_buf(), machine, command_line);
    plan.image = Some(image.to_path_buf());
    plan.accelerator = Some(Accelerator::Tcg);
    plan.memory = memory;
    plan.deadline = Some(Duration::from_secs(20));
    let mut console = Vec::new();
    let outcome = specialize::boot::run(&plan, &mut console);
    outcome.is_ok_and(|outcome| outcome.status.code() == 0) && console == expected.as_bytes()
}
