//! PATHs to configurations, to models, to findings.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::analyses::{Analyses, Subject, analyse};
use super::changeable::Changeable;
use super::input::Changes;
use super::per_file_ignores::{self, FileIgnores, FittingGlobs};
use super::settings::Run;
use super::{RunError, Status};
use crate::config::LoadedFile;
use crate::model::Model;
use crate::nginx::NginxVersion;
use crate::report::{Checked, Report};
use crate::rules::{self, Edit, Fix, Outcome, RuleId};
use crate::source::{FileId, Sources};

/// What became of the PATHs.
pub(super) enum Linting {
    /// The user wanted to see which files are read, and has.
    FilesShown(Status),
    /// They were linted.
    Done(Box<Linted>),
}

/// What the configurations of a run give together.
#[derive(Default)]
pub(super) struct Linted {
    outcome: Outcome,
    files: Places,
    fitting_globs: FittingGlobs,
    named: FxHashSet<FileId>,
    servers: usize,
    certificates: usize,
    unknown_certificates: usize,
    /// Whether something that was asked for could not be read, which has been said.
    has_failed: bool,
}

/// The files of a run.
pub(super) type Places = BTreeMap<FileId, FilePlace>;

/// A file that was read.
pub(super) struct FilePlace {
    /// The real path.
    pub(super) canonical: PathBuf,
    /// Whether it may be changed: the user means it, and what was read is what stands there.
    pub(super) may_change: bool,
    /// Whether what was read does not stand there.
    pub(super) is_elsewhere: bool,
    /// The configurations that read it.
    readers: usize,
    /// The fixes that change it, with the number of configurations that offer each.
    offered: BTreeMap<(RuleId, Vec<Edit>), usize>,
}

impl FilePlace {
    fn new(changeable: &Changeable, canonical: &Path) -> FilePlace {
        FilePlace {
            canonical: canonical.to_path_buf(),
            may_change: changeable.holds(canonical),
            is_elsewhere: changeable.is_elsewhere(canonical),
            readers: 1,
            offered: BTreeMap::new(),
        }
    }

    /// Whether every configuration that reads it offers this fix: what one of them needs may be wrong in another.
    pub(super) fn all_readers_offer(&self, rule: RuleId, fix: &Fix) -> bool {
        self.readers == 1 || self.offered.get(&(rule, fix.edits.clone())) == Some(&self.readers)
    }

    fn add(&mut self, other: FilePlace) {
        self.may_change |= other.may_change;
        self.is_elsewhere &= other.is_elsewhere;
        self.readers += other.readers;
        for (fix, count) in other.offered {
            *self.offered.entry(fix).or_default() += count;
        }
    }
}

/// What is linted, and how.
pub(super) struct Lint<'a> {
    pub(super) runs: &'a [Run],
    /// Where the list of files goes, if the user wants to see it.
    pub(super) output: Option<&'a Path>,
}

impl Lint<'_> {
    /// Runs the selected rules over each configuration behind the paths.
    pub(super) fn run(&self, sources: &Sources) -> Result<Linting, RunError> {
        self.round(&Changes::new(), true, sources)
    }

    /// The same again, for files that were changed, or with `changes` in the place of what they hold.
    pub(super) fn again(&self, changes: &Changes, sources: &Sources) -> Result<Linted, RunError> {
        match self.round(changes, false, sources)? {
            Linting::Done(linted) => Ok(*linted),
            // The first run ended with the list of files, when that was asked for.
            Linting::FilesShown(_) => Ok(Linted::default()),
        }
    }

    fn round(&self, changes: &Changes, is_first: bool, sources: &Sources) -> Result<Linting, RunError> {
        let one = |subject: &Subject<'_, '_>| {
            let is_only = subject.is_only && is_first;
            Analysis::new(subject, is_only)
        };
        let analyses = analyse(self.runs, self.output, changes, is_first, sources, one)?;
        let (analyses, has_failed) = match analyses {
            Analyses::FilesShown(status) => return Ok(Linting::FilesShown(status)),
            Analyses::Done { analyses, has_failed } => (analyses, has_failed),
        };
        let mut linted = Linted { has_failed, ..Linted::default() };
        let outcomes = analyses.into_iter().map(|analysis| linted.add(analysis)).collect::<Vec<_>>();
        linted.outcome = Outcome::merged(outcomes);
        Ok(Linting::Done(Box::new(linted)))
    }
}

