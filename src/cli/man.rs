//! `ngxlint man`: the manual pages.

use clap::CommandFactory;

use super::arguments::{Arguments, ManArguments};
use super::{RunError, Status};

/// Runs the command.
pub(super) fn run(arguments: &ManArguments) -> Result<Status, RunError> {
    let failed =
        |source| RunError::Output { place: format!("manual pages to {}", arguments.directory.display()), source };
    clap_mangen::generate_to(Arguments::command(), &arguments.directory).map_err(failed)?;
    Ok(Status::Success)
}
