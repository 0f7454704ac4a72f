//! What keeps nginx from reading a configuration, as far as files and blocks go.

use std::path::PathBuf;

use crate::source::{ReadError, Span};

/// One thing that went wrong when files were put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// The directive to change.
    pub span: Span,
    /// Another place that explains it.
    pub related: Option<(Span, &'static str)>,
    /// Whether nginx refuses it for certain; a snippet's surroundings are only assumed.
    pub is_certain: bool,
}

/// A place from which the paths of a configuration would exist: it is a repository of `/etc/nginx`,
/// or of a whole root directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The directory in the configuration; `/` for all of it.
    pub from: PathBuf,
    /// The directory that stands for it here.
    pub to: PathBuf,
}

impl Problem {
    /// Whether it is one of syntax: of directives and blocks that do not end as they should.
    #[must_use]
    pub fn is_of_syntax(&self) -> bool {
        matches!(
            self.kind,
            ProblemKind::MissingSemicolon { .. }
                | ProblemKind::NotTerminated { .. }
                | ProblemKind::BlockAmongEntries { .. }
                | ProblemKind::NoBlock { .. }
        )
    }

    /// Whether nginx reads no further for certain, so that what stands behind it may mean something else when it is mended.
    #[must_use]
    pub fn stops_reading(&self) -> bool {
        let is_read = matches!(self.kind, ProblemKind::MissingSemicolon { is_refused: false, .. });
        self.is_of_syntax() && self.is_certain && !is_read
    }
}

/// The kinds of [`Problem`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// An `include` names a file that cannot be opened.
    IncludeNotFound {
        /// Where it was looked for.
        path: PathBuf,
        /// Why it cannot be read.
        error: ReadError,
        /// Whether it is a file of nginx's package, where nothing else of it is either: a repository
        /// of the rest.
        is_packaged: bool,
        /// Where the files that are meant seem to be.
        elsewhere: Option<Elsewhere>,
    },
    /// A directory that an `include`'s pattern leads into cannot be listed.
    IncludeUnreadable {
        /// The directory.
        path: PathBuf,
        /// Why it cannot be read.
        error: ReadError,
    },
    /// A file includes itself, directly or through others.
    IncludeCycle {
        /// The files of the cycle, the included one first.
        files: Vec<PathBuf>,
    },
    /// The includes multiply beyond what any configuration needs.
    TooManyDirectives {
        /// How many were read before it was given up.
        limit: usize,
    },
    /// A directive on the next line was read as parameters, because a `;` is missing.
    MissingSemicolon {
        /// The directive that is not ended.
        directive: String,
        /// Its last word before the next line.
        last_word: String,
        /// The directive on the next line.
        swallowed: String,
        /// Whether nginx refuses the result; `server_name` and others take any word.
        is_refused: bool,
    },
    /// A directive that has no block is followed by `{`.
    NotTerminated {
        /// Its name.
        directive: String,
    },
    /// A block stands among the entries of a `map`, `types` and the like.
    BlockAmongEntries {
        /// The block of entries.
        block: String,
    },
    /// A block directive is followed by `;`.
    NoBlock {
        /// Its name.
        directive: String,
    },
}
