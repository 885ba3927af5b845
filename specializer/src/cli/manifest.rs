//! `app.toml`: what a deployment repeats, in place of flags.
//!
//! ```toml
//! app = "/usr/bin/redis-server"
//! hv = "kvm"
//! args = ["--port", "6379"]
//! publish = ["6379:6379"]
//! memory = "64M"
//! files = ["redis.conf:/etc/redis.conf"]
//! env = { TZ = "UTC" }
//! ```
//!
//! Keys are the long flags; lists are in the plural where a flag is given again. Relative paths count
//! from the manifest. A flag of the command line goes before a key, and lists go together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::arguments::{Effort, Net, Run, Target};
use super::error::CliError;
use crate::boot::{Accelerator, Machine, Publish};
use crate::diagnostic::Diagnostic;
use crate::profile::{line_of, similar};

/// The keys, as they are written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Manifest {
    app: Option<PathBuf>,
    hv: Option<String>,
    effort: Option<Effort>,
    root: Option<String>,
    lib_path: Vec<PathBuf>,
    also: Vec<PathBuf>,
    export: Vec<String>,
    set: BTreeMap<String, Setting>,
    keep: Vec<String>,
    drop: Vec<String>,
    net: Option<Net>,
    tap: Option<String>,
    ip: Option<String>,
    publish: Vec<String>,
    files: Vec<String>,
    dirs: Vec<String>,
    stdin: Option<PathBuf>,
    env: BTreeMap<String, String>,
    cwd: Option<String>,
    args: Vec<String>,
    machine: Option<String>,
    accel: Option<String>,
    memory: Option<String>,
    smp: Option<u32>,
}

/// The value of a tunable, which may be written without quotes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Setting {
    Text(String),
    Number(u64),
    Truth(bool),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Truth(truth) => write!(f, "{truth}"),
        }
    }
}

/// Fills in what the manifest of a target says, if it has one.
pub(super) fn complete(target: &mut Target) -> Result<(), CliError> {
    match target.manifest.clone() {
        Some(path) => Manifest::read(&path)?.fill(target, &path),
        None => Ok(()),
    }
}

/// The same for a run, with the keys that only a run has use for.
pub(super) fn complete_run(run: &mut Run) -> Result<(), CliError> {
    let Some(path) = run.target.manifest.clone() else { return Ok(()) };
    let mut manifest = Manifest::read(&path)?;
    manifest.fill_run(run, &path)?;
    manifest.fill(&mut run.target, &path)
}

/// What is wrong, and in which line.
fn wrong(path: &Path, line: usize, problem: &str) -> Diagnostic {
    Diagnostic::error(format!("{}:{line}: {problem}", path.display()))
}

/// A relative path counts from the manifest.
fn from(manifest: &Path, path: &Path) -> PathBuf {
    manifest.parent().unwrap_or(Path::new("")).join(path)
}

/// The same for a `SRC[:DST]`, whose DST is its SRC below the root if it is not named.
fn source(manifest: &Path, option: &str) -> OsString {
    let (source, destination) = match option.rsplit_once(':') {
        Some(parts) if !from(manifest, Path::new(option)).exists() => parts,
        _ => (option, option),
    };
    let mut full = from(manifest, Path::new(source)).into_os_string();
    full.push(":");
    full.push(destination);
    full
}

