//! Texts that stand for all that a pattern matches: a path for a location, a host for a regex name.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use url::Url;

use super::location::{Modifier, matcher};
use super::{Model, Pattern};
use crate::config::Directive;

/// Groups in groups that are followed; it bounds how deep the functions below call themselves.
const MAX_DEPTH: u32 = 50;

/// Longer texts are no paths that a client would ask for.
const MAX_LENGTH: usize = 256;

impl Model<'_> {
    /// A path, as it is sent, that the pattern of a location matches; another location may take it all the same.
    /// `None` for a named location, and for a regex for which none is found.
    #[must_use]
    pub fn witness_path(&self, location: Directive<'_>) -> Option<String> {
        let (modifier, _, pattern) = matcher(location)?;
        let path = match modifier {
            Modifier::Named => return None,
            Modifier::Prefix | Modifier::PrefixOnly | Modifier::Exact => pattern,
            Modifier::Regex => path_of_regex(&Pattern::new(pattern, false))?,
            Modifier::RegexIgnoringCase => path_of_regex(&Pattern::new(pattern, true))?,
        };
        as_sent(&path)
    }
}

/// A path, as it is sent, that the regex of a `rewrite` matches.
pub(super) fn path_of_rewrite(rewrite: Directive<'_>) -> Option<String> {
    as_sent(&path_of_regex(&Pattern::new(rewrite.argument(0)?.text(), false))?)
}

/// A text that a pattern matches.
pub(super) fn text_of(pattern: &Pattern) -> Option<String> {
    let text = shortest(pattern.text())?;
    (pattern.is_match(&text) == Some(true)).then_some(text)
}

/// A path that a pattern matches: what it asks for, behind a slash where that is not in it.
fn path_of_regex(pattern: &Pattern) -> Option<String> {
    let text = shortest(pattern.text())?;
    let behind = if text.starts_with('/') { vec![text] } else { vec![format!("/x{text}"), format!("/{text}")] };
    behind.into_iter().find(|path| pattern.is_match(path) == Some(true))
}

/// A decoded path as a client sends it.
fn as_sent(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.len() > MAX_LENGTH {
        return None;
    }
    let mut url = Url::parse("http://witness.invalid/").ok()?;
    url.set_path(&path.replace('%', "%25"));
    Some(url.path().to_owned())
}

/// The shortest text that a regex could match, as far as it can be read; what it looks at without consuming it is not
/// minded.
fn shortest(pattern: &str) -> Option<String> {
    let hir = ParserBuilder::new().nest_limit(MAX_DEPTH).build().parse(pattern).ok()?;
    let mut text = String::new();
    append(&hir, &mut text)?;
    Some(text)
}

fn append(hir: &Hir, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(member(class)?),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                append(&repetition.sub, text)?;
                if text.len() > MAX_LENGTH {
                    return None;
                }
            }
        }
        HirKind::Capture(capture) => append(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| append(part, text))?,
        HirKind::Alternation(parts) => append(parts.first()?, text)?,
    }
    (text.len() <= MAX_LENGTH).then_some(())
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
        (r"^/(?!api)", None),
        (r"(", None),
        (r"^x", None),
    ];

    #[test]
    fn paths_of_regexes() {
        for (regex, expected) in PATHS {
            assert_eq!(path_of_regex(&Pattern::new(*regex, false)).as_deref(), *expected, "{regex}");
        }
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(shortest(&deep), None);
        assert_eq!(as_sent("/a b%c?d").as_deref(), Some("/a%20b%25c%3Fd"));
        assert_eq!(text_of(&Pattern::new(r"^(?<sub>.+)\.shop\.example$", false)).as_deref(), Some("x.shop.example"));
    }
}
