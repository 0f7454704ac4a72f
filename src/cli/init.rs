//! `ngxlint init`: a settings file for the tree that is found.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::arguments::InitArguments;
use super::output;
use super::{RunError, Status};
use crate::config::{Config, Library, ProblemKind, Wanted, find_targets};
use crate::nginx::tls_files::{TLS_FILES, TlsFileKind};
use crate::settings::{FILE_NAME, Starter, starter};
use crate::source::{RealFiles, Sources};

/// Files and folders that are looked at; who names a whole machine does not mean all of it.
const MAX_FILES: usize = 200_000;

/// Folders in which people keep what others wrote.
const VENDORED: &[&str] = &["vendor", "third_party", "third-party", "node_modules", "external"];

/// Runs the command.
pub(super) fn run(arguments: &InitArguments) -> Result<Status, RunError> {
    let directory = arguments.path.as_deref().unwrap_or(Path::new("."));
    let directory = if directory.is_file() { directory.parent().unwrap_or(Path::new(".")) } else { directory };
    let usual = directory.strip_prefix(".").unwrap_or(directory).join(FILE_NAME);
    let is_shown = arguments.output.as_deref().is_some_and(|path| path.as_os_str() == "-");
    let path = arguments.output.clone().filter(|_| !is_shown).unwrap_or(usual);
    let text = starter(&look_at(directory, &path)?);
    if is_shown {
        output::write_to(None, |out| out.write_all(text.as_bytes()))?;
        return Ok(Status::Success);
    }
    // Created in one step, so that a file which appears meanwhile is not lost.
    let write = || std::fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    write().map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => RunError::SettingsExist(path.clone()),
        _ => RunError::Output { place: path.display().to_string(), source },
    })?;
    output::write_to(None, |out| writeln!(out, "wrote {}", crate::report::printable(&path.to_string_lossy())))?;
    Ok(Status::Success)
}

/// What is seen of a tree. `path` is where the settings are to be.
fn look_at(directory: &Path, path: &Path) -> Result<Starter, RunError> {
    let (files, sources) = (RealFiles::default(), Sources::default());
    let base = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let base = std::fs::canonicalize(base).unwrap_or_else(|_| base.to_path_buf());
    let library = Library::new(&files, &sources, Some(base.clone()));
    let paths = [directory.to_path_buf()];
    let found = find_targets(&library, &Wanted { paths: &paths, limit: Some(MAX_FILES), ..Wanted::default() });
    if let Some(error) = found.errors.into_iter().next() {
        return Err(RunError::Target(error));
    }
    let mut seen = Starter::default();
    let within = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
    for target in &found.targets {
        let Ok(config) = Config::load(&library, &target.path, target.surroundings.clone()) else { continue };
        if target.surroundings.is_none() {
            let canonical = std::fs::canonicalize(&target.path).unwrap_or_else(|_| target.path.clone());
            // One above reads files of the directory, and is no file of it.
            if canonical.starts_with(&within) {
                seen.roots.push(canonical.strip_prefix(&base).map_or(canonical.clone(), PathBuf::from));
            }
        }
        look_into(&config, &mut seen);
    }
    for elsewhere in &mut seen.elsewhere {
        let canonical = std::fs::canonicalize(&elsewhere.to).unwrap_or_else(|_| elsewhere.to.clone());
        elsewhere.to = canonical.strip_prefix(&base).map_or(canonical.clone(), PathBuf::from);
    }
    seen.elsewhere.retain(|elsewhere| !elsewhere.to.as_os_str().is_empty());
    seen.roots.sort();
    seen.vendored.sort();
    seen.vendored.dedup();
    Ok(seen)
}

fn look_into(config: &Config<'_>, seen: &mut Starter) {
    let files = RealFiles::default();
    let is_key = |kind: TlsFileKind| matches!(kind, TlsFileKind::Certificate | TlsFileKind::Key);
    for row in TLS_FILES.iter().filter(|row| is_key(row.kind)) {
        for named in config.directives_named(row.directive, row.contexts).filter_map(|directive| directive.argument(0))
        {
            let is_readable = crate::source::FileSystem::is_readable(&files, &config.directory.join(&*named.text()));
            seen.reads_certificates = Some(seen.reads_certificates == Some(true) || is_readable);
        }
    }
    let asks = config.directives().find(|directive| {
        directive.arguments().any(|word| word.text().to_ascii_lowercase().contains("$http_x_forwarded_proto"))
    });
    if let Some(asks) = asks.filter(|_| seen.asks_for_scheme.is_none()) {
        let span = asks.span();
        let line = config.sources().file(span.file).position(span.start).line;
        seen.asks_for_scheme = Some(format!("{}:{line}", config.path(span.file).display()));
    }
    for problem in &config.problems {
        if let ProblemKind::IncludeNotFound { elsewhere: Some(elsewhere), .. } = &problem.kind
            && !seen.elsewhere.iter().any(|known| known.from == elsewhere.from)
        {
            seen.elsewhere.push(elsewhere.clone());
        }
    }
    for file in config.files() {
        let path = config.path(file.ast.file);
        let folders =
            path.parent().into_iter().flat_map(Path::components).map(|part| part.as_os_str().to_string_lossy());
        let vendored = folders.filter(|folder| VENDORED.contains(&&**folder)).map(|folder| format!("**/{folder}/**"));
        seen.vendored.extend(vendored);
    }
}
