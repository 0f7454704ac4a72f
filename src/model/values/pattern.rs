//! nginx's regular expressions (PCRE), as far as another engine can tell what they match.
//!
//! PCRE matches bytes, unless the pattern begins with `(*UTF8)`; this engine matches characters. A text that is not
//! ASCII is therefore given to it with each byte as the character of that number.

use std::sync::OnceLock;

use fancy_regex::{Regex, RegexBuilder};

/// How much backtracking a pattern may do on one text before its answer is unknown. nginx's PCRE
/// stops at 10,000,000 by default; a host or a URI never needs that.
const BACKTRACK_LIMIT: usize = 100_000;

/// What the groups of a match have captured, the whole match first.
pub type Groups = Vec<Option<String>>;

/// A pattern, compiled when it is first asked.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    ignores_case: bool,
    compiled: OnceLock<Option<Box<Regex>>>,
}

impl Pattern {
    /// A pattern that minds case, or does not.
    #[must_use]
    pub fn new(text: impl Into<String>, ignores_case: bool) -> Pattern {
        Pattern { text: text.into(), ignores_case, compiled: OnceLock::new() }
    }

    /// The pattern of a server name: an upper-case letter anywhere in it, even in `\D`, makes it
    /// ignore case (`ngx_http_core_server_name`, src/http/ngx_http_core_module.c).
    #[must_use]
    pub fn server_name(text: &str) -> Pattern {
        Pattern::new(text, text.bytes().any(|byte| byte.is_ascii_uppercase()))
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it minds no case.
    #[must_use]
    pub fn ignores_case(&self) -> bool {
        self.ignores_case
    }

    /// Whether it matches; `None` where this cannot be told.
    #[must_use]
    pub fn is_match(&self, text: &str) -> Option<bool> {
        if text.is_ascii() { self.regex()?.is_match(text).ok() } else { Some(self.captures(text)?.is_some()) }
    }

    /// What it captures: `Some(None)` when it does not match, `None` where this cannot be told.
    #[must_use]
    pub fn captures(&self, text: &str) -> Option<Option<Groups>> {
        if text.is_ascii() {
            let found = self.regex()?.captures(text).ok()?;
            return Some(
                found.map(|found| found.iter().map(|group| group.map(|group| group.as_str().to_owned())).collect()),
            );
        }
        if !self.is_bytewise() {
            return None;
        }
        let bytes: String = text.bytes().map(char::from).collect();
        let Some(found) = self.regex()?.captures(&bytes).ok()? else { return Some(None) };
        // A piece of a character is no text.
        let as_text = |group: &str| String::from_utf8(group.chars().map(|char| char as u8).collect()).ok();
        let groups = found.iter().map(|group| group.map(|group| as_text(group.as_str()).ok_or(())).transpose());
        groups.collect::<Result<Groups, ()>>().ok().map(Some)
    }

    /// Whether characters above ASCII mean nothing special to it, so that bytes can stand in their place.
    fn is_bytewise(&self) -> bool {
        const SPECIAL: &[&str] = &["\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "[:", "(*"];
        self.text.is_ascii() && !SPECIAL.iter().any(|special| self.text.contains(special))
    }

    /// The names of its groups, by number.
    pub fn capture_names(&self) -> impl Iterator<Item = (usize, &str)> {
        let names = self.regex().map(|regex| regex.capture_names().enumerate());
        names.into_iter().flatten().filter_map(|(number, name)| Some((number, name?)))
    }

    /// Whether it has groups that capture, named or not.
    #[must_use]
    pub fn has_groups(&self) -> bool {
        // Group 0 is the whole.
        self.regex().is_some_and(|regex| regex.captures_len() > 1)
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            // Inside brackets these are set operations to this engine, and characters to PCRE.
            if self.text.contains('[') && ["&&", "--", "~~"].iter().any(|sign| self.text.contains(sign)) {
                return None;
            }
            let mut builder = RegexBuilder::new(&self.text);
            builder.case_insensitive(self.ignores_case).backtrack_limit(BACKTRACK_LIMIT);
            builder.build().ok().map(Box::new)
        };
        self.compiled.get_or_init(compile).as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pattern captures, if it matches, if that can be told.
    type Captured = Option<Option<&'static [&'static str]>>;

    // What PCRE captures of a text without UTF mode.
    const CAPTURES: &[(&str, &str, Captured)] = &[
        ("^/(.)$", "/a", Some(Some(&["/a", "a"]))),
        ("^/(.*)$", "/\u{e9}", Some(Some(&["/\u{e9}", "\u{e9}"]))),
        ("^/(..)$", "/\u{e9}", Some(Some(&["/\u{e9}", "\u{e9}"]))),
        ("^/.$", "/\u{e9}", Some(None)),
        // A byte of a character, and classes that are wider here.
        ("^/(.)", "/\u{e9}", None),
        ("^/(\\w+)", "/\u{e9}", None),
        ("^/[a&&b]", "/a", None),
    ];

    #[test]
    fn bytes_are_matched() {
        for (pattern, text, expected) in CAPTURES {
            let found = Pattern::new(*pattern, false).captures(text);
            let expected = expected.map(|groups| {
                groups.map(|groups| groups.iter().map(|group| Some((*group).to_owned())).collect::<Groups>())
            });
            assert_eq!(found, expected, "{pattern} {text}");
        }
    }
}
