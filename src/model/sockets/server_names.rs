//! The names of a server, and which server of a socket a name selects.
//!
//! nginx: <https://nginx.org/en/docs/http/server_names.html>, `ngx_http_server_names` in
//! src/http/ngx_http.c and `ngx_hash_add_key` in src/core/ngx_hash.c.

use std::fmt;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::model::following::witness::texts;
use crate::model::values::map::key_pattern;
use crate::model::values::pattern::Pattern;
use crate::model::{ServerId, Settled};
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::Host;

/// One name of a `server_name`.
#[derive(Debug)]
pub struct ServerName<'c> {
    /// The parameter as written; `None` for the empty name of a server without `server_name`.
    pub word: Option<Word<'c>>,
    /// What it matches.
    pub kind: NameKind,
    /// Hosts that stand for a regex, once they were asked for.
    regex_hosts: OnceLock<Box<[Host]>>,
}

/// The forms of a server name, in lower case where nginx matches without case.
#[derive(Debug)]
pub enum NameKind {
    /// `example.com`; also `""`, `_` and whatever else no host is called.
    Exact(String),
    /// `*.example.com`, here without `*.`: any depth below it.
    WildcardLeading(String),
    /// `.example.com`, here without the dot: the name itself and any depth below it.
    DotLeading(String),
    /// `www.example.*`, here without `.*`.
    WildcardTrailing(String),
    /// `~…`.
    Regex(Pattern),
    /// `$hostname`: the name of the machine that runs nginx.
    Hostname,
    /// nginx refuses it (`*` elsewhere, two dots in a row, `.` alone).
    Invalid,
}

impl NameKind {
    /// The form of a name in lower case that is no regex. In `.a.*` the dot counts and the star is a character.
    fn of(name: String) -> NameKind {
        if name.matches('*').count() > 1 || name.contains("..") || name == "." || name == "*." {
            NameKind::Invalid
        } else if let Some(rest) = name.strip_prefix("*.") {
            NameKind::WildcardLeading(rest.to_owned())
        } else if let Some(rest) = name.strip_prefix('.') {
            NameKind::DotLeading(rest.to_owned())
        } else if let Some(rest) = name.strip_suffix(".*") {
            NameKind::WildcardTrailing(rest.to_owned())
        } else if name.contains('*') {
            NameKind::Invalid
        } else {
            NameKind::Exact(name)
        }
    }
}

impl<'c> ServerName<'c> {
    /// Reads one parameter of `server_name`.
    #[must_use]
    pub fn parse(word: Word<'c>) -> ServerName<'c> {
        let text = word.text();
        let kind = if let Some(regex) = text.strip_prefix('~') {
            NameKind::Regex(Pattern::server_name(regex))
        } else if text.eq_ignore_ascii_case("$hostname") {
            NameKind::Hostname
        } else {
            NameKind::of(text.to_ascii_lowercase())
        };
        ServerName { word: Some(word), kind, regex_hosts: OnceLock::new() }
    }

    /// Reads the key of a `map` whose source is a host; `text` is the part of it that stands for the host. With
    /// `hostnames`, wildcards mean what they do in a server name.
    pub(crate) fn of_map_key(key: Word<'c>, text: &str, has_hostnames: bool) -> ServerName<'c> {
        let text = text.to_ascii_lowercase();
        let kind = match has_hostnames {
            _ if key.text().starts_with('~') => NameKind::Regex(key_pattern(key)),
            true => NameKind::of(text),
            false => NameKind::Exact(text),
        };
        ServerName { word: Some(key), kind, regex_hosts: OnceLock::new() }
    }

    /// A name or wildcard that stands in no configuration. `None` for a regex, and for what nginx refuses.
    pub(crate) fn wildcard(text: &str) -> Option<ServerName<'static>> {
        let kind = NameKind::of(text.to_ascii_lowercase());
        let is_meant = !text.starts_with('~') && !text.contains('$') && !matches!(kind, NameKind::Invalid);
        is_meant.then_some(ServerName { word: None, kind, regex_hosts: OnceLock::new() })
    }

    /// The name that a server without `server_name` has: the empty one.
    #[must_use]
    pub fn empty() -> ServerName<'c> {
        ServerName { word: None, kind: NameKind::Exact(String::new()), regex_hosts: OnceLock::new() }
    }

