//! The private keys of a configuration, each compared with its certificate when that is asked for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;

use super::accounts::{Accounts, GroupAccess};
use super::key::{KeyProblem, KeyState};
use super::store::CertificateStore;
use crate::source::{FileSystem, Permissions};

/// A certificate, its key, and the passwords for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPair {
    /// The certificate file.
    pub certificate: PathBuf,
    /// The key file.
    pub key: PathBuf,
    /// The password file in effect.
    pub password_file: Option<PathBuf>,
}

/// What is known of a private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCheck {
    /// Whether it belongs to the certificate.
    pub state: KeyState,
    /// That other users of the machine can read or change it.
    pub exposure: Option<Exposure>,
    /// Where not all of them can: those who can because they are in its group.
    pub group_access: Option<GroupAccess>,
}

/// How a file is open to users who should not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exposure {
    /// Its mode: nine bits `rwxrwxrwx`, and the three above them.
    pub mode: u32,
}

/// The keys of a configuration.
pub struct KeyStore<'f> {
    files: &'f dyn FileSystem,
    /// Sorted.
    pairs: Vec<(KeyPair, OnceLock<KeyCheck>)>,
    accounts: OnceLock<Accounts>,
}

impl<'f> KeyStore<'f> {
    /// A store of these pairs; no file is opened yet. Their order and repetitions do not matter.
    pub fn new(files: &'f dyn FileSystem, pairs: impl IntoIterator<Item = KeyPair>) -> KeyStore<'f> {
        let mut pairs: Vec<KeyPair> = pairs.into_iter().collect();
        pairs.sort_unstable();
        pairs.dedup();
        let pairs = pairs.into_iter().map(|pair| (pair, OnceLock::new())).collect();
        KeyStore { files, pairs, accounts: OnceLock::new() }
    }

    /// What is known of a key of the store, with the certificates that it is compared with.
    pub fn check(&self, pair: &KeyPair, certificates: &CertificateStore) -> Option<&KeyCheck> {
        let place = self.pairs.binary_search_by(|(known, _)| known.cmp(pair)).ok()?;
        let (pair, check) = self.pairs.get(place)?;
        Some(check.get_or_init(|| KeyCheck::new(self, pair, certificates)))
    }

    /// Whether the key of a pair belongs to its certificate, where that is no pair of the store: nothing is kept of it.
    #[must_use]
    pub fn compare(&self, pair: &KeyPair, certificates: &CertificateStore) -> KeyState {
        let certificates = certificates.file(&pair.certificate).map(|file| file.certificates.as_slice());
        KeyState::of_file(self.files, &pair.key, pair.password_file.as_deref(), certificates.unwrap_or_default())
    }

    /// Checks all keys in parallel, so that [`check`](KeyStore::check) has its answers ready.
    pub fn check_all(&self, certificates: &CertificateStore) {
        // As with chains: within a cell nothing waits for other threads of the pool.
        self.pairs.par_iter().for_each(|(pair, check)| {
            check.get_or_init(|| KeyCheck::new(self, pair, certificates));
        });
    }

    /// Whether there are keys and none of them can be read, as in a repository without its secrets.
    #[must_use]
    pub fn lacks_keys(&self, certificates: &CertificateStore) -> bool {
        let is_unreadable = |pair: &KeyPair| {
            let check = self.check(pair, certificates);
            check.is_none_or(|check| matches!(check.state, KeyState::Unusable(KeyProblem::Unreadable(_))))
        };
        !self.pairs.is_empty() && self.pairs.iter().all(|(pair, _)| is_unreadable(pair))
    }

    /// Whether a file lies in a checkout of git.
    #[must_use]
    pub fn is_checkout(&self, path: &Path) -> bool {
        is_checkout(self.files, path)
    }
}

impl fmt::Debug for KeyStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore").field("pairs", &self.pairs).finish_non_exhaustive()
    }
}

impl KeyCheck {
    fn new(store: &KeyStore<'_>, pair: &KeyPair, certificates: &CertificateStore) -> KeyCheck {
        let files = store.files;
        let state = store.compare(pair, certificates);
        if matches!(&state, KeyState::Unusable(problem) if !problem.is_of_key()) {
            return KeyCheck { state, exposure: None, group_access: None };
        }
        let exposure = Exposure::find(files, &pair.key);
        let is_for_group = exposure.is_none() && files.permissions(&pair.key).is_some_and(|it| it.mode & 0o060 != 0);
        let accounts = is_for_group.then(|| store.accounts.get_or_init(|| Accounts::read(files)));
        let group_access = accounts.and_then(|accounts| accounts.group_access(files, &pair.key));
        KeyCheck { state, exposure, group_access }
    }
}

impl Exposure {
    /// Whether other users than the owner and the group can read or change the file: its mode lets them, and every
    /// directory on the way to it.
    ///
    /// Not said of a checkout of git, which keeps no such modes.
    pub fn find(files: &dyn FileSystem, path: &Path) -> Option<Exposure> {
        let mode = files.permissions(path)?.mode;
        if mode & 0o006 == 0 {
            return None;
        }
        let real = files.canonicalize(path).ok()?;
        let is_closed = |permissions: Permissions| permissions.mode & 0o001 == 0;
        let mut directories = real.ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty());
        if directories.any(|directory| files.permissions(directory).is_some_and(is_closed)) || is_checkout(files, &real)
        {
            return None;
        }
        Some(Exposure { mode: mode & 0o777 })
    }

    /// Whether others can change it.
    #[must_use]
    pub fn is_writable(self) -> bool {
        self.mode & 0o002 != 0
    }
}

/// Whether `path` lies below a directory with a `.git` in it.
pub(super) fn is_checkout(files: &dyn FileSystem, path: &Path) -> bool {
    let real = files.canonicalize(path).ok();
    let real = real.as_deref().unwrap_or(path);
    real.ancestors().skip(1).any(|directory| files.kind(&directory.join(".git")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryFiles;

    #[test]
    fn exposed_is_what_others_can_reach() {
        // (mode of the key, of its directory, exposed)
        const ROWS: &[(u32, u32, bool)] = &[
            (0o600, 0o755, false),
            (0o640, 0o755, false), // the group's
            (0o644, 0o755, true),
            (0o602, 0o755, true),
            (0o644, 0o750, false), // nobody else comes to it
            (0o644, 0o711, true),
        ];
        for &(key, directory, exposed) in ROWS {
            let mut files = MemoryFiles::default();
            files.add("/etc/ssl/private/a.key", "");
            files.set_mode("/etc/ssl/private/a.key", key);
            files.set_mode("/etc/ssl/private", directory);
            let path = Path::new("/etc/ssl/private/a.key");
            assert_eq!(Exposure::find(&files, path).is_some(), exposed, "{key:o} {directory:o}");
            files.add("/etc/.git/HEAD", "");
            assert_eq!(Exposure::find(&files, path), None, "a checkout");
        }
    }
}
