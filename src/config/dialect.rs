//! The directives that the nginx of a site reads: those of nginx itself, of the third-party modules that it loads, and of
//! modules of its own.

use rustc_hash::FxHashMap;

use crate::nginx::{Arguments, Contexts, DirectiveName};

/// A directive that no table knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnDirective {
    /// Where it may stand.
    pub contexts: Contexts,
    /// Whether `{` follows its arguments.
    pub is_block: bool,
}

/// What a site says of its modules.
#[derive(Debug, Clone, Default)]
pub struct Dialect {
    /// The third-party packages that are loaded; `None`: any may be.
    pub packages: Option<Vec<String>>,
    /// The directives of other modules, by name.
    pub own: FxHashMap<String, OwnDirective>,
}

/// A directive as far as a place is judged by it.
pub(super) struct Known {
    /// Its name, where it is in the tables.
    pub(super) name: Option<&'static str>,
    pub(super) is_block: bool,
    pub(super) arguments: Arguments,
}

impl Dialect {
    /// The directive of this name that may stand in a context.
    pub(super) fn find(&self, name: &[u8], context: Contexts) -> Option<Known> {
        let own = || std::str::from_utf8(name).ok().and_then(|name| self.own.get(name));
        if let Some(own) = own().filter(|own| own.contexts.allows(context)) {
            // How many it takes is for its module to say.
            return Some(Known { name: None, is_block: own.is_block, arguments: Arguments::at_least(0) });
        }
        let rows = DirectiveName::find(name)?.rows();
        let is_loaded = |package: &str| self.packages.as_ref().is_none_or(|all| all.iter().any(|name| name == package));
        let row = rows.iter().find(|row| row.contexts.allows(context) && row.package.is_none_or(is_loaded))?;
        Some(Known { name: Some(row.name), is_block: row.block, arguments: row.arguments })
    }

    /// Whether there is a directive of this name anywhere.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.find(name, DirectiveName::find(name).map_or(Contexts::EMPTY, DirectiveName::contexts)).is_some()
            || std::str::from_utf8(name).is_ok_and(|name| self.own.contains_key(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_directives_and_loaded_modules() {
        let mut dialect = Dialect::default();
        assert!(dialect.has(b"gzip") && dialect.has(b"brotli") && !dialect.has(b"my_cache"));
        dialect.packages = Some(vec!["lua".to_owned()]);
        dialect.own.insert("my_cache".to_owned(), OwnDirective { contexts: Contexts::LOCATION, is_block: false });
        assert!(dialect.has(b"gzip") && !dialect.has(b"brotli") && dialect.has(b"my_cache"));
        assert!(dialect.find(b"my_cache", Contexts::LOCATION).is_some());
        assert!(dialect.find(b"my_cache", Contexts::HTTP).is_none());
        assert!(dialect.find(b"access_by_lua_file", Contexts::HTTP).is_some());
    }
}
