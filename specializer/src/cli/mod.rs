//! The command line: flags become checked options here, and results become text.
//!
//! Uses everything below it; nothing uses it but `main`.

mod arguments;
mod context;
mod error;
mod explain;
mod imports;
mod kernel;
mod make;
mod manifest;
mod options;
mod output;
mod profiles;
mod run;
mod size;
mod why;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Cli, Command, Kernel};
use error::CliError;

/// Runs the command line and returns its exit status: 0 done, 1 the inputs are at fault, 2 usage;
/// `run` gives the status of the program it ran.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(status) => status,
        Err(CliError::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("{}", error.diagnostic());
            ExitCode::from(error.status())
        }
    }
}

fn dispatch(mut cli: Cli) -> Result<ExitCode, CliError> {
    match &mut cli.command {
        None => manifest::complete(&mut cli.make.target)?,
        Some(Command::Why(arguments)) => manifest::complete(&mut arguments.target)?,
        Some(Command::Size(arguments)) => manifest::complete(&mut arguments.target)?,
        Some(Command::Run(arguments)) => manifest::complete_run(arguments)?,
        _ => {}
    }
    match cli.command {
        None => make::make(&cli.make),
        Some(Command::Imports(arguments)) => imports::imports(&arguments),
        Some(Command::Why(arguments)) => why::why(&arguments),
        Some(Command::Size(arguments)) => size::size(&arguments),
        Some(Command::Diff(arguments)) => size::diff(&arguments),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::Kernel(Kernel::Build(arguments))) => kernel::build(&arguments),
        Some(Command::Kernel(Kernel::Show(arguments))) => kernel::show(&arguments),
        Some(Command::Kernel(Kernel::Check(arguments))) => kernel::check(&arguments),
        Some(Command::Profiles(arguments)) => profiles::profiles(&arguments),
        Some(Command::Explain(arguments)) => explain::explain(&arguments),
    }
}
