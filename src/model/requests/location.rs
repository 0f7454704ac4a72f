//! Which `location` a URI selects.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>,
//! `ngx_http_core_find_location` in src/http/ngx_http_core_module.c.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::config::Directive;
use crate::model::Model;
use crate::model::values::pattern::Pattern;
use crate::nginx::Inheritance;
use crate::syntax::Word;

/// How a `location` matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    /// None: a prefix.
    Prefix,
    /// `=`
    Exact,
    /// `^~`: a prefix that keeps regexes of its level away.
    PrefixOnly,
    /// `~`
    Regex,
    /// `~*`
    RegexIgnoringCase,
    /// `@`: reached by name only.
    Named,
}

/// The modifiers as they are written, the longer first where one begins another.
const MODIFIERS: &[(&str, Modifier)] = &[
    ("=", Modifier::Exact),
    ("^~", Modifier::PrefixOnly),
    ("~*", Modifier::RegexIgnoringCase),
    ("~", Modifier::Regex),
];

impl Modifier {
    /// As it is written; empty for a prefix.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Modifier::Prefix => "",
            Modifier::Named => "@",
            other => MODIFIERS.iter().find(|(_, modifier)| *modifier == other).map_or("", |(text, _)| text),
        }
    }

    /// Whether it is a regular expression.
    #[must_use]
    pub fn is_regex(self) -> bool {
        matches!(self, Modifier::Regex | Modifier::RegexIgnoringCase)
    }
}

/// The modifier and the pattern of a `location`; the name of a named one keeps its `@`.
#[must_use]
pub fn matcher(location: Directive<'_>) -> Option<(Modifier, Word<'_>, String)> {
    let first = location.argument(0)?;
    let text = first.text();
    if let Some(second) = location.argument(1) {
        let (_, modifier) = MODIFIERS.iter().find(|(sign, _)| *sign == text)?;
        return Some((*modifier, second, second.text().into_owned()));
    }
    // nginx also reads the modifier where it touches the pattern.
    for (sign, modifier) in MODIFIERS {
        if let Some(pattern) = text.strip_prefix(sign) {
            return Some((*modifier, first, pattern.to_owned()));
        }
    }
    let modifier = if text.starts_with('@') { Modifier::Named } else { Modifier::Prefix };
    Some((modifier, first, text.into_owned()))
}

/// What a location matches, without its modifier and the backslashes of a regex, for words that are looked for in it;
/// `None` for a named one.
#[must_use]
pub fn path(location: Directive<'_>) -> Option<String> {
    let (modifier, _, pattern) = matcher(location)?;
    (modifier != Modifier::Named).then(|| pattern.replace('\\', ""))
}

/// What a location matches as it is written, with its modifier and its quotes: `~ ^/api/.*\.json$`.
#[must_use]
pub fn written(location: Directive<'_>) -> String {
    let words: Vec<_> = location.arguments().map(|word| String::from_utf8_lossy(word.raw())).collect();
    words.join(" ")
}

/// The locations directly in a server or a location, as they are looked up.
#[derive(Debug, Default)]
pub struct LocationTable<'c> {
    /// Those with `=`.
    exact: FxHashMap<Box<str>, Directive<'c>>,
    /// Prefixes, sorted by their bytes.
    prefixes: Vec<Prefix<'c>>,
    /// Regexes in the order of the file.
    regexes: Vec<(Arc<Pattern>, Directive<'c>)>,
    named: FxHashMap<Box<str>, Directive<'c>>,
}

#[derive(Debug)]
struct Prefix<'c> {
    text: Box<str>,
    location: Directive<'c>,
    keeps_regexes_away: bool,
    /// The longest other prefix that begins this one.
    shorter: Option<usize>,
}

