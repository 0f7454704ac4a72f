//! Texts that stand for all that a pattern matches: a path for a location, a host for a regex name.

use std::collections::hash_map::Entry;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;
use url::Url;

use crate::config::Directive;
use crate::model::Pattern;
use crate::model::requests::location::{Modifier, matcher};

/// Groups in groups that are followed; it bounds how deep the functions below call themselves.
const MAX_DEPTH: u32 = 50;

/// Longer texts are no paths that a client would ask for.
const MAX_LENGTH: usize = 256;

/// Texts that are kept of a regex, and of each of its parts.
const MAX_TEXTS: usize = 8;

/// Finds witnesses; a regex that many sites have is read once.
#[derive(Debug, Default)]
pub struct Witnesses {
    /// By regex and whether it ignores case.
    paths: FxHashMap<(String, bool), Option<String>>,
}

impl Witnesses {
    /// A path, as it is sent, that the pattern of a location matches; another location may take it all the same.
    /// `None` for a named location, and for a regex for which none is found.
    pub fn of_location(&mut self, location: Directive<'_>) -> Option<String> {
        let (modifier, _, pattern) = matcher(location)?;
        match modifier {
            Modifier::Named => None,
            Modifier::Prefix | Modifier::PrefixOnly | Modifier::Exact => as_sent(&pattern),
            Modifier::Regex => self.of_regex(pattern, false),
            Modifier::RegexIgnoringCase => self.of_regex(pattern, true),
        }
    }

    /// A path, as it is sent, that the regex of a `rewrite` matches.
    pub fn of_rewrite(&mut self, rewrite: Directive<'_>) -> Option<String> {
        self.of_regex(rewrite.argument(0)?.text().into_owned(), false)
    }

    /// A path, as it is sent, that a regex matches.
    pub(crate) fn of_regex(&mut self, regex: String, ignores_case: bool) -> Option<String> {
        let find = |key: &(String, bool)| as_sent(&path_of_regex(&Pattern::new(key.0.as_str(), key.1))?);
        match self.paths.entry((regex, ignores_case)) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let found = find(new.key());
                new.insert(found).clone()
            }
        }
    }
}

/// A path that a pattern matches: what it asks for, behind a slash where that is not in it.
fn path_of_regex(pattern: &Pattern) -> Option<String> {
    let behind =
        |text: String| if text.starts_with('/') { vec![text] } else { vec![format!("/x{text}"), format!("/{text}")] };
    texts(pattern.text()).into_iter().flat_map(behind).find(|path| pattern.is_match(path) == Some(true))
}

/// A decoded path as a client sends it.
pub(crate) fn as_sent(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.len() > MAX_LENGTH {
        return None;
    }
    let mut url = Url::parse("http://witness.invalid/").ok()?;
    url.set_path(&path.replace('%', "%25"));
    Some(url.path().to_owned())
}

/// Texts that a regex could match, the shortest first: its alternatives, and what is optional. What it looks at without
/// consuming it is not minded, so they have to be tried.
pub(crate) fn texts(pattern: &str) -> Vec<String> {
    let hir = ParserBuilder::new().nest_limit(MAX_DEPTH).build().parse(&without_lookaround(pattern));
    hir.map(|hir| walk(&hir)).unwrap_or_default()
}

fn walk(hir: &Hir) -> Vec<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).map(str::to_owned).into_iter().collect(),
        HirKind::Class(class) => member(class).map(String::from).into_iter().collect(),
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Alternation(alternatives) => bounded(alternatives.iter().flat_map(walk)),
        HirKind::Concat(parts) => join(parts),
        HirKind::Repetition(repetition) => {
            let once = repetition.max != Some(0);
            let least = (repetition.min == 0).then(String::new).into_iter();
            let count = repetition.min.max(1) as usize;
            let forms = walk(&repetition.sub).into_iter().filter(|_| once);
            let repeated = forms.filter(|form| form.len().saturating_mul(count) <= MAX_LENGTH);
            bounded(least.chain(repeated.map(|form| form.repeat(count))))
        }
    }
}

/// Each part in its first form, and then each part in turn in its other forms.
fn join(parts: &[Hir]) -> Vec<String> {
    let forms: Vec<Vec<String>> = parts.iter().map(walk).collect();
    let Some(first) = forms.iter().map(|forms| forms.first()).collect::<Option<Vec<_>>>() else { return Vec::new() };
    let with = |(place, form): (usize, &str)| -> String {
        first.iter().enumerate().map(|(at, first)| if at == place { form } else { first.as_str() }).collect()
    };
    let others = forms.iter().enumerate();
    let others = others.flat_map(|(place, forms)| forms.iter().skip(1).map(move |form| (place, form.as_str())));
    bounded(std::iter::once(first.iter().map(|first| first.as_str()).collect()).chain(others.map(with)))
}

/// The first of the texts that differ and are not too long.
fn bounded(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts.filter(|text| text.len() <= MAX_LENGTH) {
        if found.len() == MAX_TEXTS {
            break;
        }
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// A pattern without its `(?=…)`, `(?!…)`, `(?<=…)` and `(?<!…)`.
fn without_lookaround(pattern: &str) -> String {
    const STARTS: &[&str] = &["(?=", "(?!", "(?<=", "(?<!"];
    let mut kept = String::with_capacity(pattern.len());
    // How deep in a lookaround the walk is; classes and escapes may hold parentheses.
    let (mut depth, mut is_in_class, mut is_escaped) = (0usize, false, false);
    for (at, char) in pattern.char_indices() {
        let is_plain = !is_escaped && !is_in_class;
        if is_plain && char == '(' && (depth > 0 || STARTS.iter().any(|start| pattern[at..].starts_with(start))) {
            depth += 1;
        }
        if depth == 0 {
            kept.push(char);
        }
        if is_plain && char == ')' && depth > 0 {
            depth -= 1;
        }
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            _ => {}
        }
    }
    kept
}

/// A character of a class: one that stands in ordinary paths and hosts where there is one.
fn member(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let holds = |char: &char| ranges.iter().any(|&(start, end)| start <= *char && *char <= end);
    let usual = ['x', 'a', '1', '-', '_', '.', '/'].into_iter();
    let mut letters = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain('!'..='~');
    usual.into_iter().find(holds).or_else(|| letters.find(holds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[(&str, Option<&str>)] = &[
        (r"\.php$", Some("/x.php")),
        (r"^/old/(.*)$", Some("/old/")),
        (r"^/user/(?<id>\d+)/?$", Some("/user/1")),
        (r"\.(?:jpe?g|png)$", Some("/x.jpg")),
        (r"^/[^/]+/edit", Some("/x/edit")),
        (r"^(/a|/b)", Some("/a")),
        (r"/api", Some("/api")),
        (r".", Some("/xx")),
        (r"^/a{3}$", Some("/aaa")),
        (r"^/(a{1000}){1000}", None),
        (r"^/(?!api)", Some("/")),
        (r"^/(?!api).+$", Some("/x")),
        (r"^/(?=a)[^()a]?(?<x>a)", Some("/a")),
        (r"(", None),
        (r"^x", None),
    ];

    #[test]
    fn paths_of_regexes() {
        for (regex, expected) in PATHS {
            assert_eq!(path_of_regex(&Pattern::new(*regex, false)).as_deref(), *expected, "{regex}");
        }
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(texts(&deep), [""; 0]);
        assert_eq!(as_sent("/a b%c?d").as_deref(), Some("/a%20b%25c%3Fd"));
        assert_eq!(texts(r"^(www\.)?(shop|blog)\.test$"), ["shop.test", "www.shop.test", "blog.test"]);
    }
}
