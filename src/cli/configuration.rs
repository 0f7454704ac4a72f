//! The one configuration that `trace` asks, and each of the two that it compares.

use std::path::{Path, PathBuf};

use super::input::{Changes, Input};
use super::settings::Run;
use super::shown::Shown;
use super::{RunError, Status, analyses, complain, progress, show_files};
use crate::config::{Config, Library, ProblemKind, Target, TargetError, Targets, Wanted, find_targets};
use crate::model::Model;
use crate::source::{ReadError, Sources};

/// Configurations that an error message names.
const NAMED_ROOTS: usize = 4;

/// Files and folders below a directory in which the one configuration is looked for. Large repositories have fewer; who
/// names a whole machine does not mean all of it.
const MAX_FILES: usize = 200_000;

/// Builds the model of the one configuration that the PATHs of `run` stand for and gives it to `ask`.
///
/// `shown` of its second argument is the path as the user would open it. `option` stands before a PATH on the command
/// line; it may be empty.
pub(super) fn with_model<T>(
    run: &Run,
    option: &str,
    ask: impl FnOnce(&Model<'_>, &dyn Fn(&Path) -> PathBuf) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let sources = Sources::default();
    searched(run, &sources, |input, working_directory, libraries, found| {
        let (library, target) = only_target(libraries, found, run, option)?;
        let failed = |error| RunError::Target(TargetError { path: target.path.clone(), error });
        let read = || format!("files read: {}", sources.len());
        let config = progress::during(read, || Config::load(library, &target.path, target.surroundings.clone()));
        let config = config.map_err(failed)?;
        if let Some(place) = refused_at(&config) {
            complain("note", &refusal(&place));
        }
        if let Some(problem) = no_configuration(&config) {
            return Err(RunError::NotAConfiguration { path: target.path.clone(), problem });
        }
        let model = Model::build(&config, library.files(), run.environment.clone());
        if model.server_count() + model.stream_servers().len() == 0 {
            complain("note", &format!("there is no `server` in {}", target.path.display()));
        }
        let shown = Shown::new(input, working_directory);
        ask(&model, &|path| shown.path(path))
    })
}

/// Why what was read is some other thing: it holds nothing that nginx knows, or it has no `http` and no `server`, and
/// cannot be read to its end.
fn no_configuration(config: &Config<'_>) -> Option<String> {
    if config.directives().any(|directive| directive.is_named("http") || directive.is_named("server")) {
        return None;
    }
    if config.is_empty() {
        return Some("it holds no directive".to_owned());
    }
    if config.directives().all(|directive| directive.name().is_none()) {
        return Some("it holds no directive of nginx".to_owned());
    }
    let error = config.files().flat_map(|file| &file.ast.errors).next()?;
    let line = config.sources().file(error.span.file).position(error.span.start).line;
    Some(format!("it has no `http` block, and it cannot be read beyond line {line}"))
}

/// Shows which files are read, instead of asking anything.
pub(super) fn show(run: &Run, output: Option<&Path>) -> Result<Status, RunError> {
    searched(run, &Sources::default(), |_, _, libraries, found| show_files::run(libraries, found, output))
}

/// The first place for which nginx would refuse to read the configuration. A file of nginx's package that is not here
/// is not missing where nginx runs.
pub(super) fn refused_at(config: &Config<'_>) -> Option<String> {
    let errors = config.files().flat_map(|file| &file.ast.errors).map(|error| error.span);
    let is_refused = |kind: &ProblemKind| match kind {
        ProblemKind::IncludeNotFound { is_packaged, .. } => !is_packaged,
        ProblemKind::MissingSemicolon { is_refused, .. } => *is_refused,
        _ => true,
    };
    let problems = config.problems.iter().filter(|problem| problem.is_certain && is_refused(&problem.kind));
    let span = errors.chain(problems.map(|problem| problem.span)).next()?;
    let line = config.sources().file(span.file).position(span.start).line;
    Some(format!("{}:{line}", config.path(span.file).display()))
}

/// What to say about such a place.
pub(super) fn refusal(place: &str) -> String {
    format!("nginx would refuse this configuration, see {place}; `ngxlint check` says why")
}

fn searched<T>(
    run: &Run,
    sources: &Sources,
    use_found: impl FnOnce(&Input, Option<&Path>, &[Library<'_>], &[Targets]) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let input = Input::open(&run.paths, &run.files, &Changes::new())?;
    let groups = input.groups();
    let working_directory = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let libraries: Vec<Library<'_>> = groups
        .iter()
        .map(|group| {
            let library = Library::new(&*group.files, sources, working_directory.clone());
            library.with_dialect(run.dialect.clone())
        })
        .collect();
    let find = || -> Vec<Targets> {
        let pairs = libraries.iter().zip(&groups);
        pairs
            .map(|(library, group)| {
                find_targets(
                    library,
                    &Wanted {
                        paths: &group.paths,
                        context: run.files.context,
                        limit: Some(MAX_FILES),
                        roots: &run.roots,
                    },
                )
            })
            .collect()
    };
    let found = progress::during(|| format!("files read: {}", sources.len()), find);
    use_found(&input, working_directory.as_deref(), &libraries, &found)
}

/// The root among what was found; a snippet where there is no root.
fn only_target<'f, 's>(
    libraries: &'f [Library<'s>],
    found: &'f [Targets],
    run: &Run,
    option: &str,
) -> Result<(&'f Library<'s>, &'f Target), RunError> {
    if let Some(error) = found.iter().flat_map(|targets| &targets.errors).next() {
        return Err(match error.error {
            ReadError::TooManyFiles(limit) => RunError::TooManyFiles { path: error.path.clone(), limit },
            _ => RunError::Target(error.clone()),
        });
    }
    analyses::complain_of(found);
    let pairs = libraries.iter().zip(found);
    let all: Vec<(&Library<'_>, &Target)> =
        pairs.flat_map(|(library, found)| found.targets.iter().map(move |target| (library, target))).collect();
    let roots: Vec<_> = all.iter().filter(|(_, target)| target.surroundings.is_none()).copied().collect();
    let candidates = if roots.is_empty() { all } else { roots };
    // Several are roots that the settings name.
    let path = run.paths.first().filter(|_| run.has_paths && run.paths.len() == 1);
    // Of a configuration that a snippet leads to, files are named; of one that was found in a directory, none.
    let leads_to_them = candidates.iter().any(|(_, target)| !target.named.is_empty());
    let place = path.map_or_else(String::new, |path| match (leads_to_them, path.is_dir()) {
        (true, false) => format!(" that include {}", path.display()),
        (true, true) => format!(" that include files of {}", path.display()),
        (false, _) => format!(" in {}", path.display()),
    });
    match candidates[..] {
        [only] => Ok(only),
        [] => Err(RunError::NoConfiguration { place }),
        [(_, first), ..] => {
            let example = format!("{option}{}", first.path.display());
            let mut names: Vec<String> =
                candidates.iter().take(NAMED_ROOTS).map(|(_, target)| target.path.display().to_string()).collect();
            if let Some(more @ 1..) = candidates.len().checked_sub(NAMED_ROOTS) {
                names.push(format!("{more} more"));
            }
            Err(RunError::SeveralConfigurations { place, names: names.join(", "), example })
        }
    }
}
