//! The variables that a configuration defines by itself.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::{Config, Directive};
use crate::model::values::map::{Table, TableKind};
use crate::nginx::Contexts;

/// The variables of `map`, `geo` and `split_clients`, and the names of those that `set` and named captures declare.
/// All names are in lower case: nginx compares them without case.
#[derive(Debug)]
pub(crate) struct Definitions<'c> {
    config: &'c Config<'c>,
    tables: FxHashMap<String, Table<'c>>,
    /// Empty until something sets them.
    declared: OnceLock<FxHashSet<String>>,
}

impl<'c> Definitions<'c> {
    /// Those of `http`, or those of `stream`: neither knows the other's.
    pub(crate) fn read(config: &'c Config<'c>, context: Contexts) -> Definitions<'c> {
        let mut tables = FxHashMap::default();
        let blocks = [("map", TableKind::Map), ("geo", TableKind::Geo), ("split_clients", TableKind::SplitClients)];
        for (name, kind) in blocks {
            for block in config.directives_named(name, context) {
                if let Some((name, table)) = Table::read(kind, block) {
                    tables.insert(name.to_ascii_lowercase(), table);
                }
            }
        }
        Definitions { config, tables, declared: OnceLock::new() }
    }

    fn declare(declared: &mut FxHashSet<String>, directive: Directive<'c>) {
        if directive.is_named("set")
            && let Some(name) = directive.argument(0)
        {
            declared.insert(name.text().trim_start_matches('$').to_ascii_lowercase());
        }
        for word in directive.arguments().chain([directive.name_word()]) {
            let text = word.raw();
            if memchr::memmem::find(text, b"(?").is_none() {
                continue;
            }
            declared.extend(capture_names(&word.text()).map(str::to_ascii_lowercase));
        }
    }

    /// The table that gives a variable its value.
    pub(crate) fn table(&self, name: &str) -> Option<&Table<'c>> {
        self.tables.get(name)
    }

    /// Whether `set` or a named capture declares a variable somewhere: then it is empty until one sets it.
    pub(crate) fn declares(&self, name: &str) -> bool {
        let find_all = || {
            let mut declared = FxHashSet::default();
            self.config.directives().for_each(|directive| Self::declare(&mut declared, directive));
            declared
        };
        self.declared.get_or_init(find_all).contains(name)
    }
}

/// The names in `(?<name>…)`, `(?P<name>…)` and `(?'name'…)`.
pub(crate) fn capture_names(regex: &str) -> impl Iterator<Item = &str> {
    regex.split("(?").skip(1).filter_map(|group| {
        let group = group.strip_prefix('P').unwrap_or(group);
        let (rest, end) = match group.strip_prefix('<') {
            Some(rest) => (rest, '>'),
            None => (group.strip_prefix('\'')?, '\''),
        };
        let (name, _) = rest.split_once(end)?;
        (!name.starts_with(['=', '!'])).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::capture_names;

    #[test]
    fn named_captures_are_found() {
        let found: Vec<_> = capture_names("^(?<a>x)(?P<b>y)(?'c'z)(?:n)(?<=d>)(?i)").collect();
        assert_eq!(found, ["a", "b", "c"]);
    }
}
