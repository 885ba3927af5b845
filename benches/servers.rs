//! Servers on kernels specialized for them against the same programs on a Linux guest (Debian's cloud
//! kernel, the same binaries in an initramfs): the same QEMU, machine, processor, memory and kind of network,
//! in one run.
//!
//! Each guest's card is a tap of its own in a network namespace that this bench makes and that goes with it.
//! Rates are taken from both guests in turn. Instructions are counted by a plugin of QEMU's translator in a
//! second pass, with a fixed number of requests by the same client.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use memmap2::Mmap;
use specialize::boot::{Accelerator, CommandLine, Machine, Network, RootMedium, RunPlan};

use crate::linux::{self, Archive, Linux};
use crate::{Options, programs, table, ticks};

/// Set in the process that has a network namespace of its own.
const INSIDE: &str = "SPECIALIZE_BENCH_NAMESPACE";
/// How long a guest may take to answer.
const START: Duration = Duration::from_secs(120);
/// How long a client may take.
const CLIENT: u64 = 300;
/// Bytes of each guest's memory.
const MEMORY: u64 = 512 << 20;

/// A server that is measured.
pub struct Server {
    pub name: &'static str,
    pub app: &'static str,
    pub args: &'static [&'static str],
    /// Contents and paths of files besides.
    pub files: &'static [(&'static str, &'static str)],
    pub port: u16,
}

const NGINX: &str = "daemon off; master_process off; error_log stderr; pid /tmp/nginx.pid;
events { worker_connections 16384; }
http {
    access_log off;
    client_body_temp_path /tmp/a; proxy_temp_path /tmp/b; fastcgi_temp_path /tmp/c;
    uwsgi_temp_path /tmp/d; scgi_temp_path /tmp/e;
    keepalive_requests 100000000;
    server { listen 80 backlog=16384; root /www; }
}
";
const ACCOUNTS: &str = "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n";
const GROUPS: &str = "root:x:0:\nnogroup:x:65534:\n";

pub const SERVERS: [Server; 4] = [
    Server {
        name: "redis",
        app: "/usr/bin/redis-server",
        args: &["--save", "", "--protected-mode", "no", "--maxclients", "20000", "--tcp-backlog", "16384"],
        files: &[],
        port: 6379,
    },
    Server {
        name: "memcached",
        app: "/usr/bin/memcached",
        args: &["-u", "root", "-t", "1", "-m", "64", "-c", "20000", "-b", "16384"],
        files: &[("/etc/passwd", ACCOUNTS)],
        port: 11211,
    },
    Server {
        name: "nginx",
        app: "/usr/sbin/nginx",
        args: &["-c", "/nginx.conf"],
        files: &[
            ("/nginx.conf", NGINX),
            ("/www/index.html", "<html><body>It runs.</body></html>\n"),
            ("/etc/passwd", ACCOUNTS),
            ("/etc/group", GROUPS),
        ],
        port: 80,
    },
    Server { name: "iperf3", app: "/usr/bin/iperf3", args: &["-s", "--forceflush"], files: &[], port: 5201 },
];

/// What a client does with a server, and how much of it is counted.
struct Load {
    name: &'static str,
    server: &'static str,
    /// Requests (or megabytes) of a run.
    count: u64,
    run: fn(&str, u64) -> Result<Done, String>,
}

/// What a run of a client did.
struct Done {
    /// Requests (or megabytes) a second.
    rate: f64,
    /// How many there were.
    count: f64,
}

