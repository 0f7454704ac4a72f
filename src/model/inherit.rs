//! What a block sees of the directives around it.
//!
//! nginx merges each directive on its own: a block that has it at all, once or several times, sees
//! only its own; a block that has none sees what the block around it sees. For directives that may
//! be repeated (`proxy_set_header`, `add_header`) this drops the whole outer list.

use crate::config::Directive;
use crate::nginx::NginxVersion;

/// The directives of one name that are in effect in a block.
#[derive(Debug, Clone, Default)]
pub struct InEffect<'c> {
    /// In the order of the file; empty when no level has one.
    pub directives: Vec<Directive<'c>>,
    /// The block that has them; `None` when they stand at the top level, or nowhere.
    pub level: Option<Directive<'c>>,
    /// Whether there may be others in a file whose `include` could not be followed.
    pub is_partial: bool,
}

/// What `block` sees of the directive `name`: its own, or those of the nearest block around it.
#[must_use]
pub fn in_effect<'c>(block: Directive<'c>, name: &str) -> InEffect<'c> {
    in_effect_of(block, &[name])
}

/// What `block` sees of directives that are one setting, such as `allow` and `deny`: its own, or those of the nearest
/// block around it that has any of them.
#[must_use]
pub fn in_effect_of<'c>(block: Directive<'c>, names: &[&str]) -> InEffect<'c> {
    let mut is_partial = false;
    for level in std::iter::successors(Some(block), Directive::parent) {
        is_partial |= level.is_incomplete();
        let mut directives: Vec<_> = names.iter().flat_map(|name| level.children_named(name)).collect();
        directives.sort_by_key(Directive::id);
        if !directives.is_empty() {
            return InEffect { directives, level: Some(level), is_partial };
        }
    }
    is_partial |= block.config().is_incomplete();
    let mut directives: Vec<_> = names.iter().flat_map(|name| block.config().top_level_named(name)).collect();
    directives.sort_by_key(Directive::id);
    InEffect { directives, level: None, is_partial }
}

/// The one in effect of directives that are one setting, such as `root` and `alias`.
#[must_use]
pub fn value_in_effect_of<'c>(block: Directive<'c>, names: &[&str]) -> Option<Directive<'c>> {
    in_effect_of(block, names).directives.pop()
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
    const SINCE: NginxVersion = NginxVersion::new(1, 29, 3);
    let mut headers: Vec<Directive<'c>> = Vec::new();
    for level in std::iter::successors(Some(block), Directive::parent) {
        let own: Vec<_> = level.children_named("add_header").collect();
        let has_own = !own.is_empty();
        headers.splice(0..0, own);
        let mode = if version >= SINCE { value_in_effect(level, "add_header_inherit") } else { None };
        let mode = mode.and_then(|directive| directive.argument(0));
        let goes_on = match mode {
            Some(mode) if mode.is("merge") => true,
            Some(mode) if mode.is("off") => false,
            _ => !has_own,
        };
        if !goes_on {
            return headers;
        }
    }
    headers.splice(0..0, block.config().top_level_named("add_header"));
    headers
}
