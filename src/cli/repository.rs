//! The repositories around what is looked at.

use std::path::{Path, PathBuf};

use super::RunError;
use super::input::{Places, STDIN};
use super::settings::Run;
use crate::report::Repository;

/// The working directory, and the repositories that hold the PATHs; that around the working directory, where none does.
/// Paths are the same from wherever the program is started.
pub(super) fn around(runs: &[Run]) -> Result<Repository, RunError> {
    let found = std::env::current_dir().and_then(std::fs::canonicalize);
    // Without a working directory no path is relative to it.
    let working_directory = found.unwrap_or_else(|_| PathBuf::from("/"));
    let mut roots: Vec<PathBuf> = Vec::new();
    for run in runs {
        let places = Places::new(&run.files)?;
        for path in run.paths.iter().filter(|path| path.as_os_str() != STDIN) {
            roots.extend(top_above(&working_directory.join(places.real_path(path))));
        }
    }
    if roots.is_empty() {
        roots.extend(top_above(&working_directory));
    }
    roots.sort();
    roots.dedup();
    Ok(Repository { working_directory, roots, base: None })
}

/// The top of the repository that holds a file or folder. Git marks it by a folder `.git`, or by a file of this name in
/// a worktree or a submodule.
pub(super) fn top_above(path: &Path) -> Option<PathBuf> {
    let path = crate::report::without_dots(path);
    path.ancestors().find(|directory| directory.join(".git").exists()).map(Path::to_path_buf)
}
