//! `specialize run`: the kernel, an image of the application, and a boot of both.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::arguments::{self, Net};
use super::error::CliError;
use super::make::{Inputs, Made};
use super::options;
use super::output::{self, Outputs};
use crate::app::{AppClosure, SearchPaths};
use crate::boot::{
    self, CommandLine, FaultReport, ImagePlan, Machine, Network, RootMedium, RunError, RunPlan, Source,
    Symbols,
};
use crate::link::Linker;

/// Bytes of memory, unless somebody says.
const MEMORY: u64 = 128 << 20;
/// Where the contents of `--stdin` are on the image.
const STDIN: &str = "/.specialize/stdin";

/// `specialize run --app APP --hv PROFILE … -- ARG …`; gives the program's own exit status.
pub(super) fn run(arguments: &arguments::Run) -> Result<ExitCode, CliError> {
    let machine = machine(arguments)?;
    let memory = arguments.memory.as_deref().map_or(Ok(MEMORY), options::size)?;
    if arguments.smp == Some(0) {
        return Err(CliError::usage("--smp takes at least 1"));
    }
    let network = network(arguments)?;
    // A busy port should not wait for a kernel to be made.
    network.check().map_err(RunError::from)?;
    let deadline = arguments.deadline.map(Duration::try_from_secs_f64).transpose();
    let deadline = deadline.map_err(|_| CliError::usage("--deadline takes a number of seconds"))?;
    let environment = arguments.env.iter().map(|setting| variable(setting)).collect::<Result<Vec<_>, _>>()?;
    let linker = Linker::start();
    let mut inputs = Inputs::read(&arguments.target, arguments.quiet)?;
    let mut image = ImagePlan::new();
    put_files(&mut image, arguments)?;
    open_what_is_on_the_image(&mut inputs, &image, arguments)?;
    let made = inputs.make(linker)?;
    put_objects(&mut image, &made.closure)?;
    image.set_identity(&made.specialized.identity)?;

    let folder = Folder::new(arguments.into.as_deref())?;
    let kernel = folder.path.join("kernel.elf");
    let image_file = folder.path.join("image.rofs");
    let mut outputs = Outputs::default();
    outputs.add(&kernel, &made.specialized.image.bytes, true)?;
    outputs.add(&image_file, &image.to_bytes()?, false)?;
    outputs.add(&folder.path.join("kernel.symbols.elf"), &made.specialized.image.with_symbols, false)?;
    outputs.commit()?;

    let command_line = CommandLine {
        environment,
        directory: arguments.cwd.as_ref().map(|directory| directory.as_bytes().to_vec()),
        stdin: (!arguments.tty || arguments.stdin.is_some()).then(|| STDIN.into()),
        terminal: arguments.tty,
        identity: Some(made.specialized.identity),
        extra: arguments.ip.iter().map(|ip| ("ip".to_owned(), ip.clone().into_bytes())).collect(),
        program: guest_path(&made)?,
        arguments: arguments.arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect(),
    };
    let mut plan = RunPlan::new(kernel, machine, command_line);
    plan.image = Some(image_file);
    plan.root = medium(&made)?;
    plan.accelerator = arguments.accel;
    plan.cpus = arguments.smp.unwrap_or(1);
    plan.memory = memory;
    plan.deadline = deadline;
    plan.network = plugged_in(network, arguments, &made)?;
    plan.power_button = made.holds_row(&made.package.kernel_toml.run.power_button);
    plan.extra.clone_from(&arguments.qemu_arg);
    if arguments.print_command {
        output::print(&format!("{}\n", plan.shell_line()))?;
        return Ok(ExitCode::SUCCESS);
    }
    plan.stop = boot::interrupt::counted_signals();
    let mut faults = FaultReport::default();
    let result = boot::run(&plan, &mut faults.beside(std::io::stdout().lock()));
    if let Some(report) = faults.finish() {
        let symbols = Symbols::read(&made.specialized.image.with_symbols, &made.closure);
        eprint!("{}", symbols.backtrace(&report));
    }
    Ok(ExitCode::from(result?.status.code()))
}

/// The machine that was asked for, or the one that goes with the profile.
fn machine(arguments: &arguments::Run) -> Result<Machine, CliError> {
    let profile = arguments.target.hv.as_deref().unwrap_or_default();
    let name = Path::new(profile).file_stem().and_then(OsStr::to_str).unwrap_or_default();
    arguments.machine.or_else(|| Machine::for_profile(name)).ok_or_else(|| {
        let message = match profile {
            "" => "--hv PROFILE is missing: the hypervisor to specialize for (see `specialize profiles`)"
                .to_owned(),
            _ => format!("QEMU has no machine of its own for the profile '{profile}': --machine names one"),
        };
        CliError::usage(message)
    })
}

fn variable(setting: &OsStr) -> Result<(Vec<u8>, Vec<u8>), CliError> {
    let bytes = setting.as_bytes();
    let at = bytes.iter().position(|&byte| byte == b'=').filter(|&at| at > 0);
    let at = at.ok_or_else(|| {
        CliError::usage(format!("--env takes NAME=VALUE, not '{}'", setting.to_string_lossy()))
    })?;
    let (name, value) = bytes.split_at(at);
    Ok((name.to_vec(), value.get(1..).unwrap_or_default().to_vec()))
}

