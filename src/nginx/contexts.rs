//! Contexts: where a directive may stand, and what stands inside a block.

use std::fmt;
use std::ops::BitOr;

/// A set of the contexts in which nginx accepts a directive.
///
/// As in nginx's command tables, [`Contexts::LOCATION`] is every `location` but neither an `if` nor a
/// `limit_except` in it: those are contexts of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contexts(u32);

/// What stands between the braces of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockBody {
    /// Directives of these contexts.
    Directives(Contexts),
    /// Entries that the block's own handler reads (`types`, `map`, `geo` …), `include` among them.
    Entries,
    /// Source text of another language (`*_by_lua_block`).
    Code,
    /// Nothing is known of it: an unknown block, or one that nginx refuses in this context.
    Unknown,
}

impl Contexts {
    /// No context at all.
    pub const EMPTY: Contexts = Contexts(0);
    /// The top level of a configuration.
    pub const MAIN: Contexts = Contexts(1);
    /// In `events`.
    pub const EVENTS: Contexts = Contexts(1 << 1);
    /// In `http`.
    pub const HTTP: Contexts = Contexts(1 << 2);
    /// In a `server` of `http`.
    pub const SERVER: Contexts = Contexts(1 << 3);
    /// In an `if` that stands in a `server`.
    pub const IF_IN_SERVER: Contexts = Contexts(1 << 4);
    /// In a `location`.
    pub const LOCATION: Contexts = Contexts(1 << 5);
    /// In an `if` that stands in a `location`.
    pub const IF_IN_LOCATION: Contexts = Contexts(1 << 6);
    /// In a `limit_except`.
    pub const LIMIT_EXCEPT: Contexts = Contexts(1 << 7);
    /// In an `upstream` of `http`.
    pub const UPSTREAM: Contexts = Contexts(1 << 8);
    /// In `stream`.
    pub const STREAM: Contexts = Contexts(1 << 9);
    /// In a `server` of `stream`.
    pub const STREAM_SERVER: Contexts = Contexts(1 << 10);
    /// In an `upstream` of `stream`.
    pub const STREAM_UPSTREAM: Contexts = Contexts(1 << 11);
    /// In `mail`.
    pub const MAIL: Contexts = Contexts(1 << 12);
    /// In a `server` of `mail`.
    pub const MAIL_SERVER: Contexts = Contexts(1 << 13);
    /// In `rtmp` (nginx-rtmp-module).
    pub const RTMP: Contexts = Contexts(1 << 14);
    /// In a `server` of `rtmp`.
    pub const RTMP_SERVER: Contexts = Contexts(1 << 15);
    /// In an `application` of `rtmp`.
    pub const RTMP_APPLICATION: Contexts = Contexts(1 << 16);
    /// In a `recorder` of `rtmp`.
    pub const RTMP_RECORDER: Contexts = Contexts(1 << 17);
    /// Everywhere directives stand (`include`).
    pub const ANY: Contexts = Contexts(1 << 18);

    /// Whether every context of `other` is in this set. `ANY` is a member like the others here;
    /// see [`Contexts::allows`].
    #[must_use]
    pub const fn contains(self, other: Contexts) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the two sets share a context.
    #[must_use]
    pub const fn intersects(self, other: Contexts) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a directive of these contexts may stand in `place`, or in one of its contexts if the
    /// place is not known better.
    #[must_use]
    pub const fn allows(self, place: Contexts) -> bool {
        self.intersects(place) || self.contains(Contexts::ANY)
    }

    /// The contexts of both.
    #[must_use]
    pub const fn union(self, other: Contexts) -> Contexts {
        Contexts(self.0 | other.0)
    }

    /// The contexts in both.
    #[must_use]
    pub const fn intersection(self, other: Contexts) -> Contexts {
        Contexts(self.0 & other.0)
    }

    /// Whether the set has no context.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The contexts one by one, outer ones first.
    pub fn iter(self) -> impl Iterator<Item = Contexts> {
        WORDS.iter().map(|(context, _)| *context).filter(move |context| self.contains(*context))
    }

    /// The context that [`Display`](fmt::Display) calls so: `server`, `if in location`, `stream server` …
    #[must_use]
    pub fn named(word: &str) -> Option<Contexts> {
        WORDS.iter().find(|(_, name)| *name == word).map(|(context, _)| *context)
    }

    /// All contexts one by one, outer ones first.
    pub fn all() -> impl Iterator<Item = Contexts> {
        WORDS.iter().map(|(context, _)| *context)
    }