const LOADS: [Load; 12] = [
    Load { name: "redis SET", server: "redis", count: 40_000, run: |at, n| redis(at, n, "set", 50, 1) },
    Load { name: "redis GET", server: "redis", count: 40_000, run: |at, n| redis(at, n, "get", 50, 1) },
    Load {
        name: "redis SET -P 16",
        server: "redis",
        count: 200_000,
        run: |at, n| redis(at, n, "set", 50, 16),
    },
    Load {
        name: "redis GET -P 16",
        server: "redis",
        count: 200_000,
        run: |at, n| redis(at, n, "get", 50, 16),
    },
    Load {
        name: "redis GET, 10,000 clients",
        server: "redis",
        count: 60_000,
        run: |at, n| redis(at, n, "get", 10_000, 1),
    },
    Load { name: "memcached set", server: "memcached", count: 20_000, run: |at, n| memcached(at, n, "set") },
    Load { name: "memcached get", server: "memcached", count: 20_000, run: |at, n| memcached(at, n, "get") },
    Load { name: "nginx, kept connections", server: "nginx", count: 3, run: |at, n| wrk(at, n, 50, &[]) },
    Load {
        name: "nginx, a connection each",
        server: "nginx",
        count: 3,
        run: |at, n| wrk(at, n, 50, &["-H", "Connection: close"]),
    },
    Load {
        name: "nginx, 10,000 connections",
        server: "nginx",
        count: 6,
        run: |at, n| wrk(at, n, 10_000, &[]),
    },
    Load { name: "iperf3 to the guest, MB", server: "iperf3", count: 200, run: |at, n| iperf3(at, n, &[]) },
    Load {
        name: "iperf3 from the guest, MB",
        server: "iperf3",
        count: 200,
        run: |at, n| iperf3(at, n, &["-R"]),
    },
];

fn redis(address: &str, count: u64, test: &str, clients: u32, pipeline: u32) -> Result<Done, String> {
    let mut command = Command::new("redis-benchmark");
    command.args(["-h", address, "-t", test, "--csv", "-n", &count.to_string(), "-c", &clients.to_string()]);
    let output = client(command.args(["-P", &pipeline.to_string()]))?;
    // "SET","25641.03",…
    let rate = output.lines().last().and_then(|line| line.split('"').nth(3)?.parse().ok());
    Ok(Done { rate: rate.ok_or_else(|| format!("redis-benchmark said:\n{output}"))?, count: count as f64 })
}

fn memcached(address: &str, count: u64, test: &str) -> Result<Done, String> {
    const CLIENTS: u64 = 8;
    let mut command = Command::new("memcslap");
    command.args(["-s", &format!("{address}:11211"), "--test", test, "--concurrency", &CLIENTS.to_string()]);
    let output = client(command.args(["--execute-number", &(count / CLIENTS).to_string()]))?;
    // Time to set           20000 keys by    8 threads:     1.942 seconds.
    let figures = output.lines().find(|line| line.contains(" keys by ")).and_then(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        Some((words.get(3)?.parse::<f64>().ok()?, words.get(8)?.parse::<f64>().ok()?))
    });
    let (count, seconds) = figures.ok_or_else(|| format!("memcslap said:\n{output}"))?;
    Ok(Done { rate: count / seconds, count })
}

fn wrk(address: &str, seconds: u64, clients: u32, more: &[&str]) -> Result<Done, String> {
    let mut command = Command::new("wrk");
    command
        .args(["-t", "1", "-c", &clients.to_string(), "-d", &format!("{seconds}s"), "--timeout", "20"])
        .args(more);
    let output = client(command.arg(format!("http://{address}/index.html")))?;
    let word = |line: &str, at: usize| line.split_whitespace().nth(at)?.parse::<f64>().ok();
    let rate = output.lines().find(|line| line.starts_with("Requests/sec")).and_then(|line| word(line, 1));
    let count = output.lines().find(|line| line.contains("requests in")).and_then(|line| word(line, 0));
    match (rate, count) {
        (Some(rate), Some(count)) if !output.contains("Non-2xx") => Ok(Done { rate, count }),
        _ => Err(format!("wrk said:\n{output}")),
    }
}

fn iperf3(address: &str, megabytes: u64, more: &[&str]) -> Result<Done, String> {
    let mut command = Command::new("iperf3");
    command.args(["-c", address, "--json", "-n", &format!("{megabytes}M")]).args(more);
    // The server opens its port anew for each test; whoever comes in between is turned away.
    let mut tries = 0;
    let output = loop {
        match client(&mut command) {
            Err(_) if tries < 5 => tries += 1,
            result => break result?,
        }
    };
    let report: serde_json::Value = serde_json::from_str(&output).map_err(|error| error.to_string())?;
    let bits = report["end"]["sum_received"]["bits_per_second"].as_f64();
    let bits = bits.ok_or_else(|| format!("iperf3 said:\n{output}"))?;
    Ok(Done { rate: bits / 8e6, count: megabytes as f64 })
}

/// Runs a client to its end.
fn client(command: &mut Command) -> Result<String, String> {
    let mut bounded = Command::new("timeout");
    bounded.arg(CLIENT.to_string()).arg(command.get_program()).args(command.get_args());
    programs::finish(&mut bounded).map(|output| String::from_utf8_lossy(&output).into_owned())
}

