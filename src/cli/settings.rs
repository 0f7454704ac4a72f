//! What is in effect: the command line, then the settings, then the defaults.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::RunError;
use super::arguments::{EnvironmentOptions, FileOptions, PathPair, RuleOptions, SettingsOptions};
use super::input::{DEFAULT_PATH, Places, STDIN};
use super::output;
use crate::config::Dialect;
use crate::model::{CertificateMode, Edge, Edges, Environment};
use crate::rules::{Finding, Selection};
use crate::settings::{Settings, SettingsFile, find_file};
use crate::source::{FileKind, FileSystem, ReadError, RealFiles, Sources};
use crate::tls::{TrustAnchors, UnixTime};

/// PATHs with what is in effect for them.
pub(super) struct Run {
    /// As the user would write them.
    pub(super) paths: Vec<PathBuf>,
    /// Whether the user named them, or the settings do.
    pub(super) has_paths: bool,
    pub(super) files: FileOptions,
    pub(super) environment: Environment,
    pub(super) selection: Selection,
    /// Files that the settings name as roots.
    pub(super) roots: Vec<PathBuf>,
    pub(super) dialect: Dialect,
    /// Where the settings are from.
    pub(super) file: Option<SettingsFile>,
}

/// What a command line says that settings may say, too.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) settings: &'a SettingsOptions,
    pub(super) files: &'a FileOptions,
    pub(super) environment: &'a EnvironmentOptions,
    pub(super) rules: Option<&'a RuleOptions>,
}

impl<'a> Given<'a> {
    /// The PATHs by their settings, in the order in which the first of each is given.
    pub(super) fn runs(self, paths: &[PathBuf]) -> Result<Vec<Run>, RunError> {
        if self.files.stdin_filename.is_some()
            && !paths.is_empty()
            && paths.iter().all(|path| path.as_os_str() != STDIN)
        {
            return Err(RunError::StdinNotRead);
        }
        let reads_stdin = paths.is_empty() && self.files.stdin_filename.is_some();
        let paths: Vec<PathBuf> = match paths {
            [] if reads_stdin => vec![STDIN.into()],
            [] => self.files.replacements.iter().map(|pair| pair.from.clone()).collect(),
            paths => paths.to_vec(),
        };
        let chosen = self.settings.chosen();
        if paths.is_empty() {
            let around = || find_file(&working_directory());
            let file = if self.settings.no_config { None } else { chosen.or_else(around) };
            let file = file.map(|path| read(&path)).transpose()?;
            // Settings around the working directory that name no place are not those of this machine's nginx.
            let names_place = |file: &SettingsFile| file.settings.roots.is_some() || file.settings.root.is_some();
            let file = match file {
                Some(file) if names_place(&file) || self.settings.chosen().is_some() => Some(file),
                _ => self.nearest(Path::new(DEFAULT_PATH))?,
            };
            let mut run = self.run(file, Vec::new())?;
            run.paths.clone_from(&run.roots);
            run.has_paths = !run.paths.is_empty();
            return Ok(vec![run]);
        }
        let mut groups: Vec<(Option<PathBuf>, Vec<PathBuf>)> = Vec::new();
        for path in paths {
            let file = if self.settings.no_config { None } else { chosen.clone().or(self.find(&path)?) };
            match groups.iter_mut().find(|(known, _)| *known == file) {
                Some((_, paths)) => paths.push(path),
                None => groups.push((file, vec![path])),
            }
        }
        let runs = groups.into_iter().map(|(file, paths)| self.run(file.map(|path| read(&path)).transpose()?, paths));
        runs.collect()
    }

    /// The settings near what nginx calls `path`.
    fn nearest(self, path: &Path) -> Result<Option<SettingsFile>, RunError> {
        if self.settings.no_config {
            return Ok(None);
        }
        self.find(path)?.map(|file| read(&file)).transpose()
    }

    fn find(self, path: &Path) -> Result<Option<PathBuf>, RunError> {
        let path = match path.as_os_str() == STDIN {
            true => self.files.stdin_filename.clone().unwrap_or_else(|| Path::new(".").join(STDIN)),
            false => path.to_path_buf(),
        };
        let path = Places::new(self.files)?.real_path(&path);
        let is_directory = RealFiles::default().kind(&path) == Ok(FileKind::Directory);
        let directory = if is_directory { Some(path.as_path()) } else { path.parent() };
        let directory = directory.filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let absolute = std::fs::canonicalize(directory).or_else(|_| std::path::absolute(directory));
        Ok(absolute.ok().and_then(|directory| find_file(&directory)))
    }

    fn run(self, file: Option<SettingsFile>, paths: Vec<PathBuf>) -> Result<Run, RunError> {
        let none = Settings::default();
        let settings = file.as_ref().map_or(&none, |file| &file.settings);
        let resolve = |path: &Path| file.as_ref().map_or_else(|| path.to_path_buf(), |file| file.resolve(path));
        let mut files = self.files.clone();
        files.prefix = files.prefix.or_else(|| settings.prefix.as_deref().map(resolve));
        files.root = files.root.or_else(|| settings.root.as_deref().map(resolve));
        let maps = settings.map.iter().flatten();
        files.maps.extend(maps.map(|(from, to)| PathPair { from: from.clone(), to: resolve(to) }));
        if paths.iter().all(|path| path.as_os_str() != STDIN) && !paths.is_empty() {
            files.stdin_filename = None;
        }
        let roots = settings.roots.iter().flatten();
        let roots = roots.map(|root| if root.is_absolute() { root.clone() } else { as_written(&resolve(root)) });
        let roots: Vec<PathBuf> = roots.collect();
        if let (Some(file), Some(root)) = (&file, missing_root(&roots, &files)?) {
            return Err(RunError::RootOfSettings { place: place(file, &["roots"]), path: root.to_path_buf() });
        }
        let mut selection = selection(settings);
        if let Some(rules) = self.rules {
            rules.apply(&mut selection);
        }
        let environment = self.environment(settings, &files, self.trust_anchors(file.as_ref())?);
        let dialect = settings.dialect();
        Ok(Run { has_paths: !paths.is_empty(), paths, files, environment, selection, roots, dialect, file })
    }

