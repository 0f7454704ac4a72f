//! Keys of a `map` that are written like wildcards of host names, where the map takes them for mere texts.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_map_module.html#map> (`hostnames`)

use crate::config::{Config, Directive};
use crate::model::values::value::{Piece, pieces};
use crate::nginx::Contexts;
use crate::syntax::Word;

/// Variables that hold the name of a host that a client asks for.
const HOST_VARIABLES: &[&str] = &["host", "http_host", "ssl_server_name", "ssl_preread_server_name"];

/// A `map` of host names with keys that no host is called.
#[derive(Debug)]
pub struct LiteralWildcards<'c> {
    /// The map.
    pub map: Directive<'c>,
    /// The keys, one at least.
    pub keys: Vec<Word<'c>>,
    /// The `hostnames` behind them: it counts for what follows it.
    pub hostnames: Option<Directive<'c>>,
}

/// The maps of host names in which keys like `.example.com` are compared as they stand, in the order of the
/// configuration.
#[must_use]
pub fn literal_wildcards<'c>(config: &'c Config<'c>) -> Vec<LiteralWildcards<'c>> {
    let maps = config.directives_named("map", Contexts::HTTP | Contexts::STREAM);
    maps.filter(|map| is_of_hosts(*map)).filter_map(keys).collect()
}

fn is_of_hosts(map: Directive<'_>) -> bool {
    let Some(source) = map.argument(0).filter(|_| map.argument_count() > 1) else { return false };
    let source = source.text();
    let mut pieces = pieces(&source);
    let first = pieces.next();
    let is_host = |name: &str| HOST_VARIABLES.iter().any(|known| known.eq_ignore_ascii_case(name));
    matches!(first, Some(Piece::Variable(name)) if is_host(name)) && pieces.next().is_none()
}

fn keys(map: Directive<'_>) -> Option<LiteralWildcards<'_>> {
    let mut keys = Vec::new();
    let mut hostnames = None;
    for entry in map.children() {
        let key = entry.name_word();
        match entry.argument_count() {
            0 if key.is("hostnames") => {
                hostnames = Some(entry);
                break;
            }
            0 => {}
            _ if is_wildcard(&key.text()) => keys.push(key),
            _ => {}
        }
    }
    // A file that is not seen may begin with it.
    let is_open = map.is_incomplete() && hostnames.is_none();
    (!keys.is_empty() && !is_open).then_some(LiteralWildcards { map, keys, hostnames })
}

/// Whether a key is `.x`, `*.x` or `x.*`, where x may be a host.
fn is_wildcard(key: &str) -> bool {
    let rest = key.strip_prefix("*.").or_else(|| key.strip_prefix('.')).or_else(|| key.strip_suffix(".*"));
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    rest.is_some_and(|rest| {
        rest.bytes().any(|byte| byte.is_ascii_alphanumeric()) && rest.bytes().all(is_of_host) && !rest.ends_with('.')
    })
}

#[cfg(test)]
mod tests {
    use super::is_wildcard;

    #[test]
    fn keys_that_are_written_like_wildcards() {
        for (key, expected) in [
            (".a.test", true),
            ("*.a.test", true),
            ("a.*", true),
            ("a.test", false),
            ("*", false),
            (".", false),
            ("*.*", false),
            ("~^.a", false),
            ("\\.a.test", false),
            ("${a}.*", false),
        ] {
            assert_eq!(is_wildcard(key), expected, "{key}");
        }
    }
}
