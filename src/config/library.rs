//! Every configuration file of a run, read and parsed once.

use std::path::{Path, PathBuf};

use elsa::sync::FrozenMap;
use rayon::prelude::*;

use super::dialect::Dialect;
use super::template;
use crate::source::{FileSystem, MAX_CONFIGURATION_BYTES, ReadError, Sources, Span};
use crate::syntax::{self, Ast, NodeId};

/// One file that was read and parsed.
#[derive(Debug)]
pub struct LoadedFile<'s> {
    /// Its syntax tree.
    pub ast: Ast<'s>,
    /// The real file: absolute, without links. Two files are the same exactly if this is.
    pub canonical: PathBuf,
    /// The `include` directives in it, at all depths.
    pub includes: Vec<NodeId>,
    /// The first placeholder, if the file is a template that is still to be filled in.
    pub placeholder: Option<Span>,
}

/// The files of a run. Several configurations share it, so that a file which two of them include
/// is still read once.
pub struct Library<'s> {
    files: &'s dyn FileSystem,
    sources: &'s Sources,
    /// Messages show paths relative to this directory, where they are below it.
    working_directory: Option<PathBuf>,
    dialect: Dialect,
    loaded: FrozenMap<PathBuf, Box<LoadedFile<'s>>>,
}

impl<'s> Library<'s> {
    /// An empty library over `files`. Paths below `working_directory` are shown relative to it.
    pub fn new(files: &'s dyn FileSystem, sources: &'s Sources, working_directory: Option<PathBuf>) -> Library<'s> {
        Library { files, sources, working_directory, dialect: Dialect::default(), loaded: FrozenMap::new() }
    }

    /// The same for an nginx with these modules.
    #[must_use]
    pub fn with_dialect(self, dialect: Dialect) -> Library<'s> {
        Library { dialect, ..self }
    }

    /// The directives that its files are read for.
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The file system behind it.
    pub fn files(&self) -> &'s dyn FileSystem {
        self.files
    }

    /// Whether `path` is the real file itself, without links on the way.
    pub(super) fn is_canonical(&self, path: &Path, canonical: &Path) -> bool {
        self.working_directory.as_deref().is_some_and(|directory| {
            canonical.strip_prefix(directory).unwrap_or(canonical) == path.strip_prefix(directory).unwrap_or(path)
        })
    }

    /// The texts behind it.
    pub fn sources(&self) -> &'s Sources {
        self.sources
    }

    /// Reads one file, unless that was done before.
    ///
    /// # Errors
    /// [`ReadError`] when it cannot be read.
    pub fn load(&self, path: &Path) -> Result<&LoadedFile<'s>, ReadError> {
        self.load_all(std::slice::from_ref(&path.to_path_buf())).pop().unwrap_or(Err(ReadError::NotFound))
    }

    /// Reads several files in parallel; the answers are in the order of `paths`.
    pub fn load_all(&self, paths: &[PathBuf]) -> Vec<Result<&LoadedFile<'s>, ReadError>> {
        let canonical: Vec<_> = paths.par_iter().map(|path| self.files.canonicalize(path)).collect();
        let mut missing: Vec<(&PathBuf, &PathBuf)> = canonical
            .iter()
            .zip(paths)
            .filter_map(|(canonical, path)| Some((canonical.as_ref().ok()?, path)))
            .filter(|(canonical, _)| self.loaded.get(canonical.as_path()).is_none())
            .collect();
        missing.sort();
        missing.dedup_by(|a, b| a.0 == b.0);
        let read: Vec<_> = missing.par_iter().map(|(_, path)| self.files.read(path, MAX_CONFIGURATION_BYTES)).collect();
        // Added one after the other, so that file numbers do not depend on threads.
        let mut failed = Vec::new();
        let mut added = Vec::new();
        for ((canonical, _), text) in missing.into_iter().zip(read) {
            match text {
                Ok(text) => added.push((canonical, self.sources.add(self.shown(canonical), text))),
                Err(error) => failed.push((canonical, error)),
            }
        }
        let parsed: Vec<_> = added
            .par_iter()
            .map(|(canonical, id)| {
                let ast = syntax::parse(*id, &self.sources.file(*id).text);
                let includes = (0..ast.len() as u32).map(NodeId).filter(|&node| ast.name(node).is("include"));
                Box::new(LoadedFile {
                    includes: includes.collect(),
                    canonical: canonical.to_path_buf(),
                    placeholder: template::find_placeholder(&ast),
                    ast,
                })
            })
            .collect();
        for file in parsed {
            self.loaded.insert(file.canonical.clone(), file);
        }
        let find = |canonical: &PathBuf| match self.loaded.get(canonical.as_path()) {
            Some(file) => Ok(file),
            None => {
                let failure = failed.iter().find(|(path, _)| *path == canonical);
                Err(failure.map_or(ReadError::NotFound, |(_, error)| error.clone()))
            }
        };
        canonical.iter().map(|canonical| canonical.as_ref().map_err(ReadError::clone).and_then(find)).collect()
    }

    /// The path that messages show: as short as the user would write it.
    fn shown(&self, canonical: &Path) -> PathBuf {
        // `etc/nginx/nginx.conf` is how nobody writes it, even where / is the working directory.
        let directory = self.working_directory.as_ref().filter(|directory| directory.parent().is_some());
        let below = directory.and_then(|directory| canonical.strip_prefix(directory).ok());
        below.unwrap_or(canonical).to_path_buf()
    }
}
