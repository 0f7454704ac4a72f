//! Where the program is started, and what is around a path.

use std::path::{Path, PathBuf};

/// The working directory; without one no path is relative to it.
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

/// The top of the repository that holds a file or folder. Git marks it by a folder `.git`, or by a file of this name in
/// a worktree or a submodule.
pub(super) fn top_above(path: &Path) -> Option<PathBuf> {
    let path = crate::report::without_dots(path);
    path.ancestors().find(|directory| directory.join(".git").exists()).map(Path::to_path_buf)
}