impl<'c> LocationTable<'c> {
    /// Reads the locations in `block`. Of two that are the same, which nginx refuses, the first counts.
    pub(crate) fn new(model: &Model<'c>, block: Directive<'c>) -> LocationTable<'c> {
        let mut table = LocationTable::default();
        for location in block.children_named("location") {
            let Some((modifier, _, pattern)) = matcher(location) else { continue };
            match modifier {
                Modifier::Exact => {
                    table.exact.entry(pattern.into()).or_insert(location);
                }
                Modifier::Named => {
                    table.named.entry(pattern.into()).or_insert(location);
                }
                Modifier::Prefix | Modifier::PrefixOnly => table.prefixes.push(Prefix {
                    text: pattern.into(),
                    location,
                    keeps_regexes_away: modifier == Modifier::PrefixOnly,
                    shorter: None,
                }),
                Modifier::Regex | Modifier::RegexIgnoringCase => {
                    let pattern = Pattern::new(pattern, modifier == Modifier::RegexIgnoringCase);
                    table.regexes.push((model.shared_pattern(pattern), location));
                }
            }
        }
        table.prefixes.sort_by(|a, b| a.text.cmp(&b.text));
        table.prefixes.dedup_by(|later, first| later.text == first.text);
        // In sorted order every prefix of a text stands before it, and the open ones form a chain.
        let mut open: Vec<usize> = Vec::new();
        for number in 0..table.prefixes.len() {
            while let Some(&last) = open.last()
                && !table.prefixes[number].text.starts_with(&*table.prefixes[last].text)
            {
                open.pop();
            }
            table.prefixes[number].shorter = open.last().copied();
            open.push(number);
        }
        table
    }

    /// The longest prefix that begins `uri`.
    fn longest_prefix(&self, uri: &str) -> Option<&Prefix<'c>> {
        let after = self.prefixes.partition_point(|prefix| &*prefix.text <= uri);
        let mut at = after.checked_sub(1);
        while let Some(number) = at {
            let prefix = self.prefixes.get(number)?;
            if uri.starts_with(&*prefix.text) {
                return Some(prefix);
            }
            at = prefix.shorter;
        }
        None
    }

    /// The location `text` without a modifier or with `=`.
    fn literal(&self, text: &str) -> Option<Directive<'c>> {
        let prefix = || {
            let at = self.prefixes.binary_search_by(|prefix| (*prefix.text).cmp(text)).ok()?;
            self.prefixes.get(at).map(|prefix| prefix.location)
        };
        self.exact.get(text).copied().or_else(prefix)
    }

    /// The location `@name`; only those of a server are found by nginx.
    pub(crate) fn named(&self, name: &str) -> Option<Directive<'c>> {
        self.named.get(name).copied()
    }
}

/// What a URI leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup<'c> {
    /// A location, or none.
    Location(Option<Directive<'c>>),
    /// The location is `uri/` and passes requests on: nginx redirects to it.
    AddSlash(Directive<'c>),
    /// It lies deeper than is followed.
    TooDeep,
}

/// What a level of locations says (`NGX_OK`, `NGX_AGAIN`, `NGX_DECLINED` and `NGX_DONE` in nginx).
enum Level<'c> {
    Final,
    Open,
    AddSlash(Directive<'c>),
    TooDeep,
}

/// Nested prefix locations can only get longer, and a URI is short; nginx has no limit of its own.
const MAX_DEPTH: usize = 64;

/// A question whether a regex location matches; whoever asks it minds what the regex captures.
pub(crate) type Matches<'q, 'c> = dyn FnMut(Directive<'c>, &Pattern) -> bool + 'q;

/// The location in a server that answers `uri`. `matches` says whether a regex does; it is asked in the order in
/// which nginx runs them.
pub(crate) fn find<'c>(
    model: &Model<'c>,
    server: Directive<'c>,
    uri: &str,
    matches: &mut Matches<'_, 'c>,
) -> Lookup<'c> {
    let mut found = None;
    match find_at(model, server, uri, matches, &mut found, 0) {
        Level::Final | Level::Open => Lookup::Location(found),
        Level::AddSlash(location) => Lookup::AddSlash(location),
        Level::TooDeep => Lookup::TooDeep,
    }
}

