//! Who else reads a file: configurations that are not asked for.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::targets::{USUAL_ROOT, files_of, include_directory};
use super::{Library, LoadedFile, include, snippet};
use crate::source::walk;

/// Files and folders around a configuration among which others are looked for. Of larger trees the rest is not looked at.
const MAX_FILES: usize = 100_000;

/// Those of `files`, by canonical path, that somebody reads who is not among `linted`, each with a reader: a root, if
/// there is one, or a lone snippet.
///
/// Readers are looked for in the repositories that hold the files, or without one in their directories, and among `roots`,
/// which are known to be some.
pub fn other_readers(
    library: &Library<'_>,
    linted: &FxHashSet<PathBuf>,
    roots: &[PathBuf],
    files: &FxHashSet<PathBuf>,
) -> FxHashMap<PathBuf, PathBuf> {
    let mut candidates: Vec<PathBuf> = roots.to_vec();
    candidates.extend(directories(library, files).iter().flat_map(|directory| walk(directory, Some(MAX_FILES)).files));
    let above = files.iter().flat_map(|file| file.ancestors().skip(1)).map(|directory| directory.join(USUAL_ROOT));
    candidates.extend(above);
    candidates.sort();
    candidates.dedup();
    let loaded = library.load_all(&candidates);
    let may_read = |file: &LoadedFile<'_>| {
        !linted.contains(&file.canonical) && !file.includes.is_empty() && file.placeholder.is_none()
    };
    let mut readers: Vec<(bool, PathBuf, &LoadedFile<'_>)> = candidates
        .into_iter()
        .zip(loaded)
        .filter_map(|(path, file)| Some((path, file.ok().filter(|file| may_read(file))?)))
        .map(|(path, file)| (!snippet::is_root(&file.ast), path, file))
        .collect();
    readers.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut found = FxHashMap::default();
    for (is_part, path, reader) in readers {
        let directory = match include_directory(library, reader).filter(|_| is_part) {
            Some(directory) => directory,
            None => include::root_directory(&path),
        };
        for file in files_of(library, reader, &directory).into_iter().filter(|file| files.contains(file)) {
            found.entry(file).or_insert_with(|| path.clone());
        }
    }
    found
}

/// Where to look: none of them is below another.
fn directories(library: &Library<'_>, files: &FxHashSet<PathBuf>) -> Vec<PathBuf> {
    let is_repository = |directory: &&Path| library.files().kind(&directory.join(".git")).is_ok();
    let mut parents: Vec<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    parents.sort_unstable();
    parents.dedup();
    let top = |parent: &Path| parent.ancestors().find(is_repository).unwrap_or(parent).to_path_buf();
    let mut directories: Vec<PathBuf> = parents.into_iter().map(top).collect();
    directories.sort();
    directories.dedup_by(|below, above| below.starts_with(&*above));
    directories
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "what is walked are real files")]
mod tests {
    use super::*;
    use crate::source::{RealFiles, Sources};

    #[test]
    fn others_are_found_wherever_they_stand_in_the_repository() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        for (path, text) in [
            (".git/HEAD", ""),
            ("a/nginx.conf", "events {} http { include ../shared/*.conf; include inner.conf; }"),
            ("a/inner.conf", "include own.conf;"),
            ("a/own.conf", "gzip on;"),
            ("b/site.conf", "server { listen 80; include ../shared/c.conf; }"),
            ("c/edge.conf", "events {} http { include ../shared/c.conf; }"),
            ("shared/c.conf", "tcp_nopush on;"),
            ("shared/d.conf", "sendfile on;"),
        ] {
            let path = top.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let (files, sources) = (RealFiles::default(), Sources::default());
        let library = Library::new(&files, &sources, None);
        let own = ["a/nginx.conf", "a/inner.conf", "a/own.conf", "shared/c.conf", "shared/d.conf"];
        let own: FxHashSet<PathBuf> = own.iter().map(|path| top.join(path)).collect();
        let readers = |others: &[&str]| {
            let linted = own.iter().cloned().chain(others.iter().map(|path| top.join(path))).collect();
            let found = other_readers(&library, &linted, &[], &own);
            let name = |path: &Path| path.strip_prefix(&top).unwrap().display().to_string();
            found.iter().map(|(file, by)| format!("{} < {}", name(file), name(by))).collect::<Vec<_>>()
        };
        assert_eq!(readers(&[]), ["shared/c.conf < c/edge.conf"]);
        assert_eq!(readers(&["c/edge.conf"]), ["shared/c.conf < b/site.conf"]);
        assert_eq!(readers(&["c/edge.conf", "b/site.conf"]), [""; 0]);
    }
}
