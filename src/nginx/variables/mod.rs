//! The variables that nginx and widely used third-party modules define by themselves.
//!
//! Those that a configuration defines (`set`, `map`, `geo`, a named capture …) are not facts of nginx,
//! and the captures `$1` to `$9` are no variables to it: neither is here.

mod row;
mod table;

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::NginxVersion;

/// `http` and `stream` have variables of their own; `mail` has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VariableContext {
    /// Anywhere in `http`.
    Http,
    /// Anywhere in `stream`.
    Stream,
}

/// A variable that a module defines, or a family of them with a common prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name without the `$`, in lower case; of a family, what all its names begin with.
    pub name: &'static str,
    /// The module or file of nginx's source that adds it.
    pub module: &'static str,
    /// Where it exists.
    pub context: VariableContext,
    /// The third-party package it comes with; `None` for nginx's own.
    pub package: Option<&'static str>,
    /// A whole family: `http_` is `$http_host`, `$http_upgrade` and any other.
    pub prefix: bool,
    /// `set` may change it (`NGX_HTTP_VAR_CHANGEABLE`); of any other, nginx says "the duplicate variable".
    pub settable: bool,
    /// The first release that has it; `None`: 1.14.0 had it already, or it is of a third party.
    pub since: Option<NginxVersion>,
    /// The last release that has it; `None`: the newest has it still.
    pub removed_after: Option<NginxVersion>,
}

impl Variable {
    /// Whether `version` knows the variable.
    #[must_use]
    pub fn exists_in(&self, version: NginxVersion) -> bool {
        self.since.is_none_or(|first| first <= version) && self.removed_after.is_none_or(|last| version <= last)
    }
}

/// The built-in variable that `$name` is in `context`: the one of that name, else the family whose prefix it
/// begins with, the longest first. nginx compares names of variables without case.
#[must_use]
pub fn find_variable(name: &[u8], context: VariableContext) -> Option<&'static Variable> {
    let name: Cow<'_, [u8]> = match name.iter().any(u8::is_ascii_uppercase) {
        true => name.to_ascii_lowercase().into(),
        false => name.into(),
    };
    let exact = TABLE.by_name.get(&(context, &*name)).copied();
    exact.or_else(|| {
        let families = TABLE.families.iter().copied();
        families
            .filter(|family| family.context == context && name.starts_with(family.name.as_bytes()))
            .max_by_key(|family| family.name.len())
    })
}

/// Every built-in variable and family.
pub fn all_variables() -> impl Iterator<Item = &'static Variable> {
    ROWS.iter()
}

static ROWS: LazyLock<Vec<Variable>> =
    LazyLock::new(|| table::MODULES.iter().flat_map(row::Module::variables).collect());

/// The table as lookups need it.
struct Table {
    by_name: FxHashMap<(VariableContext, &'static [u8]), &'static Variable>,
    families: Vec<&'static Variable>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let (families, single): (Vec<&Variable>, Vec<&Variable>) = ROWS.iter().partition(|variable| variable.prefix);
    let by_name = single.into_iter().map(|variable| ((variable.context, variable.name.as_bytes()), variable)).collect();
    Table { by_name, families }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_families_are_found() {
        use VariableContext::{Http, Stream};
        const ROWS: &[(&str, VariableContext, Option<&str>)] = &[
            ("host", Http, Some("host")),
            ("HOST", Http, Some("host")),
            ("host", Stream, None),
            ("server_name", Http, Some("server_name")),
            ("http_upgrade", Http, Some("http_")),
            ("http_upgrade", Stream, None),
            ("arg_x", Http, Some("arg_")),
            ("sent_http_location", Http, Some("sent_http_location")),
            ("sent_http_x_a", Http, Some("sent_http_")),
            ("upstream_http_location", Http, Some("upstream_http_")),
            ("upstream_addr", Http, Some("upstream_addr")),
            ("proxy_host", Http, Some("proxy_host")),
            ("ssl_preread_server_name", Stream, Some("ssl_preread_server_name")),
            ("ssl_preread_server_name", Http, None),
            ("connection_upgrade", Http, None),
            ("1", Http, None),
            ("", Http, None),
        ];
        for (name, context, found) in ROWS {
            assert_eq!(
                find_variable(name.as_bytes(), *context).map(|variable| variable.name),
                *found,
                "${name} in {context:?}"
            );
        }
    }

    #[test]
    fn names_are_lower_case_and_stand_once() {
        let mut names: Vec<_> = all_variables().map(|variable| (variable.context, variable.name)).collect();
        assert!(names.iter().all(|(_, name)| *name == name.to_ascii_lowercase()));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_variable_exists_in_its_releases_only() {
        const ROWS: &[(&str, &str, bool)] = &[
            ("proxy_internal_connection", "1.29.3", false),
            ("proxy_internal_connection", "1.29.4", true),
            ("proxy_internal_connection", "1.29.7", false),
            ("host", "1.14.0", true),
            ("connection_time", "1.18.0", false),
        ];
        for (name, version, exists) in ROWS {
            let variable = find_variable(name.as_bytes(), VariableContext::Http).expect("a row names a known variable");
            assert_eq!(variable.exists_in(version.parse().expect("a version")), *exists, "${name} in {version}");
        }
    }
}
