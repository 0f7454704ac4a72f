//! Paths of certificates as the user would open them.

use std::path::{Component, Path, PathBuf};

use super::input::Input;

/// What stands between nginx's paths and those that people know.
#[derive(Clone, Copy)]
pub(super) struct Shown<'i> {
    input: &'i Input,
    /// Paths below it are shown relative to it.
    directory: Option<&'i Path>,
}

impl<'i> Shown<'i> {
    pub(super) fn new(input: &'i Input, working_directory: Option<&'i Path>) -> Shown<'i> {
        // As in messages: `etc/nginx/nginx.conf` is how nobody writes it, even where / is the working directory.
        Shown { input, directory: working_directory.filter(|directory| directory.parent().is_some()) }
    }

    /// Where nginx's `path` is, relative to the working directory if it is below that.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        let path = without_dots(self.input.real_path(path));
        self.directory.and_then(|directory| path.strip_prefix(directory).ok()).unwrap_or(&path).to_path_buf()
    }
}

/// `sites/../pki/x.pem` as `pki/x.pem`, where this is the same file: links are kept, since `live/x.pem` is what people
/// know.
fn without_dots(path: PathBuf) -> PathBuf {
    let mut short = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if short.file_name().is_some() => {
                short.pop();
            }
            Component::CurDir => {}
            other => short.push(other),
        }
    }
    let is_same =
        || std::fs::canonicalize(&path).ok().is_some_and(|real| std::fs::canonicalize(&short).ok() == Some(real));
    if short.as_os_str() == path.as_os_str() || is_same() { short } else { path }
}
