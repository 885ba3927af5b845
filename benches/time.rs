//! Time of a specialization, package ready and no comparison builds, as the whole process takes it;
//! and what recompiling the kernel with other features takes instead.

use std::path::Path;
use std::process::Command;

use crate::Options;
use crate::programs::{self, EFFORTS};
use crate::table;

/// Times and prints the table.
pub fn measure(options: &Options) -> Result<(), String> {
    let recompilation = recompilation()?;
    let output = programs::scratch()?.join("time.kernel.elf");
    let mut rows = Vec::new();
    for program in programs::all(&options.filter)? {
        let mut row = vec![program.name.to_string()];
        for effort in EFFORTS {
            let mut runs = Vec::new();
            for _ in 0..options.runs.max(1) {
                let mut command = programs::specialize(&program.path, "kvm", effort, &output);
                runs.push(programs::timed(command.arg("--quiet"))?.as_secs_f64() * 1000.0);
            }
            let (median, low, high) = table::median(runs);
            row.push(format!("{median:.0} ({low:.0}–{high:.0})"));
            row.push(format!("1/{:.0}", recompilation * 1000.0 / median.max(0.001)));
        }
        rows.push(row);
    }
    let note = format!(
        "Milliseconds of the whole process, median of {} (lowest–highest). Beside it the ratio to recompiling the \
         kernel's own crates with another set of features, which took {recompilation:.1} s.",
        options.runs
    );
    table::print(
        "Time of a specialization",
        &note,
        &["program", "instant", "", "balanced", "", "max", ""],
        &rows,
    );
    Ok(())
}

/// Seconds that cargo needs when a `cfg` of the kernel's crates changes; their dependencies are built.
fn recompilation() -> Result<f64, String> {
    let target = programs::scratch()?.join("recompilation");
    let kernel = programs::tree().join("kernel");
    build(&kernel, &target)?;
    // A feature that turns one driver off changes the crate that has it and every crate above that.
    // Cargo sees the same when these files are newer than what was made of them.
    for folder in ["hal", "core", "drivers", "fs", "libc", "src"] {
        let file = ["src/lib.rs", "lib.rs"]
            .map(|name| kernel.join(folder).join(name))
            .into_iter()
            .find(|f| f.exists());
        let Some(file) = file else { continue };
        let touched =
            std::fs::File::open(&file).and_then(|file| file.set_modified(std::time::SystemTime::now()));
        touched.map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(build(&kernel, &target)?.as_secs_f64())
}

fn build(kernel: &Path, target: &Path) -> Result<std::time::Duration, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(kernel).args([
        "build",
        "--release",
        "--target",
        "x86_64-unknown-linux-gnu",
        "--target-dir",
    ]);
    cargo.arg(target).args(["--config", "build.rustflags=['--cfg','kernel','-Crelocation-model=static']"]);
    // What cargo tells a bench about itself is not for the build below it.
    cargo.env_remove("CARGO_TARGET_DIR");
    programs::timed(&mut cargo)
}