/// What the flags plug the card into.
fn network(arguments: &arguments::Run) -> Result<Network, CliError> {
    let network = match (arguments.target.net, &arguments.tap) {
        (None | Some(Net::User), None) => Network::User(arguments.publish.clone()),
        (None | Some(Net::Tap), Some(name)) => Network::Tap(name.clone()),
        (Some(Net::None | Net::Loopback), None) => Network::None,
        (Some(Net::Tap), None) => return Err(CliError::usage("--net tap wants --tap IFNAME")),
        (Some(_), Some(_)) => return Err(CliError::usage("--tap is for --net tap")),
    };
    if !arguments.publish.is_empty() && !matches!(network, Network::User(_)) {
        return Err(CliError::usage("--publish is for --net user"));
    }
    Ok(network)
}

/// The same, unless the kernel has no use for a card: an error if one was asked for.
fn plugged_in(network: Network, arguments: &arguments::Run, made: &Made) -> Result<Network, CliError> {
    let cards = &made.package.kernel_toml.run.cards;
    if network == Network::None || made.holds_row(cards) {
        return Ok(network);
    }
    let asked = match (&network, arguments.publish.first()) {
        (_, Some(publish)) => format!("--publish {publish}"),
        (Network::Tap(name), _) => format!("--tap {name}"),
        _ if arguments.target.net.is_some() => "--net user".to_owned(),
        _ => return Ok(Network::None),
    };
    let tables = made.package.index.tables.iter().zip(&made.specialized.roots.tables);
    let chosen = tables
        .filter(|(table, _)| cards.contains(&table.kind))
        .any(|(_, choice)| choice.rows.contains(&true));
    let why = if chosen {
        format!("nothing in {} opens a socket of the Internet", made.closure.name(0))
    } else {
        format!("the profile '{}' lists none, or --drop left it out", made.profile.name)
    };
    Err(CliError::told(format!("{asked}: the kernel holds no driver of a network card"), why))
}

/// Puts on the image what the user names.
fn put_files(image: &mut ImagePlan, arguments: &arguments::Run) -> Result<(), CliError> {
    for option in &arguments.file {
        image.add_option(option.as_bytes())?;
    }
    for option in &arguments.dir {
        image.add_directory_option(option.as_bytes())?;
    }
    if let Some(path) = &arguments.stdin {
        let source = if path == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|source| CliError::Read { path: PathBuf::from("the standard input"), source })?;
            Source::Bytes(bytes)
        } else {
            std::fs::File::open(path).map_err(|source| CliError::Read { path: path.clone(), source })?;
            Source::Path(path.clone())
        };
        image.add_file(Path::new(STDIN), source, 0o444)?;
    } else if !arguments.tty {
        // Nothing comes in by the console, so its end would never come either.
        image.add_file(Path::new(STDIN), Source::Bytes(Vec::new()), 0o444)?;
    }
    Ok(())
}

/// Counts in the shared objects that are on the image: the program may open them.
fn open_what_is_on_the_image(
    inputs: &mut Inputs,
    image: &ImagePlan,
    arguments: &arguments::Run,
) -> Result<(), CliError> {
    let search = SearchPaths::host(arguments.target.closure.lib_path.clone());
    let provided = inputs.package.catalogue.sonames();
    for (_, source) in image.files() {
        if let Source::Path(path) = source {
            inputs.closure.open_if_shared(path, &search, &provided)?;
        }
    }
    Ok(())
}

fn put_objects(image: &mut ImagePlan, closure: &AppClosure) -> Result<(), CliError> {
    let on_image: Vec<PathBuf> = image
        .files()
        .into_iter()
        .filter_map(|(_, source)| match source {
            Source::Path(path) => path.canonicalize().ok(),
            Source::Bytes(_) => None,
        })
        .collect();
    for object in &closure.objects {
        let there = object.path.canonicalize().is_ok_and(|path| on_image.contains(&path));
        if !(there && object.opened_at_run_time && object.loaded_by.is_none()) {
            image.add_object(&object.path, object.soname.as_deref())?;
        }
    }
    Ok(())
}

/// Where the program is on the image.
fn guest_path(made: &Made) -> Result<Vec<u8>, CliError> {
    let app = made.closure.objects.first().map(|object| object.path.clone()).unwrap_or_default();
    let path = std::path::absolute(&app).map_err(|source| CliError::Read { path: app, source })?;
    Ok(OsString::from(path).into_vec())
}

/// How the image goes in, by the root that the kernel was made for.
fn medium(made: &Made) -> Result<RootMedium, CliError> {
    let root = made.options.root.as_deref().or(made.profile.root.as_deref()).unwrap_or("rofs:module");
    match root {
        "rofs:disk" => Ok(RootMedium::Disk),
        "rofs:module" => Ok(RootMedium::Module),
        "ramfs" => Ok(RootMedium::Ramfs),
        other => Err(CliError::told(
            format!("run cannot make an image for the root '{other}'"),
            "--root rofs:disk, rofs:module and ramfs can be run",
        )),
    }
}

/// Where kernel and image go: the directory of `--into`, or one that vanishes.
struct Folder {
    path: PathBuf,
    _vanishes: Option<tempfile::TempDir>,
}

impl Folder {
    fn new(keep: Option<&Path>) -> Result<Self, CliError> {
        let write = |path: PathBuf| move |source| CliError::Write { path, source };
        if let Some(path) = keep {
            std::fs::create_dir_all(path).map_err(write(path.to_owned()))?;
            return Ok(Self { path: path.to_owned(), _vanishes: None });
        }
        let folder = tempfile::tempdir().map_err(write(std::env::temp_dir()))?;
        Ok(Self { path: folder.path().to_owned(), _vanishes: Some(folder) })
    }
}
