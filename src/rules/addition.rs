//! Lines that a block lacks, put beside what stands there: only those that this version of nginx has, and only where no
//! reader of the file has them already.

use std::fmt;

use super::{Edit, edit};
use crate::config::Directive;
use crate::nginx::{DirectiveName, NginxVersion};

/// Directives that are said once of each name.
const NAMED: &[&str] = &[
    "proxy_set_header",
    "add_header",
    "proxy_hide_header",
    "fastcgi_hide_header",
    "uwsgi_hide_header",
    "scgi_hide_header",
    "grpc_hide_header",
];

/// A directive that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    name: &'static str,
    arguments: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {};", self.name, self.arguments)
    }
}

impl Line {
    pub(super) fn new(name: &'static str, arguments: impl Into<String>) -> Line {
        Line { name, arguments: arguments.into() }
    }

    /// One like `directive`.
    pub(super) fn like(name: &'static str, directive: Directive<'_>) -> Line {
        let words: Vec<_> = directive.arguments().map(|word| String::from_utf8_lossy(word.raw())).collect();
        Line::new(name, words.join(" "))
    }

    /// Whether it is one of a list that a block inherits as a whole.
    pub(super) fn is_header(&self) -> bool {
        NAMED.contains(&self.name)
    }

    /// What stands behind the name of a header.
    pub(super) fn value(&self) -> &str {
        self.arguments.split_once(' ').map_or(&self.arguments, |(_, value)| value)
    }

    /// Whether a directive says the same thing, with whatever value: it could not stand beside this line, or would have
    /// another meaning with it.
    pub(super) fn is_said_by(&self, directive: Directive<'_>) -> bool {
        let own = self.arguments.split(' ').next().unwrap_or_default();
        directive.is_named(self.name)
            && (!NAMED.contains(&self.name)
                || directive.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case(own)))
    }

    /// Whether it can be written beside `directive`.
    fn can_stand_beside(&self, directive: Directive<'_>, version: NginxVersion) -> bool {
        let row = DirectiveName::find(self.name.as_bytes()).and_then(|name| name.in_context(directive.context()));
        let is_free = match directive.parent() {
            Some(block) => !block.children_named(self.name).any(|other| self.is_said_by(other)),
            None => !directive.config().top_level_named(self.name).any(|other| self.is_said_by(other)),
        };
        row.is_some_and(|row| row.exists_in(version)) && is_free
    }
}

/// Puts lines behind a directive of a block, for all who read the file.
pub(super) fn beside(directive: Directive<'_>, lines: &[Line], version: NginxVersion) -> Option<Edit> {
    let can_stand = |place: Directive<'_>| lines.iter().all(|line| line.can_stand_beside(place, version));
    if !directive.in_each_reading().all(can_stand) {
        return None;
    }
    let lines: Vec<String> = lines.iter().map(Line::to_string).collect();
    edit::lines_behind(directive, &lines)
}

/// What brings `directive` into the text of `block`: itself, the block in it that holds it, or an `include`.
pub(super) fn within<'c>(block: Directive<'c>, directive: Directive<'c>) -> Option<Directive<'c>> {
    let mut place = std::iter::once(directive).chain(directive.ancestors()).find(|one| one.parent() == Some(block))?;
    while let Some(include) = place.included_by().filter(|_| place.span().file != block.span().file) {
        place = include;
    }
    (place.parent() == Some(block) && place.span().file == block.span().file).then_some(place)
}
