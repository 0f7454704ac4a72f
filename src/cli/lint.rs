//! PATHs to configurations, to models, to findings.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::analyses::{Analyses, Subject, analyse};
use super::arguments::FileOptions;
use super::{RunError, Status};
use crate::model::{Environment, Model};
use crate::nginx::NginxVersion;
use crate::report::{Checked, Report};
use crate::rules::{self, Outcome, RuleId, Selection};
use crate::source::{FileId, Sources};

/// What became of the PATHs.
pub(super) enum Lint {
    /// The user wanted to see which files are read, and has.
    FilesShown(Status),
    /// They were linted.
    Done(Linted),
}

/// What the configurations of a run give together.
#[derive(Default)]
pub(super) struct Linted {
    outcome: Outcome,
    files: FxHashSet<FileId>,
    named: FxHashSet<FileId>,
    servers: usize,
    certificates: usize,
    unknown_certificates: usize,
    /// Whether something that was asked for could not be read, which has been said.
    has_failed: bool,
}

/// Runs the selected rules over each configuration behind `paths`.
pub(super) fn lint(
    paths: &[PathBuf],
    options: &FileOptions,
    output: Option<&Path>,
    sources: &Sources,
    environment: &Environment,
    selection: &Selection,
) -> Result<Lint, RunError> {
    let analyses =
        analyse(paths, options, output, sources, |subject| Analysis::new(subject, environment.clone(), selection))?;
    let (analyses, has_failed) = match analyses {
        Analyses::FilesShown(status) => return Ok(Lint::FilesShown(status)),
        Analyses::Done { analyses, has_failed } => (analyses, has_failed),
    };
    let mut linted = Linted { has_failed, ..Linted::default() };
    let outcomes = analyses.into_iter().map(|analysis| linted.add(analysis)).collect::<Vec<_>>();
    linted.outcome = Outcome::merged(outcomes);
    Ok(Lint::Done(linted))
}

/// What is left of a configuration when its model is gone.
struct Analysis {
    outcome: Outcome,
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
            outcome: rules::judge(&model, selection),
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

impl Linted {
    /// Counts what was looked at; gives back what the rules say of it.
    fn add(&mut self, analysis: Analysis) -> Outcome {
        self.files.extend(analysis.files);
        self.named.extend(analysis.named);
        self.servers += analysis.servers;
        self.certificates += analysis.certificates;
        self.unknown_certificates += analysis.unknown_certificates;
        analysis.outcome
    }

    /// The configuration files that were looked at.
    pub(super) fn files(&self) -> FxHashSet<FileId> {
        self.files.clone()
    }

    /// The rules that have not run everywhere.
    pub(super) fn silent(&self) -> FxHashSet<RuleId> {
        self.outcome.silent.clone()
    }

    /// The same as a report.
    pub(super) fn into_report(self, sources: &Sources, version: NginxVersion) -> Report<'_> {
        let checked = Checked {
            files: self.files.len(),
            servers: self.servers,
            certificates: self.certificates,
            unknown_certificates: self.unknown_certificates,
            ..Checked::default()
        };
        Report::new(sources, self.outcome.findings, self.named, checked, version)
            .with_suppressed(self.outcome.suppressed)
            .with_failure(self.has_failed)
    }
}
