//! The `specialize` command.

fn main() -> std::process::ExitCode {
    specialize::cli::main()
}
