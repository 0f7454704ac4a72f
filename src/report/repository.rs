//! Paths as a repository holds them: what code hosts want, whatever directory the program runs in.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// All but the unreserved characters of RFC 3986, section 2.3, and the slash between segments.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where the paths of a report are seen from.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// What the paths of messages are relative to.
    pub working_directory: PathBuf,
    /// The tops of the repositories that hold what is looked at; none: there is none, and paths are relative to the
    /// working directory.
    pub roots: Vec<PathBuf>,
    /// What paths are relative to where there is no repository, with `..` for a directory above: that of a baseline, so
    /// that they are the same from any working directory.
    pub base: Option<PathBuf>,
}

impl Repository {
    /// The same for the paths in `file`: without a repository they are relative to its directory.
    #[must_use]
    pub fn seen_from(&self, file: &Path) -> Repository {
        let file = without_dots(&self.working_directory.join(file));
        Repository { base: file.parent().map(Path::to_path_buf), ..self.clone() }
    }

    /// `shown`, a path of messages, from the top of the repository, with `/` between its parts. One outside of the
    /// repository is absolute.
    #[must_use]
    pub fn path(&self, shown: &Path) -> String {
        self.path_of(shown).to_string_lossy().into_owned()
    }

    /// The same, with every byte of the name.
    #[must_use]
    pub fn path_of(&self, shown: &Path) -> PathBuf {
        let absolute = without_dots(&self.working_directory.join(shown));
        if let Some(base) = self.base.as_deref().filter(|_| self.roots.is_empty()) {
            return relative_to(base, &absolute);
        }
        let around =
            self.roots.iter().filter(|root| absolute.starts_with(root)).max_by_key(|root| root.as_os_str().len());
        let base = match around {
            None if self.roots.is_empty() => Some(&self.working_directory),
            around => around,
        };
        base.and_then(|base| absolute.strip_prefix(base).ok()).unwrap_or(&absolute).to_path_buf()
    }

    /// The places that `path`, as [`Repository::path`] gives it, may stand for: one in each repository.
    pub fn places(&self, path: &str) -> impl Iterator<Item = PathBuf> {
        let base = self.base.as_ref().unwrap_or(&self.working_directory);
        let bases = if self.roots.is_empty() { std::slice::from_ref(base) } else { &self.roots };
        bases.iter().map(move |base| base.join(path))
    }

    /// The same as a URI reference (RFC 3986): relative to the top of the repository, or `file:` with a path. Bytes that
    /// are no text are kept.
    #[must_use]
    pub fn uri(&self, shown: &Path) -> String {
        let path = self.path_of(shown);
        let scheme = if path.has_root() { "file://" } else { "" };
        format!("{scheme}{}", percent_encode(path.as_os_str().as_encoded_bytes(), ESCAPED))
    }
}

/// The way from a directory to a file. Both are absolute.
fn relative_to(base: &Path, file: &Path) -> PathBuf {
    let common = base.components().zip(file.components()).take_while(|(one, other)| one == other).count();
    let up = base.components().skip(common).map(|_| Component::ParentDir);
    up.chain(file.components().skip(common)).collect()
}

/// A path without `.` and `..`, as it is written: links are not followed.
#[must_use]
pub fn without_dots(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                short.pop();
            }
            Component::CurDir => {}
            other => short.push(other),
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_top_of_the_repository() {
        let repository = Repository { working_directory: "/r/deploy".into(), roots: vec!["/r".into()], base: None };
        for (shown, path, uri) in [
            ("nginx/a.conf", "deploy/nginx/a.conf", "deploy/nginx/a.conf"),
            ("../nginx/a.conf", "nginx/a.conf", "nginx/a.conf"),
            ("/r/a b#.conf", "a b#.conf", "a%20b%23.conf"),
            ("/etc/nginx/nginx.conf", "/etc/nginx/nginx.conf", "file:///etc/nginx/nginx.conf"),
        ] {
            assert_eq!(repository.path(Path::new(shown)), path);
            assert_eq!(repository.uri(Path::new(shown)), uri);
        }
    }

    #[cfg(unix)]
    #[test]
    fn uris_keep_bytes_that_are_no_text() {
        use std::os::unix::ffi::OsStrExt;
        let repository = Repository { working_directory: "/r".into(), roots: vec!["/r".into()], base: None };
        let shown = Path::new(std::ffi::OsStr::from_bytes(b"a\xff%.conf"));
        assert_eq!(repository.uri(shown), "a%FF%25.conf");
        assert_eq!(repository.path(shown), "a\u{fffd}%.conf");
    }

    #[test]
    fn without_a_repository_paths_stay_relative_to_the_working_directory() {
        let repository = Repository { working_directory: "/w".into(), roots: Vec::new(), base: None };
        assert_eq!(repository.path(Path::new("a.conf")), "a.conf");
        // Those in a baseline to that.
        for (baseline, path) in [("known.json", "a.conf"), ("../b/known.json", "../w/a.conf"), ("/known", "w/a.conf")] {
            assert_eq!(repository.seen_from(Path::new(baseline)).path(Path::new("a.conf")), path);
        }
    }

    #[test]
    fn each_file_is_seen_from_its_own_repository() {
        let repository = Repository {
            working_directory: "/w".into(),
            roots: vec!["/w/a".into(), "/b".into()],
            base: Some("/w".into()),
        };
        for (shown, path) in [("a/nginx.conf", "nginx.conf"), ("/b/x/y.conf", "x/y.conf"), ("../c", "/c")] {
            assert_eq!(repository.path(Path::new(shown)), path);
        }
        assert!(repository.places("x").eq([PathBuf::from("/w/a/x"), "/b/x".into()]));
    }
}
