//! The files that an include's pattern matches, as glob(3) finds and sorts them.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::source::{FileKind, FileSystem, ReadError};

/// Whether nginx takes an include for a pattern (`ngx_conf_include`, src/core/ngx_conf_file.c).
pub(super) fn is_pattern(path: &[u8]) -> bool {
    memchr::memchr3(b'*', b'?', b'[', path).is_some()
}

/// What a pattern led to.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// The paths, in the byte order of the C locale, which nginx never leaves.
    pub(super) paths: Vec<PathBuf>,
    /// Directories that could not be looked into. glob(3) passes over them without a word.
    pub(super) unreadable: Vec<(PathBuf, ReadError)>,
}

/// Expands an absolute or relative `pattern`. Hidden files match only a pattern that starts with a
/// dot; `{a,b}` and `**` have no meaning in glob(3).
pub(super) fn expand(files: &dyn FileSystem, pattern: &Path) -> Matches {
    let mut matches = Matches { paths: vec![PathBuf::new()], ..Matches::default() };
    for component in pattern.components() {
        let name = component.as_os_str().to_string_lossy();
        if !is_pattern(name.as_bytes()) {
            matches.paths.iter_mut().for_each(|path| path.push(component));
            continue;
        }
        let Some(matcher) = matcher(&name) else { return Matches::default() };
        let mut found = Vec::new();
        for directory in std::mem::take(&mut matches.paths) {
            let look_into = if directory.as_os_str().is_empty() { Path::new(".") } else { &directory };
            match files.read_dir(look_into) {
                Ok(entries) => {
                    let own = entries.into_iter().map(|entry| entry.name);
                    // The directory itself and its parent are entries, too.
                    let names = own.chain([".".into(), "..".into()]);
                    let is_match =
                        |entry: &str| (name.starts_with('.') || !entry.starts_with('.')) && matcher.is_match(entry);
                    let matching = names.filter(|entry| is_match(&entry.to_string_lossy()));
                    found.extend(matching.map(|entry| directory.join(entry)));
                }
                Err(ReadError::NotFound) => {}
                Err(error) => matches.unreadable.push((directory, error)),
            }
        }
        matches.paths = found;
    }
    // A slash at the end stands for directories only.
    if pattern.as_os_str().as_encoded_bytes().ends_with(b"/") {
        matches.paths.retain(|path| files.kind(path) == Ok(FileKind::Directory));
    }
    // A name without wildcards behind a pattern (`sites/*/nginx.conf`) need not exist.
    let ends_in_pattern = pattern.file_name().is_some_and(|name| is_pattern(name.as_encoded_bytes()));
    if !ends_in_pattern {
        matches.paths.retain(|path| files.kind(path).is_ok());
    }
    matches.paths.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    matches
}

/// The classes of glob(7) that are ranges in the C locale.
const CLASSES: &[(&str, &str)] = &[
    ("[:alnum:]", "a-zA-Z0-9"),
    ("[:alpha:]", "a-zA-Z"),
    ("[:digit:]", "0-9"),
    ("[:lower:]", "a-z"),
    ("[:upper:]", "A-Z"),
    ("[:xdigit:]", "a-fA-F0-9"),
];

/// One path component as a matcher; `None` when its brackets are unbalanced, which matches nothing.
fn matcher(component: &str) -> Option<GlobMatcher> {
    let classes = CLASSES.iter().filter(|(class, _)| component.contains(class));
    let component = classes.fold(component.to_owned(), |component, (class, range)| component.replace(class, range));
    let mut pattern = String::with_capacity(component.len() + 8);
    let mut previous = ' ';
    for char in component.chars() {
        match char {
            '{' | '}' if previous != '\\' => pattern.extend(['[', char, ']']),
            '*' if previous == '*' => {}
            _ => pattern.push(char),
        }
        previous = char;
    }
    GlobBuilder::new(&pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .ok()
        .map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemoryFiles;

    // Asked of glob(3) through real nginx: the order of `include`d `log_format`s in `nginx -T`.
    const CASES: &[(&str, &[&str])] = &[
        ("/n/*.conf", &["/n/a.conf", "/n/b.conf"]),
        ("/n/*", &["/n/a.conf", "/n/a.conf.bak", "/n/b.conf", "/n/s", "/n/s-b", "/n/{a,b}"]),
        ("/n/.*", &["/n/.", "/n/..", "/n/.hidden.conf"]),
        ("/n/.h*", &["/n/.hidden.conf"]),
        ("/n/[[:alpha:]].conf", &["/n/a.conf", "/n/b.conf"]),
        ("/n/s*/x", &["/n/s-b/x", "/n/s/x"]), // `-` sorts before `/`
        ("/n/[!a].conf", &["/n/b.conf"]),
        ("/n/s*/", &["/n/s", "/n/s-b"]),
        ("/n/?.conf/", &[]),
        ("/n/?.conf", &["/n/a.conf", "/n/b.conf"]),
        ("/n/{a,b}*", &["/n/{a,b}"]),
        ("/n/**", &["/n/a.conf", "/n/a.conf.bak", "/n/b.conf", "/n/s", "/n/s-b", "/n/{a,b}"]),
        ("/nowhere/*", &[]),
        ("/n/[a", &[]),
    ];

    #[test]
    fn patterns_match_and_sort_as_in_the_c_library() {
        let mut files = MemoryFiles::default();
        for path in ["a.conf", "b.conf", ".hidden.conf", "a.conf.bak", "s/x", "s-b/x", "{a,b}"] {
            files.add(format!("/n/{path}"), "");
        }
        for (pattern, expected) in CASES {
            let found = expand(&files, Path::new(pattern)).paths;
            assert_eq!(found, expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{pattern}");
        }
    }
}
