//! PATHs to configurations, to models, to findings.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::analyses::{Analyses, Subject, analyse};
use super::settings::Run;
use super::{RunError, Status};
use crate::model::Model;
use crate::nginx::NginxVersion;
use crate::report::{Checked, Report};
use crate::rules::{self, Finding};
use crate::source::{FileId, Sources};

/// What became of the PATHs.
pub(super) enum Outcome {
    /// The user wanted to see which files are read, and has.
    FilesShown(Status),
    /// They were linted.
    Linted(Linted),
}

/// What the configurations of a run give together.
#[derive(Default)]
pub(super) struct Linted {
    findings: Vec<Finding>,
    files: FxHashSet<FileId>,
    named: FxHashSet<FileId>,
    servers: usize,
    certificates: usize,
    /// Whether something that was asked for could not be read, which has been said.
    has_failed: bool,
}

/// Runs the selected rules over each configuration behind the PATHs of `runs`.
pub(super) fn lint(runs: &[Run], output: Option<&Path>, sources: &Sources) -> Result<Outcome, RunError> {
    let analyses = analyse(runs, output, sources, |subject| Analysis::new(subject, sources))?;
    let (analyses, has_failed) = match analyses {
        Analyses::FilesShown(status) => return Ok(Outcome::FilesShown(status)),
        Analyses::Done { analyses, has_failed } => (analyses, has_failed),
    };
    let mut linted = Linted { has_failed, ..Linted::default() };
    analyses.into_iter().for_each(|analysis| linted.add(analysis));
    Ok(Outcome::Linted(linted))
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

impl Analysis {
    fn new(subject: &Subject<'_, '_>, sources: &Sources) -> Analysis {
        let Subject { run, library, target, config, .. } = subject;
        let model = Model::build(config, library.files(), run.environment.clone());
        let mut findings = rules::run(&model, &run.selection);
        findings.retain(|finding| !run.ignores(finding, sources));
        let analysis = Analysis {
            findings,
            files: config.files().map(|file| file.ast.file).collect(),
            named: target.named.iter().filter_map(|path| Some(library.load(path).ok()?.ast.file)).collect(),
            servers: model.server_count(),
            certificates: model.certificates.files().filter(|file| !file.is_unreadable()).count(),
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
    fn add(&mut self, analysis: Analysis) {
        self.findings.extend(analysis.findings);
        self.files.extend(analysis.files);
        self.named.extend(analysis.named);
        self.servers += analysis.servers;
        self.certificates += analysis.certificates;
    }

    /// The same as a report.
    pub(super) fn into_report(self, sources: &Sources, version: NginxVersion) -> Report<'_> {
        let checked =
            Checked { files: self.files.len(), servers: self.servers, certificates: self.certificates, suppressed: 0 };
        Report::new(sources, self.findings, self.named, checked, version).with_failure(self.has_failed)
    }
}
