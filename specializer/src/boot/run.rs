//! Boots a kernel under QEMU and streams its console.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::accelerator::Accelerator;
use super::command_line::CommandLine;
use super::console::{ConsoleFilter, ExitStatus};
use super::machine::{Machine, MachinePlan, RootMedium, shell_line};
use super::monitor::Monitor;
use super::network::{Network, NetworkError};

/// The QEMU that is run if a plan names none.
pub const QEMU: &str = "qemu-system-x86_64";
/// How long a guest that wrote its exit record may take to power off.
const POWER_OFF: Duration = Duration::from_secs(10);
/// How often a wait looks whether the run was cancelled.
const POLL: Duration = Duration::from_millis(100);
/// How much of the console an error shows, in bytes.
const TAIL: usize = 4096;

/// Everything that one boot is made from.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// QEMU's program.
    pub qemu: OsString,
    /// The kernel, an ELF file.
    pub kernel: PathBuf,
    /// The image, if the kernel has a root.
    pub image: Option<PathBuf>,
    /// How the image goes in.
    pub root: RootMedium,
    /// The machine model.
    pub machine: Machine,
    /// The accelerator; `None` probes.
    pub accelerator: Option<Accelerator>,
    /// Number of virtual CPUs.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory: u64,
    /// What the kernel is told.
    pub command_line: CommandLine,
    /// The guest is stopped after this long.
    pub deadline: Option<Duration>,
    /// What the network card is plugged into.
    pub network: Network,
    /// Further arguments for QEMU.
    pub extra: Vec<OsString>,
    /// Whether the kernel heeds the power button.
    pub power_button: bool,
    /// Counted up from elsewhere to stop the guest, as on Ctrl-C: at 1 by its power button if it has
    /// one, at 2 at once.
    pub stop: Arc<AtomicU32>,
}

impl RunPlan {
    /// A plan for `kernel` on `machine`: one CPU, 128 MB, root in a boot module, no deadline.
    pub fn new(kernel: PathBuf, machine: Machine, command_line: CommandLine) -> Self {
        Self {
            qemu: QEMU.into(),
            kernel,
            image: None,
            root: RootMedium::Module,
            machine,
            accelerator: None,
            cpus: 1,
            memory: 128 << 20,
            command_line,
            deadline: None,
            network: Network::None,
            extra: Vec::new(),
            power_button: false,
            stop: Arc::default(),
        }
    }

    /// The QEMU command as a line for a shell, for use without [`run`]. Its last console output
    /// is the exit record, with an empty nonce.
    pub fn shell_line(&self) -> String {
        shell_line(&self.qemu, &self.arguments(self.accelerator(), None))
    }

    fn accelerator(&self) -> Accelerator {
        self.accelerator.unwrap_or_else(|| Accelerator::probe(&self.qemu))
    }

    fn arguments(&self, accelerator: Accelerator, nonce: Option<&str>) -> Vec<OsString> {
        let command_line = OsString::from_vec(self.command_line.render(self.root.key(), nonce));
        MachinePlan {
            machine: self.machine,
            accelerator,
            cpus: self.cpus,
            memory: self.memory,
            kernel: &self.kernel,
            image: self.image.as_deref().map(|image| (image, self.root)),
            command_line: &command_line,
            network: &self.network,
            extra: &self.extra,
        }
        .arguments()
    }
}

/// How a boot ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// How the program ended.
    pub status: ExitStatus,
    /// Whether the guest then powered itself off; it was stopped otherwise.
    pub powered_off: bool,
    /// From QEMU's start to its end.
    pub elapsed: Duration,
}

/// The last of what a guest and QEMU said, for an error.
#[derive(Debug, Default)]
pub struct Tail {
    console: VecDeque<u8>,
    /// What QEMU wrote on its standard error.
    pub qemu: String,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.console.extend(bytes);
        let surplus = self.console.len().saturating_sub(TAIL);
        self.console.drain(..surplus);
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let console: Vec<u8> = self.console.iter().copied().collect();
        let console = String::from_utf8_lossy(&console);
        if console.trim().is_empty() {
            f.write_str("\n  its console said nothing")?;
        } else {
            f.write_str("\n  the end of its console:")?;
            for line in console.lines() {
                write!(f, "\n  | {line}")?;
            }
        }
        for line in self.qemu.lines() {
            write!(f, "\n  qemu: {line}")?;
        }
        Ok(())
    }
}