    /// The roots that clients trust. A mistyped `--ca` must not pass for one that is obeyed.
    fn trust_anchors(self, settings: Option<&SettingsFile>) -> Result<TrustAnchors, RunError> {
        let files = RealFiles::default();
        let mut anchors = TrustAnchors::default();
        for path in &self.environment.ca {
            anchors.add_file(&files, path)?;
        }
        for (file, path) in settings.iter().flat_map(|file| file.settings.ca.iter().flatten().map(move |ca| (file, ca)))
        {
            let added = anchors.add_file(&files, &file.resolve(path));
            added.map_err(|error| RunError::TrustAnchorsOfSettings { place: place(file, &["ca"]), error })?;
        }
        let is_wanted =
            self.environment.system_roots || settings.is_some_and(|file| file.settings.system_roots == Some(true));
        if is_wanted && anchors.add_system_roots(&files).is_none() {
            return Err(RunError::NoSystemRoots);
        }
        Ok(anchors)
    }

    /// What is said of the world. Files below document roots are looked for.
    fn environment(self, settings: &Settings, files: &FileOptions, anchors: TrustAnchors) -> Environment {
        let clock = || {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UnixTime(since_epoch.as_secs() as i64)
        };
        let given = self.environment;
        let edge = given.edge.map(|edge| Edges::new(Some(Edge::from(edge)), []));
        let words = settings.websocket.clone().unwrap_or_default();
        Environment {
            version: given.nginx_version.or(settings.nginx_version).unwrap_or_default(),
            now: given.now.unwrap_or_else(clock),
            certificates: given.certs.map(CertificateMode::from).or(settings.certs).unwrap_or_default(),
            anchors: Arc::new(anchors),
            prefix: files.prefix.clone(),
            document_files: true,
            edge: edge.or_else(|| settings.edge.as_ref().map(|edge| edge.edges())).unwrap_or_default(),
            websocket: crate::model::websocket::Patterns::new(words.patterns, words.without),
        }
    }
}

/// The first root that is not there. A mistyped one must not pass for one that is obeyed.
fn missing_root<'r>(roots: &'r [PathBuf], files: &FileOptions) -> Result<Option<&'r Path>, RunError> {
    let places = Places::new(files)?;
    let is_replaced = |root: &Path| {
        let named = files.replacements.iter().map(|pair| &pair.from).chain(&files.stdin_filename);
        named.into_iter().any(|path| places.real_path(path) == places.real_path(root))
    };
    let is_missing = |root: &&PathBuf| {
        RealFiles::default().kind(&places.real_path(root)) == Err(ReadError::NotFound) && !is_replaced(root)
    };
    Ok(roots.iter().find(is_missing).map(PathBuf::as_path))
}

/// What settings ask of the rules.
fn selection(settings: &Settings) -> Selection {
    let mut selection = Selection {
        select: settings.select.iter().flat_map(|list| list.rules()).collect(),
        ignore: settings.ignore.iter().flat_map(|list| list.rules()).collect(),
        ..Selection::default()
    };
    if let Some(rules) = &settings.rules {
        rules.apply(&mut selection);
    }
    selection
}

impl Run {
    /// Whether a rule is not to be run on the file that a finding points into.
    pub(super) fn ignores(&self, finding: &Finding, sources: &Sources) -> bool {
        let Some(file) = &self.file else { return false };
        let Some(ignores) = &file.settings.per_file_ignores else { return false };
        let path = &sources.file(finding.span.file).path;
        let path = if path.is_absolute() { path.clone() } else { working_directory().join(path) };
        ignores.ignores(finding.rule, &path, &file.directory)
    }
}

impl SettingsOptions {
    /// The file that the user names, here or in the environment.
    fn chosen(&self) -> Option<PathBuf> {
        let from_environment = || output::variable("NGXLINT_CONFIG").map(PathBuf::from);
        if self.no_config { None } else { self.config.clone().or_else(from_environment) }
    }
}

/// Reads a settings file.
fn read(path: &Path) -> Result<SettingsFile, RunError> {
    Ok(SettingsFile::read(path, as_written(path))?)
}

/// A place in a settings file, for a message.
pub(super) fn place(file: &SettingsFile, keys: &[&str]) -> String {
    format!("{}:{}", file.path.display(), file.line_of(keys))
}

pub(super) fn working_directory() -> PathBuf {
    std::env::current_dir().and_then(std::fs::canonicalize).unwrap_or_else(|_| PathBuf::from("/"))
}

/// A path as the user would write it here. Relative ones are never mapped by `--root`.
pub(super) fn as_written(path: &Path) -> PathBuf {
    if path.is_relative() {
        return path.to_path_buf();
    }
    let here = working_directory();
    let common = here.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = here.components().count() - common;
    // From far away the absolute path is easier to read.
    if common <= 1 {
        return path.to_path_buf();
    }
    let relative = std::iter::repeat_n(Path::new(".."), up).map(Path::as_os_str);
    let path: PathBuf = relative.chain(path.components().skip(common).map(|part| part.as_os_str())).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}
