//! Time and memory of a specialization as the kernel grows: the same kernel with generated code that
//! nothing of it calls, to 4 and 16 times its size.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use specialize::package::{KernelPackage, SymbolKind};

use crate::Options;
use crate::programs::{self, EFFORTS};
use crate::table;

/// Functions in one generated module.
const FUNCTIONS: usize = 200;
/// About how many bytes of code one generated function comes to.
const BYTES_A_FUNCTION: u64 = 300;

/// Builds the packages, specializes hello with each and prints the table.
pub fn measure(options: &Options) -> Result<(), String> {
    let hello = programs::compile("hello.c")?;
    let scratch = programs::scratch()?;
    let mut rows = Vec::new();
    let mut first: Option<Vec<f64>> = None;
    for factor in [1, 4, 16] {
        let source = scratch.join(format!("growth-{factor}/kernel"));
        grown(&source, factor)?;
        let package = scratch.join(format!("package-{factor}"));
        let mut build = Command::new(env!("CARGO_BIN_EXE_specialize"));
        build.args(["kernel", "build", "--quiet", "--source"]).arg(&source).arg("-o").arg(&package);
        let built = programs::timed(&mut build)?.as_secs_f64();
        let opened = KernelPackage::open(&package).map_err(|error| error.to_string())?;
        let bytes = opened.index.sizes().get(&SymbolKind::Function).copied().unwrap_or_default();
        let mut row = vec![format!("{factor} ×"), table::number(bytes), format!("{built:.0}")];
        let mut medians = Vec::new();
        for effort in EFFORTS {
            let mut times = Vec::new();
            let mut peak = 0;
            for _ in 0..options.runs.max(1) {
                let mut command =
                    programs::specialize(&hello, "kvm", effort, &scratch.join("growth.kernel.elf"));
                let (seconds, memory) = with_peak(command.arg("--quiet").arg("--kernel").arg(&package))?;
                times.push(seconds * 1000.0);
                peak = peak.max(memory);
            }
            let (median, ..) = table::median(times);
            let ratio = first.as_ref().map_or(1.0, |first| median / first[medians.len()]);
            row.push(format!("{median:.0} ({ratio:.1} ×), {} MB", peak >> 20));
            medians.push(median);
        }
        first.get_or_insert(medians);
        // The largest kernel takes long, so what is known is told.
        eprintln!("{}", row.join(" | "));
        rows.push(row);
    }
    let note = "Milliseconds of processor time to specialize hello (the linker's too), the ratio to the first line, and \
         the peak of resident memory.";
    let heads = ["kernel", "bytes of code", "package, s", "instant", "balanced", "max"];
    table::print("Growth", note, &heads, &rows);
    Ok(())
}

/// A copy of the kernel's sources with a module of generated code that makes it `factor` times as large.
fn grown(target: &Path, factor: u64) -> Result<(), String> {
    let kernel = programs::tree().join("kernel");
    let _ = fs::remove_dir_all(target);
    fs::create_dir_all(target).map_err(|error| error.to_string())?;
    programs::finish(Command::new("cp").arg("-r").args(sources(&kernel)?).arg(target))?;
    let symbols = [programs::tree().join("symbols"), target.with_file_name("symbols")];
    programs::finish(Command::new("cp").args(["-r", "-T"]).args(symbols))?;
    let rules = target.join("kernel.toml");
    let text = fs::read_to_string(&rules).map_err(|error| error.to_string())?;
    let text = text.replacen("[build]\n", "[build]\nwithout-comparisons = true\n", 1);
    fs::write(&rules, text).map_err(|error| error.to_string())?;
    let text = programs::finish(Command::new("du").args(["-sb", "--exclude=target"]).arg(&kernel))?;
    let size: u64 =
        String::from_utf8_lossy(&text).split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0);
    // A byte of Rust source comes to about a third of a byte of code in this kernel.
    let wanted = size / 3 * (factor - 1);
    let modules = (wanted / BYTES_A_FUNCTION / FUNCTIONS as u64) as usize;
    let mut library = fs::read_to_string(target.join("src/lib.rs")).map_err(|error| error.to_string())?;
    let folder = target.join("src/bulk");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut list = String::from("//! Generated code that nothing calls.\n");
    for module in 0..modules {
        let _ = writeln!(list, "mod m{module};");
        fs::write(folder.join(format!("m{module}.rs")), generated(module))
            .map_err(|error| error.to_string())?;
    }
    fs::write(folder.join("mod.rs"), list).map_err(|error| error.to_string())?;
    library.push_str("\n#[allow(missing_docs)]\nmod bulk;\n");
    fs::write(target.join("src/lib.rs"), library).map_err(|error| error.to_string())?;
    Ok(())
}

fn sources(kernel: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(kernel).map_err(|error| error.to_string())?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| !path.ends_with("target")).collect())
}

/// A module of functions that call each other and differ from one another.
fn generated(module: usize) -> String {
    let mut text = String::from("//! Generated.\n");
    for at in 0..FUNCTIONS {
        let seed = (module * FUNCTIONS + at).wrapping_mul(2_654_435_761) & 0xffff_ffff;
        let _ = write!(
            text,
            "#[unsafe(no_mangle)]\npub extern \"C\" fn bulk_{module}_{at}(input: *const u8, length: usize) -> u64 {{\n    \
             let mut state = {seed}u64;\n    for index in 0..length {{\n        \
             // SAFETY: generated code that is never called.\n        let byte = unsafe {{ *input.add(index) }};\n        \
             state = match byte {{\n"
        );
        for arm in 0..10 {
            let (low, constant) = (arm * 25, seed.rotate_left(arm as u32 * 3) | 1);
            let _ = writeln!(
                text,
                "            {low}..={high} => state.rotate_left({turn}).wrapping_mul({constant}) ^ u64::from(byte),",
                high = low + 24,
                turn = (seed as u32 + arm as u32) % 63 + 1
            );
        }
        let next = if at + 1 < FUNCTIONS {
            format!("bulk_{module}_{}(input, length / 2)", at + 1)
        } else {
            "7".into()
        };
        let _ = writeln!(text, "            _ => state ^ {next},\n        }};\n    }}\n    state\n}}");
    }
    text
}

/// Seconds of processor time that a command takes with what it waits for, and the peak of its resident
/// memory in bytes.
fn with_peak(command: &mut Command) -> Result<(f64, u64), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.process_group(0).spawn().map_err(|error| format!("{program}: {error}"))?;
    let (mut status, mut usage) = (0, std::mem::MaybeUninit::<libc::rusage>::zeroed());
    // SAFETY: the child is ours and waited for here only; the pointers are to live variables.
    let waited = unsafe { libc::wait4(child.id() as libc::pid_t, &raw mut status, 0, usage.as_mut_ptr()) };
    if waited < 0 || status != 0 {
        return Err(format!("{program} failed"));
    }
    // SAFETY: wait4 has filled it, and all zeros would be valid too.
    let usage = unsafe { usage.assume_init() };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok((seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss as u64 * 1024))
}
