//! The output of `nginx -T`: all configuration files in one text, each behind a marker.

use std::path::{Path, PathBuf};

use super::{DirEntry, FileKind, FileSystem, MemoryFiles, Permissions, ReadError};

/// What nginx prints before each file of a dump (src/core/nginx.c, `ngx_dump_config`).
const MARKER: &[u8] = b"# configuration file ";

/// The files of an `nginx -T` dump, over another file system for what a dump does not hold
/// (certificates, document roots).
pub struct DumpFiles<F> {
    dump: MemoryFiles,
    root: PathBuf,
    rest: F,
}

/// Splits the output of `nginx -T` at its markers. `None` when `text` has no marker, so is no dump.
///
/// What stands before the first marker is what nginx logs ("nginx: … syntax is ok") when both streams
/// were saved; anything else makes it a file with a comment that looks like a marker.
pub fn parse_dump<F: FileSystem>(text: &[u8], rest: F) -> Option<DumpFiles<F>> {
    let mut dump = MemoryFiles::default();
    let mut root = None;
    let mut open: Option<(PathBuf, usize)> = None;
    let mut offset = 0;
    let mut close = |open: Option<(PathBuf, usize)>, end: usize| {
        if let Some((path, start)) = open {
            // nginx writes a line feed of its own behind each file.
            let body = &text[start..end];
            dump.add(path, body.strip_suffix(b"\n").unwrap_or(body));
        }
    };
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if root.is_none() && !is_logged(line) && marker_path(line).is_none() {
            return None;
        }
        if let Some(path) = marker_path(line) {
            close(open.take(), offset);
            root.get_or_insert_with(|| path.clone());
            open = Some((path, offset + line.len()));
        }
        offset += line.len();
    }
    close(open, offset);
    root.map(|root| DumpFiles { dump, root, rest })
}

fn marker_path(line: &[u8]) -> Option<PathBuf> {
    let path = line.trim_ascii_end().strip_prefix(MARKER)?.strip_suffix(b":")?;
    let path = PathBuf::from(String::from_utf8_lossy(path).into_owned());
    // nginx makes the path of its root file absolute, and so those of all others.
    path.is_absolute().then_some(path)
}

/// Whether nginx itself says this on its error stream: `nginx: …`, or with a date first.
fn is_logged(line: &[u8]) -> bool {
    line.starts_with(b"nginx: ") || line.trim_ascii().is_empty() || line.starts_with(b"20") && line.contains(&b'[')
}

impl<F> DumpFiles<F> {
    /// The file that the dump was made from: the first one in it.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl<F: FileSystem> FileSystem for DumpFiles<F> {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.dump.read(path, limit).or_else(|_| self.rest.read(path, limit))
    }

    // Only the dump's own entries: an include's glob must find what nginx found.
    fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>, ReadError> {
        self.dump.read_dir(path)
    }

    fn kind(&self, path: &Path) -> Result<FileKind, ReadError> {
        self.dump.kind(path).or_else(|_| self.rest.kind(path))
    }

    fn permissions(&self, path: &Path) -> Option<Permissions> {
        if self.dump.kind(path).is_ok() { None } else { self.rest.permissions(path) }
    }

    fn is_elsewhere(&self, path: &Path) -> bool {
        self.dump.kind(path).is_err() && self.rest.is_elsewhere(path)
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.dump.canonicalize(path).or_else(|_| self.rest.canonicalize(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_keeps_its_name_and_its_lines() {
        let text = b"nginx: configuration file /etc/nginx/nginx.conf test is successful\n\
            # configuration file /etc/nginx/nginx.conf:\nhttp {\n  include conf.d/*;\n}\n\n\
            # configuration file /etc/nginx/conf.d/a:\nserver {}\n";
        let dump = parse_dump(text, MemoryFiles::default()).unwrap();
        assert_eq!(dump.root(), Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(dump.read(Path::new("/etc/nginx/conf.d/a"), 99).unwrap(), b"server {}");
        assert!(dump.read(dump.root(), 99).unwrap().starts_with(b"http {"));
        assert_eq!(dump.read_dir(Path::new("/etc/nginx/conf.d")).unwrap().len(), 1);
        for text in ["http {}\n", "", "a;\n# configuration file /etc/nginx/nginx.conf:\n", "# configuration file x:\n"]
        {
            assert!(parse_dump(text.as_bytes(), MemoryFiles::default()).is_none(), "{text}");
        }
    }
}
