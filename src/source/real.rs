//! The real file system, seen through `--root` and `--map`.

use std::path::{Component, Path, PathBuf};

use super::{DirEntry, FileKind, FileSystem, Permissions, ReadError};

/// Linux follows at most 40 symbolic links in one path (MAXSYMLINKS in its include/linux/namei.h).
const MAX_LINKS: u32 = 40;

/// Where the files that nginx would open really are on this machine. Its paths are absolute, so that
/// a path which was mapped once is left alone when it comes back.
#[derive(Debug, Default, Clone)]
pub struct PathMap {
    /// Stands for `/` (`--root`).
    pub root: Option<PathBuf>,
    /// Leading paths and what to read instead of them, the first match counts (`--map`).
    pub prefixes: Vec<(PathBuf, PathBuf)>,
}

impl PathMap {
    /// Whether every path stands for itself.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.root.is_none() && self.prefixes.is_empty()
    }

    /// Where nginx's `path` is on this machine.
    #[must_use]
    pub fn real_path(&self, path: &Path) -> PathBuf {
        for (from, to) in &self.prefixes {
            let Ok(rest) = path.strip_prefix(from) else { continue };
            if to.starts_with(from) && path.starts_with(to) {
                return path.to_path_buf();
            }
            return if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) };
        }
        let is_mapped = || self.prefixes.iter().any(|(_, to)| to.parent().is_some() && path.starts_with(to));
        match &self.root {
            Some(root) if path.is_absolute() && !path.starts_with(root) && !is_mapped() => {
                root.join(path.strip_prefix("/").unwrap_or(path))
            }
            _ => path.to_path_buf(),
        }
    }
}

/// The real file system of this machine.
#[derive(Debug, Default, Clone)]
pub struct RealFiles {
    map: PathMap,
}

impl RealFiles {
    /// The real files, found through `map`.
    #[must_use]
    pub fn new(map: PathMap) -> RealFiles {
        RealFiles { map }
    }

    /// Whether there is something at a path, and be it a link that leads nowhere.
    #[must_use]
    pub fn has_entry(&self, path: &Path) -> bool {
        std::fs::symlink_metadata(self.map.real_path(path)).is_ok()
    }

    /// The real path of nginx's `path`. Below a `--root` the absolute links of an image
    /// (`/etc/nginx/x`) must stay inside it, so they are followed one by one through the map.
    fn locate(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let mapped = self.map.real_path(path);
        if self.map.is_identity() {
            return Ok(mapped);
        }
        let mut links = 0;
        let mut pending: Vec<PathBuf> = vec![mapped];
        let mut located = PathBuf::new();
        while let Some(next) = pending.pop() {
            let mut components = next.components();
            while let Some(component) = components.next() {
                match component {
                    Component::ParentDir => {
                        leave(&mut located);
                        continue;
                    }
                    Component::CurDir => continue,
                    other => located.push(other),
                }
                let Ok(target) = std::fs::read_link(&located) else { continue };
                links += 1;
                if links > MAX_LINKS {
                    return Err(ReadError::LinkLoop);
                }
                pending.push(components.as_path().to_path_buf());
                if target.is_absolute() {
                    located = PathBuf::new();
                    pending.push(self.map.real_path(&target));
                } else {
                    located.pop();
                    pending.push(target);
                }
                break;
            }
        }
        // The working directory itself.
        Ok(if located.as_os_str().is_empty() { PathBuf::from(".") } else { located })
    }
}

/// Goes up from a directory to which no link leads: from one that has no name here with `..`.
fn leave(directory: &mut PathBuf) {
    match directory.components().next_back() {
        Some(Component::Normal(_)) => {
            directory.pop();
        }
        Some(Component::RootDir | Component::Prefix(_)) => {}
        _ => directory.push(Component::ParentDir),
    }
}

