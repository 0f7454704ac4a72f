//! What a block sees of the directives around it.
//!
//! nginx merges each directive on its own; how, the table of [`crate::nginx`] says. For most, a block that has it at
//! all, once or several times, sees only its own, and a block that has none sees what the block around it sees. For
//! directives that may be repeated (`proxy_set_header`, `add_header`) this drops the whole outer list.

use crate::config::Directive;
use crate::nginx::{DirectiveName, Inheritance, NginxVersion};
use crate::syntax::Word;

/// The directives of one setting that are in effect in a block.
#[derive(Debug, Clone, Default)]
pub struct InEffect<'c> {
    /// In the order of the file; empty when no level has one.
    pub directives: Vec<Directive<'c>>,
    /// The block that has them; `None` when they stand at the top level, or nowhere.
    pub level: Option<Directive<'c>>,
    /// Whether there may be others in a file whose `include` could not be followed.
    pub is_partial: bool,
}

/// What `block` sees of the directive `name`, and of those that are one setting with it: of `root` and `alias` the
/// nearest, of `allow` and `deny` the nearest list.
#[must_use]
pub fn in_effect<'c>(block: Directive<'c>, name: &str) -> InEffect<'c> {
    let name = DirectiveName::find(name.as_bytes());
    let (inheritance, names) = name.map_or((Inheritance::Nearest, &[][..]), DirectiveName::inherited);
    let mut seen = InEffect::default();
    // Most settings that are asked for are made nowhere.
    if !names.iter().any(|&name| block.config().may_have(name)) {
        return seen;
    }
    for level in std::iter::successors(Some(block), Directive::parent) {
        seen.is_partial |= level.is_incomplete();
        let own: Vec<Directive<'c>> = level.children_of(names).collect();
        if !own.is_empty() {
            seen.level = seen.level.or(Some(level));
            let inner = std::mem::replace(&mut seen.directives, sorted(own));
            seen.directives.extend(inner);
        }
        let goes_on = match inheritance {
            Inheritance::Own => false,
            // An `if` or `limit_except` has its location's.
            Inheritance::Handler => seen.level.is_none() && !level.is_named("location"),
            Inheritance::Added => true,
            Inheritance::Nearest | Inheritance::List => seen.level.is_none(),
        };
        if !goes_on {
            return seen;
        }
    }
    seen.is_partial |= block.config().is_incomplete();
    let inner = std::mem::replace(&mut seen.directives, sorted(block.config().top_level_of(names).collect()));
    seen.directives.extend(inner);
    seen
}

fn sorted(mut directives: Vec<Directive<'_>>) -> Vec<Directive<'_>> {
    if directives.len() > 1 {
        directives.sort_by_key(Directive::id);
    }
    directives
}

/// Whether a directive is in effect at all.
#[must_use]
pub fn has_in_effect(block: Directive<'_>, name: &str) -> bool {
    value_in_effect(block, name).is_some()
}

/// The value of a directive that counts once: of the last one, where nginx lets it repeat.
#[must_use]
pub fn value_in_effect<'c>(block: Directive<'c>, name: &str) -> Option<Directive<'c>> {
    in_effect(block, name).directives.pop()
}

/// Whether a flag is on in `block`; `None` when no level says.
#[must_use]
pub fn flag_in_effect(block: Directive<'_>, name: &str) -> Option<bool> {
    value_in_effect(block, name).and_then(|directive| directive.argument(0)).map(|word| word.is("on"))
}

/// The `add_header` directives in effect in `block`. From 1.29.3, `add_header_inherit merge` adds
/// the outer ones to the block's own, and `off` drops them.
///
/// nginx: <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header_inherit>
#[must_use]
pub fn headers_in_effect<'c>(block: Directive<'c>, version: NginxVersion) -> Vec<Directive<'c>> {
    let mut headers: Vec<Directive<'c>> = Vec::new();
    for level in std::iter::successors(Some(block), Directive::parent) {
        let before = headers.len();
        // nginx adds a level's own before those around it.
        headers.extend(level.children_named("add_header"));
        let has_own = headers.len() > before;
        let mode = headers_inheritance(level, version);
        let goes_on = match mode {
            Some(mode) if mode.is("merge") => true,
            Some(mode) if mode.is("off") => false,
            _ => !has_own,
        };
        if !goes_on {
            return headers;
        }
    }
    headers.extend(block.config().top_level_named("add_header"));
    headers
}

/// Whether `add_header_inherit off` is in effect in `block`: the outer headers are dropped on purpose.
#[must_use]
pub fn drops_headers(block: Directive<'_>, version: NginxVersion) -> bool {
    headers_inheritance(block, version).is_some_and(|mode| mode.is("off"))
}

fn headers_inheritance(block: Directive<'_>, version: NginxVersion) -> Option<Word<'_>> {
    const SINCE: NginxVersion = NginxVersion::new(1, 29, 3);
    if version < SINCE {
        return None;
    }
    value_in_effect(block, "add_header_inherit").and_then(|directive| directive.argument(0))
}
