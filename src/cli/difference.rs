//! `ngxlint trace --diff`: what two configurations answer to the same requests.

use super::trace_arguments::TraceArguments;
use super::{RunError, Status};
use crate::model::Environment;

/// Runs the command.
pub(super) fn run(_arguments: &TraceArguments, _environment: Environment) -> Result<Status, RunError> {
    Ok(Status::Failed)
}
