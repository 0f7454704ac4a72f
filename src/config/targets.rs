//! What the PATHs of a command line stand for: whole configurations and lone snippets.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Library, LoadedFile, Surroundings, include, infer_surroundings, snippet};
use crate::nginx::Contexts;
use crate::source::{FileKind, ReadError, Walk, walk};

/// What root files are called, unless somebody has a reason.
pub(super) const USUAL_ROOT: &str = "nginx.conf";

/// One configuration to analyse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file to start from.
    pub path: PathBuf,
    /// `None` for a root file.
    pub surroundings: Option<Surroundings>,
    /// The files in it that were asked for, by canonical path; empty when all of it was.
    pub named: Vec<PathBuf>,
}

/// What was found for the PATHs of a run.
#[derive(Debug, Default)]
pub struct Targets {
    /// The configurations, in the order in which the PATHs ask for them.
    pub targets: Vec<Target>,
    /// PATHs that could not be read; the run goes on and then fails.
    pub errors: Vec<TargetError>,
    /// Places below a directory that could not be looked at.
    pub unreadable: Vec<(PathBuf, ReadError)>,
    /// Files below a directory that are not linted.
    pub passed_over: Vec<(PathBuf, PassedOver)>,
}

/// Why a file that was found below a directory is not linted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedOver {
    /// It is some other program's.
    Foreign,
    /// It is a template that is still to be filled in.
    Template,
}

/// A PATH that cannot be linted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {}: {error}", path.display())]
pub struct TargetError {
    /// The PATH as it was given.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub error: ReadError,
}

/// What a run asks for.
#[derive(Debug, Default)]
pub struct Wanted<'w> {
    /// Files and directories.
    pub paths: &'w [PathBuf],
    /// Files that are known to be roots, wherever they are.
    pub roots: &'w [PathBuf],
    /// What a lone snippet stands in, where the user said so.
    pub context: Option<Contexts>,
    /// How many files and folders below a directory are looked at.
    pub limit: Option<usize>,
}

/// Sorts out PATHs.
pub fn find_targets(library: &Library<'_>, wanted: &Wanted<'_>) -> Targets {
    let files = library.files();
    let known_roots = wanted.roots.iter().filter_map(|root| Some((root.clone(), files.canonicalize(root).ok()?)));
    let mut search = Search {
        library,
        known_roots: known_roots.collect(),
        context: wanted.context,
        limit: wanted.limit,
        found: Targets::default(),
        roots: FxHashMap::default(),
        snippets: FxHashSet::default(),
        named: FxHashSet::default(),
        included: FxHashMap::default(),
    };
    for path in wanted.paths {
        let outcome = match library.files().kind(path) {
            Ok(FileKind::Directory) => search.directory(path),
            Ok(_) => search.file(path),
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            search.found.errors.push(TargetError { path: path.clone(), error });
        }
    }
    search.join_snippets();
    search.found
}

/// A root, and the path that leads to it.
type Root<'l> = (PathBuf, &'l LoadedFile<'l>);

struct Search<'l, 's> {
    library: &'l Library<'s>,
    /// As they were given, and by canonical path.
    known_roots: Vec<(PathBuf, PathBuf)>,
    context: Option<Contexts>,
    limit: Option<usize>,
    found: Targets,
    /// The targets that are roots, by canonical path.
    roots: FxHashMap<PathBuf, usize>,
    /// The lone snippets, by canonical path.
    snippets: FxHashSet<PathBuf>,
    /// The roots with the files in them that were asked for, by canonical path.
    named: FxHashSet<(PathBuf, PathBuf)>,
    /// For each root: all files that it leads to, by canonical path.
    included: FxHashMap<PathBuf, FxHashSet<PathBuf>>,
}

