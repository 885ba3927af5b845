//! Flags become options here; nothing else parses arguments.

/// Runs the command line and returns its exit status: 0 done, 1 the inputs are at fault, 2 usage.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(2)
}