    /// What stands inside `block`, a block directive of one of these contexts.
    ///
    /// `server` in `http` holds [`Contexts::SERVER`], `if` in a location [`Contexts::IF_IN_LOCATION`], and so on;
    /// when this set has several contexts the answer is for all of them in which `block` may stand.
    #[must_use]
    pub fn inside(self, block: &[u8]) -> BlockBody {
        if block.ends_with(b"_by_lua_block") {
            return BlockBody::Code;
        }
        let mut body = BlockBody::Unknown;
        for (_, outside, inside) in BLOCKS.iter().filter(|(name, ..)| name.as_bytes() == block) {
            if !self.intersects(*outside) {
                continue;
            }
            body = match (body, *inside) {
                (BlockBody::Directives(one), BlockBody::Directives(other)) => BlockBody::Directives(one | other),
                (_, inside) => inside,
            };
        }
        body
    }
}

impl BitOr for Contexts {
    type Output = Contexts;

    fn bitor(self, other: Contexts) -> Contexts {
        self.union(other)
    }
}

impl fmt::Display for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (_, word) in WORDS.iter().filter(|(context, _)| self.contains(*context)) {
            write!(f, "{separator}{word}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// The contexts in the words of nginx's documentation, in the order of their bits.
const WORDS: &[(Contexts, &str)] = &[
    (Contexts::MAIN, "main"),
    (Contexts::EVENTS, "events"),
    (Contexts::HTTP, "http"),
    (Contexts::SERVER, "server"),
    (Contexts::IF_IN_SERVER, "if in server"),
    (Contexts::LOCATION, "location"),
    (Contexts::IF_IN_LOCATION, "if in location"),
    (Contexts::LIMIT_EXCEPT, "limit_except"),
    (Contexts::UPSTREAM, "upstream"),
    (Contexts::STREAM, "stream"),
    (Contexts::STREAM_SERVER, "stream server"),
    (Contexts::STREAM_UPSTREAM, "stream upstream"),
    (Contexts::MAIL, "mail"),
    (Contexts::MAIL_SERVER, "mail server"),
    (Contexts::RTMP, "rtmp"),
    (Contexts::RTMP_SERVER, "rtmp server"),
    (Contexts::RTMP_APPLICATION, "rtmp application"),
    (Contexts::RTMP_RECORDER, "rtmp recorder"),
    (Contexts::ANY, "any"),
];

const HTTP_LEVELS: Contexts = Contexts::HTTP.union(Contexts::SERVER).union(Contexts::LOCATION);

/// Every block directive but the Lua ones: where it stands and what it holds. The handlers of nginx set the inner
/// context (`cf->cmd_type`) or a reader of their own (`cf->handler`).
#[rustfmt::skip] // A table: one row a line.
const BLOCKS: &[(&str, Contexts, BlockBody)] = &[
    ("events",        Contexts::MAIN,             BlockBody::Directives(Contexts::EVENTS)),
    ("http",          Contexts::MAIN,             BlockBody::Directives(Contexts::HTTP)),
    ("stream",        Contexts::MAIN,             BlockBody::Directives(Contexts::STREAM)),
    ("mail",          Contexts::MAIN,             BlockBody::Directives(Contexts::MAIL)),
    ("rtmp",          Contexts::MAIN,             BlockBody::Directives(Contexts::RTMP)),
    ("server",        Contexts::HTTP,             BlockBody::Directives(Contexts::SERVER)),
    ("server",        Contexts::STREAM,           BlockBody::Directives(Contexts::STREAM_SERVER)),
    ("server",        Contexts::MAIL,             BlockBody::Directives(Contexts::MAIL_SERVER)),
    ("server",        Contexts::RTMP,             BlockBody::Directives(Contexts::RTMP_SERVER)),
    ("upstream",      Contexts::HTTP,             BlockBody::Directives(Contexts::UPSTREAM)),
    ("upstream",      Contexts::STREAM,           BlockBody::Directives(Contexts::STREAM_UPSTREAM)),
    ("location",      Contexts::SERVER,           BlockBody::Directives(Contexts::LOCATION)),
    ("location",      Contexts::LOCATION,         BlockBody::Directives(Contexts::LOCATION)),
    ("if",            Contexts::SERVER,           BlockBody::Directives(Contexts::IF_IN_SERVER)),
    ("if",            Contexts::LOCATION,         BlockBody::Directives(Contexts::IF_IN_LOCATION)),
    ("limit_except",  Contexts::LOCATION,         BlockBody::Directives(Contexts::LIMIT_EXCEPT)),
    ("application",   Contexts::RTMP_SERVER,      BlockBody::Directives(Contexts::RTMP_APPLICATION)),
    ("recorder",      Contexts::RTMP_APPLICATION, BlockBody::Directives(Contexts::RTMP_RECORDER)),
    ("types",         HTTP_LEVELS,                BlockBody::Entries),
    ("charset_map",   Contexts::HTTP,             BlockBody::Entries),
    ("geo",           Contexts::HTTP,             BlockBody::Entries),
    ("geo",           Contexts::STREAM,           BlockBody::Entries),
    ("map",           Contexts::HTTP,             BlockBody::Entries),
    ("map",           Contexts::STREAM,           BlockBody::Entries),
    ("split_clients", Contexts::HTTP,             BlockBody::Entries),
    ("split_clients", Contexts::STREAM,           BlockBody::Entries),
    ("geoip2",        Contexts::HTTP,             BlockBody::Entries),
    ("geoip2",        Contexts::STREAM,           BlockBody::Entries),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nginx::directives::all_directives;

    #[test]
    fn contexts_are_shown_in_the_words_of_the_documentation() {
        const ROWS: &[(Contexts, &str)] = &[
            (Contexts::EMPTY, ""),
            (Contexts::MAIN, "main"),
            (HTTP_LEVELS, "http, server, location"),
            (Contexts::IF_IN_LOCATION.union(Contexts::LOCATION), "location, if in location"),
            (Contexts::STREAM.union(Contexts::STREAM_SERVER), "stream, stream server"),
            (Contexts::ANY, "any"),
        ];
        for (contexts, shown) in ROWS {
            assert_eq!(contexts.to_string(), *shown);
            assert!(contexts.iter().all(|context| Contexts::named(&context.to_string()) == Some(context)));
        }
        assert_eq!(Contexts::named("nowhere"), None);
    }

    #[test]
    fn a_block_says_what_it_holds() {
        use BlockBody::{Code, Directives, Entries, Unknown};
        const ROWS: &[(Contexts, &str, BlockBody)] = &[
            (Contexts::MAIN, "http", Directives(Contexts::HTTP)),
            (Contexts::HTTP, "server", Directives(Contexts::SERVER)),
            (Contexts::STREAM, "server", Directives(Contexts::STREAM_SERVER)),
            (Contexts::MAIL, "server", Directives(Contexts::MAIL_SERVER)),
            (Contexts::RTMP, "server", Directives(Contexts::RTMP_SERVER)),
            (Contexts::SERVER, "location", Directives(Contexts::LOCATION)),
            (Contexts::LOCATION, "location", Directives(Contexts::LOCATION)),
            (Contexts::SERVER, "if", Directives(Contexts::IF_IN_SERVER)),
            (Contexts::LOCATION, "if", Directives(Contexts::IF_IN_LOCATION)),
            (Contexts::LOCATION, "limit_except", Directives(Contexts::LIMIT_EXCEPT)),
            (Contexts::STREAM, "upstream", Directives(Contexts::STREAM_UPSTREAM)),
            // A snippet whose context is not known better.
            (
                Contexts::HTTP.union(Contexts::STREAM),
                "upstream",
                Directives(Contexts::UPSTREAM.union(Contexts::STREAM_UPSTREAM)),
            ),
            (Contexts::SERVER.union(Contexts::LOCATION), "location", Directives(Contexts::LOCATION)),
            // Blocks with readers of their own.
            (Contexts::LOCATION, "types", Entries),
            (Contexts::HTTP, "map", Entries),
            (Contexts::STREAM, "geo", Entries),
            (Contexts::LOCATION, "content_by_lua_block", Code),
            // What nginx refuses, and what nobody knows.
            (Contexts::IF_IN_LOCATION, "if", Unknown),
            (Contexts::HTTP, "location", Unknown),
            (Contexts::LOCATION, "locaton", Unknown),
        ];
        for (outside, block, inside) in ROWS {
            assert_eq!(outside.inside(block.as_bytes()), *inside, "{block} in {outside}");
        }
    }

    #[test]
    fn every_block_directive_has_a_body_in_each_of_its_contexts() {
        for directive in all_directives() {
            for context in directive.contexts.iter() {
                let body = context.inside(directive.name.as_bytes());
                assert_eq!(body != BlockBody::Unknown, directive.block, "{} in {context}", directive.name);
            }
        }
    }
}
