//! The AST of a root file and of all it includes, as one tree of blocks in their contexts.
//!
//! It owns which files make up a configuration: includes, globs, snippets and what stands around
//! them, and what a PATH on the command line means. It reads [`crate::source`],
//! [`crate::syntax`] and [`crate::nginx`], and judges nothing but what nginx would refuse to read.

mod annotation;
mod assemble;
mod dialect;
mod glob;
mod include;
mod library;
mod problem;
mod readers;
mod semicolon;
mod snippet;
mod targets;
mod template;
mod tree;

#[cfg(test)]
mod tests;

pub use annotation::{Annotation, Ignore, Mistake, Said, annotations, nearest};
pub use dialect::{Dialect, OwnDirective};
pub use library::{Library, LoadedFile};
pub use problem::{Elsewhere, Problem, ProblemKind};
pub use readers::other_readers;
pub use snippet::{Surroundings, infer_surroundings, parse_context};
pub use targets::{PassedOver, Target, TargetError, Targets, Wanted, find_targets};
pub use tree::{Config, Directive, ItemId};

/// How far a configuration is followed.
pub(crate) mod limits {
    /// Directives of one configuration, includes counted as often as they are included. 10,000
    /// sites of 100 lines have a million; files that include each other twice reach any number.
    pub(crate) const ITEMS: usize = 4_000_000;

    /// Problems of one configuration for which the file system is searched for a better place.
    pub(crate) const ELSEWHERE: usize = 16;

    /// Files that are open inside each other. nginx stops when it runs out of file descriptors,
    /// of which it has 1024 by default on Linux.
    pub(crate) const INCLUDE_DEPTH: usize = 1000;
}
