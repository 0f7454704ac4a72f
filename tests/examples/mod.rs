//! The examples of the faces, as the tests read them.
//!
//! An example is a whole configuration, when `events`, `http`, `mail` or `stream` stands at its top, or else what
//! stands in `http`. It is read as a file of /etc/nginx, where `files` are, too, and everything of `fixtures/pki` is in
//! /etc/nginx/pki, with the mode 600, or 644 where the name begins with `readable.`.
//!
//! A mark is a comment line of its own:
//!
//! ```text
//!     return 301 https://$host/;
//! #   ^^^^^^^^^^^^^^^^^^^^^^^^^^ error: the start of the message
//! ```
//!
//! It says that the rule has a finding on the nearest line above that is no mark, and the carets stand under just the
//! part of that line which the finding points at. A `#` that touches the carets counts as the first of them: `#^^^`
//! marks what starts in the column of the `#`, which is how the first two columns are marked. A severity that is
//! followed by an id, `error[syntax-error]`, marks a finding of another rule.
//!
//! Marks are taken out before nginx's grammar sees the example, for their text may hold a quote.
#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use ngxlint::model::{CertificateMode, Edge, Environment};
use ngxlint::nginx::NginxVersion;
use ngxlint::rules::Example;
use ngxlint::source::MemoryFiles;
use ngxlint::tls::UnixTime;

/// The directory of the examples; their certificates are in `pki` below it.
pub(crate) const DIRECTORY: &str = "/etc/nginx";

/// The clock of the fixtures.
pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";

/// A file with its marks taken out.
pub(crate) struct Marked {
    pub(crate) text: String,
    pub(crate) marks: Vec<Mark>,
    /// For each line of `text` (from 0) its line in the example, from 1.
    pub(crate) lines: Vec<usize>,
}

/// What a mark says, or a finding as a mark would say it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// From 0, in the text without marks.
    pub(crate) line: usize,
    /// From 0.
    pub(crate) column: usize,
    pub(crate) width: usize,
    pub(crate) severity: String,
    /// The rule, if it is another one.
    pub(crate) rule: Option<String>,
    /// The message, or its start.
    pub(crate) message: String,
}

impl Mark {
    /// Reads a line; `None` when it does not even start like a mark.
    pub(crate) fn parse(text: &str, line: usize) -> Option<Result<Mark, String>> {
        let comment = text.trim_start().strip_prefix('#')?;
        let after_sign = comment.trim_start();
        let says = after_sign.trim_start_matches('^');
        let width = after_sign.len() - says.len();
        if width == 0 {
            return None;
        }
        let start = text.len() - after_sign.len();
        // A `#` that touches the carets is one of them.
        let (column, width) = if comment.len() == after_sign.len() { (start - 1, width + 1) } else { (start, width) };
        let parts = says.trim().split_once(": ");
        Some(parts.ok_or_else(|| format!("not a mark: {text}")).map(|(severity, message)| {
            let other = severity.strip_suffix(']').and_then(|severity| severity.split_once('['));
            let (severity, rule) = other.map_or((severity, None), |(severity, rule)| (severity, Some(rule.to_owned())));
            Mark { line, column, width, severity: severity.to_owned(), rule, message: message.to_owned() }
        }))
    }

    /// Whether `found` is what this mark asks for.
    pub(crate) fn matches(&self, found: &Mark) -> bool {
        let place = |mark: &Mark| (mark.line, mark.column, mark.width);
        place(self) == place(found)
            && (&self.severity, &self.rule) == (&found.severity, &found.rule)
            && found.message.starts_with(&self.message)
    }
}

/// The line as it would stand in the example.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (indent, width) = if self.column > 1 {
            ("#".to_owned() + &" ".repeat(self.column - 1), self.width)
        } else {
            (" ".repeat(self.column) + "#", self.width.saturating_sub(1))
        };
        let rule = self.rule.as_ref().map_or(String::new(), |rule| format!("[{rule}]"));
        write!(f, "{indent}{} {}{rule}: {}", "^".repeat(width), self.severity, self.message)
    }
}

impl Marked {
    pub(crate) fn new(example: &str, wrong: &mut Vec<String>) -> Marked {
        let mut marked = Marked { text: String::new(), marks: Vec::new(), lines: Vec::new() };
        for (number, line) in example.lines().enumerate() {
            match Mark::parse(line, marked.lines.len().saturating_sub(1)) {
                Some(Ok(mark)) => marked.marks.push(mark),
                Some(Err(error)) => wrong.push(error),
                None => {
                    marked.text.push_str(line);
                    marked.text.push('\n');
                    marked.lines.push(number + 1);
                }
            }
        }
        marked
    }
}

/// Whether an example is a whole configuration.
pub(crate) fn is_whole(example: &str) -> bool {
    let first_words = example.lines().filter_map(|line| line.split([' ', '{']).next());
    first_words.into_iter().any(|word| ["events", "http", "mail", "stream"].contains(&word))
}

/// The certificates and keys of the fixtures, by their path below `pki`.
pub(crate) fn pki() -> Vec<(PathBuf, Vec<u8>)> {
    let directory = repository().join("fixtures/pki");
    let mut found = Vec::new();
    for below in ["", "broken", "other"] {
        for entry in std::fs::read_dir(directory.join(below)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "pem" || extension == "key" || extension == "der")
            {
                found.push((path.strip_prefix(&directory).unwrap().to_owned(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An example as files.
pub(crate) struct World {
    /// All of them, in [`DIRECTORY`].
    pub(crate) files: MemoryFiles,
    /// The one that nginx is started with.
    pub(crate) root: PathBuf,
    /// Those that the example shows, by their paths in [`DIRECTORY`].
    pub(crate) marked: BTreeMap<PathBuf, Marked>,
}

impl World {
    pub(crate) fn new(example: &Example, pki: &[(PathBuf, Vec<u8>)], wrong: &mut Vec<String>) -> World {
        let directory = Path::new(DIRECTORY);
        let root = directory.join("nginx.conf");
        // What stands in `http` is included there, so that its lines and columns stay.
        let place = if is_whole(&example.config) { root.clone() } else { directory.join("example.conf") };
        let mut files = MemoryFiles::default();
        files.add(&root, "events {}\nhttp {\n    include example.conf;\n}\n");
        for (path, bytes) in pki {
            let path = directory.join("pki").join(path);
            files.add(&path, bytes.clone());
            let is_readable = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("readable."));
            files.set_mode(path, if is_readable { 0o644 } else { 0o600 });
        }
        let texts = example.files.iter().map(|(path, text)| (directory.join(path), text));
        let mut marked = BTreeMap::new();
        for (path, text) in texts.chain([(place, &example.config)]) {
            let file = Marked::new(text, wrong);
            files.add(&path, file.text.clone());
            marked.insert(path.strip_prefix(directory).unwrap().to_owned(), file);
        }
        World { files, root, marked }
    }
}

/// What is around an example.
pub(crate) fn environment(edge: Edge) -> Environment {
    Environment {
        version: NginxVersion::default(),
        now: UnixTime::parse_rfc3339(NOW).unwrap(),
        certificates: CertificateMode::Auto,
        document_files: true,
        edge: edge.into(),
        ..Environment::default()
    }
}
