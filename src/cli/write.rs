//! Files that appear with all of their text, or stay as they were.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

/// Why a file of the user's was not changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplaceError {
    /// Somebody else wrote to it.
    #[error("it was changed meanwhile")]
    Changed,
    /// Its mode says that nobody writes to it.
    #[error("it is read-only")]
    ReadOnly,
    /// What the operating system says.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Writes `new` to the file with this real path, which held `old` when it was read. Mode and owner are kept.
///
/// # Errors
/// [`ReplaceError`]; the file is as it was then.
pub(super) fn replace(canonical: &Path, old: &[u8], new: &[u8]) -> Result<(), ReplaceError> {
    let metadata = fs::symlink_metadata(canonical)?;
    if !metadata.is_file() || fs::read(canonical)? != old {
        return Err(ReplaceError::Changed);
    }
    if metadata.permissions().readonly() {
        return Err(ReplaceError::ReadOnly);
    }
    Ok(write_whole(canonical, Some(&metadata), |out| out.write_all(new))?)
}

/// Gives `write` a new file, which takes the place of `path` when it is whole and on the disk. `like` is what the new
/// file is to have of the old one: mode and owner.
///
/// # Errors
/// What the operating system says; `path` is as it was then. A process that is killed can leave the new file behind,
/// under a name that starts with a dot, so that no `include *` of nginx reads it.
pub(super) fn write_whole(
    path: &Path,
    like: Option<&Metadata>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(ErrorKind::InvalidInput)?);
    name.push(format!(".ngxlint-{}", std::process::id()));
    let temporary = path.with_file_name(name);
    // A path without a directory is in the working directory.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = File::create_new(&temporary)?;
    let outcome = fill(file, like, write).and_then(|()| fs::rename(&temporary, path));
    if outcome.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    outcome?;
    // The new name is on the disk with its directory. Where a directory cannot be opened, the system decides when.
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
    Ok(())
}

fn fill(file: File, like: Option<&Metadata>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if let Some(like) = like {
        keep_owner(&file, like)?;
        // After the owner: to change it takes bits of the mode away.
        file.set_permissions(like.permissions())?;
    }
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(unix)]
fn keep_owner(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    fchown(file, Some(like.uid()), Some(like.gid()))
        .map_err(|error| io::Error::new(error.kind(), format!("its owner cannot be kept: {error}")))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_meanwhile_stays() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("a.conf");
        fs::write(&path, "somebody's")?;
        assert!(matches!(replace(&path, b"old", b"new"), Err(ReplaceError::Changed)));
        assert_eq!(fs::read(&path)?, b"somebody's");
        replace(&path, b"somebody's", b"new").map_err(io::Error::other)?;
        assert_eq!(fs::read(&path)?, b"new");
        fs::remove_file(&path)?;
        assert!(matches!(replace(&path, b"new", b"newer"), Err(ReplaceError::Io(_))));
        // A link in the place of a file is another file.
        fs::write(directory.path().join("b.conf"), "new")?;
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("b.conf", &path)?;
            assert!(matches!(replace(&path, b"new", b"newer"), Err(ReplaceError::Changed)));
        }
        assert_eq!(fs::read_dir(directory.path())?.count(), if cfg!(unix) { 2 } else { 1 });
        Ok(())
    }
}