    /// Where it is written.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.word.map(|word| word.span())
    }

    /// The one host that this name spells out, if clients can ask for it: `example.com`, and the
    /// `example.com` of `.example.com`.
    #[must_use]
    pub fn host(&self) -> Option<Host> {
        match &self.kind {
            NameKind::Exact(name) | NameKind::DotLeading(name) => real_host(name),
            _ => None,
        }
    }

    /// The host that is meant by a name that is not ASCII: clients ask for its A-label, and nginx, which compares bytes,
    /// does not find the name (RFC 5890, section 2.3.2.1).
    #[must_use]
    pub fn meant_host(&self) -> Option<Host> {
        match &self.kind {
            NameKind::Exact(name) | NameKind::DotLeading(name) if !name.is_ascii() => Host::parse(name.as_bytes()).ok(),
            _ => None,
        }
    }

    /// Whether no client can ask for it: `""`, `_`, `-`, `!`…, nginx's idioms for "no name".
    #[must_use]
    pub fn is_no_host(&self) -> bool {
        matches!(&self.kind, NameKind::Exact(name) if real_host(name).is_none())
    }

    /// Whether it is a name of `host` (lower case, no port, no trailing dot); `None` where that cannot be told.
    #[must_use]
    pub fn is_name_of(&self, host: &str) -> Option<bool> {
        let is_below = |domain: &str| host.strip_suffix(domain).is_some_and(|labels| labels.ends_with('.'));
        match &self.kind {
            NameKind::Exact(name) => Some(name == host),
            NameKind::WildcardLeading(domain) => Some(is_below(domain)),
            NameKind::DotLeading(domain) => Some(domain == host || is_below(domain)),
            NameKind::WildcardTrailing(prefix) => {
                Some(host.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.')))
            }
            NameKind::Regex(pattern) => pattern.is_match(host),
            NameKind::Hostname => None,
            NameKind::Invalid => Some(false),
        }
    }

    /// Hosts that stand for all that the name matches: the name itself, one label below a wildcard
    /// and one two labels below it; for a regex some that it matches. None where they are not found, and for a regex
    /// that matches whatever comes.
    #[must_use]
    pub fn witnesses(&self) -> Vec<Host> {
        let hosts = match &self.kind {
            NameKind::Exact(name) => vec![name.clone()],
            NameKind::WildcardLeading(domain) => vec![format!("www.{domain}"), format!("a.www.{domain}")],
            NameKind::DotLeading(domain) => vec![domain.clone(), format!("www.{domain}"), format!("a.www.{domain}")],
            NameKind::WildcardTrailing(prefix) => vec![format!("{prefix}.example")],
            NameKind::Regex(pattern) => {
                return self.regex_hosts.get_or_init(|| hosts_matching(pattern).into()).to_vec();
            }
            NameKind::Hostname | NameKind::Invalid => Vec::new(),
        };
        hosts.iter().filter_map(|host| real_host(host)).collect()
    }

    /// The same, and for a wildcard a host that nobody has a habit of naming: `x.example.com`.
    #[must_use]
    pub(crate) fn witnesses_below(&self) -> Vec<Host> {
        let mut hosts = self.witnesses();
        if let NameKind::WildcardLeading(domain) | NameKind::DotLeading(domain) = &self.kind {
            // Before the one that lies two labels below.
            let at = hosts.len().saturating_sub(1);
            hosts.splice(at..at, real_host(&format!("x.{domain}")));
        }
        hosts
    }
}

/// Hosts that a regex matches. A part of it may be the end or the middle of a host.
fn hosts_matching(pattern: &Pattern) -> Vec<Host> {
    // It says nothing of the host.
    const ANY: &str = "7-any-host.invalid";
    if pattern.is_match(ANY) != Some(false) {
        return Vec::new();
    }
    let mut found: Vec<Host> = Vec::new();
    for text in texts(pattern.text()) {
        let text = text.to_ascii_lowercase();
        let forms = [format!("www{text}"), format!("{text}.example"), format!("{text}example")];
        let matching = std::iter::once(text).chain(forms).filter(|host| pattern.is_match(host) == Some(true));
        let mut hosts = matching.filter_map(|host| real_host(&host));
        // `^www` matches "www", too, but who would ask for that?
        let host = hosts.find(|host| host.name().is_some_and(|name| name.contains('.')));
        found.extend(host.filter(|host| !found.contains(host)));
    }
    found.truncate(MOST_WITNESSES);
    found
}

/// Hosts that stand for one regex.
const MOST_WITNESSES: usize = 4;

/// The host behind a name, if a client can ask for it. `_` is a label of its own in no DNS name that
/// a browser would open; `localhost` and names with a dot are. nginx compares bytes, and clients send neither a dot at
/// the end, which nginx would drop, nor anything but ASCII.
fn real_host(name: &str) -> Option<Host> {
    if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) || !name.is_ascii() || name.ends_with('.') {
        return None;
    }
    Host::parse(name.as_bytes()).ok()
}

impl fmt::Display for ServerName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.word {
            Some(word) if !word.value().is_empty() => f.write_str(&word.text()),
            _ => f.write_str("\"\""),
        }
    }
}

/// Why a server of a socket answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectedBy {
    /// An exact name.
    Exact,
    /// The longest `*.example.com` or `.example.com`.
    WildcardLeading,
    /// The longest `www.example.*`.
    WildcardTrailing,
    /// The first regex that matches.
    Regex,
    /// Nothing matched: the default server.
    Default,
}

/// A name that nginx ignores on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The server whose name is ignored, and which of its names.
    pub ignored: (ServerId, usize),
    /// The server and name that came first.
    pub first: (ServerId, usize),
}

/// A server that a name led to, why, and the number of the name if it is a regex.
pub(crate) type Found = (ServerId, SelectedBy, Option<usize>);

