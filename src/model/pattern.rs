//! nginx's regular expressions (PCRE), as far as another engine can tell what they match.

use std::sync::OnceLock;

use fancy_regex::{Captures, Regex, RegexBuilder};

/// How much backtracking a pattern may do on one text before its answer is unknown. nginx's PCRE
/// stops at 10,000,000 by default; a host or a URI never needs that.
const BACKTRACK_LIMIT: usize = 100_000;

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
        self.regex()?.is_match(text).ok()
    }

    /// What it captures: `Some(None)` when it does not match, `None` where this cannot be told.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t str) -> Option<Option<Captures<'t, str>>> {
        self.regex()?.captures(text).ok()
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
            let mut builder = RegexBuilder::new(&self.text);
            builder.case_insensitive(self.ignores_case).backtrack_limit(BACKTRACK_LIMIT);
            builder.build().ok().map(Box::new)
        };
        self.compiled.get_or_init(compile).as_deref()
    }
}
