//! The `portcullis` program: parse arguments, run, turn the result into an exit code.

use std::process::ExitCode;

/// Small allocations dominate a proxied request; mimalloc serves them with less CPU than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::run()
}
