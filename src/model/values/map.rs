//! `map`, `geo` and `split_clients`: variables that are looked up.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_map_module.html>,
//! <https://nginx.org/en/docs/http/ngx_http_geo_module.html>,
//! <https://nginx.org/en/docs/http/ngx_http_split_clients_module.html>

use std::net::IpAddr;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::config::Directive;
use crate::model::requests::access::covers_address;
use crate::model::values::pattern::Pattern;
use crate::syntax::Word;

/// How a variable gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    Map,
    Geo,
    SplitClients,
}

/// A `map`, `geo` or `split_clients` block.
#[derive(Debug)]
pub(crate) struct Table<'c> {
    pub(crate) kind: TableKind,
    pub(crate) block: Directive<'c>,
    /// What is looked up; `None`: `geo` takes the client's address.
    pub(crate) source: Option<Word<'c>>,
    /// `volatile`: it is looked up each time the variable is asked for.
    pub(crate) is_volatile: bool,
    has_hostnames: bool,
    default: Option<Word<'c>>,
    exact: FxHashMap<Box<str>, Word<'c>>,
    /// By the part behind `*.` or `.`; `true`: the part itself matches as well.
    leading: FxHashMap<Box<str>, (Word<'c>, bool)>,
    trailing: FxHashMap<Box<str>, Word<'c>>,
    regexes: Vec<(Word<'c>, Word<'c>)>,
    /// `geo`: networks and their values.
    networks: Vec<(Box<str>, Word<'c>)>,
    /// Whether it holds what this model does not look into.
    is_partial: bool,
    possible: OnceLock<Option<Vec<Option<Word<'c>>>>>,
    paths: OnceLock<Vec<String>>,
}

/// Values of a table that are tried one by one where it cannot be told which one it gives.
const MAX_VALUES: usize = 8;

/// What a table says of a known source.
pub(crate) enum Entry<'m, 'c> {
    /// The value stands here; `None`: the empty default.
    Value(Option<Word<'c>>),
    /// No literal key fits: these regexes are asked in order, each with its value, and else the default counts.
    Regexes(&'m [(Word<'c>, Word<'c>)], Option<Word<'c>>),
}

impl<'c> Table<'c> {
    /// Reads a block; the name of the variable without `$`, and the table.
    pub(crate) fn read(kind: TableKind, block: Directive<'c>) -> Option<(String, Table<'c>)> {
        let variable = if block.argument_count() == 1 { block.argument(0) } else { block.argument(1) };
        let name = variable?.text().strip_prefix('$')?.to_owned();
        let mut table = Table {
            kind,
            block,
            source: block.argument(0).filter(|_| block.argument_count() > 1),
            is_volatile: false,
            has_hostnames: false,
            default: None,
            exact: FxHashMap::default(),
            leading: FxHashMap::default(),
            trailing: FxHashMap::default(),
            regexes: Vec::new(),
            networks: Vec::new(),
            is_partial: block.is_incomplete(),
            possible: OnceLock::new(),
            paths: OnceLock::new(),
        };
        for entry in block.children() {
            table.add(entry);
        }
        Some((name, table))
    }

    fn add(&mut self, entry: Directive<'c>) {
        let key = entry.name_word().text();
        let Some(value) = entry.argument(0) else {
            match &*key {
                "volatile" => self.is_volatile = true,
                // It counts for what stands behind it.
                "hostnames" => self.has_hostnames = true,
                // `ranges` and `proxy_recursive` of geo.
                _ => self.is_partial = true,
            }
            return;
        };
        match (self.kind, &*key) {
            (_, "include") => self.is_partial |= entry.is_incomplete(),
            (TableKind::SplitClients, _) => self.networks.push((key.into(), value)),
            (_, "default") => self.default = Some(value),
            (TableKind::Geo, "proxy" | "delete") => self.is_partial = true,
            (TableKind::Geo, _) => self.networks.push((key.into(), value)),
            (TableKind::Map, key) if key.starts_with('~') => self.regexes.push((entry.name_word(), value)),
            (TableKind::Map, key) => {
                let key = key.strip_prefix('\\').unwrap_or(key).to_lowercase();
                if !self.has_hostnames {
                    self.exact.entry(key.into()).or_insert(value);
                } else if let Some(rest) = key.strip_prefix("*.") {
                    self.leading.entry(rest.into()).or_insert((value, false));
                } else if let Some(rest) = key.strip_prefix('.') {
                    self.leading.entry(rest.into()).or_insert((value, true));
                } else if let Some(rest) = key.strip_suffix(".*") {
                    self.trailing.entry(rest.into()).or_insert(value);
                } else {
                    self.exact.entry(key.into()).or_insert(value);
                }
            }
        }
    }

    /// What a `map` says of a source: without case, `*.x` before `x.*`, and regexes last.
    pub(crate) fn look_up(&self, source: &str) -> Option<Entry<'_, 'c>> {
        if self.is_partial || self.kind != TableKind::Map {
            return None;
        }
        let source = if self.has_hostnames { source.strip_suffix('.').unwrap_or(source) } else { source };
        let key = source.to_ascii_lowercase();
        let literal = self.exact.get(&*key).copied().or_else(|| self.wildcard(&key));
        Some(match literal {
            Some(value) => Entry::Value(Some(value)),
            None if self.regexes.is_empty() || source.is_empty() => Entry::Value(self.default),
            None => Entry::Regexes(&self.regexes, self.default),
        })
    }

    fn wildcard(&self, key: &str) -> Option<Word<'c>> {
        if let Some(&(value, true)) = self.leading.get(key) {
            return Some(value);
        }
        let leading = key.match_indices('.').find_map(|(dot, _)| self.leading.get(&key[dot + 1..]));
        if let Some(&(value, _)) = leading {
            return Some(value);
        }
        let mut trailing = key.rmatch_indices('.').filter(|(dot, _)| dot + 1 < key.len());
        trailing.find_map(|(dot, _)| self.trailing.get(&key[..dot])).copied()
    }

    /// What a `geo` says of an address: the longest network that holds it.
    pub(crate) fn locate(&self, address: IpAddr) -> Option<Option<Word<'c>>> {
        if self.is_partial || self.kind != TableKind::Geo {
            return None;
        }
        let fitting =
            self.networks.iter().filter_map(|(network, value)| Some((covers_address(network, address)?, value)));
        Some(fitting.max_by_key(|(length, _)| *length).map(|(_, value)| *value).or(self.default))
    }

    /// Whether it says what else it gives.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// The values that it can give, each once, the default first; `None` where there may be others, or too many.
    pub(crate) fn possible_values(&self) -> Option<&[Option<Word<'c>>]> {
        self.possible.get_or_init(|| self.find_values()).as_deref()
    }

    /// Paths that its keys stand for, if what is looked up is a path.
    pub(crate) fn paths(&self) -> &[String] {
        self.paths.get_or_init(|| self.find_paths())
    }

    /// The keys without a sign, in no order, and their values.
    pub(crate) fn exact_entries(&self) -> impl Iterator<Item = (&str, Word<'c>)> {
        self.exact.iter().map(|(key, value)| (&**key, *value))
    }

    /// Whether a text is such a key.
    pub(crate) fn has_exact(&self, text: &str) -> bool {
        self.exact.contains_key(text.to_lowercase().as_str())
    }

    /// The keys that are regexes, and their values.
    pub(crate) fn regex_entries(&self) -> &[(Word<'c>, Word<'c>)] {
        &self.regexes
    }

    fn find_values(&self) -> Option<Vec<Option<Word<'c>>>> {
        if self.is_partial {
            return None;
        }
        let exact = {
            let mut words: Vec<Word<'c>> = self.exact.values().copied().collect();
            words.extend(self.leading.values().map(|(word, _)| *word));
            words.extend(self.trailing.values().copied());
            words.sort_by_key(|word| word.span());
            words
        };
        let others = self.regexes.iter().map(|(_, value)| *value).chain(self.networks.iter().map(|(_, value)| *value));
        let mut found: Vec<Option<Word<'c>>> = match self.kind {
            TableKind::SplitClients => Vec::new(),
            _ => vec![self.default],
        };
        for value in exact.into_iter().chain(others) {
            if found.iter().all(|known| known.map_or("".into(), |known| known.text()) != value.text()) {
                found.push(Some(value));
                if found.len() > MAX_VALUES {
                    return None;
                }
            }
        }
        Some(found)
    }
}

/// The regex of a map's key.
pub(crate) fn key_pattern(key: Word<'_>) -> Pattern {
    let text = key.text();
    let rest = text.strip_prefix('~').unwrap_or(&text);
    match rest.strip_prefix('*') {
        Some(regex) => Pattern::new(regex, true),
        None => Pattern::new(rest, false),
    }
}