/// Why a boot gave no exit status.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such program.
    #[error("{} is not installed", .0.to_string_lossy())]
    NoQemu(OsString),
    /// The program is there and does not start.
    #[error("cannot run {program}: {error}", program = .0.to_string_lossy(), error = .1)]
    Spawn(OsString, io::Error),
    /// The guest ended without an exit record.
    #[error("the guest stopped without saying how the program ended{0}")]
    Stopped(Box<Tail>),
    /// The deadline passed.
    #[error("the guest was stopped after {seconds} s{tail}", seconds = .0.as_secs_f32(), tail = .1)]
    Deadline(Duration, Box<Tail>),
    /// The network card cannot be plugged in.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// [`RunPlan::stop`] asked for it.
    #[error("interrupted")]
    Cancelled,
    /// The console's bytes cannot be passed on.
    #[error("cannot write the console's output: {0}")]
    Output(io::Error),
}

impl RunError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            RunError::NoQemu(_) => {
                "install it, on Debian by: apt-get install --no-install-recommends qemu-system-x86"
            }
            RunError::Stopped(_) => "--print-command shows the QEMU command line",
            RunError::Deadline(..) => "a longer --deadline, or --accel, may help",
            RunError::Network(error) => return Some(error.hint()),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// Boots `plan` and writes the bytes of its console to `out` as they come, without the exit record.
pub fn run(plan: &RunPlan, out: &mut dyn Write) -> Result<Outcome, RunError> {
    plan.network.check()?;
    let nonce = nonce();
    let started = Instant::now();
    let mut command = Command::new(&plan.qemu);
    command.args(plan.arguments(plan.accelerator(), Some(&nonce)));
    // Without a monitor the guest can still be killed.
    let mut monitor = if plan.power_button { Monitor::new().ok() } else { None };
    command.args(monitor.iter().flat_map(Monitor::arguments));
    let inherited = monitor.as_ref().and_then(Monitor::descriptor);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C is for this process, which stops the guest in order.
    command.process_group(0);
    // SAFETY: these are bare system calls, which is all that may be done between fork and exec.
    unsafe {
        command.pre_exec(move || {
            // However this process ends, the guest ends with it.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if let Some(descriptor) = inherited {
                libc::fcntl(descriptor, libc::F_SETFD, 0);
            }
            Ok(())
        });
    }
    let mut guest = Guest(command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => RunError::NoQemu(plan.qemu.clone()),
        _ => RunError::Spawn(plan.qemu.clone(), error),
    })?);
    if let Some(monitor) = &mut monitor {
        monitor.started();
    }

    let (sender, console) = mpsc::channel();
    if let Some(stdout) = guest.0.stdout.take() {
        thread::spawn(move || forward(stdout, |bytes| sender.send(bytes.to_vec()).is_ok()));
    }
    let complaints = guest.0.stderr.take().map(|stderr| {
        thread::spawn(move || {
            let mut text = Vec::new();
            forward(stderr, |bytes| {
                text.extend_from_slice(bytes);
                text.len() < TAIL
            });
            String::from_utf8_lossy(&text).into_owned()
        })
    });

    let mut filter = ConsoleFilter::new(&nonce);
    let mut tail = Tail::default();
    let mut bytes = Vec::new();
    let mut deadline = plan.deadline.map(|deadline| started + deadline);
    let mut pressed = false;
    let ended = loop {
        let now = Instant::now();
        match plan.stop.load(Ordering::Relaxed) {
            0 => {}
            1 if pressed => {}
            1 if monitor.as_mut().is_some_and(Monitor::press) => pressed = true,
            _ => return Err(RunError::Cancelled),
        }
        if deadline.is_some_and(|deadline| now >= deadline) {
            break false;
        }
        let wait = deadline.map_or(POLL, |deadline| POLL.min(deadline - now));
        match console.recv_timeout(wait) {
            Ok(chunk) => filter.feed(&chunk, &mut bytes),
            Err(mpsc::RecvTimeoutError::Timeout) => continue,
            Err(mpsc::RecvTimeoutError::Disconnected) => break true,
        }
        if filter.status().is_some() {
            deadline =
                deadline.or(Some(Instant::now() + POWER_OFF)).map(|at| at.min(Instant::now() + POWER_OFF));
        }
        tail.push(&bytes);
        out.write_all(&bytes).and_then(|()| out.flush()).map_err(RunError::Output)?;
        bytes.clear();
    };
    guest.stop();
    filter.finish(&mut bytes);
    tail.push(&bytes);
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(RunError::Output)?;
    if let Some(status) = filter.status() {
        return Ok(Outcome { status, powered_off: ended, elapsed: started.elapsed() });
    }
    tail.qemu = complaints.and_then(|thread| thread.join().ok()).unwrap_or_default();
    match plan.deadline {
        Some(deadline) if !ended => Err(RunError::Deadline(deadline, Box::new(tail))),
        _ => Err(RunError::Stopped(Box::new(tail))),
    }
}

/// A QEMU that does not outlive the run, whichever way that ends.
struct Guest(Child);

impl Guest {
    fn stop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads until the end, an error, or until `take` wants no more.
fn forward(mut from: impl Read, mut take: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 8192];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) if !take(&buffer[..count]) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Hexadecimal digits that a program cannot guess.
fn nonce() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
