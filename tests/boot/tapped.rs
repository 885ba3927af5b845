//! Guests at cables to taps of this host, in a network namespace of their own, so that the interfaces are nobody
//! else's.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use specialize::boot::{CommandLine, Machine, RootMedium, RunPlan};

use crate::Context;
use crate::link::{Faults, Link};

/// How long a server may take until it can be connected to.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when it is asked to.
const END: Duration = Duration::from_secs(30);

/// A server for such a guest.
pub struct Server {
    pub name: &'static str,
    pub app: &'static str,
    pub args: &'static [&'static str],
    /// As for `--file`; the harness has or makes what is in front of the colon.
    pub files: &'static [&'static str],
    /// As for `--set`.
    pub set: &'static [&'static str],
    pub port: u16,
    /// Megabytes.
    pub memory: u64,
    pub cpus: u32,
}

/// Set in the process that has a network namespace of its own.
const INSIDE: &str = "SPECIALIZE_TEST_NAMESPACE";

/// Runs this test again in a network namespace of its own, unless it is in one.
pub fn enter_namespace() -> Result<(), String> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("unshare");
    // SAFETY: it asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        command.arg("--map-root-user");
    }
    let command = command.args(["--net", "--"]).arg(own).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    Err(format!("cannot make a network namespace with unshare: {}", command.exec()))
}

/// A guest that is running.
pub struct Guest {
    name: &'static str,
    number: usize,
    pub link: Link,
    stop: Arc<AtomicU32>,
    run: Option<JoinHandle<Result<u8, String>>>,
    console: Arc<Mutex<Vec<u8>>>,
    /// The process that the guest is.
    process: u32,
    memory: u64,
}

/// A console that can be read meanwhile.
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut console = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        console.extend_from_slice(bytes);
        // Hours of a server's talk are not of interest.
        let over = console.len().saturating_sub(1 << 20);
        console.drain(..over);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Guest {
    /// Makes a server's kernel, cable and tap, boots it and waits until it can be connected to.
    pub fn start(
        server: &Server,
        number: usize,
        faults: Faults,
        folder: &Path,
        context: &Context,
    ) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let words = ["run", "--hv", "kvm", "--root", "rofs:module", "--app", server.app, "--print-command"];
        let mut command = context.specialize(&words);
        command.arg("--into").arg(folder);
        for set in server.set {
            command.args(["--set", set]);
        }
        for file in server.files {
            let (source, target) = file.split_once(':').unwrap_or((file, file));
            let mut from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/boot/servers").join(source);
            if !from.exists() {
                from = context.directory.join("web/www").join(source);
            }
            command.arg("--file").arg(format!("{}:{target}", from.display()));
        }
        finish(&mut command)?;
        let tap = format!("guest{number}");
        let link = Link::to_tap(folder, &tap, faults, number as u64 + 7)
            .map_err(|error| format!("no cable to {tap}: {error}"))?;
        let script = format!("ip addr add 10.77.{number}.1/24 dev {tap}; ip link set {tap} up");
        finish(Command::new("sh").args(["-ec", &script]))?;
        let command_line = CommandLine {
            program: server.app.into(),
            arguments: server.args.iter().map(|argument| (*argument).into()).collect(),
            extra: vec![("ip".into(), format!("10.77.{number}.2/24").into_bytes())],
            ..CommandLine::default()
        };
        let mut plan = RunPlan::new(folder.join("kernel.elf"), Machine::Q35, command_line);
        plan.image = Some(folder.join("image.rofs"));
        plan.root = RootMedium::Module;
        (plan.memory, plan.cpus) = (server.memory << 20, server.cpus);
        plan.accelerator = Some(context.accelerator);
        plan.network = link.network(0);
        plan.power_button = true;
        let console = Arc::default();
        let mut output = Shared(Arc::clone(&console));
        let stop = plan.stop.clone();
        let run = thread::spawn(move || {
            let outcome = specialize::boot::run(&plan, &mut output);
            outcome.map(|outcome| outcome.status.code()).map_err(|error| error.to_string())
        });
        let memory = server.memory << 20;
        let mut guest =
            Self { name: server.name, number, link, stop, run: Some(run), console, process: 0, memory };
        let deadline = Instant::now() + START;
        while std::net::TcpStream::connect_timeout(&guest.address(server.port), Duration::from_secs(1))
            .is_err()
        {
            if guest.has_ended() || Instant::now() > deadline {
                return Err(format!("  {} cannot be connected to\n{}", server.name, guest.told()));
            }
        }
        guest.process = process_with(&folder.join("a.guest").display().to_string())?;
        Ok(guest)
    }

    /// Where one of its ports is.
    pub fn address(&self, port: u16) -> SocketAddr {
        (Ipv4Addr::new(10, 77, self.number as u8, 2), port).into()
    }

    pub fn has_ended(&self) -> bool {
        self.run.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Bytes of the guest's memory that it has touched so far.
    pub fn memory(&self) -> Result<u64, String> {
        let path = format!("/proc/{}/smaps", self.process);
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let kilobytes = |line: &str| line.split_whitespace().nth(1)?.parse::<u64>().ok();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("Size:") && kilobytes(line) == Some(self.memory >> 10) {
                let resident = lines.find(|line| line.starts_with("Rss:")).and_then(kilobytes);
                return resident.map(|resident| resident << 10).ok_or_else(|| format!("{path}: no Rss"));
            }
        }
        Err(format!("{path}: the guest's memory is not there"))
    }

    /// Frames that came to the cable, and faults that happened to them.
    pub fn frames(&self) -> (u64, u64) {
        let sum =
            |of: fn(&crate::link::Counts) -> u64| self.link.counts.iter().map(|counts| of(counts)).sum();
        (
            sum(|counts| counts.frames.load(Ordering::Relaxed)),
            sum(|counts| counts.faults.load(Ordering::Relaxed)),
        )
    }

    /// Presses the power button and waits for an end in order.
    pub fn end(&mut self) -> Result<(), String> {
        self.stop.store(1, Ordering::Relaxed);
        let deadline = Instant::now() + END;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return Err(format!("it did not end within {} s", END.as_secs()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        match self.run.take().map(JoinHandle::join) {
            Some(Ok(Ok(0))) => Ok(()),
            Some(Ok(Ok(status))) => Err(format!("it ended with {status}")),
            Some(Ok(Err(why))) => Err(why),
            _ => Err("its thread failed".into()),
        }
    }

    /// The end of its console.
    pub fn told(&self) -> String {
        let console = self.console.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let text = String::from_utf8_lossy(&console).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(30)..];
        let shown: String = last.iter().map(|line| format!("  | {line}\n")).collect();
        format!("  the end of {}'s console:\n{shown}", self.name)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.stop.store(2, Ordering::Relaxed);
        if let Some(run) = self.run.take() {
            let _ = run.join();
        }
    }
}

/// The process whose command line has `part` in it.
fn process_with(part: &str) -> Result<u32, String> {
    let entries = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let mut found = numbers.filter(|number| {
        let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(part)
    });
    found.next().ok_or_else(|| format!("no process has {part} in its command line"))
}

fn finish(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
