//! The command line as it is typed: each flag once, with its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

/// Makes the smallest unikernel that can run one application on one hypervisor.
#[derive(Debug, Parser)]
#[command(
    name = "specialize",
    version,
    args_conflicts_with_subcommands = true,
    override_usage = "specialize --app FILE --hv PROFILE [OPTIONS]\n       specialize <COMMAND>",
    after_help = "Examples:\n  \
                  specialize --app /usr/bin/sha256sum --hv kvm\n  \
                  specialize run --app /usr/bin/wc --hv microvm --file notes.txt -- -l notes.txt\n  \
                  specialize why virtio-blk --app /usr/bin/wc --hv kvm\n\n\
                  Exit status: 0 done, 1 the inputs are at fault, 2 usage. Results go to the standard output, \
                  everything else to the standard error.",
    max_term_width = 100
)]
pub(super) struct Cli {
    /// What to do, if not to make a kernel.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub make: Make,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what an application needs, from which library, and what the kernel lacks
    Imports(Imports),
    /// Show the chain of references that keeps a symbol alive
    Why(Why),
    /// Show a kernel's size by crate, group, file and symbol, total and retained
    Size(Size),
    /// Show what moved, appeared or vanished between two kernels
    Diff(Diff),
    /// Make the kernel and an image of the application, and boot them
    Run(Box<Run>),
    /// Build, show or check the kernel package
    #[command(subcommand)]
    Kernel(Kernel),
    /// List the profiles
    Profiles(Profiles),
    /// Say what a code in a kernel's report stands for
    Explain(Explain),
}

/// What the main job takes.
#[derive(Debug, Args)]
pub(super) struct Make {
    #[command(flatten)]
    pub target: Target,
    /// Where to write the kernel [default: APP.kernel.elf]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the report to a file; its extension picks the form: html, json, md or txt
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
    /// Write the kernel with symbols, for debuggers and for `size` and `diff`
    #[arg(long, value_name = "FILE")]
    pub symbols: Option<PathBuf>,
    #[command(flatten)]
    pub show: Show,
}

/// How results are shown.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Show results as JSON
    #[arg(long)]
    pub json: bool,
    /// Show nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// One application on one hypervisor, and how to make its kernel.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The application: a dynamically linked x86-64 ELF program
    #[arg(long, value_name = "FILE")]
    pub app: Option<PathBuf>,
    /// A TOML file that says what flags would, for what a deployment repeats
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The profile of the hypervisor: a name (see `profiles`) or a TOML file
    #[arg(long, value_name = "PROFILE")]
    pub hv: Option<String>,
    /// How much is done for this application [default: balanced]
    #[arg(long, value_enum)]
    pub effort: Option<Effort>,
    #[command(flatten)]
    pub closure: Closure,
    /// The root file system, such as rofs:disk, rofs:module or ramfs [default: the profile's]
    #[arg(long, value_name = "KIND")]
    pub root: Option<String>,
    /// The network: loopback leaves out every driver of a card; what else there is, is for `run`
    #[arg(long, value_enum, value_name = "NET")]
    pub net: Option<Net>,
    /// Keep an export that nothing shows to be used; @FILE reads names from a file, one a line
    #[arg(long, value_name = "SYM|@FILE")]
    pub export: Vec<String>,
    /// Which exports are kept
    #[arg(long, value_enum, default_value_t = Exports::App)]
    pub exports: Exports,
    /// Set a tunable of the kernel
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Leave out a table row that the profile lists (ROW or TABLE:ROW)
    #[arg(long, value_name = "ROW")]
    pub drop: Vec<String>,
    /// Keep a table row that the profile does not list (ROW or TABLE:ROW)
    #[arg(long, value_name = "ROW")]
    pub keep: Vec<String>,
    /// What to do about imports that the kernel lacks
    #[arg(long, value_enum, default_value_t = Unresolved::Error)]
    pub unresolved: Unresolved,
    /// Check that what survived is what lives, and the module before and after each step
    #[arg(long)]
    pub verify: bool,
    /// Leave intermediate files in this directory
    #[arg(long, value_name = "DIR")]
    pub save_dir: Option<PathBuf>,
}

/// What belongs to the application, and the kernel it is held against.
#[derive(Debug, Args)]
pub(super) struct Closure {
    /// Look for libraries here before the system's directories
    #[arg(long, value_name = "DIR")]
    pub lib_path: Vec<PathBuf>,
    /// Count in what the application opens at run time: a library, or every one below a directory
    #[arg(long, value_name = "FILE|DIR")]
    pub also: Vec<PathBuf>,
    #[command(flatten)]
    pub package: Package,
}