impl<'l> Search<'l, '_> {
    fn file(&mut self, path: &Path) -> Result<(), ReadError> {
        let file = self.library.load(path)?;
        if self.context.is_none() && (snippet::is_root(&file.ast) || self.is_known_root(file)) {
            self.add_root(path, file, None);
        } else {
            let mut roots = self.known_roots_of(file);
            roots.extend(self.roots_near(path, file));
            if !self.add_roots(roots, file) {
                self.add_snippet(path, file);
            }
        }
        Ok(())
    }

    fn directory(&mut self, path: &Path) -> Result<(), ReadError> {
        let Walk { files, unreadable, is_cut } = walk(path, self.limit);
        if let Some(limit) = self.limit.filter(|_| is_cut) {
            return Err(ReadError::TooManyFiles(limit));
        }
        self.found.unreadable.extend(unreadable);
        let loaded = self.library.load_all(&files);
        let mut roots = Vec::new();
        let mut others = Vec::new();
        for (path, file) in files.into_iter().zip(loaded) {
            match file {
                Ok(file) if file.placeholder.is_some() => {
                    self.found.passed_over.push((path, PassedOver::Template));
                }
                Ok(file) if snippet::is_root(&file.ast) || self.is_known_root(file) => roots.push((path, file)),
                Ok(file) => others.push((path, file)),
                Err(error) => self.found.unreadable.push((path, error)),
            }
        }
        // A file with an `http` block that another root includes is no root of its own.
        let mut reached: FxHashSet<PathBuf> = FxHashSet::default();
        let mut included_by_other: FxHashSet<PathBuf> = FxHashSet::default();
        for (path, root) in &roots {
            let files = self.files_of(path, root);
            reached.extend(files.iter().cloned());
            included_by_other.extend(files.iter().filter(|file| **file != root.canonical).cloned());
        }
        let lone: Vec<&(PathBuf, &LoadedFile<'_>)> =
            roots.iter().filter(|(_, root)| !included_by_other.contains(&root.canonical)).collect();
        // Roots that include each other in a circle are roots all the same.
        let lone = if lone.is_empty() { roots.iter().collect() } else { lone };
        lone.into_iter().for_each(|(path, root)| self.add_root(path, root, None));
        others.retain(|(_, file)| !reached.contains(&file.canonical));
        let above = if others.is_empty() || self.context.is_some() { Vec::new() } else { self.roots_over(path) };
        for (path, file) in others {
            let mut roots = self.known_roots_of(file);
            let of_above = above.iter().filter(|(path, root)| self.files_of(path, root).contains(&file.canonical));
            roots.extend(of_above.cloned());
            if self.add_roots(roots, file) {
                continue;
            }
            let is_meant = || path.file_name().is_some_and(|name| name == USUAL_ROOT);
            if snippet::looks_like_nginx(self.library.dialect(), &file.ast)
                || is_meant() && snippet::names_a_directive(self.library.dialect(), &file.ast)
            {
                self.add_snippet(&path, file);
            } else {
                self.found.passed_over.push((path, PassedOver::Foreign));
            }
        }
        Ok(())
    }

    /// Whether the user says that it is a root.
    fn is_known_root(&self, file: &LoadedFile<'_>) -> bool {
        self.known_roots.iter().any(|(_, canonical)| *canonical == file.canonical)
    }

    /// The roots that the user names and that include `file`.
    fn known_roots_of(&mut self, file: &LoadedFile<'_>) -> Vec<Root<'l>> {
        let library = self.library;
        let paths: Vec<PathBuf> = self.known_roots.iter().map(|(path, _)| path.clone()).collect();
        let roots = paths.into_iter().filter_map(|path| Some((library.load(&path).ok()?, path)));
        let including = roots.filter(|(root, path)| self.files_of(path, root).contains(&file.canonical));
        including.map(|(root, path)| (path, root)).collect()
    }

    /// The root files upwards of `file` that include it, up to the folder of its repository: upwards of where it really
    /// is, and of the link by which it is called.
    fn roots_near(&mut self, path: &Path, file: &LoadedFile<'_>) -> Vec<Root<'l>> {
        let mut roots = self.roots_above(&file.canonical, file);
        let link =
            path.parent().map(|directory| if directory.as_os_str().is_empty() { Path::new(".") } else { directory });
        let link = link.and_then(|directory| self.library.files().canonicalize(directory).ok());
        if let (Some(directory), Some(name)) = (link, path.file_name())
            && file.canonical.parent() != Some(directory.as_path())
        {
            roots.extend(self.roots_above(&directory.join(name), file));
        }
        roots
    }

    fn roots_above(&mut self, place: &Path, file: &LoadedFile<'_>) -> Vec<Root<'l>> {
        let mut roots = self.all_roots_above(place);
        roots.retain(|(path, root)| self.files_of(path, root).contains(&file.canonical));
        roots
    }

    /// The root files upwards of a directory: of where it really is, and of the link by which it is called.
    fn roots_over(&self, directory: &Path) -> Vec<Root<'l>> {
        let files = self.library.files();
        let Ok(real) = files.canonicalize(directory) else { return Vec::new() };
        let mut roots = self.all_roots_above(&real.join(USUAL_ROOT));
        let around =
            directory.parent().map(|around| if around.as_os_str().is_empty() { Path::new(".") } else { around });
        let around = around.and_then(|around| files.canonicalize(around).ok());
        if let (Some(around), Some(name)) = (around, directory.file_name())
            && around.join(name) != real
        {
            roots.extend(self.all_roots_above(&around.join(name)));
        }
        roots
    }

    fn all_roots_above(&self, place: &Path) -> Vec<Root<'l>> {
        let files = self.library.files();
        let is_repository = |directory: &&Path| files.kind(&directory.join(".git")).is_ok();
        let repository = place.ancestors().skip(1).find(is_repository);
        let mut roots = Vec::new();
        for (height, directory) in place.ancestors().skip(1).enumerate() {
            let mut names = vec![OsString::from(USUAL_ROOT)];
            // Elsewhere a folder far above holds what has nothing to do with the file.
            if height == 0 || repository.is_some() {
                let entries = files.read_dir(directory).unwrap_or_default().into_iter().map(|entry| entry.name);
                names.extend(entries.filter(|name| name != USUAL_ROOT && name.to_string_lossy().ends_with(".conf")));
            }
            for path in names.iter().map(|name| directory.join(name)) {
                let Ok(root) = self.library.load(&path) else { continue };
                if snippet::is_root(&root.ast) {
                    roots.push((path, root));
                }
            }
            if Some(directory) == repository {
                break;
            }
        }
        roots
    }

    /// Asks for `file` through each of `roots` that no other of them includes; whether there is any.
    fn add_roots(&mut self, roots: Vec<Root<'l>>, file: &LoadedFile<'_>) -> bool {
        let mut included: FxHashSet<PathBuf> = FxHashSet::default();
        // One alone is included by no other.
        for (path, root) in roots.iter().filter(|_| roots.len() > 1) {
            let files = self.files_of(path, root);
            included.extend(
                roots
                    .iter()
                    .map(|(_, other)| &other.canonical)
                    .filter(|other| **other != root.canonical && files.contains(*other))
                    .cloned(),
            );
        }
        // Roots that include each other in a circle are roots all the same.
        let is_circle = roots.iter().all(|(_, root)| included.contains(&root.canonical));
        for (path, root) in roots.iter().filter(|(_, root)| is_circle || !included.contains(&root.canonical)) {
            self.add_root(path, root, Some(&file.canonical));
        }
        !roots.is_empty()
    }

    /// All files that a root leads to, itself included.
    fn files_of(&mut self, path: &Path, root: &'l LoadedFile<'_>) -> &FxHashSet<PathBuf> {
        let library = self.library;
        self.included
            .entry(path.to_path_buf())
            .or_insert_with(|| files_of(library, root, &include::root_directory(path)))
    }

    fn add_root(&mut self, path: &Path, root: &LoadedFile<'_>, named: Option<&Path>) {
        let Some(known) = self.roots.get(&root.canonical).and_then(|&at| self.found.targets.get_mut(at)) else {
            self.named.extend(named.map(|named| (root.canonical.clone(), named.to_path_buf())));
            let named = named.map(Path::to_path_buf).into_iter().collect();
            self.roots.insert(root.canonical.clone(), self.found.targets.len());
            self.found.targets.push(Target { path: path.to_path_buf(), surroundings: None, named });
            return;
        };
        match named {
            // All of it is asked for.
            None => known.named.clear(),
            // Or was asked for before.
            Some(_) if known.named.is_empty() => {}
            Some(named) if !self.named.insert((root.canonical.clone(), named.to_path_buf())) => {}
            Some(named) => known.named.push(named.to_path_buf()),
        }
    }

    /// A snippet that a root of the run includes is no configuration of its own, wherever the root was found.
    fn join_snippets(&mut self) {
        if self.context.is_some() {
            return;
        }
        let library = self.library;
        let load = |target: &Target| Some((target.path.clone(), library.load(&target.path).ok()?));
        let (snippets, roots): (Vec<&Target>, Vec<&Target>) =
            self.found.targets.iter().partition(|target| target.surroundings.is_some());
        let snippets: Vec<Root<'l>> = snippets.into_iter().filter_map(load).collect();
        let roots: Vec<Root<'l>> = roots.into_iter().filter_map(load).collect();
        for (snippet, file) in snippets {
            let mut including = roots.clone();
            including.retain(|(path, root)| self.files_of(path, root).contains(&file.canonical));
            if self.add_roots(including, file) {
                self.found.targets.retain(|target| target.surroundings.is_none() || target.path != snippet);
                self.roots = FxHashMap::default();
                let roots = self.found.targets.iter().enumerate().filter(|(_, target)| target.surroundings.is_none());
                let places =
                    roots.filter_map(|(at, target)| Some((library.load(&target.path).ok()?.canonical.clone(), at)));
                self.roots.extend(places);
            }
        }
    }

    fn add_snippet(&mut self, path: &Path, file: &LoadedFile<'_>) {
        if !self.snippets.insert(file.canonical.clone()) {
            return;
        }
        let mut surroundings = infer_surroundings(self.library.dialect(), &file.ast, self.context);
        surroundings.directory = include_directory(self.library, file);
        let target = Target { path: path.to_path_buf(), surroundings: Some(surroundings), named: Vec::new() };
        self.found.targets.push(target);
    }
}

/// All files that `file` leads to, itself included, where relative includes start from `directory`.
pub(super) fn files_of<'l>(library: &'l Library<'_>, file: &'l LoadedFile<'l>, directory: &Path) -> FxHashSet<PathBuf> {
    let includes = include::follow(library, file, directory);
    let targets = includes.values().flat_map(|target| &target.files).filter_map(|(_, file)| file.as_ref().ok());
    targets.map(|file| file.canonical.clone()).chain([file.canonical.clone()]).collect()
}

/// The directory from which a lone snippet's relative includes exist: its own or one above it,
/// since the root file it belongs to is not known.
pub(super) fn include_directory(library: &Library<'_>, file: &LoadedFile<'_>) -> Option<PathBuf> {
    let value = file.includes.iter().find_map(|&node| include::parameter(file, node))?;
    let exists = |directory: &&Path| {
        let matches = super::glob::expand(library.files(), &include::full_path(directory, &value));
        matches.paths.iter().any(|path| library.files().kind(path).is_ok())
    };
    file.canonical.ancestors().skip(1).take(4).find(exists).map(Path::to_path_buf)
}
