//! The `specialize` command.

/// Most of the time goes to LLVM, which allocates small objects all along: with the feature `override` its
/// `malloc` is this one too. The feature `v2` is faster here than the line that is the default.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    specialize::cli::main()
}