/// Where the kernel comes from.
#[derive(Debug, Args)]
pub(super) struct Package {
    /// The kernel package [default: the one of this source tree, built when it is missing or stale]
    #[arg(long, value_name = "PKG")]
    pub kernel: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Net {
    /// No card: the program reaches itself only
    Loopback,
    /// A kernel as ever, run without a card
    None,
    /// QEMU's user-mode network, which needs no privilege; for convenience, not for speed
    User,
    /// The tap interface that --tap names
    Tap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Effort {
    /// Link what the package holds compiled: milliseconds
    Instant,
    /// Prune the bitcode and compile what is left: about a second
    Balanced,
    /// Optimise what is left once more: seconds
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Exports {
    /// What the application imports or shows it looks up
    App,
    /// Everything of the libraries that it needs
    Libc,
    /// Everything
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Unresolved {
    /// Make no kernel
    Error,
    /// Make one that names the symbol and stops if it is reached
    Trap,
}

#[derive(Debug, Args)]
pub(super) struct Imports {
    /// The application
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    #[command(flatten)]
    pub closure: Closure,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct Why {
    /// Kernel symbols, exports or table rows; the end of a path is enough
    #[arg(value_name = "SYMBOL", required = true)]
    pub symbols: Vec<String>,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct Size {
    /// A kernel with symbols (the file of --symbols); without one, the kernel of --app and --hv
    #[arg(value_name = "KERNEL", conflicts_with_all = ["app", "hv"])]
    pub image: Option<PathBuf>,
    /// How many lines of each list to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The kernel before, with symbols
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// The kernel after, with symbols
    #[arg(value_name = "B")]
    pub after: PathBuf,
    /// How many symbols of each sort to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub target: Target,
    /// Put a file or directory on the image, at DST or at its own path
    #[arg(long, value_name = "SRC[:DST]")]
    pub file: Vec<OsString>,
    /// Put a directory with all that is below it on the image, at DST or at its own path
    #[arg(long, value_name = "SRC[:DST]")]
    pub dir: Vec<OsString>,
    /// Reach a port of the guest through one of the host, by --net user
    #[arg(long, value_name = "[ADDRESS:]HOST:GUEST[/udp]")]
    pub publish: Vec<crate::boot::Publish>,
    /// Plug the guest's network card into this tap interface of the host
    #[arg(long, value_name = "IFNAME")]
    pub tap: Option<String>,
    /// The addresses of the guest's card, in place of asking a DHCP server:
    /// ADDRESS/LENGTH[,gw=ADDRESS][,dns=ADDRESS], of IPv4 or IPv6, each again if need be
    #[arg(long, value_name = "ADDRESSES")]
    pub ip: Option<String>,
    /// The machine model of QEMU: q35, pc or microvm [default: the profile's]
    #[arg(long, value_name = "MODEL")]
    pub machine: Option<crate::boot::Machine>,
    /// The accelerator of QEMU: kvm or tcg [default: kvm where it really works]
    #[arg(long, value_name = "NAME")]
    pub accel: Option<crate::boot::Accelerator>,
    /// How many CPUs [default: 1]
    #[arg(long, alias = "cpus", value_name = "N")]
    pub smp: Option<u32>,
    /// How much memory; K, M and G are powers of 1024 [default: 128M]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Set an environment variable of the program
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<OsString>,
    /// The program's working directory
    #[arg(long, value_name = "DIR")]
    pub cwd: Option<OsString>,
    /// A file whose contents the program reads as its standard input; - is this command's own
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// Let the console act as a terminal
    #[arg(long)]
    pub tty: bool,
    /// Stop the guest after this many seconds
    #[arg(long, value_name = "SECONDS")]
    pub deadline: Option<f64>,
    /// Keep the kernel and the image in this directory
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Print the QEMU command line instead of booting (with --into, it can be run)
    #[arg(long)]
    pub print_command: bool,
    /// A further argument for QEMU
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub qemu_arg: Vec<OsString>,
    /// Show nothing but errors and the program's output
    #[arg(short, long)]
    pub quiet: bool,
    /// The program's arguments
    #[arg(last = true, value_name = "ARG")]
    pub arguments: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Kernel {
    /// Build the kernel package if it is missing or stale
    Build(KernelBuild),
    /// Show what a package holds
    Show(KernelShow),
    /// Hold the lists in symbols/ against the package, and show coverage
    Check(KernelCheck),
}

#[derive(Debug, Args)]
pub(super) struct KernelBuild {
    /// The directory of the kernel's kernel.toml [default: the one of this source tree]
    #[arg(long, value_name = "DIR")]
    pub source: Option<PathBuf>,
    /// Where to put the package
    #[arg(short, long, value_name = "PKG")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct KernelShow {
    #[command(flatten)]
    pub package: Package,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct KernelCheck {
    #[command(flatten)]
    pub package: Package,
    /// The directory of the lists [default: symbols/ of this source tree]
    #[arg(long, value_name = "DIR")]
    pub symbols: Option<PathBuf>,
    /// Correct the lists instead of reporting what is wrong with them
    #[arg(long)]
    pub update: bool,
    /// Show the coverage of a list of imports, too: one SYMBOL a line
    #[arg(long, value_name = "FILE")]
    pub against: Vec<PathBuf>,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct Profiles {
    /// Show the rows of these profiles only
    #[arg(value_name = "PROFILE")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub show: Show,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The code, as the kernel printed it
    #[arg(value_name = "CODE")]
    pub code: String,
    #[command(flatten)]
    pub package: Package,
    #[command(flatten)]
    pub show: Show,
}
