//! Certificate files beside those that a configuration names.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::config::Config;
use crate::model::values::value::has_variables;
use crate::source::{FileKind, FileSystem};
use crate::tls::{Certificate, CertificateFile};

/// How certificate files are called. Others are not opened: keys lie in the same directories.
const ENDINGS: &[&str] = &["pem", "crt", "cer", "cert"];

/// A certificate file that no directive names.
#[derive(Debug, Clone)]
pub struct UnusedCertificate {
    /// The file; as nginx would open it, until the paths are made those that people know.
    pub path: PathBuf,
    /// Its first certificate that is not just an authority's.
    pub leaf: Certificate,
    pub(crate) real: PathBuf,
}

/// A file that is called as a private key and that no directive names.
#[derive(Debug, Clone)]
pub struct UnusedKey {
    /// The file; as nginx would open it, until the paths are made those that people know.
    pub path: PathBuf,
    pub(crate) real: PathBuf,
}

/// The files that directives name, and where others may be named by variables.
#[derive(Debug, Default)]
pub(crate) struct NamedFiles {
    /// Real paths, of keys and of certificates of any purpose.
    pub(crate) real: FxHashSet<PathBuf>,
    /// Directories in which a variable may name any file.
    open: Vec<PathBuf>,
}

impl NamedFiles {
    pub(crate) fn of(config: &Config<'_>, files: &dyn FileSystem) -> NamedFiles {
        let mut named = NamedFiles::default();
        let mut paths = Vec::new();
        for directive in config.directives() {
            let name = directive.name_text();
            let Some(word) = directive.argument(0) else { continue };
            if !name.ends_with("certificate") && !name.ends_with("certificate_key") {
                continue;
            }
            let text = word.text();
            let before = text.split('$').next().unwrap_or_default();
            if !has_variables(&text) {
                paths.push(config.directory.join(&*text));
            } else if !before.starts_with("data:") {
                let directory = before.rsplit_once('/').map_or("", |(directory, _)| directory);
                // The whole path may be the variable's.
                let directory = if before.is_empty() { PathBuf::from("/") } else { config.directory.join(directory) };
                named.open.push(directory);
            }
        }
        named.real = paths.par_iter().filter_map(|path| files.canonicalize(path).ok()).collect();
        named
    }

    /// The certificates in `directories` that are not among the named files. Those of authorities are left out: they
    /// are there for chains.
    pub(crate) fn beside(&self, files: &dyn FileSystem, directories: Vec<&Path>) -> Vec<UnusedCertificate> {
        let directories: Vec<&Path> = directories.into_iter().filter(|directory| self.is_closed(directory)).collect();
        let found = directories.into_par_iter().flat_map_iter(|directory| self.in_directory(files, directory));
        found.collect()
    }

    /// The files in `directories` that are called as keys and are not among the named ones. They are not opened.
    pub(crate) fn keys_beside(&self, files: &dyn FileSystem, directories: &[&Path]) -> Vec<UnusedKey> {
        let closed = directories.iter().filter(|directory| self.is_closed(directory));
        let key = |path: PathBuf| {
            let is_key = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("key"));
            let real = files.canonicalize(&path).ok().filter(|real| is_key && !self.real.contains(real))?;
            (files.kind(&path) == Ok(FileKind::File)).then_some(UnusedKey { path, real })
        };
        let in_directory = |directory: &&Path| {
            let entries = files.read_dir(directory).unwrap_or_default();
            entries.into_iter().filter_map(|entry| key(directory.join(&entry.name))).collect::<Vec<_>>()
        };
        closed.flat_map(in_directory).collect()
    }

    fn is_closed(&self, directory: &Path) -> bool {
        !self.open.iter().any(|open| open == Path::new("/") || directory.starts_with(open))
    }

    fn in_directory(&self, files: &dyn FileSystem, directory: &Path) -> Vec<UnusedCertificate> {
        let entries = files.read_dir(directory).unwrap_or_default();
        let candidates = entries.into_par_iter().filter_map(|entry| {
            let path = directory.join(&entry.name);
            let ending = path.extension()?.to_str()?.to_ascii_lowercase();
            if !ENDINGS.contains(&ending.as_str()) || files.kind(&path) != Ok(FileKind::File) {
                return None;
            }
            let real = files.canonicalize(&path).ok().filter(|real| !self.real.contains(real))?;
            // In a file in the wrong order the issuer comes first.
            let mut certificates = CertificateFile::read(files, path.clone()).certificates.into_iter();
            let leaf = certificates.find(|certificate| !certificate.is_ca || !certificate.names().is_empty())?;
            Some(UnusedCertificate { path, leaf, real })
        });
        candidates.collect()
    }
}
