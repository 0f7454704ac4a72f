//! Files, byte spans, lines and columns, and the one way in which this program reads files.
//!
//! Every other room gets bytes from here. It reads no other room and knows nothing of nginx's
//! grammar, save for the file markers of an `nginx -T` dump.
#![allow(clippy::disallowed_methods, reason = "this is the room that opens files")]

mod dump;
mod files;
mod lines;
mod memory;
mod overlay;
mod real;
mod walk;

use std::path::{Path, PathBuf};

pub use dump::{DumpFiles, parse_dump};
pub use files::{SourceFile, Sources};
pub use lines::{LineIndex, Position};
pub use memory::MemoryFiles;
pub use overlay::Overlay;
pub use real::{PathMap, RealFiles};
pub use walk::{Walk, walk};

/// A file of one [`Sources`], in the order in which files were first read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start` is the first byte, `end` the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that holds the bytes.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span from the start of `self` to the end of `last`, which stands later in the same file.
    #[must_use]
    pub fn to(self, last: Span) -> Span {
        Span { end: last.end.max(self.end), ..self }
    }
}

/// Configuration files above this size are not read: spans are `u32`, and nginx itself would
/// take minutes; the largest `geo` tables in use are below 50 MB.
pub const MAX_CONFIGURATION_BYTES: u64 = 64 << 20;

/// Certificate and key files above this size are not read; the largest public bundle of trust
/// anchors is under 1 MB.
pub const MAX_CERTIFICATE_BYTES: u64 = 16 << 20;

/// Why a file or directory could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such file or directory.
    #[error("no such file")]
    NotFound,
    /// The user who runs this program may not read it.
    #[error("permission denied")]
    PermissionDenied,
    /// A directory stands where a file should be.
    #[error("it is a directory")]
    IsDirectory,
    /// A device, a FIFO or a socket; reading it could block for ever.
    #[error("it is not a regular file")]
    NotRegular,
    /// Symbolic links that lead back to themselves, or more of them than Linux follows (40).
    #[error("too many levels of symbolic links")]
    LinkLoop,
    /// Larger than the caller's limit.
    #[error("it has {} MiB, more than the {} MiB that ngxlint reads", size >> 20, limit >> 20)]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A directory with more in it than the caller wants to look at.
    #[error("there are more than {0} files and folders in it")]
    TooManyFiles(usize),
    /// Anything else the operating system says.
    #[error("{0}")]
    Other(String),
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> ReadError {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => ReadError::NotFound,
            ErrorKind::PermissionDenied => ReadError::PermissionDenied,
            ErrorKind::IsADirectory => ReadError::IsDirectory,
            // ELOOP; `ErrorKind::FilesystemLoop` is not stable yet.
            _ if error.raw_os_error() == Some(40) => ReadError::LinkLoop,
            _ => ReadError::Other(error.to_string()),
        }
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, a FIFO, a socket.
    Special,
}

/// Who may do what with a file, as a file system of Unix keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// The nine bits `rwxrwxrwx`, and the three above them.
    pub mode: u32,
    /// The number of the user who owns it.
    pub owner: u32,
    /// The number of the group that owns it.
    pub group: u32,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name, without the directory.
    pub name: std::ffi::OsString,
    /// Whether the entry is a symbolic link, whose target only [`FileSystem::canonicalize`] tells.
    pub is_link: bool,
}

/// The files that a configuration can name: the real ones, those of a test or an editor, or those
/// of an `nginx -T` dump.
///
/// Paths are nginx's: absolute, or relative to the working directory. Implementations map them to
/// where the files really are (`--root`, `--map`).
pub trait FileSystem: Sync {
    /// The whole of a regular file of at most `limit` bytes, following symbolic links.
    ///
    /// # Errors
    /// [`ReadError`], when it does not exist, is no regular file, is too large or cannot be read.
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError>;

    /// The entries of a directory, sorted by name as bytes.
    ///
    /// # Errors
    /// [`ReadError`], when it does not exist or cannot be read.
    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, ReadError>;

    /// Whether `path` is a regular file that can be opened.
    fn is_readable(&self, path: &Path) -> bool {
        self.kind(path) == Ok(FileKind::File)
    }

    /// What stands at `path`, following symbolic links.
    ///
    /// # Errors
    /// [`ReadError`], when nothing is there or the way to it is closed.
    fn kind(&self, path: &Path) -> Result<FileKind, ReadError>;

    /// Who may read `path`, following symbolic links; `None` where that is not kept or not known.
    fn permissions(&self, _path: &Path) -> Option<Permissions> {
        None
    }

    /// Whether what is read for `path` stands somewhere else here, so that it may be another than nginx's: a certificate
    /// for tests.
    fn is_elsewhere(&self, _path: &Path) -> bool {
        false
    }

    /// The path of the real file that a repository holds: mapped, absolute, without symbolic links.
    /// Two paths name the same file exactly if this gives the same answer.
    ///
    /// # Errors
    /// [`ReadError`], when nothing is there or the way to it is closed.
    fn canonicalize(&self, path: &Path) -> Result<PathBuf, ReadError>;
}

impl<F: FileSystem + ?Sized> FileSystem for &F {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        (**self).read(path, limit)
    }

    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, ReadError> {
        (**self).read_dir(path)
    }

    fn kind(&self, path: &Path) -> Result<FileKind, ReadError> {
        (**self).kind(path)
    }

    fn permissions(&self, path: &Path) -> Option<Permissions> {
        (**self).permissions(path)
    }

    fn is_elsewhere(&self, path: &Path) -> bool {
        (**self).is_elsewhere(path)
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, ReadError> {
        (**self).canonicalize(path)
    }
}
