//! What is in effect: the command line, then the settings, then the defaults.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::RunError;
use super::changeable::Named;
use super::directories::{as_written, working_directory};
use super::input::{DEFAULT_PATH, Places, STDIN, real_directory};
use super::options::{EnvironmentOptions, FileOptions, PathPair, SettingsOptions};
use super::rule_options::RuleOptions;
use super::{NO_SYSTEM_ROOTS, output};
use crate::config::Dialect;
use crate::model::{CertificateMode, Edge, Edges, Environment};
use crate::rules::Selection;
use crate::settings::{Settings, SettingsFile, Step, find_file};
use crate::source::{FileKind, FileSystem, ReadError, RealFiles};
use crate::tls::{TrustAnchors, UnixTime};

/// PATHs with what is in effect for them.
pub(super) struct Run {
    /// As the user would write them.
    pub(super) paths: Vec<PathBuf>,
    /// Whether the user named them, or the settings do.
    pub(super) has_paths: bool,
    /// Whether the user named none, so that what the settings are for is linted.
    pub(super) is_default: bool,
    pub(super) files: FileOptions,
    pub(super) environment: Environment,
    pub(super) selection: Selection,
    /// Files that the settings name as roots.
    pub(super) roots: Vec<PathBuf>,
    pub(super) dialect: Dialect,
    /// What may be changed.
    pub(super) named: Named,
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
            run.is_default = true;
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
        if let (None, Some(file), Some(root)) = (&files.root, &file, settings.root.as_deref()) {
            let root = file.resolve(root);
            let cannot = |error| mistake(file, &[Step::Key("root")], format!("cannot use {}: {error}", shown(&root)));
            real_directory(&root).map_err(cannot)?;
            files.root = Some(root);
        }
        let maps = settings.map.iter().flatten();
        files.maps.extend(maps.map(|(from, to)| PathPair { from: from.clone(), to: resolve(to) }));
        if paths.iter().all(|path| path.as_os_str() != STDIN) && !paths.is_empty() {
            files.stdin_filename = None;
        }
        let roots = settings.roots.iter().flatten();
        let roots = roots.map(|root| if root.is_absolute() { root.clone() } else { as_written(&resolve(root)) });
        let roots: Vec<PathBuf> = roots.collect();
        if let (Some(file), Some((number, error))) = (&file, unusable_root(&roots, &files)?) {
            let message = format!("cannot read {}: {error}", shown(&roots[number]));
            return Err(mistake(file, &[Step::Key("roots"), Step::Item(number)], message));
        }
        let mut selection = selection(settings);
        if let Some(rules) = self.rules {
            rules.apply(&mut selection);
        }
        let environment = self.environment(settings, &files, self.trust_anchors(file.as_ref())?);
        let dialect = settings.dialect();
        let named = Named::new(self.files, &paths, file.as_ref())?;
        Ok(Run {
            named,
            has_paths: !paths.is_empty(),
            is_default: false,
            paths,
            files,
            environment,
            selection,
            roots,
            dialect,
            file,
        })
    }

    /// The roots that clients trust. A mistyped `--ca` must not pass for one that is obeyed.
    fn trust_anchors(self, settings: Option<&SettingsFile>) -> Result<TrustAnchors, RunError> {
        let files = RealFiles::default();
        let mut anchors = TrustAnchors::default();
        for path in &self.environment.ca {
            anchors.add_file(&files, path)?;
        }
        for (file, number, path) in settings.iter().flat_map(|file| {
            let paths = file.settings.ca.iter().flatten().enumerate();
            paths.map(move |(number, path)| (file, number, as_written(&file.resolve(path))))
        }) {
            let cannot = |error| mistake(file, &[Step::Key("ca"), Step::Item(number)], format!("cannot use {error}"));
            anchors.add_file(&files, &path).map_err(cannot)?;
        }
        let file = settings.filter(|file| file.settings.system_roots == Some(true));
        let is_wanted = self.environment.system_roots || file.is_some();
        if is_wanted && anchors.add_system_roots(&files).is_none() {
            return Err(match file.filter(|_| !self.environment.system_roots) {
                Some(file) => mistake(file, &[Step::Key("system-roots")], NO_SYSTEM_ROOTS.to_owned()),
                None => RunError::NoSystemRoots,
            });
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

/// The first root that cannot be read, and why. A mistyped one must not pass for one that is obeyed.
fn unusable_root(roots: &[PathBuf], files: &FileOptions) -> Result<Option<(usize, ReadError)>, RunError> {
    let places = Places::new(files)?;
    let is_replaced = |root: &Path| {
        let named = files.replacements.iter().map(|pair| &pair.from).chain(&files.stdin_filename);
        named.into_iter().any(|path| places.real_path(path) == places.real_path(root))
    };
    let problem = |root: &Path| match RealFiles::default().kind(&places.real_path(root)) {
        _ if is_replaced(root) => None,
        Ok(FileKind::Directory) => Some(ReadError::IsDirectory),
        Ok(_) => None,
        // What else there may be is said where it is read.
        Err(error) => Some(error).filter(|error| *error == ReadError::NotFound),
    };
    Ok(roots.iter().enumerate().find_map(|(number, root)| Some((number, problem(root)?))))
}

/// What is wrong with a value of the settings.
fn mistake(file: &SettingsFile, steps: &[Step<'_>], message: String) -> RunError {
    RunError::Settings(file.mistake(steps, message))
}

/// A path as messages show it.
fn shown(path: &Path) -> String {
    as_written(path).display().to_string()
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

impl SettingsOptions {
    /// The file that the user names, here or in the environment.
    fn chosen(&self) -> Option<PathBuf> {
        let from_environment = || output::variable("NGXLINT_CONFIG").map(PathBuf::from);
        if self.no_config { None } else { self.config.clone().or_else(from_environment) }
    }
}

impl SettingsOptions {
    /// What names the settings file, where it is not found by its place.
    pub(super) fn chosen_by(&self) -> Option<&'static str> {
        self.chosen().map(|_| if self.config.is_some() { "--config" } else { "NGXLINT_CONFIG" })
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
