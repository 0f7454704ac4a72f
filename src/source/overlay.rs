//! Files that take the place of others: an editor's buffer, standard input, a file that is about to
//! be installed (`--as`).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::memory::normalized;
use super::{DirEntry, FileKind, FileSystem, Permissions, ReadError};

/// Some files in memory over another file system. Each has the identity of the place it was put in,
/// whether something stands there already or not.
pub struct Overlay<F> {
    files: BTreeMap<PathBuf, Vec<u8>>,
    rest: F,
}

impl<F: FileSystem> Overlay<F> {
    /// An overlay without files.
    pub fn new(rest: F) -> Overlay<F> {
        Overlay { files: BTreeMap::new(), rest }
    }

    /// Puts a file in the place of `path`.
    pub fn add(&mut self, path: &Path, text: Vec<u8>) {
        self.files.insert(self.identity(path), text);
    }

    /// Puts a file in the place of the one with this canonical path.
    pub fn add_canonical(&mut self, path: PathBuf, text: Vec<u8>) {
        self.files.insert(path, text);
    }

    /// The text that was put in the place of `path`.
    fn find(&self, path: &Path) -> Option<&Vec<u8>> {
        if self.files.is_empty() { None } else { self.files.get(&self.identity(path)) }
    }

    /// The canonical path, also of what does not exist: that of the nearest directory above which
    /// does, with the rest of the path behind it.
    fn identity(&self, path: &Path) -> PathBuf {
        for ancestor in path.ancestors() {
            let directory = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
            if let (Ok(real), Ok(rest)) = (self.rest.canonicalize(directory), path.strip_prefix(ancestor)) {
                return if rest.components().all(|part| matches!(part, Component::Normal(_))) {
                    real.join(rest)
                } else {
                    normalized(&real.join(rest))
                };
            }
        }
        normalized(path)
    }

    /// The names that the overlay adds to a directory, sorted.
    fn names_in(&self, directory: &Path) -> Vec<DirEntry> {
        if self.files.is_empty() {
            return Vec::new();
        }
        let directory = self.identity(directory);
        let below = self.files.range(directory.clone()..).map(|(path, _)| path);
        let mut entries: Vec<DirEntry> = below
            .take_while(|path| path.starts_with(&directory))
            .filter_map(|path| path.strip_prefix(&directory).ok()?.components().next())
            .map(|first| DirEntry { name: first.as_os_str().to_owned(), is_link: false })
            .collect();
        entries.dedup();
        entries
    }
}

impl<F: FileSystem> FileSystem for Overlay<F> {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.find(path) {
            Some(text) if text.len() as u64 > limit => Err(ReadError::TooLarge { size: text.len() as u64, limit }),
            Some(text) => Ok(text.clone()),
            None => self.rest.read(path, limit),
        }
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, ReadError> {
        let added = self.names_in(path);
        let mut entries = match self.rest.read_dir(path) {
            Err(error) if added.is_empty() => return Err(error),
            entries => entries.unwrap_or_default(),
        };
        entries.extend(added);
        entries.sort_by(|a, b| a.name.cmp(&b.name).then(b.is_link.cmp(&a.is_link)));
        entries.dedup_by(|a, b| a.name == b.name);
        Ok(entries)
    }

    fn kind(&self, path: &Path) -> Result<FileKind, ReadError> {
        if self.find(path).is_some() {
            return Ok(FileKind::File);
        }
        match self.rest.kind(path) {
            Err(_) if !self.names_in(path).is_empty() => Ok(FileKind::Directory),
            kind => kind,
        }
    }

    fn permissions(&self, path: &Path) -> Option<Permissions> {
        if self.find(path).is_some() { None } else { self.rest.permissions(path) }
    }

    fn is_elsewhere(&self, path: &Path) -> bool {
        self.find(path).is_some() || self.rest.is_elsewhere(path)
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, ReadError> {
        match self.rest.canonicalize(path) {
            Err(_) if self.find(path).is_some() || !self.names_in(path).is_empty() => Ok(self.identity(path)),
            real => real,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::RealFiles;

    #[cfg(unix)]
    #[test]
    fn a_file_put_over_a_directory_is_found_however_it_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("available")).unwrap();
        std::fs::create_dir_all(base.join("enabled")).unwrap();
        std::fs::write(base.join("available/a"), "old;").unwrap();
        std::os::unix::fs::symlink("../available/a", base.join("enabled/a")).unwrap();
        let mut files = Overlay::new(RealFiles::default());
        files.add(&base.join("enabled/a"), b"new;".to_vec());
        files.add(&base.join("enabled/b"), b"b;".to_vec());
        files.add(&base.join("new/../fresh/c"), b"c;".to_vec());

        assert_eq!(files.read(&base.join("available/a"), 9).unwrap(), b"new;");
        assert_eq!(files.canonicalize(&base.join("enabled/a")).unwrap(), base.join("available/a"));
        assert_eq!(files.canonicalize(&base.join("available/../enabled/b")).unwrap(), base.join("enabled/b"));
        let listed = files.read_dir(&base.join("enabled")).unwrap();
        assert_eq!(
            listed.iter().map(|entry| (entry.name.to_str().unwrap(), entry.is_link)).collect::<Vec<_>>(),
            [("a", true), ("b", false)]
        );
        assert_eq!(files.kind(&base.join("fresh")), Ok(FileKind::Directory));
        assert_eq!(files.read_dir(&base.join("fresh")).unwrap().len(), 1);
        assert_eq!(files.kind(&base.join("missing")), Err(ReadError::NotFound));
    }
}
