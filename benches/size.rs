//! Bytes of text, read-only and initialised data of each kernel, against the conventional build:
//! the same sources, optimisation level and exports, every table row, panic texts kept, no LTO,
//! `--gc-sections` and a version script.

use std::collections::BTreeMap;

use specialize::report::{Column, Report, grouped_signed};

use crate::Options;
use crate::programs::{self, EFFORTS};
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
    causes: Vec<(String, i64)>,
}

impl Total {
    fn add(&mut self, conventional: &Column, this: &Column, report: &Report) {
        self.conventional += conventional.loaded();
        self.this += this.loaded();
        self.logarithms += (this.loaded() as f64 / conventional.loaded() as f64).ln();
        self.count += 1;
        for cause in &report.causes {
            match self.causes.iter_mut().find(|(name, _)| *name == cause.name) {
                Some((_, bytes)) => *bytes += cause.bytes,
                None => self.causes.push((cause.name.clone(), cause.bytes)),
            }
        }
    }

    fn note(&self, effort: &str) -> String {
        let mean = (self.logarithms / self.count.max(1) as f64).exp();
        let change = table::change(self.conventional, self.this);
        format!("{effort}: {change} in all, geometric mean of the ratios {mean:.3}")
    }
}

/// Makes every kernel and prints the tables.
pub fn measure(options: &Options) -> Result<(), String> {
    let output = programs::scratch()?.join("size.kernel.elf");
    let mut rows = Vec::new();
    let mut memory = Vec::new();
    let mut totals: BTreeMap<&str, Total> = BTreeMap::new();
    for program in programs::all(&options.filter)? {
        let mut row = vec![program.name.to_string()];
        let mut zeroed = vec![program.name.to_string()];
        for effort in EFFORTS {
            let json =
                programs::finish(programs::specialize(&program.path, "kvm", effort, &output).arg("--json"))?;
            let report: Report = serde_json::from_slice(&json)
                .map_err(|error| format!("{}'s report: {error}", program.name))?;
            let (Some(this), Some(conventional)) = (report.columns.last(), titled(&report, "conventional"))
            else {
                return Err(format!("{}'s report has no conventional build", program.name));
            };
            if row.len() == 1 {
                let others = OTHERS.map(|(title, _)| titled(&report, title).map_or(0, Column::loaded));
                row.extend(others.map(table::number));
                zeroed.extend([table::number(conventional.bss), table::number(conventional.memory)]);
            }
            row.push(table::number(this.loaded()));
            row.push(table::change(conventional.loaded(), this.loaded()));
            zeroed.extend([table::number(this.bss), table::number(this.memory)]);
            totals.entry(effort).or_default().add(conventional, this, &report);
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
    let mut causes: Vec<Vec<String>> = Vec::new();
    for (at, effort) in EFFORTS.iter().enumerate() {
        for (name, bytes) in totals.get(effort).into_iter().flat_map(|total| &total.causes) {
            let row = match causes.iter_mut().find(|row| row[0] == *name) {
                Some(row) => row,
                None => {
                    causes.push([name.as_str(), "", "", ""].map(str::to_owned).to_vec());
                    let last = causes.len() - 1;
                    &mut causes[last]
                }
            };
            row[at + 1] = grouped_signed(-bytes);
        }
    }
    table::print(
        "Where the saving comes from, all programs together",
        "",
        &["cause", EFFORTS[0], EFFORTS[1], EFFORTS[2]],
        &causes,
    );
    Ok(())
}

fn titled<'a>(report: &'a Report, title: &str) -> Option<&'a Column> {
    report.columns.iter().find(|column| column.title == title)
}
