//! The `ngxlint` program: parses arguments, calls the library, sets the exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    ngxlint::cli::run().into()
}