/// Measures all loads whose name the filter takes.
pub fn measure(options: &Options) -> Result<(), String> {
    // What has to be fetched is fetched before this process is cut off from the world.
    let linux = Linux::fetch()?;
    if !is_inside() {
        return again_inside();
    }
    make_network()?;
    let wanted = |load: &&Load| {
        options.filter.is_empty() || options.filter.iter().any(|text| load.name.contains(text))
    };
    let loads: Vec<&Load> = LOADS.iter().filter(wanted).collect();
    let plugin = compile_plugin()?;
    let (mut rates, mut instructions, mut boots) = (Vec::new(), Vec::new(), Vec::new());
    for server in &SERVERS {
        let loads: Vec<&&Load> = loads.iter().filter(|load| load.server == server.name).collect();
        if loads.is_empty() {
            continue;
        }
        eprintln!("{}: making its kernels", server.name);
        let sides = [ours(server)?, theirs(server, &linux)?];
        rates.extend(compare_rates(server, &sides, &loads, options.runs)?);
        let (counts, boot) = compare_instructions(server, &sides, &loads, &plugin, options.runs)?;
        instructions.extend(counts);
        boots.push(boot);
    }
    let note =
        "Requests (or MB) a second: the median, its spread in brackets; one processor, 512 MB, a tap each.";
    table::print("Servers: rates", note, &["load", "specialized", "Linux", "ratio"], &rates);
    let note = "Guest instructions a request (or MB), counted by QEMU: the median, its spread in brackets.";
    table::print(
        "Servers: instructions",
        note,
        &["load", "specialized", "Linux", "Linux / specialized"],
        &instructions,
    );
    let note = "Guest instructions from the kernel's entry until the first answer.";
    table::print("Servers: boot", note, &["server", "specialized", "Linux", "ratio"], &boots);
    Ok(())
}

/// Whether this process has a network namespace of its own.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this bench in a network namespace of its own.
pub fn again_inside() -> Result<(), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("unshare");
    // SAFETY: it asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        command.arg("--map-root-user");
    }
    let error = command
        .args(["--net", "--mount", "--"])
        .arg(own)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec();
    Err(format!("cannot make a network namespace with unshare: {error}"))
}

/// The taps: guest `n` is at 10.77.n.2, this host at 10.77.n.1.
pub fn make_network() -> Result<(), String> {
    // Ten thousand clients are as many descriptors.
    let mut files = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: limits are written and read before these return.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut files);
        files.rlim_cur = files.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &files);
    }
    if files.rlim_cur < 11_000 {
        eprintln!("note: not allowed 11,000 open files, so the figures with 10,000 clients will fail");
    }
    // /sys shows the interfaces of the namespace that it was mounted in.
    let mut script = String::from("mount -t sysfs sysfs /sys\nip link set lo up\n");
    for side in 0..2 {
        script += &format!(
            "ip tuntap add tap{side} mode tap vnet_hdr\nip addr add 10.77.{side}.1/24 dev tap{side}\nip link set tap{side} up\n"
        );
    }
    // More ports to connect from, at once and again.
    script += "echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range\n";
    programs::finish(Command::new("sh").args(["-euc", &script])).map(drop)
}

