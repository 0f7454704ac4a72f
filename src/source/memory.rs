//! Files that exist only in memory: those of tests, rule examples and editors' buffers.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::{DirEntry, FileKind, FileSystem, Permissions, ReadError};

/// A file system of its own, with absolute or relative paths as they were added.
#[derive(Debug, Default, Clone)]
pub struct MemoryFiles {
    files: BTreeMap<PathBuf, Vec<u8>>,
    modes: BTreeMap<PathBuf, u32>,
    owners: BTreeMap<PathBuf, (u32, u32)>,
}

impl MemoryFiles {
    /// Adds or replaces a file.
    pub fn add(&mut self, path: impl AsRef<Path>, text: impl Into<Vec<u8>>) {
        self.files.insert(normalized(path.as_ref()), text.into());
    }

    /// Gives a file or directory a mode, such as 0o640; others have none.
    pub fn set_mode(&mut self, path: impl AsRef<Path>, mode: u32) {
        self.modes.insert(normalized(path.as_ref()), mode);
    }

    /// Gives a file or directory with a mode an owner and a group; those of others are root's.
    pub fn set_owner(&mut self, path: impl AsRef<Path>, owner: u32, group: u32) {
        self.owners.insert(normalized(path.as_ref()), (owner, group));
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }

    /// The files below a directory; a path's descendants are contiguous in the map's order.
    fn below(&self, directory: &Path) -> impl Iterator<Item = &Path> {
        self.files
            .range(directory.to_path_buf()..)
            .map(|(path, _)| path.as_path())
            .take_while(move |path| path.starts_with(directory))
    }
}

/// `path` without `.` and `..` components; textual, since there are no links to mind.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

impl FileSystem for MemoryFiles {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.files.get(&normalized(path)) {
            Some(text) if text.len() as u64 > limit => Err(ReadError::TooLarge { size: text.len() as u64, limit }),
            Some(text) => Ok(text.clone()),
            None if self.kind(path) == Ok(FileKind::Directory) => Err(ReadError::IsDirectory),
            None => Err(ReadError::NotFound),
        }
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, ReadError> {
        let directory = normalized(path);
        let mut entries: Vec<DirEntry> = self
            .below(&directory)
            .filter_map(|path| path.strip_prefix(&directory).ok()?.components().next())
            .map(|first| DirEntry { name: first.as_os_str().to_owned(), is_link: false })
            .collect();
        entries.dedup();
        if entries.is_empty() { Err(ReadError::NotFound) } else { Ok(entries) }
    }

    fn kind(&self, path: &Path) -> Result<FileKind, ReadError> {
        let path = normalized(path);
        if self.files.contains_key(&path) {
            return Ok(FileKind::File);
        }
        match self.below(&path).next() {
            Some(_) => Ok(FileKind::Directory),
            None => Err(ReadError::NotFound),
        }
    }

    fn permissions(&self, path: &Path) -> Option<Permissions> {
        let path = normalized(path);
        let mode = *self.modes.get(&path)?;
        let (owner, group) = self.owners.get(&path).copied().unwrap_or_default();
        Some(Permissions { mode, owner, group })
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.kind(path).map(|_| normalized(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_follow_from_the_files_below_them() {
        let mut files = MemoryFiles::default();
        files.add("/etc/nginx/nginx.conf", "a;");
        files.add("/etc/nginx/sites/../sites/b.conf", "b;");
        let names: Vec<_> =
            files.read_dir(Path::new("/etc/nginx")).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["nginx.conf", "sites"]);
        assert_eq!(files.read(Path::new("/etc/nginx/sites"), 9), Err(ReadError::IsDirectory));
        assert_eq!(files.read(Path::new("/etc/nginx/sites/b.conf"), 1), Err(ReadError::TooLarge { size: 2, limit: 1 }));
        assert_eq!(files.kind(Path::new("/etc/ngin")), Err(ReadError::NotFound));
    }
}