impl Manifest {
    fn read(path: &Path) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CliError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, CliError> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span));
            let message = error.message();
            let mut quoted = message.split('`').skip(1).step_by(2);
            let unknown = message.starts_with("unknown field").then(|| quoted.next()).flatten();
            let diagnostic = match unknown {
                Some(key) => {
                    let meant = similar(key, quoted).map(|key| format!("did you mean '{key}'?"));
                    wrong(path, line, &format!("a manifest has no key '{key}'")).maybe(meant)
                }
                None => wrong(path, line, &message.trim().replace('`', "'")),
            };
            CliError::Told(Box::new(diagnostic))
        })
    }

    /// A value that is read like the flag of the same name.
    fn value<T: std::str::FromStr<Err = String>>(path: &Path, text: &str) -> Result<T, CliError> {
        text.parse().map_err(|problem: String| CliError::Told(Box::new(wrong(path, 1, &problem))))
    }

    fn fill(self, target: &mut Target, path: &Path) -> Result<(), CliError> {
        target.app = target.app.take().or(self.app.map(|app| from(path, &app)));
        target.hv = target.hv.take().or(self.hv);
        target.effort = target.effort.or(self.effort);
        target.root = target.root.take().or(self.root);
        target.net = target.net.or(self.net);
        target.closure.lib_path.extend(self.lib_path.iter().map(|folder| from(path, folder)));
        target.closure.also.extend(self.also.iter().map(|also| from(path, also)));
        target.export.extend(self.export);
        // A setting of the command line comes last, and counts.
        let settings = self.set.iter().map(|(name, value)| format!("{name}={value}"));
        target.set = settings.chain(std::mem::take(&mut target.set)).collect();
        target.keep.extend(self.keep);
        target.drop.extend(self.drop);
        Ok(())
    }

    fn fill_run(&mut self, run: &mut Run, path: &Path) -> Result<(), CliError> {
        run.tap = run.tap.take().or(self.tap.take());
        run.ip = run.ip.take().or(self.ip.take());
        for publish in &self.publish {
            run.publish.push(Self::value::<Publish>(path, publish)?);
        }
        run.file.extend(self.files.iter().map(|option| source(path, option)));
        run.dir.extend(self.dirs.iter().map(|option| source(path, option)));
        run.stdin = run.stdin.take().or(self.stdin.take().map(|file| from(path, &file)));
        let environment = self.env.iter().map(|(name, value)| OsString::from(format!("{name}={value}")));
        run.env = environment.chain(std::mem::take(&mut run.env)).collect();
        run.cwd = run.cwd.take().or(self.cwd.take().map(OsString::from));
        if run.arguments.is_empty() {
            run.arguments = self.args.iter().map(OsString::from).collect();
        }
        if let Some(machine) = self.machine.as_ref().filter(|_| run.machine.is_none()) {
            run.machine = Some(Self::value::<Machine>(path, machine)?);
        }
        if let Some(accel) = self.accel.as_ref().filter(|_| run.accel.is_none()) {
            run.accel = Some(Self::value::<Accelerator>(path, accel)?);
        }
        run.memory = run.memory.take().or(self.memory.take());
        run.smp = run.smp.or(self.smp);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Cli, Command};
    use clap::Parser;

    fn run(flags: &[&str], text: &str) -> Result<Run, CliError> {
        let cli = Cli::parse_from(["specialize", "run"].iter().chain(flags));
        let Some(Command::Run(mut run)) = cli.command else { panic!("no run") };
        let path = Path::new("/deploy/app.toml");
        let mut manifest = Manifest::parse(path, text)?;
        manifest.fill_run(&mut run, path)?;
        manifest.fill(&mut run.target, path)?;
        Ok(*run)
    }

    #[test]
    fn flags_go_before_keys_and_lists_go_together() {
        let text = "app = 'bin/server'\nhv = 'kvm'\neffort = 'max'\npublish = ['80:80']\nmemory = '64M'\n\
                    smp = 2\nfiles = ['a.conf:/etc/a.conf', 'www']\nargs = ['-v']\nenv = { A = '1' }\n\
                    set = { page-cache-pages = 64 }\nnet = 'user'\ndrop = ['virtio-rng']";
        let run =
            run(&["--memory", "1G", "--env", "A=2", "--publish", "81:80", "--hv", "qemu"], text).unwrap();
        assert_eq!(run.target.app, Some("/deploy/bin/server".into()));
        assert_eq!(
            (run.target.hv.as_deref(), run.memory.as_deref(), run.smp),
            (Some("qemu"), Some("1G"), Some(2))
        );
        assert_eq!((run.target.effort, run.target.net), (Some(Effort::Max), Some(Net::User)));
        assert_eq!(run.publish.iter().map(|publish| publish.host).collect::<Vec<_>>(), [81, 80]);
        assert_eq!(run.file, ["/deploy/a.conf:/etc/a.conf", "/deploy/www:www"]);
        assert_eq!((run.env, run.arguments), (vec!["A=1".into(), "A=2".into()], vec!["-v".into()]));
        assert_eq!(
            (run.target.set, run.target.drop),
            (vec!["page-cache-pages=64".into()], vec!["virtio-rng".into()])
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let told = |text| run(&[], text).unwrap_err().diagnostic().to_string();
        assert_eq!(
            told("app = 'x'\npublsh = ['1:1']"),
            "error: /deploy/app.toml:2: a manifest has no key 'publsh'\nhint: did you mean 'publish'?\n"
        );
        assert!(told("smp = 'two'").contains("/deploy/app.toml:1: invalid type"));
        assert!(told("effort = 'most'").contains("/deploy/app.toml:1: unknown variant 'most'"));
        assert!(told("publish = ['80']").contains("'80' is not [ADDRESS:]HOST:GUEST[/udp]"));
    }
}
