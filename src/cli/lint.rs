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
use crate::config::{Config, LoadedFile, Problem};
use crate::fixes::FixMode;
use crate::model::Model;
use crate::nginx::NginxVersion;
use crate::report::{Checked, Report};
use crate::rules::{self, Edit, Fix, Outcome, RuleId};
use crate::source::{FileId, Sources};

/// The rule that speaks of what nginx cannot read.
const SYNTAX_ERROR: &str = "syntax-error";

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
    /// Whether what was read is from somewhere else: from a dump, or from a file in its place.
    pub(super) is_elsewhere: bool,
    /// What nginx cannot read in it, whichever rules are selected.
    pub(super) syntax_errors: usize,
    /// Whether nginx cannot read a configuration that it belongs to, so that what is said of it may be misread.
    is_of_broken: bool,
    /// The configurations that read it.
    readers: usize,
    /// The fixes that change it, with the number of configurations that offer each.
    offered: BTreeMap<(RuleId, Vec<Edit>), Offers>,
}

/// The configurations that offer a fix.
#[derive(Clone, Copy, Default)]
struct Offers {
    all: usize,
    /// Those where it is safe.
    safe: usize,
}

impl FilePlace {
    fn new(changeable: &Changeable, config: &Config<'_>, is_broken: bool, file: &LoadedFile<'_>) -> FilePlace {
        let is_its = |problem: &&Problem| problem.span.file == file.ast.file && problem.is_of_syntax();
        FilePlace {
            canonical: file.canonical.clone(),
            may_change: changeable.holds(&file.canonical),
            is_elsewhere: changeable.is_elsewhere(&file.canonical),
            syntax_errors: file.ast.errors.len() + config.problems.iter().filter(is_its).count(),
            is_of_broken: is_broken,
            readers: 1,
            offered: BTreeMap::new(),
        }
    }

    /// Whether every configuration that reads it offers this fix: what one of them needs may be wrong in another, and
    /// what is safe in one may not be so in another.
    pub(super) fn all_readers_offer(&self, rule: RuleId, fix: &Fix, mode: FixMode) -> bool {
        let offers = self.offered.get(&(rule, fix.edits.clone())).copied().unwrap_or_default();
        let willing = match mode {
            FixMode::Safe => offers.safe,
            FixMode::All => offers.all,
        };
        self.readers == 1 || willing == self.readers
    }

    /// Whether what a rule says of it may come from misreading: where a brace or a semicolon is missing, only how to
    /// mend that is known.
    pub(super) fn is_misread(&self, rule: RuleId) -> bool {
        self.is_of_broken && rule.as_str() != SYNTAX_ERROR
    }

    fn add(&mut self, other: FilePlace) {
        self.may_change |= other.may_change;
        self.is_elsewhere &= other.is_elsewhere;
        self.is_of_broken |= other.is_of_broken;
        self.syntax_errors += other.syntax_errors;
        self.readers += other.readers;
        for (fix, offers) in other.offered {
            let known = self.offered.entry(fix).or_default();
            known.all += offers.all;
            known.safe += offers.safe;
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
        outcome.findings.iter_mut().for_each(|finding| ignored.keep_from(finding));
        let is_broken = config.files().any(|file| !file.ast.errors.is_empty())
            || config.problems.iter().any(Problem::stops_reading);
        let place = |file: &LoadedFile<'_>| (file.ast.file, FilePlace::new(&changeable, config, is_broken, file));
        let mut files: Places = config.files().map(place).collect();
        for (rule, fix) in outcome.findings.iter().filter_map(|finding| Some((finding.rule, finding.fix.as_ref()?))) {
            for edit in &fix.edits {
                let place = files.get_mut(&edit.span.file);
                // Once for this configuration.
                let offers = Offers { all: 1, safe: usize::from(fix.is_safe) };
                place.map(|place| place.offered.insert((rule, fix.edits.clone()), offers));
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
