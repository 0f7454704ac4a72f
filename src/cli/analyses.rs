//! PATHs to configurations, each of which is given to an analysis, in parallel: what `check` and `certs` have in common.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::changeable::Changeable;
use super::input::{Changes, Input, PathGroup};
use super::settings::Run;
use super::shown::Shown;
use super::{RunError, Status, complain, progress, show_files};
use crate::config::{Config, Library, Target, TargetError, Targets, Wanted, find_targets};
use crate::source::Sources;

/// What became of the PATHs of a command line.
pub(super) enum Analyses<T> {
    /// The user wanted to see which files are read, and has.
    FilesShown(Status),
    /// They were analysed.
    Done {
        /// What is left of each configuration, in the order of the PATHs.
        analyses: Vec<T>,
        /// Whether something that was asked for could not be read, which has been said.
        has_failed: bool,
    },
}

/// One configuration of a run.
pub(super) struct Subject<'a, 's> {
    pub(super) run: &'a Run,
    pub(super) library: &'a Library<'s>,
    pub(super) target: &'a Target,
    pub(super) config: &'a Config<'a>,
    /// Whether the run has no other.
    pub(super) is_only: bool,
    /// The paths that people know.
    pub(super) shown: Shown<'a>,
    input: &'a Input,
    is_dump: bool,
}

impl Subject<'_, '_> {
    /// The files that may be changed.
    pub(super) fn changeable(&self) -> Changeable {
        if self.is_dump {
            return Changeable { is_dump: true, ..Changeable::default() };
        }
        let files = self.library.files();
        // That of a file in the working directory is empty.
        let directory = Some(self.config.directory.as_path()).filter(|directory| !directory.as_os_str().is_empty());
        let directory = files.canonicalize(directory.unwrap_or(Path::new("."))).ok();
        // Where a lone snippet's includes start is a guess.
        let directory = directory.filter(|_| self.target.surroundings.is_none());
        let replaced = self.input.replaced().iter().filter_map(|path| files.canonicalize(path).ok()).collect();
        Changeable { replaced, ..self.run.named.with_root_in(directory) }
    }
}

/// Gives each configuration behind the PATHs of `runs` to `analyse`, with `changes` in the place of what the files hold. What cannot
/// be read is said, unless it was said before.
pub(super) fn analyse<T: Send>(
    runs: &[Run],
    output: Option<&Path>,
    changes: &Changes,
    wants_complaints: bool,
    sources: &Sources,
    analyse: impl Fn(&Subject<'_, '_>) -> T + Sync,
) -> Result<Analyses<T>, RunError> {
    let inputs = runs.iter().map(|run| Ok((run, Input::open(&run.paths, &run.files, changes)?)));
    let inputs: Vec<(&Run, Input)> = inputs.collect::<Result<_, RunError>>()?;
    let groups: Vec<_> = inputs
        .iter()
        .flat_map(|(run, input)| input.groups().into_iter().map(move |group| (*run, input, group)))
        .collect();
    let working_directory = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let libraries: Vec<Library<'_>> = groups
        .iter()
        .map(|(run, _, group)| {
            let library = Library::new(&*group.files, sources, working_directory.clone());
            library.with_dialect(run.dialect.clone())
        })
        .collect();
    let find = || -> Vec<Targets> {
        let searched = libraries.iter().zip(&groups);
        let find = |(library, (run, _, group)): (&Library<'_>, &(&Run, _, PathGroup<'_>))| {
            let wanted = Wanted { paths: &group.paths, roots: &run.roots, context: run.files.context, limit: None };
            find_targets(library, &wanted)
        };
        searched.map(find).collect()
    };
    let all_targets = progress::during(|| format!("files read: {}", sources.len()), find);
    if runs.iter().any(|run| run.files.show_files) {
        return show_files::run(&libraries, &all_targets, output).map(Analyses::FilesShown);
    }
    let done = AtomicUsize::new(0);
    let total: usize = all_targets.iter().map(|targets| targets.targets.len()).sum();
    let status = || {
        let done = done.load(Ordering::Relaxed);
        format!("configurations: {done} of {total}, files read: {}", sources.len())
    };
    let one = |(run, input, group): &(&Run, &Input, PathGroup<'_>), library: &Library<'_>, target: &Target| {
        let shown = Shown::new(input, working_directory.as_deref());
        let config = Config::load(library, &target.path, target.surroundings.clone())
            .map_err(|error| TargetError { path: target.path.clone(), error })?;
        let analysis = analyse(&Subject {
            run,
            library,
            target,
            config: &config,
            is_only: total == 1,
            shown,
            input,
            is_dump: group.is_dump,
        });
        done.fetch_add(1, Ordering::Relaxed);
        Ok(analysis)
    };
    let outcomes: Vec<Result<T, TargetError>> = progress::during(status, || {
        let found = groups.iter().zip(&libraries).zip(&all_targets);
        let targets: Vec<_> = found
            .flat_map(|((group, library), found)| found.targets.iter().map(move |target| (group, library, target)))
            .collect();
        targets.par_iter().map(|(group, library, target)| one(group, library, target)).collect()
    });
    let mut has_failed = if wants_complaints { complain_of(&all_targets) } else { failed(&all_targets) };
    let mut analyses = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(analysis) => analyses.push(analysis),
            Err(error) => {
                if wants_complaints {
                    complain("error", &error.to_string());
                }
                has_failed = true;
            }
        }
    }
    Ok(Analyses::Done { analyses, has_failed })
}

/// Says what could not be read; whether a PATH of the command line is among it.
pub(super) fn complain_of(all_targets: &[Targets]) -> bool {
    for (path, reason) in all_targets.iter().flat_map(|targets| &targets.unreadable) {
        complain("note", &format!("passed over {}: {reason}", path.display()));
    }
    for error in all_targets.iter().flat_map(|targets| &targets.errors) {
        complain("error", &error.to_string());
    }
    failed(all_targets)
}

fn failed(all_targets: &[Targets]) -> bool {
    all_targets.iter().any(|targets| !targets.errors.is_empty())
}
