//! Bytes of text, read-only and initialised data of each kernel, against the conventional build:
//! the same sources, optimisation level and exports, every table row, panic texts kept, no LTO,
//! `--gc-sections` and a version script.

use std::collections::BTreeMap;

use specialize::report::{Column, Report};

use crate::Options;
use crate::programs::{self, EFFORTS};
use crate::table;

/// Makes every kernel and prints the tables.
pub fn measure(options: &Options) -> Result<(), String> {
    let output = programs::scratch()?.join("size.kernel.elf");
    let mut rows = Vec::new();
    let mut others: BTreeMap<String, Vec<(String, u64, u64)>> = BTreeMap::new();
    let mut causes: BTreeMap<(&str, String), i64> = BTreeMap::new();
    let mut saved: BTreeMap<&str, (u64, u64, f64, usize)> = BTreeMap::new();
    for program in programs::all(&options.filter)? {
        let mut row = vec![program.name.to_string()];
        let mut memory = String::new();
        for effort in EFFORTS {
            let json =
                programs::finish(programs::specialize(&program.path, "kvm", effort, &output).arg("--json"))?;
            let report: Report = serde_json::from_slice(&json)
                .map_err(|error| format!("{}'s report: {error}", program.name))?;
            let Some(this) = report.columns.last() else { continue };
            let Some(baseline) = baseline(&report) else {
                return Err(format!("{}'s report has no conventional build", program.name));
            };
            if row.len() == 1 {
                row.push(table::number(baseline.loaded()));
            }
            row.push(table::number(this.loaded()));
            row.push(table::change(baseline.loaded(), this.loaded()));
            memory = table::number(this.memory);
            let total = saved.entry(effort).or_default();
            total.0 += baseline.loaded();
            total.1 += this.loaded();
            total.2 += (this.loaded() as f64 / baseline.loaded() as f64).ln();
            total.3 += 1;
            for cause in &report.causes {
                *causes.entry((effort, cause.name.clone())).or_default() += cause.bytes;
            }
            if effort == "max" {
                for column in &report.columns[..report.columns.len() - 1] {
                    let cell = (program.name.to_string(), column.loaded(), baseline.loaded());
                    others.entry(column.title.clone()).or_default().push(cell);
                }
            }
        }
        row.push(memory);
        rows.push(row);
    }
    let mean = |(before, after, logarithms, count): &(u64, u64, f64, usize)| {
        let mean = (logarithms / *count as f64).exp();
        format!("{}; geometric mean of the ratios {mean:.3}", table::change(*before, *after))
    };
    let note = saved.iter().map(|(effort, total)| format!("{effort}: all together {}", mean(total)));
    table::print(
        "Size of text, read-only and initialised data",
        &note.collect::<Vec<_>>().join(".\n"),
        &["program", "conventional", "instant", "", "balanced", "", "max", "", "p_memsz (max)"],
        &rows,
    );
    let mut comparison = Vec::new();
    for (title, cells) in &others {
        let (bytes, baseline) = cells.iter().fold((0, 0), |sum, cell| (sum.0 + cell.1, sum.1 + cell.2));
        comparison.push(vec![title.clone(), table::number(bytes), table::change(baseline, bytes)]);
    }
    table::print(
        "The other builds, all programs together",
        "",
        &["build", "bytes", "to conventional"],
        &comparison,
    );
    let causes: Vec<Vec<String>> = causes
        .iter()
        .map(|((effort, name), bytes)| {
            vec![format!("{effort}: {name}"), specialize::report::grouped_signed(*bytes)]
        })
        .collect();
    table::print("What the saving is due to, all programs together", "", &["cause", "bytes saved"], &causes);
    Ok(())
}

/// The conventional build's column.
fn baseline(report: &Report) -> Option<&Column> {
    report.columns.iter().find(|column| column.title.starts_with("conventional"))
}
