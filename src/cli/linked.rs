//! Where the links below a directory lead.

use std::collections::VecDeque;
use std::fs::{DirEntry, canonicalize, read_dir};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::changeable::repository_of;

/// Files and folders that are looked at for links. A root file may lie in somebody's home directory.
const MAX_ENTRIES: usize = 50_000;

/// What the links below directories lead to, found once for each directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Linked(Arc<Mutex<FxHashMap<PathBuf, Vec<PathBuf>>>>);

impl Linked {
    /// Whether a link below `directory`, a real path, leads to `file`, another one, or to a folder around it. Hidden
    /// files and folders are passed over.
    ///
    /// Links in a repository are followed inside of it only: whoever made the repository has not made what is around it.
    /// Others are not: what is to be changed beside a directory in no repository has to be named.
    pub(super) fn leads(&self, directory: &Path, file: &Path) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(directory) {
            known.insert(directory.to_path_buf(), targets(directory));
        }
        known.get(directory).is_some_and(|targets| targets.iter().any(|target| file.starts_with(target)))
    }
}

fn targets(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut waiting = VecDeque::from([directory.to_path_buf()]);
    let mut left = MAX_ENTRIES;
    while let Some(folder) = waiting.pop_front() {
        let mut entries: Vec<DirEntry> = read_dir(&folder).into_iter().flatten().flatten().take(left).collect();
        left -= entries.len();
        entries.retain(|entry| !is_passed_over(entry));
        entries.sort_by_key(DirEntry::file_name);
        let (links, others): (Vec<_>, Vec<_>) =
            entries.iter().partition(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
        let folders = others.into_iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        waiting.extend(folders.map(DirEntry::path));
        let repository = if links.is_empty() { None } else { repository_of(&folder) };
        for target in links.into_iter().filter_map(|link| canonicalize(link.path()).ok()) {
            let is_outside = repository.as_ref().is_none_or(|top| !target.starts_with(top));
            let is_known = target.starts_with(directory) || found.iter().any(|known| target.starts_with(known));
            // A link upwards, as Wine's to `/`, is no way to say that all of it is meant.
            let is_above = folder.starts_with(&target);
            if !is_outside && !is_known && !is_above {
                waiting.push_back(target.clone());
                found.push(target);
            }
        }
    }
    found
}

fn is_passed_over(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    name.as_encoded_bytes().starts_with(b".") || name == "node_modules"
}
