//! The repositories around what is looked at.

use std::path::PathBuf;

use super::RunError;
use super::directories::{top_above, working_directory};
use super::input::{Places, STDIN};
use super::settings::Run;
use crate::report::Repository;

/// The working directory, and the repositories that hold the PATHs; that around the working directory, where none does.
/// Paths are the same from wherever the program is started.
pub(super) fn around(runs: &[Run]) -> Result<Repository, RunError> {
    let working_directory = working_directory();
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
