//! Servers of Debian's, each on a guest of its own (`servers.toml`): started by `specialize run` as a
//! user starts them, used from this host by ordinary clients, ended by Ctrl-C.

use std::fs;
use std::io::{self, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use specialize::boot::{Machine, RootMedium};

use crate::case::Boot;
use crate::{Context, Options, data};

/// A server and its client; `servers.toml` says what each field is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub name: String,
    app: PathBuf,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    dirs: Vec<String>,
    #[serde(default)]
    also: Vec<PathBuf>,
    #[serde(default)]
    ports: Vec<u16>,
    ready: Option<String>,
    client: String,
    upstream: Option<String>,
    #[serde(default)]
    ends: bool,
    #[serde(default = "default_memory")]
    memory: u64,
    #[serde(default)]
    status: i32,
}

fn default_memory() -> u64 {
    64
}

/// How long a guest may take until it is ready, its kernel included.
const START: Duration = Duration::from_secs(90);
/// How long a client's script may take.
const CLIENT: Duration = Duration::from_secs(120);
/// How long a guest may take to end after Ctrl-C.
const END: Duration = Duration::from_secs(20);
/// How often something is looked at that tells nobody of a change.
const POLL: Duration = Duration::from_millis(20);
/// The address under which QEMU's user-mode network shows this host to a guest.
const HOST: &str = "10.0.2.2";

/// Reads the manifest.
pub fn read(path: &Path) -> Result<Vec<Server>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Manifest {
        server: Vec<Server>,
    }
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(manifest.server)
}

impl Server {
    /// The boots that the options ask for: both buses, one, two and four processors.
    pub fn boots(&self, options: &Options) -> Vec<Boot> {
        let mut boots = Vec::new();
        for machine in [Machine::Q35, Machine::Microvm] {
            for cpus in [2, 1, 4] {
                // Each effort has its turn, and the usual one where most users are.
                let effort = match (machine, cpus) {
                    (Machine::Q35, 1) => "max",
                    (_, 2) => "balanced",
                    _ => "instant",
                };
                boots.push(Boot { machine, cpus, effort, root: RootMedium::Disk });
            }
        }
        if options.quick {
            boots.truncate(1);
        }
        boots.retain(|boot| options.wants(&self.boot_name(*boot), boot.machine));
        boots
    }

    /// What `--filter` looks at.
    pub fn boot_name(&self, boot: Boot) -> String {
        format!("{}/{}/smp{}/{}", self.name, boot.machine, boot.cpus, boot.effort)
    }
}

/// Boots a server on each machine and has its clients use it.
pub fn whole_server(server: &Server, all: &[Server], context: &Context) {
    let made = data::make_web(&context.directory.join("web"));
    for boot in server.boots(&context.options) {
        let name = server.boot_name(boot);
        let result = match &made {
            Ok(()) => one_boot(server, all, boot, context),
            Err(error) => Err(format!("cannot make the files to serve: {error}")),
        };
        match result {
            Ok(seconds) => context.passed(&name, seconds),
            Err(why) => context.failed(&name, &why),
        }
    }
}

fn one_boot(server: &Server, all: &[Server], boot: Boot, context: &Context) -> Result<f32, String> {
    let started = Instant::now();
    let folder = tempfile::tempdir().map_err(|error| format!("no directory: {error}"))?;
    let folder = folder.path();
    let upstream = match &server.upstream {
        None => None,
        Some(name) => {
            let upstream = all.iter().find(|other| other.name == *name);
            let upstream = upstream.ok_or_else(|| format!("there is no server '{name}'"))?;
            Some(Guest::start(upstream, boot, None, &folder.join("upstream"), context)?)
        }
    };
    let port = upstream.as_ref().and_then(|guest| guest.ports.first().copied());
    let mut guest = Guest::start(server, boot, port, &folder.join("server"), context)?;
    if server.ends {
        let status = guest.wait(CLIENT)?;
        guest.expect(status, server.status)?;
    }
    guest.client(server, &folder.join("client"), context)?;
    if !server.ends {
        guest.end(server.status)?;
    }
    if let Some(mut upstream) = upstream {
        upstream.end(0)?;
    }
    Ok(started.elapsed().as_secs_f32())
}

/// What a guest has said so far, and whether it will say more.
#[derive(Default)]
struct Console {
    said: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Console {
    fn text(&self) -> String {
        let said = self.said.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        String::from_utf8_lossy(&said.0).into_owned()
    }

    /// Waits until the console has said `text`.
    fn wait_for(&self, text: &str, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut said = self.said.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        loop {
            if said.0.windows(text.len().max(1)).any(|window| window == text.as_bytes()) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if said.1 || left.is_zero() {
                return false;
            }
            said = self
                .changed
                .wait_timeout(said, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(said, _)| said);
        }
    }

    fn listen(self: &Arc<Self>, mut from: impl Read + Send + 'static) {
        let console = self.clone();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let count = match from.read(&mut bytes) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => result.unwrap_or(0),
                };
                let mut said = console.said.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                said.0.extend_from_slice(&bytes[..count]);
                said.1 |= count == 0;
                console.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
    }
}

/// A `specialize run` that ends with the test, whichever way that goes.
struct Guest {
    run: Child,
    console: Arc<Console>,
    /// Where this host reaches the server's ports.
    ports: Vec<u16>,
}