/// The names of one socket, as nginx hashes them.
#[derive(Debug, Default)]
pub struct NameTable {
    exact: FxHashMap<Box<str>, ServerId>,
    /// By the part behind `*.` or `.`; `true`: the part itself matches as well.
    leading: FxHashMap<Box<str>, (ServerId, bool)>,
    trailing: FxHashMap<Box<str>, ServerId>,
    /// Server and the number of its name.
    regexes: Vec<(ServerId, usize)>,
    /// The names that are ignored.
    pub conflicts: Vec<Conflict>,
    has_hostname: bool,
}

/// Who took a name first; a `.x` that lost to `*.x` still reserves `x`.
#[derive(Default)]
struct Taken<'n> {
    exact: FxHashMap<&'n str, (ServerId, usize)>,
    leading: FxHashMap<&'n str, (ServerId, usize)>,
    trailing: FxHashMap<&'n str, (ServerId, usize)>,
}

impl NameTable {
    /// Adds the names of the servers of a socket, in the order in which they listen on it.
    pub(crate) fn new<'n, 'c: 'n>(servers: impl Iterator<Item = (ServerId, &'n [ServerName<'c>])>) -> NameTable {
        let mut table = NameTable::default();
        let mut taken = Taken::default();
        for (server, names) in servers {
            for (number, name) in names.iter().enumerate() {
                if let Some(first) = table.add(&mut taken, (server, number), name) {
                    table.conflicts.push(Conflict { ignored: (server, number), first });
                }
            }
        }
        table
    }

    /// Adds one name, or gives who has it.
    fn add<'n>(
        &mut self,
        taken: &mut Taken<'n>,
        this: (ServerId, usize),
        name: &'n ServerName<'_>,
    ) -> Option<(ServerId, usize)> {
        match &name.kind {
            NameKind::Exact(name) => {
                if let Some(first) = taken.exact.get(name.as_str()) {
                    return Some(*first);
                }
                taken.exact.insert(name, this);
                self.exact.insert(name.as_str().into(), this.0);
            }
            NameKind::WildcardLeading(domain) => {
                if let Some(first) = taken.leading.get(domain.as_str()) {
                    return Some(*first);
                }
                taken.leading.insert(domain, this);
                self.leading.insert(domain.as_str().into(), (this.0, false));
            }
            NameKind::DotLeading(domain) => {
                if let Some(first) = taken.exact.get(domain.as_str()) {
                    return Some(*first);
                }
                taken.exact.insert(domain, this);
                if let Some(first) = taken.leading.get(domain.as_str()) {
                    return Some(*first);
                }
                taken.leading.insert(domain, this);
                self.leading.insert(domain.as_str().into(), (this.0, true));
            }
            NameKind::WildcardTrailing(prefix) => {
                if let Some(first) = taken.trailing.get(prefix.as_str()) {
                    return Some(*first);
                }
                taken.trailing.insert(prefix, this);
                self.trailing.insert(prefix.as_str().into(), this.0);
            }
            NameKind::Regex(_) => self.regexes.push(this),
            NameKind::Hostname => self.has_hostname = true,
            NameKind::Invalid => {}
        }
        None
    }

    /// Whether a name is among [`NameTable::conflicts`].
    pub(crate) fn ignores(&self, name: (ServerId, usize)) -> bool {
        // They were met in the order of the configuration.
        self.conflicts.binary_search_by_key(&name, |conflict| conflict.ignored).is_ok()
    }

    /// The server that a host selects: exact, longest leading wildcard, longest trailing wildcard,
    /// first regex in file order. `Settled(None)`: none of them, so the default server.
    ///
    /// `host` is in lower case, without port and without a trailing dot, as nginx compares it; empty when there is none.
    pub(crate) fn find(&self, host: &str, regex: impl Fn(ServerId, usize) -> Option<bool>) -> Settled<Option<Found>> {
        let found = |server, by| Settled::Known(Some((server, by, None)));
        if let Some(&server) = self.exact.get(host) {
            return found(server, SelectedBy::Exact);
        }
        // Without a host nginx asks no wildcard and no regex.
        if host.is_empty() {
            return Settled::Known(None);
        }
        if self.has_hostname {
            return Settled::Unknown;
        }
        if let Some(&(server, true)) = self.leading.get(host) {
            return found(server, SelectedBy::WildcardLeading);
        }
        // `.a.test`, which a client may send, is below `a.test` to nginx.
        for (dot, _) in host.match_indices('.') {
            if let Some(&(server, _)) = self.leading.get(&host[dot + 1..]) {
                return found(server, SelectedBy::WildcardLeading);
            }
        }
        for (dot, _) in host.rmatch_indices('.') {
            if let Some(&server) = self.trailing.get(&host[..dot]) {
                return found(server, SelectedBy::WildcardTrailing);
            }
        }
        for &(server, number) in &self.regexes {
            match regex(server, number) {
                Some(true) => return Settled::Known(Some((server, SelectedBy::Regex, Some(number)))),
                Some(false) => {}
                None => return Settled::Unknown,
            }
        }
        Settled::Known(None)
    }
}
