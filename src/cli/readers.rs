//! Who else reads the files that fixes would change.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rustc_hash::FxHashSet;

use super::RunError;
use super::input::{Changes, Input};
use super::lint::Places;
use super::settings::Run;
use super::shown::Shown;
use crate::config::{Library, other_readers};
use crate::source::Sources;

/// Files by their real paths, each with a configuration that reads it and is not linted, as messages show it.
pub(super) type OtherReaders = BTreeMap<PathBuf, PathBuf>;

/// The others who read what this run may change.
pub(super) fn find(runs: &[Run], places: &Places) -> Result<OtherReaders, RunError> {
    let linted: FxHashSet<PathBuf> = places.values().map(|place| place.canonical.clone()).collect();
    let changeable = places.values().filter(|place| place.may_change);
    let files: FxHashSet<PathBuf> = changeable.map(|place| place.canonical.clone()).collect();
    let working_directory = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let mut found = OtherReaders::new();
    for run in runs {
        let input = Input::open(&run.paths, &run.files, &Changes::new())?;
        let shown = Shown::new(&input, working_directory.as_deref());
        for group in input.groups().iter().filter(|group| !group.is_dump) {
            let sources = Sources::default();
            let library = Library::new(&*group.files, &sources, working_directory.clone());
            let library = library.with_dialect(run.dialect.clone());
            let others = other_readers(&library, &linted, &run.roots, &files);
            found.extend(others.into_iter().map(|(file, reader)| (file, shown.path(&reader))));
        }
    }
    Ok(found)
}
