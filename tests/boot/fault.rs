//! Programs that break: the console says what happened, `specialize run` where, and the status is as if a
//! signal had ended the program.

use std::time::Instant;

use specialize::boot::{Machine, RootMedium};

use crate::build::{self, Program};
use crate::case::{Boot, Case};
use crate::{Context, Options};

/// A fault by its name in `faults.c`, what the console says of it, the functions that lead to it, and the exit
/// status: 128 and the number of SIGSEGV or SIGBUS.
const FAULTS: [(&str, &str, [&str; 2], i32); 4] = [
    ("null-call", "executing 0x0 (null pointer)", ["calls_nothing+", "main+"], 139),
    ("stack-overflow", "(stack overflow)", ["#0 0x", "goes_deep+"], 139),
    ("read-only", "(read-only memory)", ["writes_what_is_fixed+", "main+"], 139),
    ("no-memory", "(out of memory)", ["uses_more_than_there_is+", "main+"], 135),
];

/// The boots that the options ask for, by name.
pub fn boots(options: &Options) -> Vec<(usize, Boot)> {
    let root = RootMedium::Module;
    let machines = [(Machine::Q35, 2, "balanced"), (Machine::Microvm, 1, "instant")];
    let all = (0..FAULTS.len()).flat_map(|fault| {
        machines.map(|(machine, cpus, effort)| (fault, Boot { machine, cpus, effort, root }))
    });
    all.filter(|(fault, boot)| options.wants(&name(*fault, *boot), boot.machine)).collect()
}

/// What `--filter` looks at.
pub fn name(fault: usize, boot: Boot) -> String {
    boot.name(&format!("faults-{}", FAULTS[fault].0))
}

/// Boots all that are asked for.
pub fn all_faults(context: &Context) {
    let boots = boots(&context.options);
    if boots.is_empty() {
        return;
    }
    // Names of functions are what is looked for, so they have to be there.
    let flags = ["-O1", "-rdynamic"].map(String::from).to_vec();
    let case = Case { name: "faults".into(), source: Some("faults.c".into()), flags, ..Case::default() };
    let program = build::program(&case, &context.directory);
    for (fault, boot) in boots {
        let started = Instant::now();
        let result =
            program.as_ref().map_err(Clone::clone).and_then(|program| one(fault, boot, program, context));
        match result {
            Ok(()) => context.passed(&name(fault, boot), started.elapsed().as_secs_f32()),
            Err(why) => context.failed(&name(fault, boot), &why),
        }
    }
}

fn one(fault: usize, boot: Boot, program: &Program, context: &Context) -> Result<(), String> {
    let (argument, said, functions, status) = FAULTS[fault];
    let mut command = context.specialize_run(&program.path, boot);
    let output = command.args(["--deadline", "120", "--", argument]).output();
    let output = output.map_err(|error| format!("cannot run specialize: {error}"))?;
    let console = String::from_utf8_lossy(&output.stdout);
    let names = String::from_utf8_lossy(&output.stderr);
    let begun = console.starts_with(&format!("about to fault: {argument}\n\nfatal: page fault: "));
    let named = functions.iter().all(|function| names.contains(function));
    if begun && console.contains(said) && named && output.status.code() == Some(status) {
        return Ok(());
    }
    Err(format!("  {}\n  its console:\n{console}\n  specialize:\n{names}", output.status))
}
