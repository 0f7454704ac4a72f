//! `ngxlint trace --diff`: what two configurations answer to the same requests.

use super::settings::Run;
use super::trace_arguments::{TraceArguments, TraceFormat};
use super::{RunError, Status, configuration, output, progress};
use crate::model::Environment;
use crate::model::following::difference::Comparison;
use crate::report::{self, Secrets};

/// Runs the command.
pub(super) fn run(arguments: &TraceArguments, old: Run, new: &Run) -> Result<Status, RunError> {
    // Both are asked about in the same world, that of the new one.
    let prefix = old.environment.prefix.clone();
    let old = &Run { environment: Environment { prefix, ..new.environment.clone() }, ..old };
    let request = &arguments.request;
    configuration::with_model(old, "", |old, _| {
        configuration::with_model(new, "", |new, _| {
            let compare = || Comparison::new(old, new, &request.hsts, request.max_hops);
            let comparison = progress::during(|| "asking both configurations".to_owned(), compare);
            let file = arguments.output.output.as_deref();
            output::refuse_read(file, output::paths_of(old.config.sources()))?;
            let old_secrets = Secrets::of(old.config.sources());
            output::write_report(new.config.sources(), file, |out| {
                old_secrets.cover(out, |out| match arguments.output.format {
                    TraceFormat::Human => {
                        let style = output::human_style(arguments.output.color, file);
                        report::write_difference_human(&comparison, style, out)
                    }
                    TraceFormat::Json => report::write_difference_json(&comparison, out),
                })
            })?;
            Ok(if comparison.differences.is_empty() { Status::Success } else { Status::Found })
        })
    })
}
