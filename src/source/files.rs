//! The files that were read, each once.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use elsa::sync::FrozenVec;

use super::{FileId, LineIndex, Position, Span};

/// One file that was read.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as the user would open it.
    pub path: PathBuf,
    /// The content, byte for byte.
    pub text: Vec<u8>,
    lines: OnceLock<LineIndex>,
    hidden: OnceLock<Vec<Range<usize>>>,
}

impl SourceFile {
    /// The line index of this file.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }

    /// The places that no report may show, which `find` finds in the content; it is asked once a file.
    pub fn hidden(&self, find: impl FnOnce(&[u8]) -> Vec<Range<usize>>) -> &[Range<usize>] {
        self.hidden.get_or_init(|| find(&self.text))
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        self.lines().position(&self.text, offset)
    }
}

/// All files of a run. It only grows, so that what was read can be borrowed while more is read.
#[derive(Debug, Default)]
pub struct Sources {
    files: FrozenVec<Box<SourceFile>>,
}

impl Sources {
    /// Adds a file; `path` is what messages show. The caller sees to it that it is added once.
    pub fn add(&self, path: PathBuf, text: Vec<u8>) -> FileId {
        let file = SourceFile { path, text, lines: OnceLock::new(), hidden: OnceLock::new() };
        FileId(self.files.push_get_index(Box::new(file)) as u32)
    }

    /// The file behind an id that [`Sources::add`] gave.
    pub fn file(&self, id: FileId) -> &SourceFile {
        self.files.get(id.0 as usize).expect("a FileId comes from add() of the same Sources")
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The bytes of a span.
    pub fn text(&self, span: Span) -> &[u8] {
        self.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The path that messages show for a file.
    pub fn path(&self, id: FileId) -> &Path {
        &self.file(id).path
    }
}
