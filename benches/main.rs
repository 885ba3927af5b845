//! The figures of this project, each a ratio to a baseline that is measured in the same run.
//!
//! `cargo bench --bench figures -- size|time|boot|memory|growth|servers|connections|all`. Tables go to the standard
//! output in Markdown, as README.md shows them.

mod boot;
mod connections;
mod growth;
mod linux;
mod memory;
mod programs;
mod servers;
mod size;
mod table;
mod ticks;
mod time;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Measures, and prints Markdown tables.
#[derive(Parser)]
struct Options {
    /// What to measure
    #[arg(value_enum)]
    figure: Figure,
    /// Only programs whose name contains this; may be given again
    #[arg(long)]
    filter: Vec<String>,
    /// Runs of everything timed; the median is shown
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// `cargo bench` passes this to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// Bytes of each kernel against the conventional build
    Size,
    /// Time of a specialization against a recompilation
    Time,
    /// Instructions from kernel entry to main, against the full kernel and a Linux distribution's
    Boot,
    /// Smallest memory that programs run in
    Memory,
    /// Time and memory of a specialization as the kernel grows
    Growth,
    /// Rates and instructions of servers against a Linux guest's (wants root, or a /dev/net/tun for all)
    Servers,
    /// Instructions of a request beside idle connections, and memory of each of those (wants what `servers` does)
    Connections,
    /// All of them
    All,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let wants = |figure| options.figure == figure || options.figure == Figure::All;
    type Measure = fn(&Options) -> Result<(), String>;
    let figures: [(Figure, Measure); 7] = [
        (Figure::Size, size::measure),
        (Figure::Time, time::measure),
        (Figure::Boot, boot::measure),
        (Figure::Memory, memory::measure),
        (Figure::Growth, growth::measure),
        (Figure::Servers, servers::measure),
        (Figure::Connections, connections::measure),
    ];
    let mut status = ExitCode::SUCCESS;
    for (figure, measure) in figures {
        if wants(figure)
            && let Err(error) = measure(&options)
        {
            eprintln!("error: {error}");
            status = ExitCode::FAILURE;
        }
    }
    status
}
