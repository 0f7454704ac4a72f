//! The files below a directory that could be nginx configuration.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::ReadError;

/// Endings of copies that editors and package managers leave; people do not mean them, though an
/// `include sites-enabled/*` does read them.
const BACKUP_ENDINGS: &[&str] = &[
    "~",
    ".bak",
    ".backup",
    ".old",
    ".orig",
    ".save",
    ".swp",
    ".tmp",
    ".rej",
    ".disabled",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-old",
    ".dpkg-tmp",
    ".ucf-dist",
    ".ucf-old",
    ".rpmnew",
    ".rpmsave",
    ".rpmorig",
];

/// Endings that configuration files have.
const CONFIGURATION_ENDINGS: &[&str] = &[".conf", ".vhost", ".nginx"];

/// Endings of files that stand beside configuration in `sites-*` folders.
const OTHER_ENDINGS: &[&str] = &[".md", ".txt", ".j2", ".erb", ".tmpl", ".template", ".pem", ".key", ".crt", ".html"];

/// Where the kernel shows itself as files, without end and without configuration.
const OF_THE_KERNEL: &[&str] = &["/proc", "/sys", "/dev"];

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Files that could be configuration, sorted by path.
    pub files: Vec<PathBuf>,
    /// What could not be looked at: closed directories, links that lead in a circle.
    pub unreadable: Vec<(PathBuf, ReadError)>,
    /// Whether it ended because there are more files and folders than were wanted.
    pub is_cut: bool,
}

/// Walks the real `directory`, following links, but for those to a folder above it, such as `/`. Hidden files and
/// folders, `node_modules`, backup copies and templates are passed over. `limit`: how many files and folders are looked at.
#[must_use]
pub fn walk(directory: &Path, limit: Option<usize>) -> Walk {
    let mut found = Walk::default();
    // `.` has no name of its own.
    let real = std::fs::canonicalize(directory).unwrap_or_default();
    let entries = WalkDir::new(directory)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_passed_over(entry) && !leads_up(entry, &real));
    for (number, entry) in entries.enumerate() {
        if limit.is_some_and(|limit| number >= limit) {
            found.is_cut = true;
            break;
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_candidate(entry.path(), &real) => {
                found.files.push(entry.path().strip_prefix(".").unwrap_or(entry.path()).to_path_buf())
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(directory).to_path_buf();
                let is_loop = error.loop_ancestor().is_some();
                let reason = if is_loop {
                    ReadError::LinkLoop
                } else {
                    error.into_io_error().map_or(ReadError::NotFound, ReadError::from)
                };
                // A link to nothing is no file; where an include needs it, the include says so.
                if reason != ReadError::NotFound {
                    found.unreadable.push((path, reason));
                }
            }
        }
    }
    found
}

fn is_passed_over(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || name == "node_modules" || entry.file_type().is_dir() && is_of_the_kernel(entry)
}

/// Whether it is a link to a folder that holds `top`, of which only `top` is meant.
fn leads_up(entry: &DirEntry, top: &Path) -> bool {
    let target = || std::fs::canonicalize(entry.path()).unwrap_or_default();
    entry.path_is_symlink()
        && entry.file_type().is_dir()
        && top.parent().is_some_and(|above| above.starts_with(target()))
}

fn is_of_the_kernel(entry: &DirEntry) -> bool {
    let real = match entry.path_is_symlink() {
        true => std::fs::canonicalize(entry.path()).unwrap_or_default(),
        false => entry.path().to_path_buf(),
    };
    OF_THE_KERNEL.iter().any(|directory| real.starts_with(directory))
}

/// `top` is the real directory that is walked.
fn is_candidate(path: &Path, top: &Path) -> bool {
    let ends_in = |endings: &[&str], name: &str| endings.iter().any(|ending| name.ends_with(ending));
    let name_of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name_of(path) else { return false };
    if ends_in(BACKUP_ENDINGS, &name) {
        return false;
    }
    let folder = || path.parent().and_then(name_of).or_else(|| name_of(top));
    let in_sites = || folder().is_some_and(|folder| folder.starts_with("sites-"));
    ends_in(CONFIGURATION_ENDINGS, &name) || in_sites() && !ends_in(OTHER_ENDINGS, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn hidden_backup_and_looping_entries() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "nginx.conf",
            "a.conf~",
            "b.conf.bak",
            ".git/x.conf",
            "sites-available/shop",
            "sites-available/shop.dpkg-dist",
            "notes.txt",
            "sites-available/README.md",
        ] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling.conf")).unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("everything")).unwrap();
        let all = walk(dir.path(), None);
        let cut = walk(dir.path(), Some(3));
        assert_eq!((all.is_cut, cut.is_cut, cut.files), (false, true, Vec::new()));
        let found = all;
        let names: Vec<_> =
            found.files.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["nginx.conf", "sites-available/shop"]);
        assert_eq!(found.unreadable, [(dir.path().join("loop"), ReadError::LinkLoop)]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_kernel_shows_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("nginx.conf"), "").unwrap();
        std::os::unix::fs::symlink("/proc", dir.path().join("a")).unwrap();
        let found = walk(dir.path(), Some(100));
        assert_eq!((found.files.len(), found.is_cut), (1, false));
    }
}
