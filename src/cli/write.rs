//! Files that appear with all of their text, or stay as they were.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::source::{FileSystem, MAX_CONFIGURATION_BYTES, ReadError, RealFiles};

/// Names that are tried for a temporary file; one is taken if a process of the same number was killed before.
const ATTEMPTS: u32 = 64;

/// What tells the temporary files of this process from one another.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Links that are followed, one to the other; Linux follows as many.
const LINKS: usize = 40;

/// Why a file was left as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplaceError {
    /// Somebody else has written to it, or it is not the file that was read at all.
    #[error(
        "it is not what was read: it has changed meanwhile, or something else was read in its place (--as, or the output \
         of `nginx -T`)"
    )]
    Changed,
    /// Nobody may write to it.
    #[error("it is read-only")]
    ReadOnly,
    /// Another file would take one of its names, and the others would keep the old text.
    #[error("it has {0} names (hard links), and the others would keep the old text")]
    SeveralNames(u64),
    /// A fix changes another file as well, which is left as it is.
    #[error("a fix changes {} as well, which cannot be changed", .0.display())]
    Halved(PathBuf),
    /// It belongs to somebody else, and the new one would not.
    #[error("its owner and group cannot be kept")]
    Owner(#[source] io::Error),
    /// It cannot be read again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The operating system refuses.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Puts `text` in the place of `read`, which is what the file held when it was read. Links stay and lead to the new
/// text; owner, group and mode stay.
pub(super) fn replace_file(path: &Path, read: &[u8], text: &[u8]) -> Result<(), ReplaceError> {
    Replacement::prepare(path, read, text)?.place()
}

/// The new text of a file, written and not yet in its place.
pub(super) struct Replacement<'r> {
    target: PathBuf,
    read: &'r [u8],
    temporary: Temporary,
}

impl<'r> Replacement<'r> {
    /// What [`replace_file`] does, but for the last step: only that somebody else writes to the file can come between.
    pub(super) fn prepare(path: &Path, read: &'r [u8], text: &[u8]) -> Result<Replacement<'r>, ReplaceError> {
        let target = RealFiles::default().canonicalize(path)?;
        still_holds(&target, read)?;
        let metadata = fs::metadata(&target)?;
        // To put another file in its place needs a directory that can be written to, no more. Whoever made it read-only
        // means it all the same.
        if metadata.permissions().readonly() {
            return Err(ReplaceError::ReadOnly);
        }
        if let names @ 2.. = names_of(&metadata) {
            return Err(ReplaceError::SeveralNames(names));
        }
        OpenOptions::new().write(true).open(&target)?;
        let (temporary, mut file) = Temporary::beside(&target)?;
        keep_owner(&file, &metadata).map_err(ReplaceError::Owner)?;
        fs::set_permissions(&temporary.path, metadata.permissions())?;
        file.write_all(text)?;
        file.sync_all()?;
        Ok(Replacement { target, read, temporary })
    }

    /// Puts it there.
    pub(super) fn place(self) -> Result<(), ReplaceError> {
        // An editor may have saved while the findings were made.
        still_holds(&self.target, self.read)?;
        Ok(self.temporary.take_the_place_of(&self.target)?)
    }
}

fn still_holds(target: &Path, read: &[u8]) -> Result<(), ReplaceError> {
    let text = RealFiles::default().read(target, MAX_CONFIGURATION_BYTES)?;
    if text == read { Ok(()) } else { Err(ReplaceError::Changed) }
}

/// Lets `write` make a file. One that is there already keeps its mode, and its links lead to the new text, as do links to
/// where none is yet; a device or a FIFO is written to, not replaced.
pub(super) fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let target = behind_links(path)?;
    let metadata = fs::metadata(&target).ok();
    if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        let mut file = BufWriter::new(OpenOptions::new().write(true).open(&target)?);
        return write(&mut file).and_then(|()| file.flush());
    }
    let (temporary, file) = Temporary::beside(&target)?;
    if let Some(metadata) = metadata {
        // What may be read by a web server has to be so the next time; whose it is matters less.
        let _ = keep_owner(&file, &metadata);
        fs::set_permissions(&temporary.path, metadata.permissions())?;
    }
    let mut writer = BufWriter::new(&file);
    write(&mut writer).and_then(|()| writer.flush())?;
    drop(writer);
    file.sync_all()?;
    temporary.take_the_place_of(&target)
}

