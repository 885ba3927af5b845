//! Makes the kernel and the image of a boot, boots it and compares.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use specialize::app::{AppClosure, SearchPaths};
use specialize::boot::{CommandLine, ImagePlan, RootMedium, RunPlan, Source};
use specialize::exports::Catalogue;

use crate::Context;
use crate::build::Program;
use crate::case::{Boot, Case, Comparison};
use crate::host::{ENVIRONMENT, Expected};

/// The kernels that a case has so far, by profile, effort and root.
pub type Kernels = BTreeMap<(&'static str, &'static str, &'static str), Result<PathBuf, String>>;

/// Where the guest's standard input is on the image.
const STDIN: &str = "/.specialize/stdin";

/// Boots once and notes the result.
pub fn boot(
    case: &Case,
    boot: Boot,
    program: &Program,
    expected: &Expected,
    kernels: &mut Kernels,
    context: &Context,
) {
    let name = boot.name(&case.name);
    let plan = plan(case, boot, program, kernels, context);
    match plan.and_then(|plan| judge(case, &plan, expected)) {
        Ok(seconds) => context.passed(&name, seconds),
        Err(why) => context.failed(&name, &why),
    }
}

/// Makes the kernel and the image of a boot.
pub fn plan(
    case: &Case,
    boot: Boot,
    program: &Program,
    kernels: &mut Kernels,
    context: &Context,
) -> Result<RunPlan, String> {
    let root = match boot.root {
        RootMedium::Module => "rofs:module",
        RootMedium::Disk => "rofs:disk",
        RootMedium::Ramfs => "ramfs",
    };
    let kernel = match &context.options.kernel {
        Some(kernel) => kernel.clone(),
        None if case.conformance => {
            let mut whole = context.whole.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            whole
                .entry((boot.profile(), boot.effort, root))
                .or_insert_with(|| specialize(case, boot, root, program, context))
                .clone()?
        }
        None => kernels
            .entry((boot.profile(), boot.effort, root))
            .or_insert_with(|| specialize(case, boot, root, program, context))
            .clone()?,
    };
    let image = image(case, program, &context.directory)?;
    let data = context.directory.join("data");
    let bytes = |path: &Path| path.as_os_str().as_encoded_bytes().to_vec();
    let environment = ENVIRONMENT.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let own = case.env.iter().map(|(name, value)| (name.clone(), value.clone()));
    let command_line = CommandLine {
        environment: environment.chain(own).map(|(name, value)| (name.into(), value.into())).collect(),
        directory: Some(bytes(&data)),
        stdin: Some(STDIN.into()),
        program: bytes(&program.path),
        arguments: case.args.iter().map(|argument| argument.clone().into()).collect(),
        ..CommandLine::default()
    };
    let mut plan = RunPlan::new(kernel, boot.machine, command_line);
    plan.image = Some(image);
    plan.root = boot.root;
    plan.cpus = boot.cpus;
    plan.memory = case.memory << 20;
    plan.accelerator = Some(context.accelerator);
    plan.deadline = Some(Duration::from_secs(case.deadline));
    if context.options.print_command {
        println!("{}", plan.shell_line());
    }
    Ok(plan)
}

/// Boots, and compares with what is expected; gives the seconds it took.
pub fn judge(case: &Case, plan: &RunPlan, expected: &Expected) -> Result<f32, String> {
    let mut output = Vec::new();
    let outcome = specialize::boot::run(plan, &mut output).map_err(|error| error.to_string())?;
    let alike = match case.output {
        Comparison::Equal => output == expected.output,
        Comparison::Begins => output.starts_with(&expected.output),
        Comparison::Noted => {
            output = without_notes(&output);
            output == expected.output
        }
    };
    if !alike {
        return Err(format!("{}\n  {}", difference(&expected.output, &output), outcome.status));
    }
    if outcome.status != expected.status {
        return Err(format!("  {}, expected {}", outcome.status, expected.status));
    }
    if !outcome.powered_off {
        return Err("  the machine did not power itself off".into());
    }
    Ok(outcome.elapsed.as_secs_f32())
}

/// Output without the lines in which the kernel names what `dlsym` did not find.
fn without_notes(output: &[u8]) -> Vec<u8> {
    let lines = output.split_inclusive(|&byte| byte == b'\n');
    lines.filter(|line| !line.starts_with(b"specialize: dlsym found no ")).flatten().copied().collect()
}

/// Runs the specializer as a user does.
fn specialize(
    case: &Case,
    boot: Boot,
    root: &str,
    program: &Program,
    context: &Context,
) -> Result<PathBuf, String> {
    let kernels = context.directory.join("kernels");
    fs::create_dir_all(&kernels).map_err(|error| format!("{}: {error}", kernels.display()))?;
    let name = if case.conformance { "conformance" } else { &case.name };
    let name = format!("{name}-{}-{}-{}.kernel.elf", boot.profile(), boot.effort, root.replace(':', "-"));
    let kernel = kernels.join(name);
    let words = ["--hv", boot.profile(), "--effort", boot.effort, "--root", root];
    let mut command = context.specialize(&words);
    command.arg("--app").arg(&program.path).arg("-o").arg(&kernel);
    if case.conformance {
        command.args(["--exports", "all"]);
    }
    for plugin in &program.plugins {
        command.arg("--also").arg(plugin);
    }
    let made = command.output().map_err(|error| format!("cannot run specialize: {error}"))?;
    if made.status.success() {
        return Ok(kernel);
    }
    Err(format!("specialize {}:\n{}", made.status, String::from_utf8_lossy(&made.stderr)))
}

/// The image of a case: the program at its own path, its closure, the data set, the input.
fn image(case: &Case, program: &Program, directory: &Path) -> Result<PathBuf, String> {
    let path = directory.join("images").join(format!("{}.img", case.name));
    if path.exists()
        && fs::metadata(&path).and_then(|m| m.modified()).ok()
            > fs::metadata(&program.path).and_then(|m| m.modified()).ok()
    {
        return Ok(path);
    }
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let symbols = Path::new(env!("CARGO_MANIFEST_DIR")).join("../symbols");
    let provided = Catalogue::load(&symbols).map_err(|error| text(&error))?.sonames();
    let search = SearchPaths::host(Vec::new());
    let mut closure = AppClosure::load(&program.path, &search, &provided).map_err(|error| text(&error))?;
    for plugin in &program.plugins {
        closure.open_also(plugin, &search, &provided).map_err(|error| text(&error))?;
    }
    let mut plan = ImagePlan::new();
    for object in &closure.objects {
        plan.add_object(&object.path, object.soname.as_deref()).map_err(|error| text(&error))?;
    }
    let data = directory.join("data");
    plan.add_directory(&data, 0o755).map_err(|error| text(&error))?;
    let named = case.args.iter().chain(&case.stdin).filter(|name| !name.is_empty() && !name.starts_with('/'));
    for name in named {
        let file = data.join(name);
        if file.is_file() {
            plan.add_host(&file, &file).map_err(|error| text(&error))?;
        }
    }
    if case.args.iter().any(|argument| argument == "sums.txt") {
        for name in ["small.bin", "words.txt", "table.txt"] {
            plan.add_host(&data.join(name), &data.join(name)).map_err(|error| text(&error))?;
        }
    }
    let stdin = match (&case.stdin, &case.input) {
        (Some(name), _) => Source::Path(data.join(name)),
        (None, Some(text)) => Source::Bytes(text.clone().into_bytes()),
        (None, None) => Source::Bytes(Vec::new()),
    };
    plan.add_file(Path::new(STDIN), stdin, 0o444).map_err(|error| text(&error))?;
    let bytes = plan.to_bytes().map_err(|error| text(&error))?;
    fs::create_dir_all(directory.join("images")).map_err(|error| text(&error))?;
    fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// The first place where two outputs differ, with a few lines around it.
fn difference(expected: &[u8], found: &[u8]) -> String {
    let at = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let line = expected[..at].iter().filter(|&&byte| byte == b'\n').count();
    let excerpt = |bytes: &[u8], mark: char| {
        let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let rest = String::from_utf8_lossy(&bytes[start..bytes.len().min(start + 3000)]).into_owned();
        let lines: Vec<&str> = rest.split('\n').take(12).collect();
        lines.iter().map(|line| format!("  {mark} {}\n", line.escape_debug())).collect::<String>()
    };
    let sizes = format!("{} bytes expected, {} found", expected.len(), found.len());
    format!(
        "  differs from line {} on ({sizes})\n{}{}",
        line + 1,
        excerpt(expected, '-'),
        excerpt(found, '+').trim_end()
    )
}
