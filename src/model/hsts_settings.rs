//! The directives that decide about Strict-Transport-Security in a block, in the order in which nginx runs them.
//!
//! The filter of headers-more comes before the one of nginx's own `add_header` (a module that is added runs first), so
//! that `more_set_headers` replaces what an upstream has sent, and `add_header` adds another one behind it.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>,
//! <https://github.com/openresty/headers-more-nginx-module#more_set_headers>

use super::inherit;
use crate::config::Directive;
use crate::nginx::NginxVersion;

const HEADER: &str = "strict-transport-security";

/// The statuses of answers that `add_header` adds to without `always`.
const ADDED_TO: &[u16] = &[200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/// One directive that decides about the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HstsSetting<'c> {
    /// The directive.
    pub directive: Directive<'c>,
    /// What it does.
    pub kind: HstsSettingKind,
    /// The value as it is written; empty where the header is taken away.
    pub value: String,
}

/// What a directive does about the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HstsSettingKind {
    /// `add_header`.
    Add {
        /// Whether errors get it as well.
        is_always: bool,
    },
    /// `more_set_headers` and `more_clear_headers`.
    Replace {
        /// `-s`; empty: all.
        statuses: Vec<u16>,
        /// `-t`: only for answers of some content types.
        has_types: bool,
        /// `-a`: what is there stays.
        appends: bool,
    },
}

impl HstsSetting<'_> {
    /// Whether answers of a status get it; an upstream's, which is not known, is taken for a success.
    #[must_use]
    pub fn applies_to(&self, status: Option<u16>) -> bool {
        match &self.kind {
            HstsSettingKind::Add { is_always } => *is_always || status.is_none_or(|status| ADDED_TO.contains(&status)),
            HstsSettingKind::Replace { statuses, .. } => {
                statuses.is_empty() || statuses.contains(&status.unwrap_or(200))
            }
        }
    }

    /// Whether it is an `add_header` without `always`.
    #[must_use]
    pub fn leaves_out_errors(&self) -> bool {
        self.kind == HstsSettingKind::Add { is_always: false } && !self.value.is_empty()
    }
}

/// What the directives in effect in `block` do about the header, in the order in which they do it.
#[must_use]
pub fn hsts_settings<'c>(block: Directive<'c>, version: NginxVersion) -> Vec<HstsSetting<'c>> {
    // Those of outer levels run first.
    let mut levels: Vec<Directive<'c>> = std::iter::successors(Some(block), Directive::parent).collect();
    levels.reverse();
    let mut replacing: Vec<Directive<'c>> = Vec::new();
    for name in ["more_set_headers", "more_clear_headers"] {
        replacing.extend(block.config().top_level_named(name));
        replacing.extend(levels.iter().flat_map(|level| level.children_named(name)));
    }
    let depth = |directive: &Directive<'_>| directive.ancestors().count();
    replacing.sort_by_key(|directive| (depth(directive), directive.id()));
    let added = inherit::headers_in_effect(block, version);
    replacing.into_iter().chain(added).filter_map(hsts_setting).collect()
}

/// What one directive does about the header, if anything.
#[must_use]
pub fn hsts_setting(directive: Directive<'_>) -> Option<HstsSetting<'_>> {
    match &*directive.name_text() {
        "add_header" => {
            let name = directive.argument(0)?;
            let value = directive.argument(1)?.text().into_owned();
            let is_always = directive.argument(2).is_some_and(|word| word.is("always"));
            let kind = HstsSettingKind::Add { is_always };
            names_hsts(&name.text()).then_some(HstsSetting { directive, kind, value })
        }
        "more_set_headers" => replacement(directive, |text| {
            let (name, value) = text.split_once(':')?;
            names_hsts(name.trim()).then(|| value.trim().to_owned())
        }),
        "more_clear_headers" => replacement(directive, |text| {
            let is_cleared = match text.strip_suffix('*') {
                Some(start) => HEADER.starts_with(&start.to_ascii_lowercase()),
                None => names_hsts(text.split(':').next().unwrap_or_default().trim()),
            };
            is_cleared.then(String::new)
        }),
        _ => None,
    }
}

/// Whether a header's name is Strict-Transport-Security.
pub(super) fn names_hsts(name: &str) -> bool {
    name.eq_ignore_ascii_case(HEADER)
}

/// A directive of headers-more: options, then headers, of which `find_value` knows the one.
fn replacement(directive: Directive<'_>, find_value: impl Fn(&str) -> Option<String>) -> Option<HstsSetting<'_>> {
    let (mut statuses, mut has_types, mut appends, mut value) = (Vec::new(), false, false, None);
    let mut words = directive.arguments();
    while let Some(word) = words.next() {
        match &*word.text() {
            "-s" => {
                let list = words.next().map(|word| word.text().into_owned()).unwrap_or_default();
                statuses.extend(list.split([' ', ',']).filter_map(|status| status.parse::<u16>().ok()));
            }
            "-t" => {
                words.next();
                has_types = true;
            }
            "-a" => appends = true,
            text => value = find_value(text).or(value),
        }
    }
    let kind = HstsSettingKind::Replace { statuses, has_types, appends };
    value.map(|value| HstsSetting { directive, kind, value })
}
