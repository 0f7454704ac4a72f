//! `per-file-ignores`: the findings that it takes away, and the globs of it that fit nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::analyses::Subject;
use super::directories::working_directory;
use super::settings::{Run, place};
use crate::rules::{Finding, RuleId};
use crate::settings::{FileGlob, RuleList, SettingsFile};
use crate::source::FileId;

/// What `per-file-ignores` says of the files of one configuration.
pub(super) struct FileIgnores<'a> {
    file: Option<&'a SettingsFile>,
    /// For each file, the globs that fit it, by their places.
    fitting: FxHashMap<FileId, Vec<usize>>,
}

/// The globs that fit a file of a run: the settings file, and the place in it.
pub(super) type FittingGlobs = BTreeSet<(PathBuf, usize)>;

fn entries(file: &SettingsFile) -> impl Iterator<Item = (&FileGlob, &RuleList)> {
    file.settings.per_file_ignores.iter().flat_map(|ignores| ignores.entries())
}

impl<'a> FileIgnores<'a> {
    pub(super) fn new(subject: &Subject<'a, '_>) -> FileIgnores<'a> {
        let file = subject.run.file.as_ref().filter(|file| entries(file).next().is_some());
        let Some(settings) = file else { return FileIgnores { file, fitting: FxHashMap::default() } };
        let here = working_directory();
        let fitting = subject.config.files().map(|file| {
            let id = file.ast.file;
            // As messages show it, and as includes name it: people know `sites-enabled/shop` by both.
            let names = subject.config.opened_as(id).map(|path| subject.shown.path(path));
            let names: Vec<PathBuf> =
                [subject.config.path(id).to_path_buf()].into_iter().chain(names).map(|path| here.join(path)).collect();
            let fits = |glob: &FileGlob| names.iter().any(|name| glob.fits(name, &settings.directory));
            let fitting = entries(settings).enumerate().filter(|(_, (glob, _))| fits(glob)).map(|(number, _)| number);
            (id, fitting.collect())
        });
        FileIgnores { file, fitting: fitting.collect() }
    }

    /// Whether a rule is not to be run on the file that a finding points into.
    pub(super) fn ignores(&self, finding: &Finding) -> bool {
        self.ignores_in(finding.span.file, finding.rule)
    }

    /// Takes the fix from a finding that would change a file where its rule is ignored.
    pub(super) fn keep_from(&self, finding: &mut Finding) {
        let rule = finding.rule;
        finding.fix =
            finding.fix.take().filter(|fix| !fix.edits.iter().any(|edit| self.ignores_in(edit.span.file, rule)));
    }

    fn ignores_in(&self, file: FileId, rule: RuleId) -> bool {
        let (Some(settings), Some(fitting)) = (self.file, self.fitting.get(&file)) else { return false };
        let mut rules = entries(settings).enumerate().filter(|(number, _)| fitting.contains(number));
        rules.any(|(_, (_, rules))| rules.rules().any(|other| other == rule))
    }

    /// The globs that fit one of the files.
    pub(super) fn fitting(&self) -> FittingGlobs {
        let Some(file) = self.file else { return FittingGlobs::new() };
        let mut all: Vec<usize> = self.fitting.values().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().map(|number| (file.path.clone(), number)).collect()
    }
}

/// What is to be said of globs that fit none of the files of a run which looks at all that the settings are for.
pub(super) fn notes(runs: &[Run], fitting: &FittingGlobs) -> Vec<String> {
    let mut notes = Vec::new();
    for run in runs {
        let Some(file) = run.file.as_ref().filter(|file| is_whole(run, file)) else { continue };
        for (number, (glob, _)) in entries(file).enumerate() {
            if !fitting.contains(&(file.path.clone(), number)) {
                let place = place(file, &["per-file-ignores", glob.text()]);
                notes.push(format!(
                    "{place}: `{}` of per-file-ignores fits none of the files that were read",
                    glob.text()
                ));
            }
        }
    }
    notes
}

/// Whether the PATHs are the roots of the settings, or a directory that holds the settings: who names a few files does not
/// mean the others.
fn is_whole(run: &Run, file: &SettingsFile) -> bool {
    let holds = |path: &Path| std::fs::canonicalize(path).is_ok_and(|path| file.directory.starts_with(path));
    run.is_default || run.paths.iter().any(|path| holds(path))
}
