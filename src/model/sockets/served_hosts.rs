//! Which hosts this configuration has a name for, on whatever socket.

use elsa::sync::FrozenMap;
use rustc_hash::FxHashSet;

use crate::model::{Model, NameKind, Pattern, Server};

/// The names of all servers that match more than one host. The exact ones are the model's own index.
#[derive(Debug, Default)]
pub(crate) struct ServedHosts {
    /// What stands behind `*.` or `.`.
    leading: FxHashSet<String>,
    /// What stands before `.*`.
    trailing: FxHashSet<String>,
    /// Server and number of the name.
    regexes: Vec<(usize, usize)>,
    /// What the regexes said of a host.
    known: FrozenMap<String, Box<bool>>,
}

impl ServedHosts {
    pub(crate) fn new(servers: &[Server<'_>]) -> ServedHosts {
        let mut hosts = ServedHosts::default();
        for (number, server) in servers.iter().enumerate() {
            for (name_number, name) in server.names.iter().enumerate() {
                match &name.kind {
                    NameKind::WildcardLeading(rest) | NameKind::DotLeading(rest) => {
                        hosts.leading.insert(rest.clone());
                    }
                    NameKind::WildcardTrailing(rest) => {
                        hosts.trailing.insert(rest.clone());
                    }
                    NameKind::Regex(_) => hosts.regexes.push((number, name_number)),
                    NameKind::Exact(_) | NameKind::Hostname | NameKind::Invalid => {}
                }
            }
        }
        hosts
    }

    /// How many names are regexes.
    pub(crate) fn regex_count(&self) -> usize {
        self.regexes.len()
    }

    fn matches_wildcard(&self, host: &str) -> bool {
        let mut dots = host.match_indices('.');
        dots.any(|(dot, _)| self.leading.contains(&host[dot + 1..]) || self.trailing.contains(&host[..dot]))
    }
}

impl Model<'_> {
    /// Whether the configuration was read whole, so that a server that is not seen is not there.
    #[must_use]
    pub fn sees_all_servers(&self) -> bool {
        let is_partial = |server: &Server<'_>| {
            std::iter::once(server.directive).chain(server.directive.ancestors()).any(|block| block.is_incomplete())
        };
        self.config.is_whole() && !self.config.is_incomplete() && !self.servers().any(is_partial)
    }

    /// Whether some server has a name for a host (lower case, no port, no trailing dot).
    pub(crate) fn is_served(&self, host: &str) -> bool {
        if self.owns(host) {
            return true;
        }
        let hosts = self.served_hosts();
        if hosts.matches_wildcard(host) {
            return true;
        }
        if hosts.regexes.is_empty() {
            return false;
        }
        if let Some(is_known) = hosts.known.get(host) {
            return *is_known;
        }
        let pattern = |&(server, name): &(usize, usize)| -> Option<&Pattern> {
            match &self.servers.get(server)?.names.get(name)?.kind {
                NameKind::Regex(pattern) => Some(pattern),
                _ => None,
            }
        };
        let is_served = hosts.regexes.iter().filter_map(pattern).any(|regex| regex.is_match(host) == Some(true));
        *hosts.known.insert(host.to_owned(), Box::new(is_served))
    }
}