impl Guest {
    /// Starts a server and waits until it says that it is ready.
    fn start(
        server: &Server,
        boot: Boot,
        upstream: Option<u16>,
        folder: &Path,
        context: &Context,
    ) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let ports = free_ports(server.ports.len())?;
        let address = upstream.map(|port| (format!("{HOST}:{port}"), port.to_string()));
        let mut command = context.specialize_run(&server.app, boot);
        command.args(["--memory", &format!("{}M", server.memory)]);
        for (host, guest) in ports.iter().zip(&server.ports) {
            command.args(["--publish", &format!("{host}:{guest}")]);
        }
        for file in &server.files {
            command.args(["--file", &place(file, &address, folder, context)?]);
        }
        for directory in &server.dirs {
            command.args(["--dir", &place(directory, &None, folder, context)?]);
        }
        for object in &server.also {
            command.arg("--also").arg(object);
        }
        let port = address.map_or_else(String::new, |(_, port)| port);
        command.arg("--").args(server.args.iter().map(|argument| argument.replace("@PORT@", &port)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = command.spawn().map_err(|error| format!("cannot run specialize: {error}"))?;
        let console = Arc::new(Console::default());
        if let Some(stdout) = run.stdout.take() {
            console.listen(stdout);
        }
        let complaints = Arc::new(Console::default());
        if let Some(stderr) = run.stderr.take() {
            complaints.listen(stderr);
        }
        let guest = Self { run, console, ports };
        match &server.ready {
            Some(text) if !text.is_empty() && !guest.console.wait_for(text, START) => Err(guest.told(
                &format!("{} did not say '{text}'; specialize said '{}'", server.name, complaints.text()),
            )),
            _ => Ok(guest),
        }
    }

    /// Runs the client's script to its end.
    fn client(&self, server: &Server, folder: &Path, context: &Context) -> Result<(), String> {
        let fault = |error: io::Error| format!("the client {}: {error}", server.client);
        fs::create_dir_all(folder).map_err(fault)?;
        let console = folder.join("console");
        fs::write(&console, self.console.text()).map_err(fault)?;
        let log = folder.join("log");
        let output = fs::File::create(&log).map_err(fault)?;
        let scripts = scripts();
        let mut command = Command::new("bash");
        command.args(["-eu", "-o", "pipefail"]).arg(scripts.join(&server.client)).current_dir(folder);
        command.env("SERVERS", &scripts).env("DATA", context.directory.join("web")).env("CONSOLE", &console);
        for (number, port) in self.ports.iter().enumerate() {
            command.env(format!("PORT{}", number + 1), port.to_string());
        }
        command.stdin(Stdio::null()).stdout(output.try_clone().map_err(fault)?).stderr(output);
        let mut client = command.spawn().map_err(fault)?;
        let status = wait(&mut client, CLIENT).map_err(fault)?;
        let said = || String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.told(&format!("the client {}: {status}\n{}", server.client, said()))),
            None => {
                let _ = client.kill();
                let _ = client.wait();
                let seconds = CLIENT.as_secs();
                let text = format!("the client {} was stopped after {seconds} s\n{}", server.client, said());
                Err(self.told(&text))
            }
        }
    }

    /// Presses Ctrl-C and waits for the end.
    fn end(&mut self, expected: i32) -> Result<(), String> {
        let process = self.run.id().cast_signed();
        // SAFETY: the process has not been waited for, so the number is still its own.
        unsafe { libc::kill(process, libc::SIGINT) };
        let status = self.wait(END)?;
        self.expect(status, expected)
    }

    fn wait(&mut self, patience: Duration) -> Result<ExitStatus, String> {
        let status = wait(&mut self.run, patience).map_err(|error| format!("specialize run: {error}"))?;
        status.ok_or_else(|| self.told(&format!("it did not end within {} s", patience.as_secs())))
    }

    fn expect(&self, status: ExitStatus, expected: i32) -> Result<(), String> {
        if status.code() == Some(expected) {
            return Ok(());
        }
        Err(self.told(&format!("it ended with {status}, {expected} was expected")))
    }

    /// What went wrong, with the console.
    fn told(&self, what: &str) -> String {
        let console = self.console.text();
        let lines: Vec<&str> = console.lines().collect();
        let last = &lines[lines.len().saturating_sub(40)..];
        let shown: String = last.iter().map(|line| format!("\n  | {line}")).collect();
        format!("  {}\n  the end of its console:{shown}", what.trim_end().replace('\n', "\n  "))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // QEMU ends with the process that started it.
        let _ = self.run.kill();
        let _ = self.run.wait();
    }
}

/// Waits for a process; none if it goes on for longer.
fn wait(process: &mut Child, patience: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + patience;
    loop {
        let status = process.try_wait()?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        thread::sleep(POLL);
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/boot/servers")
}

/// `SRC[:DST]` with the place where the harness has SRC, the address of the upstream filled in.
fn place(
    option: &str,
    upstream: &Option<(String, String)>,
    folder: &Path,
    context: &Context,
) -> Result<String, String> {
    let (source, target) = option.split_once(':').unwrap_or((option, option));
    let mut from = scripts().join(source);
    if !from.exists() {
        from = context.directory.join("web").join(source);
    }
    if let Some((address, _)) = upstream {
        let fault = |error: io::Error| format!("{}: {error}", from.display());
        let text = fs::read_to_string(&from).map_err(fault)?.replace("@UPSTREAM@", address);
        from = folder.join(source);
        fs::write(&from, text).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    Ok(format!("{}:{target}", from.display()))
}

/// Ports of this host that nobody listens at.
fn free_ports(count: usize) -> Result<Vec<u16>, String> {
    let fault = |error: io::Error| format!("no free port: {error}");
    // All are held until the last is found, so that no two are the same.
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>().map_err(fault)?;
    held.iter().map(|listener| Ok(listener.local_addr().map_err(fault)?.port())).collect()
}
