//! `ngxlint check`: PATHs to configurations, to models, to findings, to a report.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustc_hash::FxHashSet;

use super::analyses::{Analyses, Subject, analyse};
use super::arguments::{CheckArguments, EnvironmentOptions, FileOptions, Format};
use super::{RunError, Status, complain, output};
use crate::model::{Edge, Environment, Model};
use crate::report::{self, Checked, Report};
use crate::rules::{self, Finding, Selection};
use crate::source::{FileId, RealFiles, Sources};
use crate::tls::{TrustAnchors, UnixTime};

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments) -> Result<Status, RunError> {
    let anchors = trust_anchors(&arguments.environment)?;
    let environment = environment(&arguments.environment, &arguments.files, anchors);
    let selection = arguments.rules.selection();
    let sources = Sources::default();
    let file = arguments.output.output.as_deref();
    let analyses = analyse(&arguments.paths, &arguments.files, file, &sources, |subject| {
        Analysis::new(subject, environment.clone(), &selection)
    })?;
    let (analyses, has_failed) = match analyses {
        Analyses::FilesShown(status) => return Ok(status),
        Analyses::Done { analyses, has_failed } => (analyses, has_failed),
    };
    let mut total = Total::default();
    analyses.into_iter().for_each(|analysis| total.add(analysis));
    let report = total.into_report(&sources, &environment);
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

/// What is left of a configuration when its model is gone.
struct Analysis {
    findings: Vec<Finding>,
    files: Vec<FileId>,
    /// The files that were asked for, where they are not all.
    named: Vec<FileId>,
    servers: usize,
    certificates: usize,
    unknown_certificates: usize,
}

impl Analysis {
    fn new(subject: &Subject<'_, '_>, environment: Environment, selection: &Selection) -> Analysis {
        let Subject { library, target, config, .. } = subject;
        let model = Model::build(config, library.files(), environment);
        let analysis = Analysis {
            findings: rules::run(&model, selection),
            files: config.files().map(|file| file.ast.file).collect(),
            named: target.named.iter().filter_map(|path| Some(library.load(path).ok()?.ast.file)).collect(),
            servers: model.server_count(),
            certificates: model.certificates.files().filter(|file| !file.is_unreadable()).count(),
            unknown_certificates: model.unknown_certificate_count(),
        };
        if subject.is_only {
            // The program ends with the report: to give back what the model of thousands of sites holds, piece by piece,
            // takes longer than to write it.
            std::mem::forget(model);
        }
        analysis
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
    unknown_certificates: usize,
}

impl Total {
    fn add(&mut self, analysis: Analysis) {
        self.findings.extend(analysis.findings);
        self.files.extend(analysis.files);
        self.named.extend(analysis.named);
        self.servers += analysis.servers;
        self.certificates += analysis.certificates;
        self.unknown_certificates += analysis.unknown_certificates;
    }

    fn into_report<'s>(self, sources: &'s Sources, environment: &Environment) -> Report<'s> {
        let checked = Checked {
            files: self.files.len(),
            servers: self.servers,
            certificates: self.certificates,
            unknown_certificates: self.unknown_certificates,
            suppressed: 0,
        };
        Report::new(sources, self.findings, self.named, checked, environment.version)
    }
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
