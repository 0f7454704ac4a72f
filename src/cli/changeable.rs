//! The files that may be changed: those that the user means.
//!
//! Settings, includes and links are part of what is linted, and may be somebody else's. They lead to files that are
//! read; what is changed is said on the command line alone.

use std::path::{Path, PathBuf};

use super::RunError;
use super::directories::{top_above, working_directory};
use super::input::{DEFAULT_PATH, Places, STDIN};
use super::linked::Linked;
use super::options::FileOptions;
use super::write::place_of;
use crate::settings::SettingsFile;

/// What is said of a file that is linted and may not be changed.
pub(super) const OUTSIDE: &str = "the file is not below what is named on the command line; name it to change it";

/// What the PATHs of a run name, whatever the settings make of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// The real paths of files and directories.
    paths: Vec<PathBuf>,
    /// Where the directory of a root file has to be, for it to be meant as well: repositories, and directories that are
    /// named.
    grounds: Vec<PathBuf>,
    /// Files that are in no repository: a directory above one of them is meant where the root file is in it.
    lone: Vec<PathBuf>,
    /// Where links below what is meant lead.
    linked: Linked,
}

impl Named {
    /// What `paths` name, with the maps of the command line. None of them: what the settings name, as far as it is below
    /// their directory, else the configuration of this machine.
    pub(super) fn new(
        options: &FileOptions,
        paths: &[PathBuf],
        settings: Option<&SettingsFile>,
    ) -> Result<Named, RunError> {
        let default = [PathBuf::from(DEFAULT_PATH)];
        let names_place = |file: &&SettingsFile| file.settings.roots.is_some() || file.settings.root.is_some();
        let paths = match (paths, settings.filter(names_place)) {
            ([], Some(file)) => {
                let roots = file.settings.roots.iter().flatten();
                let roots = roots.filter_map(|root| std::fs::canonicalize(file.resolve(root)).ok());
                let paths = roots.filter(|root| root.starts_with(&file.directory)).collect();
                return Ok(Named { paths, grounds: vec![file.directory.clone()], ..Named::default() });
            }
            ([], None) => &default,
            (paths, _) => paths,
        };
        let places = Places::new(options)?;
        let mut named = Named::default();
        for path in paths.iter().filter(|path| path.as_os_str() != STDIN) {
            named.add(&working_directory().join(places.real_path(path)));
        }
        Ok(named)
    }

    fn add(&mut self, path: &Path) {
        let Ok(real) = std::fs::canonicalize(path) else { return };
        match repository_of(path) {
            // Whoever made the link has not made what it leads to.
            Some(top) if !real.starts_with(&top) => return,
            Some(top) => self.grounds.push(top),
            None if real.is_dir() => self.grounds.push(real.clone()),
            None => self.lone.extend([place_beside(path), Some(real.clone())].into_iter().flatten()),
        }
        self.paths.push(real);
    }

    /// The same for a configuration whose root file is in `directory`, a real path.
    pub(super) fn with_root_in(&self, directory: Option<PathBuf>) -> Changeable {
        let is_meant = |directory: &PathBuf| {
            self.grounds.iter().any(|ground| directory.starts_with(ground))
                || self.lone.iter().any(|file| file.starts_with(directory))
        };
        let meant = self.paths.iter().cloned().chain(directory.filter(is_meant));
        Changeable { meant: meant.collect(), linked: self.linked.clone(), ..Changeable::default() }
    }
}

/// The files of a configuration whose text is what stands on the disk, and which the user means by the PATHs: those that
/// are named, and what is below a directory that is named or holds the root file, by its links as well.
#[derive(Debug, Default)]
pub(super) struct Changeable {
    pub(super) meant: Vec<PathBuf>,
    /// Where links below that lead.
    pub(super) linked: Linked,
    /// What is read from somewhere else than from where it seems to be.
    pub(super) replaced: Vec<PathBuf>,
    /// Whether all of it is.
    pub(super) is_dump: bool,
}

impl Changeable {
    /// Whether the file with this real path is one.
    pub(super) fn holds(&self, canonical: &Path) -> bool {
        let is_below = || self.meant.iter().any(|meant| canonical.starts_with(meant));
        let is_linked = || self.meant.iter().any(|meant| self.linked.leads(meant, canonical));
        !self.is_elsewhere(canonical) && (is_below() || is_linked())
    }

    /// Whether the text of this file is not what stands on the disk.
    pub(super) fn is_elsewhere(&self, canonical: &Path) -> bool {
        self.is_dump || self.replaced.iter().any(|replaced| replaced == canonical)
    }
}

/// Where a link itself is, whatever it leads to.
fn place_beside(path: &Path) -> Option<PathBuf> {
    Some(std::fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?))
}

/// Whether what is written to `path` would get to another place than the repository that holds it, by a link.
pub(super) fn leads_out(path: &Path) -> bool {
    let path = working_directory().join(path);
    repository_of(&path).is_some_and(|top| !place_of(&path).starts_with(top))
}

/// The real path of the top of the repository that `path` is in, as it is written. One that a link of another repository
/// leads to is no part of it.
pub(super) fn repository_of(path: &Path) -> Option<PathBuf> {
    let real = |top: PathBuf| std::fs::canonicalize(&top).unwrap_or(top);
    let mut top = top_above(path)?;
    let mut place = real(top.clone());
    while let Some(outer) = top.parent().and_then(top_above) {
        let real_outer = real(outer.clone());
        if !place.starts_with(&real_outer) {
            place = real_outer;
        }
        top = outer;
    }
    Some(place)
}