impl FileSystem for RealFiles {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        use std::io::Read;
        let path = self.locate(path)?;
        // Looked at before it is opened: to open a FIFO waits for a writer.
        let metadata = std::fs::metadata(&path)?;
        if metadata.is_dir() {
            return Err(ReadError::IsDirectory);
        }
        if !metadata.is_file() {
            return Err(ReadError::NotRegular);
        }
        if metadata.len() > limit {
            return Err(ReadError::TooLarge { size: metadata.len(), limit });
        }
        let mut text = Vec::with_capacity(metadata.len() as usize + 1);
        // A file can grow while it is read, and those of /proc have no size.
        std::fs::File::open(&path)?.take(limit + 1).read_to_end(&mut text)?;
        if text.len() as u64 > limit {
            return Err(ReadError::TooLarge { size: text.len() as u64, limit });
        }
        Ok(text)
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, ReadError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.locate(path)?)? {
            let entry = entry?;
            entries.push(DirEntry { name: entry.file_name(), is_link: entry.file_type()?.is_symlink() });
        }
        entries.sort();
        Ok(entries)
    }

    fn kind(&self, path: &Path) -> Result<FileKind, ReadError> {
        let metadata = std::fs::metadata(self.locate(path)?)?;
        Ok(if metadata.is_file() {
            FileKind::File
        } else if metadata.is_dir() {
            FileKind::Directory
        } else {
            FileKind::Special
        })
    }

    fn is_readable(&self, path: &Path) -> bool {
        // Looked at before it is opened: to open a FIFO waits for a writer.
        self.kind(path) == Ok(FileKind::File) && self.locate(path).is_ok_and(|path| std::fs::File::open(path).is_ok())
    }

    #[cfg(unix)]
    fn permissions(&self, path: &Path) -> Option<Permissions> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(self.locate(path).ok()?).ok()?;
        Some(Permissions { mode: metadata.mode() & 0o7777, owner: metadata.uid(), group: metadata.gid() })
    }

    fn is_elsewhere(&self, path: &Path) -> bool {
        self.map.real_path(path) != path
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, ReadError> {
        Ok(std::fs::canonicalize(self.locate(path)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_before_root_and_nothing_twice() {
        let map = PathMap {
            root: Some("/img".into()),
            prefixes: vec![
                ("/etc/letsencrypt".into(), "/certs".into()),
                ("/etc/nginx".into(), "/etc/nginx/staging".into()),
            ],
        };
        let real = |path: &str| map.real_path(Path::new(path)).to_string_lossy().into_owned();
        assert_eq!(real("/etc/letsencrypt/live/a"), "/certs/live/a");
        assert_eq!(real("/certs/live/a"), "/certs/live/a");
        assert_eq!(real("/etc/nginx/x"), "/etc/nginx/staging/x");
        assert_eq!(real("/etc/nginx/staging/x"), "/etc/nginx/staging/x");
        assert_eq!(real("/etc/letsencrypt2/a"), "/img/etc/letsencrypt2/a");
        assert_eq!(real("/img/etc/x"), "/img/etc/x");
        assert_eq!(real("conf.d/a"), "conf.d/a");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_what_a_link_leads_to() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a.key"), dir.path().join("link"));
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a.key", &link).unwrap();
        let files = RealFiles::default();
        assert_eq!(files.permissions(&link).map(|permissions| permissions.mode), Some(0o640));
        assert_eq!(files.permissions(&dir.path().join("none")), None);
    }

    #[cfg(unix)]
    #[test]
    fn absolute_links_of_an_image_stay_below_its_root() {
        let dir = tempfile::tempdir().unwrap();
        let image = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(image.join("etc/nginx/available")).unwrap();
        std::fs::create_dir_all(image.join("etc/nginx/enabled")).unwrap();
        std::fs::write(image.join("etc/nginx/available/a"), "a;").unwrap();
        std::os::unix::fs::symlink("/etc/nginx/available/a", image.join("etc/nginx/enabled/a")).unwrap();
        std::os::unix::fs::symlink("/etc/nginx/enabled/loop", image.join("etc/nginx/enabled/loop")).unwrap();
        let files = RealFiles::new(PathMap { root: Some(image.clone()), ..PathMap::default() });
        assert_eq!(files.read(Path::new("/etc/nginx/enabled/a"), 9).unwrap(), b"a;");
        assert_eq!(files.canonicalize(Path::new("/etc/nginx/enabled/a")).unwrap(), image.join("etc/nginx/available/a"));
        assert_eq!(files.read(Path::new("/etc/nginx/enabled/loop"), 9), Err(ReadError::LinkLoop));
    }

    #[cfg(unix)]
    #[test]
    fn the_working_directory_and_what_is_above_it_are_found_through_a_map() {
        let files = RealFiles::new(PathMap { root: Some("/img".into()), ..PathMap::default() });
        for (path, real) in [
            (".", "."),
            ("./", "."),
            ("src/..", "."),
            ("src/../..", ".."),
            ("../x", "../x"),
            ("../../x/..", "../.."),
            ("./src/./source", "src/source"),
        ] {
            assert_eq!(files.locate(Path::new(path)), Ok(PathBuf::from(real)), "{path}");
        }
    }
}