/// What is left of a configuration when its model is gone.
struct Analysis {
    outcome: Outcome,
    files: Places,
    fitting_globs: FittingGlobs,
    /// The files that were asked for, where they are not all.
    named: Vec<FileId>,
    servers: usize,
    certificates: usize,
    unknown_certificates: usize,
}

impl Analysis {
    fn new(subject: &Subject<'_, '_>, is_only: bool) -> Analysis {
        let Subject { run, library, target, config, .. } = subject;
        let changeable = subject.changeable();
        let model = Model::build(config, library.files(), run.environment.clone());
        let mut outcome = rules::judge(&model, &run.selection);
        let ignored = FileIgnores::new(subject);
        outcome.findings.retain(|finding| !ignored.ignores(finding));
        let place = |file: &LoadedFile<'_>| (file.ast.file, FilePlace::new(&changeable, &file.canonical));
        let mut files: Places = config.files().map(place).collect();
        for (rule, fix) in outcome.findings.iter().filter_map(|finding| Some((finding.rule, finding.fix.as_ref()?))) {
            for edit in &fix.edits {
                let place = files.get_mut(&edit.span.file);
                // Once for this configuration.
                place.map(|place| place.offered.insert((rule, fix.edits.clone()), 1));
            }
        }
        let analysis = Analysis {
            outcome,
            files,
            fitting_globs: ignored.fitting(),
            named: target.named.iter().filter_map(|path| Some(library.load(path).ok()?.ast.file)).collect(),
            servers: model.server_count(),
            certificates: model.certificates.files().filter(|file| !file.is_unreadable()).count(),
            unknown_certificates: model.unknown_certificate_count(),
        };
        if is_only {
            // The program ends with the report. To give back what the model of thousands of sites holds, piece by piece, takes longer than
            // to write it.
            std::mem::forget(model);
        }
        analysis
    }
}

impl Linted {
    /// Counts what was looked at; gives back what the rules say of it.
    fn add(&mut self, analysis: Analysis) -> Outcome {
        for (file, place) in analysis.files {
            match self.files.entry(file) {
                Entry::Occupied(mut known) => known.get_mut().add(place),
                Entry::Vacant(new) => {
                    new.insert(place);
                }
            }
        }
        self.fitting_globs.extend(analysis.fitting_globs);
        self.named.extend(analysis.named);
        self.servers += analysis.servers;
        self.certificates += analysis.certificates;
        self.unknown_certificates += analysis.unknown_certificates;
        analysis.outcome
    }

    /// What is to be said of the settings of `runs`, once all of their files were looked at.
    pub(super) fn notes(&self, runs: &[Run]) -> Vec<String> {
        if self.has_failed { Vec::new() } else { per_file_ignores::notes(runs, &self.fitting_globs) }
    }

    /// The rules that have not run everywhere.
    pub(super) fn silent(&self) -> FxHashSet<RuleId> {
        self.outcome.silent.clone()
    }

    /// The same as a report, and the files of the run.
    pub(super) fn into_report(self, sources: &Sources, version: NginxVersion) -> (Report<'_>, Places) {
        let checked = Checked {
            files: self.files.len(),
            servers: self.servers,
            certificates: self.certificates,
            unknown_certificates: self.unknown_certificates,
            ..Checked::default()
        };
        let report = Report::new(sources, self.outcome.findings, self.named, checked, version)
            .with_suppressed(self.outcome.suppressed)
            .with_failure(self.has_failed);
        (report, self.files)
    }
}
