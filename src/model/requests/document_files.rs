//! The files that requests ask for: below document roots, aliases and indexes.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use elsa::sync::FrozenMap;

use crate::model::Settled;
use crate::source::{FileKind, FileSystem, ReadError};

/// What a request finds at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, a FIFO, a socket.
    Special,
    /// Nothing.
    Nothing,
    /// Something that nginx, like this program, may not look at.
    Forbidden,
}

/// Directories that are empty on most machines.
const OF_EVERY_MACHINE: &[&str] = &["/home", "/media", "/mnt", "/opt", "/srv", "/tmp", "/var/www", "/var/www/html"];

/// Entries of a directory that are looked at.
const MANY_ENTRIES: usize = 1000;

/// The files below document roots, each looked for once.
pub struct DocumentFiles<'f> {
    files: &'f dyn FileSystem,
    is_open: bool,
    /// By the path as it is written: `x` may be a file where `x/` is nothing.
    found: FrozenMap<OsString, Box<Found>>,
}

impl fmt::Debug for DocumentFiles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentFiles").field("is_open", &self.is_open).finish_non_exhaustive()
    }
}

impl<'f> DocumentFiles<'f> {
    /// `is_open`: whether they are looked for at all.
    pub(crate) fn new(files: &'f dyn FileSystem, is_open: bool) -> DocumentFiles<'f> {
        DocumentFiles { files, is_open, found: FrozenMap::new() }
    }

    /// What stands at `path` below the document root `root`; unknown where the root does not exist, because then
    /// the files of the site are elsewhere.
    pub(crate) fn find(&self, root: &Path, path: &Path) -> Settled<Found> {
        if !self.is_there(root) {
            return Settled::Unknown;
        }
        match self.look(path) {
            Found::Forbidden => Settled::Unknown,
            found => Settled::Known(found),
        }
    }

    /// Whether a document root is there.
    pub(crate) fn is_there(&self, root: &Path) -> bool {
        self.is_open && self.look(root) == Found::Directory
    }

    /// Whether a site is there: the directory itself holds a file, not just the directories of a machine that could; or
    /// somebody has made it and it is empty.
    pub(crate) fn is_in_use(&self, root: &Path) -> bool {
        let Ok(entries) = self.files.read_dir(root) else { return false };
        let is_made = || !OF_EVERY_MACHINE.iter().any(|known| root == Path::new(known));
        entries.is_empty() && is_made()
            || entries.iter().take(MANY_ENTRIES).any(|entry| self.look(&root.join(&entry.name)) == Found::File)
    }

    fn look(&self, path: &Path) -> Found {
        if let Some(found) = self.found.get(path.as_os_str()) {
            return *found;
        }
        let found = match self.files.kind(path) {
            Ok(FileKind::File) => Found::File,
            Ok(FileKind::Directory) => Found::Directory,
            Ok(FileKind::Special) => Found::Special,
            Err(ReadError::NotFound | ReadError::LinkLoop) => Found::Nothing,
            Err(_) => Found::Forbidden,
        };
        *self.found.insert(path.as_os_str().to_owned(), Box::new(found))
    }
}
