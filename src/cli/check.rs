//! `ngxlint check`: PATHs to findings, to reports.

use super::arguments::{CheckArguments, OutputOptions};
use super::formats::{Destination, Format};
use super::lint::{Outcome, lint};
use super::settings::{Given, Run};
use super::{RunError, Status, complain, output, repository, show_settings};
use crate::nginx::NginxVersion;
use crate::report::{self, Report};
use crate::rules::Finding;
use crate::source::Sources;

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments) -> Result<Status, RunError> {
    let given = Given {
        settings: &arguments.settings,
        files: &arguments.files,
        environment: &arguments.environment,
        rules: Some(&arguments.rules),
    };
    let runs = given.runs(&arguments.paths)?;
    if arguments.show_settings {
        return show_settings::run(given, &runs, arguments.output.output.as_deref());
    }
    let sources = Sources::default();
    let destinations = arguments.output.destinations()?;
    let file = arguments.output.output.as_deref();
    let linted = match lint(&runs, file, &sources)? {
        Outcome::FilesShown(status) => return Ok(status),
        Outcome::Linted(linted) => linted,
    };
    let report = linted.into_report(&sources, version_of(&runs)).within(repository::around_working_directory());
    write(arguments, &destinations, &report)?;
    let threshold = arguments.output.fail_on.threshold();
    let fails = |finding: &Finding| threshold.is_some_and(|threshold| finding.severity >= threshold);
    Ok(match (report.has_failed(), report.findings().iter().any(fails)) {
        (true, _) => Status::Failed,
        (false, true) => Status::Found,
        (false, false) => Status::Success,
    })
}

/// The nginx that a report names: that of the first PATH.
pub(super) fn version_of(runs: &[Run]) -> NginxVersion {
    runs.first().map(|run| run.environment.version).unwrap_or_default()
}

/// Writes every report that was asked for.
fn write(arguments: &CheckArguments, destinations: &[Destination], report: &Report<'_>) -> Result<(), RunError> {
    let nothing = report.checked().files == 0;
    if nothing && !report.has_failed() && destinations.iter().all(|place| place.format != Format::Human) {
        complain("note", "nothing to lint: no nginx configuration was found");
    }
    destinations.iter().try_for_each(|place| write_one(&arguments.output, place, report))
}

fn write_one(options: &OutputOptions, place: &Destination, report: &Report<'_>) -> Result<(), RunError> {
    let file = place.file.as_deref();
    output::write_to(file, |out| match place.format {
        Format::Human if options.statistics => report::write_statistics(report, out),
        Format::Human => {
            let style = output::human_style(options.color, file.is_some());
            report::write_human(report, style, options.quiet, out)
        }
        Format::Short => report::write_short(report, out),
        Format::Json => report::write_json(report, out),
        Format::Sarif => report::write_sarif(report, out),
        Format::Github => report::write_github(report, out),
        Format::Gitlab => report::write_gitlab(report, out),
        Format::Junit => report::write_junit(report, options.fail_on.threshold(), out),
        Format::Checkstyle => report::write_checkstyle(report, out),
    })?;
    match (place.format, output::step_summary()) {
        (Format::Github, Some(summary)) => output::append_to(&summary, |out| report::write_github_summary(report, out)),
        _ => Ok(()),
    }
}
