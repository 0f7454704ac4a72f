//! `ngxlint check`: PATHs to findings, to reports.

use std::path::{Path, PathBuf};

use super::check_arguments::{CheckArguments, OutputOptions};
use super::fix::{Offer, mend};
use super::formats::{Destination, Format, destinations};
use super::input::Changes;
use super::lint::{Lint, Linted, Linting, Places};
use super::readers::{self, OtherReaders};
use super::settings::{Given, Run};
use super::{RunError, Status, add_ignore, baseline, complain, output, repository, show_settings, with_causes};
use crate::nginx::NginxVersion;
use crate::report::{self, Report, Repository, Secrets};
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
    let destinations = destinations(&arguments.output.formats, arguments.output.output.as_deref())?;
    let outputs = || destinations.iter().map(|place| place.file.as_deref()).chain([arguments.output.output.as_deref()]);
    outputs().try_for_each(|output| output::refuse_read(output, named(arguments, &runs)))?;
    if arguments.show_settings {
        return show_settings::run(given, &runs, arguments.output.output.as_deref());
    }
    let is_to_change = arguments.fixes.mode().is_some() || arguments.known.add_ignore.is_some();
    if is_to_change && arguments.reads_stdin() {
        return Err(RunError::FixOfStdin);
    }
    let lint = Lint { runs: &runs, output: arguments.output.output.as_deref() };
    let sources = Sources::default();
    let linted = match lint.run(&sources)? {
        Linting::FilesShown(status) => return Ok(status),
        Linting::Done(linted) => *linted,
    };
    outputs().try_for_each(|output| output::refuse_read(output, output::paths_of(&sources)))?;
    if !arguments.output.quiet {
        linted.notes(&runs).iter().for_each(|note| complain("note", note));
    }
    let teller = Teller { arguments, version: version_of(&runs), repository: repository::around(&runs)? };
    let (report, places) = teller.report(linted, &sources, true)?;
    if let Some(reason) = &arguments.known.add_ignore {
        return add_ignore::run(&sources, &report, &places, reason);
    }
    let Some(mode) = arguments.fixes.mode() else {
        write(arguments, &destinations, &report)?;
        return Ok(status(arguments, &report));
    };
    let has_fixes = report.findings().iter().any(|finding| finding.fix.as_ref().is_some_and(|fix| mode.takes(fix)));
    let others = if has_fixes { readers::find(&runs, &places)? } else { OtherReaders::new() };
    let mut mended = mend(Offer::new(&sources, &report, &places, &others, mode), |changes| {
        let sources = Sources::default();
        let (report, places) = teller.report(lint.again(changes, &sources)?, &sources, false)?;
        Ok(Offer::new(&sources, &report, &places, &others, mode))
    })?;
    if !arguments.output.quiet {
        mended.notes().for_each(|note| complain("note", &note));
    }
    if arguments.fixes.diff {
        let secrets = Secrets::of(&sources);
        for path in mended.showing(&teller.repository, &secrets) {
            complain("note", &format!("no diff of {}: a private key stands beside its changes", path.display()));
        }
        output::write_to(lint.output, |out| mended.write_diff(&teller.repository, &secrets, out))?;
        return Ok(status(arguments, &report));
    }
    let failures = mended.write();
    for (path, error) in &failures {
        complain("error", &format!("cannot change {}: {}", path.display(), with_causes(error)));
    }
    if let Some(summary) = mended.summary().filter(|_| !arguments.output.quiet) {
        complain("note", &format!("made {summary}"));
    }
    // What the files hold now, whatever was meant to be in them.
    let sources = Sources::default();
    let (report, _) = teller.report(lint.again(&Changes::new(), &sources)?, &sources, false)?;
    write(arguments, &destinations, &report)?;
    Ok(if failures.is_empty() { status(arguments, &report) } else { Status::Failed })
}

/// The files that the command line and the environment name to be read.
fn named<'a>(arguments: &'a CheckArguments, runs: &'a [Run]) -> impl Iterator<Item = &'a Path> {
    let paths = runs.iter().flat_map(|run| &run.paths).chain(&arguments.known.baseline);
    let paths = paths.chain(arguments.files.replacements.iter().map(|pair| &pair.to));
    let settings = runs.iter().filter_map(|run| run.file.as_ref()).map(|file| &file.path);
    paths.chain(settings).map(PathBuf::as_path)
}

/// What makes reports of what was found.
struct Teller<'a> {
    arguments: &'a CheckArguments,
    version: NginxVersion,
    repository: Repository,
}

impl Teller<'_> {
    /// The report without what the baseline knows. What is to be said of the baseline is said once.
    fn report<'s>(
        &self,
        linted: Linted,
        sources: &'s Sources,
        wants_notes: bool,
    ) -> Result<(Report<'s>, Places), RunError> {
        let silent = linted.silent();
        let (report, places) = linted.into_report(sources, self.version);
        let shows_suppressed = self.arguments.output.show_suppressed;
        let mut report = report.within(self.repository.clone()).showing_suppressed(shows_suppressed);
        let files = places.keys().copied().collect();
        baseline::apply(&self.arguments.known, &mut report, &self.repository, &files, &silent, wants_notes)?;
        Ok((report, places))
    }
}

/// What the findings make of the run.
fn status(arguments: &CheckArguments, report: &Report<'_>) -> Status {
    let threshold = arguments.output.fail_on.threshold();
    let fails = |finding: &Finding| threshold.is_some_and(|threshold| finding.severity >= threshold);
    match (report.has_failed(), report.findings().iter().any(fails)) {
        (true, _) => Status::Failed,
        (false, true) => Status::Found,
        (false, false) => Status::Success,
    }
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
    output::write_report(report.sources(), file, |out| match place.format {
        Format::Human if options.statistics => report::write_statistics(report, out),
        Format::Human => {
            let style = output::human_style(options.color, file);
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
        (Format::Github, Some(summary)) => output::append_to(&summary, |out| {
            Secrets::of(report.sources()).cover(out, |out| report::write_github_summary(report, out))
        }),
        _ => Ok(()),
    }
}
