//! `ngxlint completions`: the words of the command line for a shell.

use clap::CommandFactory;

use super::arguments::{Arguments, CompletionsArguments};
use super::{RunError, Status, output};

/// Runs the command.
pub(super) fn run(arguments: &CompletionsArguments) -> Result<Status, RunError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), env!("CARGO_PKG_NAME"), &mut script);
    output::write_to(None, |out| out.write_all(&script))?;
    Ok(Status::Success)
}