fn find_at<'c>(
    model: &Model<'c>,
    block: Directive<'c>,
    uri: &str,
    matches: &mut Matches<'_, 'c>,
    found: &mut Option<Directive<'c>>,
    depth: usize,
) -> Level<'c> {
    if depth > MAX_DEPTH {
        return Level::TooDeep;
    }
    let table = model.locations(block);
    if let Some(&location) = table.exact.get(uri) {
        *found = Some(location);
        return Level::Final;
    }
    let prefix = table.longest_prefix(uri);
    let is_whole = prefix.is_some_and(|prefix| prefix.text.len() == uri.len());
    if !is_whole
        && let Some(location) = table.literal(&format!("{uri}/")).filter(|location| redirects_to_slash(*location))
    {
        return Level::AddSlash(location);
    }
    let mut keeps_regexes_away = false;
    if let Some(prefix) = prefix {
        *found = Some(prefix.location);
        keeps_regexes_away = prefix.keeps_regexes_away;
        match find_at(model, prefix.location, uri, matches, found, depth + 1) {
            // A nested prefix still yields to the regexes here.
            Level::Open => {}
            other => return other,
        }
    }
    if !keeps_regexes_away {
        for &(ref pattern, location) in &table.regexes {
            if matches(location, pattern) {
                *found = Some(location);
                return match find_at(model, location, uri, matches, found, depth + 1) {
                    Level::TooDeep => Level::TooDeep,
                    // nginx keeps the location, but forgets that a slash is missing.
                    Level::AddSlash(location) => {
                        *found = Some(location);
                        Level::Final
                    }
                    _ => Level::Final,
                };
            }
        }
    }
    Level::Open
}

/// The pattern of a regex location.
pub(crate) fn regex<'m>(
    model: &'m Model<'_>,
    location: Directive<'_>,
    modifier: Modifier,
    word: Word<'_>,
) -> &'m Pattern {
    model.pattern(word, || {
        let text = matcher(location).map(|(.., text)| text).unwrap_or_default();
        Pattern::new(text, modifier == Modifier::RegexIgnoringCase)
    })
}

/// Whether a location passes requests on to a server, so that nginx adds the slash that a request for it lacks.
///
/// nginx: "If a location is defined by a prefix string that ends with the slash character, and requests are processed
/// by one of proxy_pass, fastcgi_pass, uwsgi_pass, scgi_pass, memcached_pass, or grpc_pass …"
/// <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
fn redirects_to_slash(location: Directive<'_>) -> bool {
    location.children().any(|directive| is_pass(directive))
}

/// Whether a directive passes requests to another server.
pub(crate) fn is_pass(directive: Directive<'_>) -> bool {
    is_content_handler(directive) && directive.name_text().ends_with("_pass")
}

/// Whether a directive makes its location answer by a handler of its own.
pub(crate) fn is_content_handler(directive: Directive<'_>) -> bool {
    let row = directive.name().and_then(|name| name.in_context(directive.context()));
    row.is_some_and(|row| row.inheritance() == Some(Inheritance::Handler))
}

/// The first of the blocks around a directive, itself included, that is a `location`.
#[must_use]
pub fn around<'c>(block: Directive<'c>) -> Option<Directive<'c>> {
    std::iter::once(block).chain(block.ancestors()).find(|block| block.is_named("location"))
}

impl<'c> Model<'c> {
    /// The locations directly in `block`.
    pub(crate) fn locations(&self, block: Directive<'c>) -> &LocationTable<'c> {
        // Most locations have none inside.
        if block.children_named("location").next().is_none() {
            return &self.no_locations;
        }
        match self.location_tables.get(&block.id()) {
            Some(table) => table,
            None => self.location_tables.insert(block.id(), Box::new(LocationTable::new(self, block))),
        }
    }
}
