//! Runs a program on this host: what the guest has to match.

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use specialize::boot::ExitStatus;

use crate::build::Program;
use crate::case::Case;

/// What a program prints, standard error among it as on a console, and how it ends.
pub struct Expected {
    pub output: Vec<u8>,
    pub status: ExitStatus,
}

/// The environment of every program besides what its case says.
pub const ENVIRONMENT: [(&str, &str); 1] = [("TZ", "UTC0")];

/// Programs that write to the same places under `/tmp` run one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs the program of a case.
pub fn run(case: &Case, program: &Program, directory: &Path) -> Result<Expected, String> {
    if let Some(text) = &case.expect {
        return Ok(Expected { output: text.clone().into_bytes(), status: ExitStatus::Exited(case.status) });
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    run_now(case, program, directory)
}

/// The same beside whatever else runs.
pub fn run_now(case: &Case, program: &Program, directory: &Path) -> Result<Expected, String> {
    clean(case);
    let data = directory.join("data");
    let fault = |what: &str, error: std::io::Error| format!("{what} {}: {error}", program.path.display());
    let (mut reader, writer) = std::io::pipe().map_err(|error| fault("pipe for", error))?;
    let mut command = Command::new(&program.path);
    command.args(&case.args).current_dir(&data).env_clear().envs(ENVIRONMENT).envs(&case.env);
    command.stdout(writer.try_clone().map_err(|error| fault("pipe for", error))?).stderr(writer);
    let input = directory.join(format!("{}.input", case.name));
    let stdin = match (&case.stdin, &case.input) {
        (Some(name), _) => Some(data.join(name)),
        (None, Some(text)) => {
            fs::write(&input, text).map_err(|error| fault("input of", error))?;
            Some(input)
        }
        (None, None) => None,
    };
    match stdin {
        Some(path) => command.stdin(fs::File::open(path).map_err(|error| fault("input of", error))?),
        None => command.stdin(Stdio::null()),
    };
    let mut child = command.spawn().map_err(|error| fault("cannot run", error))?;
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).map_err(|error| fault("output of", error))?;
    let status = child.wait().map_err(|error| fault("wait for", error))?;
    clean(case);
    let status = match (status.code(), status.signal()) {
        (Some(code), _) => ExitStatus::Exited(code as u8),
        (None, signal) => ExitStatus::Signalled(signal.unwrap_or(0) as u8),
    };
    Ok(Expected { output, status })
}

/// Removes what the program left, so that each run begins alike.
fn clean(case: &Case) {
    for path in &case.scratch {
        let _ = fs::remove_dir_all(path).or_else(|_| fs::remove_file(path));
    }
}
