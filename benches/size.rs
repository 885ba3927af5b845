//! Bytes of text, read-only and initialised data of each kernel, against the conventional build:
//! the same sources, optimisation level and exports, every table row, panic texts kept, no LTO,
//! `--gc-sections` and a version script.

use std::collections::BTreeMap;

use specialize::link::KernelImage;
use specialize::report::{Column, Report, grouped_signed};

use crate::Options;
use crate::programs::{self, EFFORTS, Program};
use crate::table;

/// The builds to compare with, by the titles that reports give them, and their heads here.
const OTHERS: [(&str, &str); 4] = [
    ("full kernel", "full"),
    ("conventional", "conventional"),
    ("with LTO", "with LTO"),
    ("rows, panics", "rows, panics"),
];

/// One effort's kernels, all programs together.
#[derive(Default)]
struct Total {
    conventional: u64,
    this: u64,
    logarithms: f64,
    count: usize,
}

impl Total {
    fn add(&mut self, conventional: &Column, this: &Column) {
        self.conventional += conventional.loaded();
        self.this += this.loaded();
        self.logarithms += (this.loaded() as f64 / conventional.loaded() as f64).ln();
        self.count += 1;
    }

    fn note(&self, effort: &str) -> String {
        let mean = (self.logarithms / self.count.max(1) as f64).exp();
        let change = table::change(self.conventional, self.this);
        format!("{effort}: {change} in all, geometric mean of the ratios {mean:.3}")
    }
}

/// Makes every kernel and prints the tables.
pub fn measure(options: &Options) -> Result<(), String> {
    let mut rows = Vec::new();
    let mut memory = Vec::new();
    let mut causes: Vec<(String, i64)> = Vec::new();
    let mut totals: BTreeMap<&str, Total> = BTreeMap::new();
    for program in programs::all(&options.filter)? {
        // The comparison builds are the same at every effort.
        let report = report(&program)?;
        let titled = |title: &str| report.columns.iter().find(|column| column.title == title);
        let (Some(max), Some(conventional)) = (report.columns.last(), titled("conventional")) else {
            return Err(format!("{}'s report has no conventional build", program.name));
        };
        let others = OTHERS.map(|(title, _)| table::number(titled(title).map_or(0, Column::loaded)));
        let mut row = [&[program.name.to_string()][..], &others].concat();
        let mut zeroed = vec![program.name.to_string()];
        zeroed.extend([table::number(conventional.bss), table::number(conventional.memory)]);
        for effort in EFFORTS {
            let this = if effort == "max" { max.clone() } else { column(&program, effort)? };
            row.push(table::number(this.loaded()));
            row.push(table::change(conventional.loaded(), this.loaded()));
            zeroed.extend([table::number(this.bss), table::number(this.memory)]);
            totals.entry(effort).or_default().add(conventional, &this);
        }
        for cause in &report.causes {
            match causes.iter_mut().find(|(name, _)| *name == cause.name) {
                Some((_, bytes)) => *bytes += cause.bytes,
                None => causes.push((cause.name.clone(), cause.bytes)),
            }
        }
        rows.push(row);
        memory.push(zeroed);
    }
    let notes = EFFORTS.iter().filter_map(|effort| Some(totals.get(effort)?.note(effort)));
    let heads = ["program"].into_iter().chain(OTHERS.map(|(_, head)| head));
    let heads: Vec<&str> = heads.chain(["instant", "", "balanced", "", "max", ""]).collect();
    table::print(
        "Size of text, read-only and initialised data",
        &notes.collect::<Vec<_>>().join("; "),
        &heads,
        &rows,
    );
    let heads = [
        "program",
        "conventional: bss",
        "p_memsz",
        "instant: bss",
        "p_memsz",
        "balanced: bss",
        "p_memsz",
        "max: bss",
        "p_memsz",
    ];
    table::print("Zeroed data, and memory when loaded", "", &heads, &memory);
    let causes: Vec<_> = causes.into_iter().map(|(name, bytes)| vec![name, grouped_signed(-bytes)]).collect();
    let title = "Where the saving at max comes from, all programs together";
    table::print(title, "", &["cause", "bytes"], &causes);
    Ok(())
}

/// The report of a kernel made at `max`, with the comparison builds.
fn report(program: &Program) -> Result<Report, String> {
    let output = programs::scratch()?.join("size.kernel.elf");
    let json = programs::finish(programs::specialize(&program.path, "kvm", "max", &output).arg("--json"))?;
    serde_json::from_slice(&json).map_err(|error| format!("{}'s report: {error}", program.name))
}

/// The figures of a kernel alone.
fn column(program: &Program, effort: &str) -> Result<Column, String> {
    let scratch = programs::scratch()?;
    let (output, symbols) = (scratch.join("size.kernel.elf"), scratch.join("size.symbols"));
    let mut command = programs::specialize(&program.path, "kvm", effort, &output);
    programs::finish(command.arg("--quiet").arg("--symbols").arg(&symbols))?;
    let linked = std::fs::read(&symbols).map_err(|error| format!("{}: {error}", symbols.display()))?;
    Ok(specialize::report::column(&KernelImage::pack(linked).map_err(|error| error.to_string())?))
}
