//! `ngxlint check`: PATHs to configurations, to models, to findings, to a report.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::arguments::{CheckArguments, EnvironmentOptions, FileOptions, Format};
use super::input::Input;
use super::{RunError, Status, complain, output, progress, show_files};
use crate::config::{Config, Library, Target, TargetError, Targets, find_targets};
use crate::model::{Edge, Environment, Model};
use crate::report::{self, Checked, Report};
use crate::rules::{self, Finding, Selection};
use crate::source::{FileId, RealFiles, Sources};
use crate::tls::{TrustAnchors, UnixTime};

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments) -> Result<Status, RunError> {
    let anchors = trust_anchors(&arguments.environment)?;
    let input = Input::open(&arguments.paths, &arguments.files)?;
    let sources = Sources::default();
    let groups = input.groups();
    let working_directory = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let libraries: Vec<Library<'_>> =
        groups.iter().map(|group| Library::new(&*group.files, &sources, working_directory.clone())).collect();
    let find = || -> Vec<Targets> {
        let searched = libraries.iter().zip(&groups);
        searched.map(|(library, group)| find_targets(library, &group.paths, arguments.files.context, None)).collect()
    };
    let all_targets = progress::during(|| format!("files read: {}", sources.len()), find);
    if arguments.files.show_files {
        return show_files::run(&libraries, &all_targets, arguments.output.output.as_deref());
    }
    let run = Run {
        environment: environment(&arguments.environment, &arguments.files, anchors),
        selection: arguments.rules.selection(),
        done: AtomicUsize::new(0),
    };
    let total: usize = all_targets.iter().map(|targets| targets.targets.len()).sum();
    let status = || {
        let done = run.done.load(Ordering::Relaxed);
        format!("configurations: {done} of {total}, files read: {}", sources.len())
    };
    let analyses = progress::during(status, || {
        let pairs = libraries.iter().zip(&all_targets);
        let targets: Vec<_> =
            pairs.flat_map(|(library, found)| found.targets.iter().map(move |target| (library, target))).collect();
        targets.par_iter().map(|(library, target)| run.analyse(library, target)).collect::<Vec<_>>()
    });
    let mut has_failed = complain_of(&all_targets);
    let mut total = Total::default();
    for analysis in analyses {
        match analysis {
            Ok(analysis) => total.add(analysis),
            Err(error) => {
                complain("error", &error.to_string());
                has_failed = true;
            }
        }
    }
    let report = total.into_report(&sources, &run.environment);
    write(arguments, &report, has_failed)?;
    let threshold = arguments.output.fail_on.threshold();
    let fails = |finding: &Finding| threshold.is_some_and(|threshold| finding.severity >= threshold);
    Ok(match (has_failed, report.findings().iter().any(fails)) {
        (true, _) => Status::Failed,
        (false, true) => Status::Found,
        (false, false) => Status::Success,
    })
}

/// The roots that clients trust. A mistyped `--ca` must not pass for one that is obeyed.
pub(super) fn trust_anchors(options: &EnvironmentOptions) -> Result<TrustAnchors, RunError> {
    let files = RealFiles::default();
    let mut anchors = TrustAnchors::default();
    for path in &options.ca {
        anchors.add_file(&files, path)?;
    }
    if options.system_roots && anchors.add_system_roots(&files).is_none() {
        return Err(RunError::NoSystemRoots);
    }
    Ok(anchors)
}

/// What the options say of the world. Files below document roots are looked for.
pub(super) fn environment(options: &EnvironmentOptions, files: &FileOptions, anchors: TrustAnchors) -> Environment {
    let clock = || {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime(since_epoch.as_secs() as i64)
    };
    Environment {
        version: options.nginx_version.unwrap_or_default(),
        now: options.now.unwrap_or_else(clock),
        certificates: options.certs.into(),
        anchors: Arc::new(anchors),
        prefix: files.prefix.clone(),
        document_files: true,
        edge: options.edge.map_or(Edge::None, Edge::from),
    }
}

/// What all configurations of a run have in common.
struct Run {
    environment: Environment,
    selection: Selection,
    /// Configurations that are analysed.
    done: AtomicUsize,
}

/// What is left of a configuration when its model is gone.
struct Analysis {
    findings: Vec<Finding>,
    files: Vec<FileId>,
    /// The files that were asked for, where they are not all.
    named: Vec<FileId>,
    servers: usize,
    certificates: usize,
}

impl Run {
    fn analyse(&self, library: &Library<'_>, target: &Target) -> Result<Analysis, TargetError> {
        let config = Config::load(library, &target.path, target.surroundings.clone())
            .map_err(|error| TargetError { path: target.path.clone(), error })?;
        let model = Model::build(&config, library.files(), self.environment.clone());
        let analysis = Analysis {
            findings: rules::run(&model, &self.selection),
            files: config.files().map(|file| file.ast.file).collect(),
            named: target.named.iter().filter_map(|path| Some(library.load(path).ok()?.ast.file)).collect(),
            servers: model.server_count(),
            certificates: model.certificates.files().filter(|file| !file.is_unreadable()).count(),
        };
        self.done.fetch_add(1, Ordering::Relaxed);
        Ok(analysis)
    }
}

/// What the configurations of a run give together.
#[derive(Default)]
struct Total {
    findings: Vec<Finding>,
    files: FxHashSet<FileId>,
    named: FxHashSet<FileId>,
    servers: usize,
    certificates: usize,
}

impl Total {
    fn add(&mut self, analysis: Analysis) {
        self.findings.extend(analysis.findings);
        self.files.extend(analysis.files);
        self.named.extend(analysis.named);
        self.servers += analysis.servers;
        self.certificates += analysis.certificates;
    }

    fn into_report<'s>(self, sources: &'s Sources, environment: &Environment) -> Report<'s> {
        let checked =
            Checked { files: self.files.len(), servers: self.servers, certificates: self.certificates, suppressed: 0 };
        Report::new(sources, self.findings, self.named, checked, environment.version)
    }
}

/// Says what could not be read; whether a PATH of the command line is among it.
pub(super) fn complain_of(all_targets: &[Targets]) -> bool {
    for (path, reason) in all_targets.iter().flat_map(|targets| &targets.unreadable) {
        complain("note", &format!("passed over {}: {reason}", path.display()));
    }
    for error in all_targets.iter().flat_map(|targets| &targets.errors) {
        complain("error", &error.to_string());
    }
    all_targets.iter().any(|targets| !targets.errors.is_empty())
}

fn write(arguments: &CheckArguments, report: &Report<'_>, has_failed: bool) -> Result<(), RunError> {
    let nothing = report.checked().files == 0;
    let format = arguments.output.format;
    if nothing && !has_failed && format != Format::Human {
        complain("note", "nothing to lint: no nginx configuration was found");
    }
    let file = arguments.output.output.as_deref();
    output::write_to(file, |out| match format {
        // After an error message, "nothing to lint" would be wrong.
        Format::Human if nothing && has_failed => Ok(()),
        Format::Human => report::write_human(report, output::human_style(arguments.output.color, file.is_some()), out),
        Format::Short => report::write_short(report, out),
        Format::Json => report::write_json(report, out),
    })
}
