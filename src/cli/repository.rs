//! The repository around the working directory.

use std::path::{Path, PathBuf};

use crate::report::Repository;

/// The working directory and the repository that holds it. Git marks its top by a folder `.git`, or by a file of this
/// name in a worktree or a submodule.
pub(super) fn around_working_directory() -> Repository {
    let found = std::env::current_dir().and_then(std::fs::canonicalize);
    // Without a working directory no path is relative to it.
    let working_directory = found.unwrap_or_else(|_| PathBuf::from("/"));
    let root = working_directory.ancestors().find(|directory| directory.join(".git").exists()).map(Path::to_path_buf);
    Repository { working_directory, root }
}