/// The file that `path` leads to, whether it is there already or not.
pub(super) fn behind_links(path: &Path) -> io::Result<PathBuf> {
    if let Ok(target) = fs::canonicalize(path) {
        return Ok(target);
    }
    // A pipe behind /dev/stdout is there and has no path.
    if fs::metadata(path).is_ok() {
        return Ok(path.to_path_buf());
    }
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::read_link(&target) {
            // The folder around the link is what its path starts from, wherever links have led to it.
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many links"))
}

/// The real path of what is written to `path`, whether it is there already or not: what two names of one file have in
/// common.
pub(super) fn place_of(path: &Path) -> PathBuf {
    let behind = behind_links(path);
    let file = behind.as_deref().unwrap_or(path);
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || Some(fs::canonicalize(directory).ok()?.join(file.file_name()?));
    fs::canonicalize(file).ok().or_else(beside).unwrap_or_else(|| file.to_path_buf())
}

/// A file that is not yet what it is to be; it goes away unless it takes the place of another.
struct Temporary {
    path: PathBuf,
    is_placed: bool,
}

impl Temporary {
    /// One in the directory of `target`, so that it can be renamed to it. `include *` does not match its name.
    fn beside(target: &Path) -> io::Result<(Temporary, File)> {
        if target.file_name().is_none() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut outcome = Err(ErrorKind::AlreadyExists.into());
        for _ in 0..ATTEMPTS {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".ngxlint.{}.{number}", std::process::id()));
            outcome = File::create_new(&path).map(|file| (Temporary { path, is_placed: false }, file));
            if !outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
                break;
            }
        }
        outcome
    }

    /// The text must be on the disk by now: a machine that loses its power could be left with the name of the one and the
    /// text of neither.
    fn take_the_place_of(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.is_placed = true;
        // Some file systems cannot sync a directory.
        let _ = target.parent().and_then(|directory| File::open(directory).ok()).map(|directory| directory.sync_all());
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The number of directory entries that lead to a file.
#[cfg(unix)]
fn names_of(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn names_of(_: &Metadata) -> u64 {
    1
}

#[cfg(unix)]
fn keep_owner(file: &File, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (metadata.uid(), metadata.gid()) {
        return Ok(());
    }
    fchown(file, Some(metadata.uid()), Some(metadata.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn links_and_modes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a", &link).unwrap();
        replace_file(&link, b"old", b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("a"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
        write_file(&link, |out| out.write_all(b"newer")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"newer");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(names(folder.path()), ["a", "link"]);
    }

    #[test]
    fn links_to_what_is_not_there_yet_lead_to_the_new_text() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("far")).unwrap();
        symlink("far/middle", folder.path().join("link")).unwrap();
        symlink("../a", folder.path().join("far/middle")).unwrap();
        write_file(&folder.path().join("link"), |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"new");
        assert_eq!(fs::read_link(folder.path().join("link")).unwrap(), Path::new("far/middle"));
        assert_eq!(names(folder.path()), ["a", "far", "link"]);
        symlink("round", folder.path().join("round")).unwrap();
        assert!(write_file(&folder.path().join("round"), |out| out.write_all(b"new")).is_err());
        assert_eq!(fs::read_link(folder.path().join("round")).unwrap(), Path::new("round"));
    }

    #[test]
    fn what_has_changed_or_is_read_only_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "other").unwrap();
        assert!(matches!(replace_file(&file, b"old", b"new"), Err(ReplaceError::Changed)));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(replace_file(&file, b"other", b"new"), Err(ReplaceError::ReadOnly)));
        assert!(matches!(replace_file(&folder.path().join("b"), b"", b"new"), Err(ReplaceError::Read(_))));
        assert_eq!(fs::read(&file).unwrap(), b"other");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_file_that_a_killed_process_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let next = NEXT.load(Ordering::Relaxed);
        let left: Vec<String> =
            (next..next + 32).map(|number| format!(".ngxlint.{}.{number}", std::process::id())).collect();
        left.iter().for_each(|left| fs::write(folder.path().join(left), "half").unwrap());
        write_file(&file, |out| out.write_all(b"new")).unwrap();
        assert!(write_file(&file, |_| Err(ErrorKind::StorageFull.into())).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(names(folder.path()).len(), left.len() + 1);
    }
}
