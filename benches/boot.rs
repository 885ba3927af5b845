//! Ticks of the time-stamp counter from kernel entry to the program's `main`, under
//! `-icount shift=0`: one tick an instruction, one CPU, root in a boot module, no disk, no network.
//! That count is the same in every run. Beside it Debian's cloud kernel with the program as its init.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use specialize::app::{AppClosure, SearchPaths};
use specialize::boot::{Accelerator, CommandLine, ImagePlan, Machine, RunPlan};
use specialize::exports::Catalogue;

use crate::Options;
use crate::linux::{self, Archive, Linux};
use crate::programs::{self, EFFORTS};
use crate::{table, ticks};

/// Boots every kernel and prints the table.
pub fn measure(_: &Options) -> Result<(), String> {
    let program = programs::compile("ticks.c")?;
    let scratch = programs::scratch()?;
    let image = image(&program, &scratch.join("ticks.img"))?;
    let mut rows = Vec::new();
    let mut reference = None;
    for (profile, machine) in [("kvm", Machine::Q35), ("kvm", Machine::Pc), ("microvm", Machine::Microvm)] {
        let mut kernels: Vec<(String, Vec<&str>)> = vec![(
            format!("{machine}: every row and export"),
            vec!["--hv", "all", "--exports", "all", "--effort", "instant"],
        )];
        for effort in EFFORTS {
            kernels.push((format!("{machine}: {effort}"), vec!["--hv", profile, "--effort", effort]));
        }
        for (name, flags) in kernels {
            let kernel = scratch.join("ticks.kernel.elf");
            let mut command = Command::new(env!("CARGO_BIN_EXE_specialize"));
            programs::finish(
                command
                    .arg("--app")
                    .arg(&program)
                    .args(flags)
                    .args(["--root", "rofs:module", "--quiet", "-o"])
                    .arg(&kernel),
            )?;
            let counted = boot(&kernel, &image, &program, machine)?;
            rows.push(vec![name, table::number(counted)]);
            if machine == Machine::Q35 {
                reference = Some(counted);
            }
        }
    }
    match linux(&scratch) {
        Ok(counted) => {
            rows.push(vec!["Debian cloud kernel, to its init (q35)".into(), table::number(counted)]);
            if let Some(reference) = reference {
                rows.push(vec!["ratio of q35 max to it".into(), format!("1/{}", counted / reference.max(1))]);
            }
        }
        Err(error) => eprintln!("note: no figure for Debian's cloud kernel: {error}"),
    }
    table::print("Boot: ticks from kernel entry to main", "", &["kernel", "ticks"], &rows);
    Ok(())
}

/// An image with the program and its closure.
pub fn image(program: &Path, output: &Path) -> Result<PathBuf, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let provided =
        Catalogue::load(&programs::tree().join("symbols")).map_err(|error| text(&error))?.sonames();
    let closure =
        AppClosure::load(program, &SearchPaths::host(Vec::new()), &provided).map_err(|error| text(&error))?;
    let mut plan = ImagePlan::new();
    for object in &closure.objects {
        plan.add_object(&object.path, object.soname.as_deref()).map_err(|error| text(&error))?;
    }
    std::fs::write(output, plan.to_bytes().map_err(|error| text(&error))?).map_err(|error| text(&error))?;
    Ok(output.to_path_buf())
}

/// Boots an instrumented copy of the kernel; ticks between its entry and main.
fn boot(kernel: &Path, image: &Path, program: &Path, machine: Machine) -> Result<u64, String> {
    let bytes = std::fs::read(kernel).map_err(|error| format!("{}: {error}", kernel.display()))?;
    let counted = kernel.with_extension("counted");
    std::fs::write(&counted, ticks::instrument(&bytes)?).map_err(|error| error.to_string())?;
    let command_line =
        CommandLine { program: program.as_os_str().as_encoded_bytes().to_vec(), ..CommandLine::default() };
    let mut plan = RunPlan::new(counted, machine, command_line);
    plan.image = Some(image.to_path_buf());
    plan.accelerator = Some(Accelerator::Tcg);
    plan.deadline = Some(Duration::from_secs(120));
    plan.extra = ["-icount", "shift=0,sleep=off"].map(OsString::from).to_vec();
    let mut console = Vec::new();
    specialize::boot::run(&plan, &mut console).map_err(|error| error.to_string())?;
    difference(&console)
}

fn difference(console: &[u8]) -> Result<u64, String> {
    let entry = ticks::at_entry(console).ok_or("the kernel's entry was not counted")?;
    Ok(in_main(console)?.saturating_sub(entry))
}

fn in_main(console: &[u8]) -> Result<u64, String> {
    // What is counted at the kernel's entry stands before it on the same line.
    let text = String::from_utf8_lossy(console);
    let (_, told) = text.rsplit_once("main:").ok_or_else(|| format!("main told no ticks:\n{text}"))?;
    let digits = told.lines().next().unwrap_or_default();
    digits.parse().map_err(|_| format!("main told '{digits}'"))
}

/// Debian's cloud kernel with the program in an initramfs. Its bzImage has an entry of its own, so the
/// count is from the machine's reset; the firmware's part is below one percent of it.
fn linux(scratch: &Path) -> Result<u64, String> {
    let linux = Linux::fetch()?;
    let archive = scratch.join("initramfs.cpio");
    let bytes = Archive::new(&linux::compile_init("init.c")?).finish();
    std::fs::write(&archive, bytes).map_err(|error| error.to_string())?;
    let mut qemu = Command::new(specialize::boot::run::QEMU);
    qemu.args(["-M", "q35,usb=off,vmport=off", "-accel", "tcg", "-icount", "shift=0,sleep=off"]);
    qemu.args(["-cpu", "max", "-smp", "1", "-m", "256", "-nodefaults", "-no-user-config", "-no-reboot"]);
    qemu.args(["-display", "none", "-serial", "stdio", "-append", "console=ttyS0 quiet panic=-1", "-kernel"]);
    let console = programs::finish(qemu.arg(&linux.kernel).arg("-initrd").arg(&archive))?;
    in_main(&console)
}