pub fn compile_plugin() -> Result<PathBuf, String> {
    let output = programs::scratch()?.join("libcount.so");
    let source = programs::tree().join("benches/programs/count.c");
    programs::finish(Command::new("gcc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&output).arg(source))?;
    Ok(output)
}

/// A kernel with its root, ready to boot.
pub struct Side {
    name: &'static str,
    plan: RunPlan,
    pub address: String,
    /// Where instructions begin to count: the kernel's entry.
    entry: u32,
    counter: PathBuf,
}

fn side(
    number: usize,
    name: &'static str,
    kernel: PathBuf,
    image: PathBuf,
    entry: u32,
    server: &Server,
) -> Result<Side, String> {
    let address = format!("10.77.{number}.2");
    let command_line = CommandLine {
        program: server.app.into(),
        arguments: server.args.iter().map(|argument| (*argument).into()).collect(),
        extra: vec![("ip".into(), format!("{address}/24").into_bytes())],
        ..CommandLine::default()
    };
    let mut plan = RunPlan::new(kernel, Machine::Q35, command_line);
    plan.image = Some(image);
    plan.root = RootMedium::Module;
    plan.memory = MEMORY;
    plan.accelerator = Some(Accelerator::probe(specialize::boot::run::QEMU.as_ref()));
    plan.network = Network::Tap(format!("tap{number}"));
    Ok(Side { name, plan, address, entry, counter: programs::scratch()?.join(format!("count{number}")) })
}

/// The server on a kernel made for it.
pub fn ours(server: &Server) -> Result<Side, String> {
    let folder = programs::scratch()?.join(format!("servers-{}", server.name));
    let mut command = Command::new(env!("CARGO_BIN_EXE_specialize"));
    command.args([
        "run",
        "--quiet",
        "--hv",
        "kvm",
        "--effort",
        "max",
        "--root",
        "rofs:module",
        "--app",
        server.app,
    ]);
    // What the Linux guest's first process allows as well.
    command.args(["--set", "open-files=65536"]).arg("--into").arg(&folder).arg("--print-command");
    for (path, text) in server.files {
        let file = programs::scratch()?.join(format!("{}-{}", server.name, path.replace('/', "-")));
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        command.arg("--file").arg(format!("{}:{path}", file.display()));
    }
    programs::finish(&mut command)?;
    let kernel = folder.join("kernel.elf");
    let bytes = fs::read(&kernel).map_err(|error| format!("{}: {error}", kernel.display()))?;
    side(0, "specialized", kernel, folder.join("image.rofs"), ticks::entry(&bytes)?, server)
}

/// The server on Linux.
fn theirs(server: &Server, linux: &Linux) -> Result<Side, String> {
    let mut archive = Archive::new(&linux::compile_init("guest.c")?);
    linux.add_modules(&mut archive)?;
    archive.program(Path::new(server.app), &[])?;
    for (path, text) in server.files {
        archive.file(Path::new(path), 0o644, text.as_bytes());
    }
    let file = programs::scratch()?.join(format!("servers-{}.cpio", server.name));
    fs::write(&file, archive.finish()).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut side = side(1, "Linux", linux.kernel.clone(), file, linux::ENTRY, server)?;
    let words = [("console", "ttyS0"), ("loglevel", "3"), ("panic", "-1")];
    side.plan.command_line.extra.extend(words.map(|(key, value)| (key.to_owned(), value.into())));
    Ok(side)
}

/// A guest that is running.
pub struct Guest {
    stop: Arc<AtomicU32>,
    run: Option<JoinHandle<String>>,
    counter: Option<Mmap>,
    /// Instructions when it answered first.
    at_answer: u64,
}

impl Guest {
    /// Boots a side and waits until its server answers.
    pub fn start(server: &Server, side: &Side, plugin: Option<&Path>) -> Result<Self, String> {
        let mut plan = side.plan.clone();
        let _ = fs::remove_file(&side.counter);
        if let Some(plugin) = plugin {
            let value =
                format!("{},count={},from={:#x}", plugin.display(), side.counter.display(), side.entry);
            plan.extra = vec![OsString::from("-plugin"), value.into()];
        }
        let stop = plan.stop.clone();
        stop.store(0, Ordering::Relaxed);
        let run = thread::spawn(move || {
            let mut console = Vec::new();
            let outcome = specialize::boot::run(&plan, &mut console);
            let ended = outcome.map_or_else(|error| error.to_string(), |outcome| outcome.status.to_string());
            format!("{ended}\n{}", String::from_utf8_lossy(&console))
        });
        let mut guest = Self { stop, run: Some(run), counter: None, at_answer: 0 };
        let deadline = Instant::now() + START;
        while !answers(server, &side.address) {
            let ended = guest.run.as_ref().is_none_or(JoinHandle::is_finished);
            if ended || Instant::now() > deadline {
                let console = guest.end();
                return Err(format!("{} on {} did not answer: {console}", server.name, side.name));
            }
        }
        if plugin.is_some() {
            let fault = |error: std::io::Error| format!("{}: {error}", side.counter.display());
            let file = fs::File::open(&side.counter).map_err(fault)?;
            // SAFETY: the plugin made the file as long as one number, and nothing cuts it.
            guest.counter = Some(unsafe { Mmap::map(&file) }.map_err(fault)?);
            guest.at_answer = guest.instructions();
        }
        Ok(guest)
    }

    /// How many instructions it has executed.
    pub fn instructions(&self) -> u64 {
        let bytes = self.counter.as_ref().and_then(|counter| counter.get(..8)?.try_into().ok());
        bytes.map_or(0, u64::from_le_bytes)
    }

    fn end(&mut self) -> String {
        self.stop.store(2, Ordering::Relaxed);
        self.run.take().and_then(|run| run.join().ok()).unwrap_or_default()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a server answers a request of its protocol.
fn answers(server: &Server, address: &str) -> bool {
    let request = match server.name {
        "redis" => "PING\\r\\n",
        "memcached" => "version\\r\\n",
        "nginx" => "GET / HTTP/1.0\\r\\n\\r\\n",
        // It speaks only when it has been told a good deal, and ends when it has been let down a few times.
        _ => return is_success(Command::new("timeout").args(["20", "iperf3", "-c", address, "-n", "1K"])),
    };
    let script = format!(
        "exec 3<>/dev/tcp/{address}/{}; printf '{request}' >&3; IFS= read -r -n 1 -t 0.2 <&3",
        server.port
    );
    is_success(Command::new("timeout").args(["0.3", "bash", "-ec", &script]))
}

fn is_success(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn compare_rates(
    server: &Server,
    sides: &[Side; 2],
    loads: &[&&Load],
    runs: usize,
) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    let guests = [Guest::start(server, &sides[0], None)?, Guest::start(server, &sides[1], None)?];
    for load in loads {
        let mut rates = [Vec::new(), Vec::new()];
        // The first run of each is to warm up.
        for run in 0..=runs {
            for (side, rates) in sides.iter().zip(&mut rates) {
                if let Some(done) = do_load(load, side)
                    && run > 0
                {
                    rates.push(done.rate);
                }
            }
        }
        let [ours, theirs] = rates.map(table::median);
        eprintln!("{}: {:.0} against {:.0}", load.name, ours.0, theirs.0);
        rows.push(vec![load.name.into(), spread(ours), spread(theirs), ratio(ours.0, theirs.0)]);
    }
    drop(guests);
    Ok(rows)
}

/// Rows of instructions a request, and the row of the boot.
fn compare_instructions(
    server: &Server,
    sides: &[Side; 2],
    loads: &[&&Load],
    plugin: &Path,
    runs: usize,
) -> Result<(Vec<Vec<String>>, Vec<String>), String> {
    let mut counts: Vec<[(f64, f64, f64); 2]> = vec![[(0.0, 0.0, 0.0); 2]; loads.len()];
    let mut boots = [0, 0];
    for (number, side) in sides.iter().enumerate() {
        let guest = Guest::start(server, side, Some(plugin))?;
        boots[number] = guest.at_answer;
        for (load, counts) in loads.iter().zip(&mut counts) {
            let mut each = Vec::new();
            for run in 0..=runs {
                let before = guest.instructions();
                if let Some(done) = do_load(load, side)
                    && run > 0
                {
                    each.push((guest.instructions() - before) as f64 / done.count);
                }
            }
            counts[number] = table::median(each);
        }
    }
    let row = |(load, [ours, theirs]): (&&&Load, &[(f64, f64, f64); 2])| {
        vec![load.name.into(), spread(*ours), spread(*theirs), ratio(theirs.0, ours.0)]
    };
    let part = format!("1/{}", boots[1] / boots[0].max(1));
    let boot = vec![server.name.into(), table::number(boots[0]), table::number(boots[1]), part];
    Ok((loads.iter().zip(&counts).map(row).collect(), boot))
}

/// What a client did; none if it failed, which is told, and leaves a gap in the table.
fn do_load(load: &Load, side: &Side) -> Option<Done> {
    let done = (load.run)(&side.address, load.count)
        .and_then(|done| if done.count > 0.0 { Ok(done) } else { Err("no request was answered".to_owned()) });
    done.map_err(|error| eprintln!("note: {} on {}: {error}", load.name, side.name)).ok()
}

fn ratio(over: f64, under: f64) -> String {
    if over == 0.0 || under == 0.0 { "–".into() } else { format!("{:.2}", over / under) }
}

pub fn spread((median, low, high): (f64, f64, f64)) -> String {
    if median == 0.0 {
        return "did not finish".into();
    }
    format!(
        "{} ({} to {})",
        table::number(median as u64),
        table::number(low as u64),
        table::number(high as u64)
    )
}
