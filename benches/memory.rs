//! The smallest memory in which a program still does its work, found by bisection.

use std::path::Path;
use std::time::Duration;

use specialize::boot::{Accelerator, CommandLine, Machine, RunPlan};

use crate::Options;
use crate::programs::{self, Program};
use crate::table;

/// Steps of the bisection, in bytes: what QEMU's `-m` can tell apart on every machine.
const STEP: u64 = 128 << 10;

/// Bisects for hello and sqlite3.
pub fn measure(_: &Options) -> Result<(), String> {
    let scratch = programs::scratch()?;
    let hello = Program { name: "hello", path: programs::compile("hello.c")? };
    let sqlite = Program { name: "sqlite3", path: "/usr/bin/sqlite3".into() };
    let mut rows = Vec::new();
    for (program, arguments, expected) in
        [(&hello, &[][..], "Hello, world!\n"), (&sqlite, &[":memory:", "select 6 * 7"][..], "42\n")]
    {
        for (profile, machine) in [("microvm", Machine::Microvm), ("kvm", Machine::Q35)] {
            let kernel = scratch.join("memory.kernel.elf");
            let mut make = programs::specialize(&program.path, profile, "max", &kernel);
            programs::finish(make.args(["--root", "rofs:module", "--quiet"]))?;
            let image = crate::boot::image(&program.path, &scratch.join("memory.img"))?;
            let runs = |memory: u64| runs(&kernel, &image, program, arguments, expected, machine, memory);
            let (mut low, mut high) = (0, (128 << 20) / STEP);
            if !runs(high * STEP) {
                return Err(format!("{} does not run in 128 MB on {machine}", program.name));
            }
            while high - low > 1 {
                let middle = low.midpoint(high);
                if runs(middle * STEP) { high = middle } else { low = middle }
            }
            let own = std::fs::metadata(&image).map_or(0, |metadata| metadata.len());
            let megabytes = |bytes: u64| format!("{:.2}", bytes as f64 / f64::from(1 << 20));
            rows.push(vec![format!("{} on {machine}", program.name), megabytes(high * STEP), megabytes(own)]);
        }
    }
    let note =
        "The image, which holds the program and its libraries, is in that memory too, as a boot module.";
    table::print("Smallest memory, in MB", note, &["program", "memory", "of it the image"], &rows);
    Ok(())
}

fn runs(
    kernel: &Path,
    image: &Path,
    program: &Program,
    arguments: &[&str],
    expected: &str,
    machine: Machine,
    memory: u64,
) -> bool {
    let command_line = CommandLine {
        program: program.path.as_os_str().as_encoded_bytes().to_vec(),
        arguments: arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect(),
        ..CommandLine::default()
    };
    let mut plan = RunPlan::new(kernel.to_path_buf(), machine, command_line);
    plan.image = Some(image.to_path_buf());
    plan.accelerator = Some(Accelerator::Tcg);
    plan.memory = memory;
    plan.deadline = Some(Duration::from_secs(20));
    let mut console = Vec::new();
    let outcome = specialize::boot::run(&plan, &mut console);
    outcome.is_ok_and(|outcome| outcome.status.code() == 0) && console == expected.as_bytes()
}
