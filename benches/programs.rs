//! The programs that are measured, and the specializer as a command.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The three efforts, from the fastest.
pub const EFFORTS: [&str; 3] = ["instant", "balanced", "max"];

/// A program with a name for tables.
pub struct Program {
    pub name: &'static str,
    pub path: PathBuf,
}

/// The programs of the size table: hello and others compiled here, and Debian's.
pub fn all(filter: &[String]) -> Result<Vec<Program>, String> {
    let compiled =
        ["hello.c", "threads.c", "signals.c", "exceptions.cc", "iostreams.cc", "floats.c", "rust.rs"];
    let debian =
        ["base64", "sha256sum", "sort", "wc", "seq", "gawk", "bc", "lua5.4", "sqlite3", "xz", "zstd"];
    let mut programs = Vec::new();
    let wanted = |name: &str| filter.is_empty() || filter.iter().any(|text| name.contains(text.as_str()));
    for source in compiled {
        let name = source.split('.').next().unwrap_or(source);
        if wanted(name) {
            programs.push(Program { name, path: compile(source)? });
        }
    }
    for name in debian {
        let path = Path::new("/usr/bin").join(name);
        if wanted(name) && path.exists() {
            programs.push(Program { name, path });
        }
    }
    Ok(programs)
}

/// A directory for what the benches make.
pub fn scratch() -> Result<PathBuf, String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures");
    std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    Ok(directory)
}

/// The root of the source tree.
pub fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compiles one of the boot tests' programs, or one of the benches' own.
pub fn compile(source: &str) -> Result<PathBuf, String> {
    let tests = tree().join("tests/boot/programs");
    let from = [tests.join(source), tree().join("benches/programs").join(source)]
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| format!("there is no program {source}"))?;
    let output = scratch()?.join(Path::new(source).file_stem().unwrap_or_default());
    let mut command = match from.extension().and_then(OsStr::to_str) {
        Some("rs") => Command::new("rustc"),
        Some("cc") => Command::new("g++"),
        _ => Command::new("gcc"),
    };
    match from.extension().and_then(OsStr::to_str) {
        Some("rs") => command.args(["-O", "--edition", "2024"]).arg(&from),
        _ => command.args(["-O2", "-w"]).arg(&from),
    };
    if source == "exceptions.cc" {
        command.arg(tests.join("exceptionslib.cc"));
    }
    if !source.ends_with(".rs") {
        command.arg("-lm");
    }
    finish(command.arg("-o").arg(&output))?;
    Ok(output)
}

/// Runs a command to its end; its standard output.
pub fn finish(command: &mut Command) -> Result<Vec<u8>, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let signal = output.status.signal().map(|signal| format!(" by signal {signal}")).unwrap_or_default();
    Err(format!("{program} failed{signal}:\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// `specialize --app APP --hv PROFILE --effort EFFORT -o OUTPUT`.
pub fn specialize(app: &Path, profile: &str, effort: &str, output: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_specialize"));
    command.arg("--app").arg(app).args(["--hv", profile, "--effort", effort, "-o"]).arg(output);
    command
}

/// How long a command takes, from start to end.
pub fn timed(command: &mut Command) -> Result<Duration, String> {
    let started = Instant::now();
    finish(command)?;
    Ok(started.elapsed())
}
