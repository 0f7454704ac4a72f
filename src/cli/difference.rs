//! `ngxlint trace --diff`: what two configurations answer to the same requests.

use std::path::Path;

use super::arguments::FileOptions;
use super::trace_arguments::{TraceArguments, TraceFormat};
use super::{RunError, Status, configuration, output, progress};
use crate::model::Environment;
use crate::model::following::difference::Comparison;
use crate::report;

/// Runs the command.
pub(super) fn run(arguments: &TraceArguments, environment: Environment) -> Result<Status, RunError> {
    let [old, new] = &arguments.diff[..] else { unreachable!("--diff takes two paths") };
    let (old_files, new_files) = (files_for(old, &arguments.files), files_for(new, &arguments.files));
    let request = &arguments.request;
    configuration::with_model(Some(old), &old_files, environment.clone(), |old, _| {
        configuration::with_model(Some(new), &new_files, environment, |new, _| {
            let compare = || Comparison::new(old, new, &request.hsts, request.max_hops);
            let comparison = progress::during(|| "asking both configurations".to_owned(), compare);
            let file = arguments.output.output.as_deref();
            output::write_to(file, |out| match arguments.output.format {
                TraceFormat::Human => {
                    let style = output::human_style(arguments.output.color, file.is_some());
                    report::write_difference_human(&comparison, style, out)
                }
                TraceFormat::Json => report::write_difference_json(&comparison, out),
            })?;
            Ok(if comparison.differences.is_empty() { Status::Success } else { Status::Found })
        })
    })
}

/// Only one of the two can be what standard input holds.
fn files_for(path: &Path, files: &FileOptions) -> FileOptions {
    let stdin_filename = files.stdin_filename.clone().filter(|_| path.as_os_str() == "-");
    FileOptions { stdin_filename, ..files.clone() }
}
