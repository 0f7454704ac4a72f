//! Which `location` a URI selects.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>,
//! `ngx_http_core_find_location` in src/http/ngx_http_core_module.c.

use super::pattern::Pattern;
use super::{Model, Settled};
use crate::config::Directive;
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

/// Nested prefix locations can only get longer, and a URI is short; nginx has no limit of its own.
const MAX_DEPTH: usize = 64;

/// The modifier and the pattern of a `location`.
#[must_use]
pub fn matcher(location: Directive<'_>) -> Option<(Modifier, Word<'_>, String)> {
    let first = location.argument(0)?;
    let text = first.text();
    if let Some(second) = location.argument(1) {
        let modifier = match &*text {
            "=" => Modifier::Exact,
            "^~" => Modifier::PrefixOnly,
            "~" => Modifier::Regex,
            "~*" => Modifier::RegexIgnoringCase,
            _ => return None,
        };
        return Some((modifier, second, second.text().into_owned()));
    }
    // nginx also reads the modifier where it touches the pattern.
    let touching = [
        ("=", Modifier::Exact),
        ("^~", Modifier::PrefixOnly),
        ("~*", Modifier::RegexIgnoringCase),
        ("~", Modifier::Regex),
    ];
    for (sign, modifier) in touching {
        if let Some(pattern) = text.strip_prefix(sign) {
            return Some((modifier, first, pattern.to_owned()));
        }
    }
    let modifier = if text.starts_with('@') { Modifier::Named } else { Modifier::Prefix };
    Some((modifier, first, text.into_owned()))
}

/// The regexes of a location and of those around it, the innermost first.
pub(super) fn patterns_around<'m>(model: &'m Model<'_>, location: Directive<'_>) -> Vec<&'m Pattern> {
    let locations = std::iter::once(location).chain(location.ancestors()).filter(|block| block.is_named("location"));
    let regexes = locations.filter_map(matcher).filter_map(|(modifier, word, pattern)| match modifier {
        Modifier::Regex | Modifier::RegexIgnoringCase => Some(regex(model, modifier, word, pattern)),
        _ => None,
    });
    regexes.collect()
}

fn regex<'m>(model: &'m Model<'_>, modifier: Modifier, word: Word<'_>, pattern: String) -> &'m Pattern {
    model.pattern(word, || Pattern::new(pattern, modifier == Modifier::RegexIgnoringCase))
}

/// The location in `block` (a server, or a location with nested ones) that answers `uri`;
/// `Known(None)` when none does.
pub(super) fn find<'c>(model: &Model<'c>, block: Directive<'c>, uri: &str) -> Settled<Option<Directive<'c>>> {
    find_at(model, block, uri, 0)
}

fn find_at<'c>(model: &Model<'c>, block: Directive<'c>, uri: &str, depth: usize) -> Settled<Option<Directive<'c>>> {
    if depth > MAX_DEPTH {
        return Settled::Unknown;
    }
    let mut best: Option<(usize, bool, Directive<'c>)> = None;
    let mut regexes = Vec::new();
    for location in block.children_named("location") {
        let Some((modifier, word, pattern)) = matcher(location) else { continue };
        match modifier {
            Modifier::Exact if pattern == uri => return Settled::Known(Some(location)),
            Modifier::Prefix | Modifier::PrefixOnly
                if uri.starts_with(&pattern) && best.is_none_or(|(length, ..)| length < pattern.len()) =>
            {
                best = Some((pattern.len(), modifier == Modifier::PrefixOnly, location));
            }
            Modifier::Regex | Modifier::RegexIgnoringCase => regexes.push((modifier, word, pattern, location)),
            _ => {}
        }
    }
    let mut found = best.map(|(.., location)| location);
    if let Some(outer) = found {
        match find_at(model, outer, uri, depth + 1) {
            // A nested regex or exact location is final; a nested prefix still yields to regexes here.
            Settled::Known(Some(inner)) if is_final(inner) => return Settled::Known(Some(inner)),
            Settled::Known(Some(inner)) => found = Some(inner),
            Settled::Known(None) => {}
            Settled::Unknown => return Settled::Unknown,
        }
    }
    if !best.is_some_and(|(_, keeps_regexes_away, _)| keeps_regexes_away) {
        for (modifier, word, pattern, location) in regexes {
            match regex(model, modifier, word, pattern).is_match(uri) {
                Some(true) => {
                    return match find_at(model, location, uri, depth + 1) {
                        Settled::Known(inner) => Settled::Known(inner.or(Some(location))),
                        Settled::Unknown => Settled::Unknown,
                    };
                }
                Some(false) => {}
                None => return Settled::Unknown,
            }
        }
    }
    Settled::Known(found)
}

fn is_final(location: Directive<'_>) -> bool {
    matches!(matcher(location), Some((Modifier::Exact | Modifier::Regex | Modifier::RegexIgnoringCase, ..)))
}
