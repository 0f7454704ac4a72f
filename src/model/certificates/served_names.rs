//! Which names of a certificate some TLS server has a name for.

use rustc_hash::FxHashSet;

use crate::model::{NameKind, Pattern, ServerName};
use crate::tls::{CertificateName, Host};

/// The names of the servers that speak TLS.
#[derive(Debug, Default)]
pub(crate) struct ServedNames<'m> {
    /// Hosts, and `*.` with the parent of each: a wildcard of that name covers somebody.
    hosts: FxHashSet<Box<str>>,
    /// What stands behind `*.` or `.`.
    leading: FxHashSet<&'m str>,
    /// What stands before `.*`.
    trailing: FxHashSet<&'m str>,
    patterns: Vec<&'m Pattern>,
}

impl<'m> ServedNames<'m> {
    pub(crate) fn add(&mut self, name: &'m ServerName<'_>) {
        match &name.kind {
            NameKind::WildcardLeading(rest) | NameKind::DotLeading(rest) => drop(self.leading.insert(rest)),
            NameKind::WildcardTrailing(rest) => drop(self.trailing.insert(rest)),
            NameKind::Regex(pattern) => self.patterns.push(pattern),
            NameKind::Exact(_) | NameKind::Hostname | NameKind::Invalid => {}
        }
        for host in name.witnesses() {
            let host = host.to_string();
            if let Some((_, parent)) = host.split_once('.') {
                self.hosts.insert(format!("*.{parent}").into());
            }
            self.hosts.insert(host.into());
        }
    }

    /// Whether some host that `name` covers is a server's. Not asked of addresses: for one, clients send no name.
    pub(crate) fn serves(&self, name: &CertificateName) -> bool {
        let Some(Host::Name(witness)) = name.witness() else { return true };
        let mut dots = witness.match_indices('.');
        self.hosts.contains(name.to_string().as_str())
            || dots
                .any(|(dot, _)| self.leading.contains(&witness[dot + 1..]) || self.trailing.contains(&witness[..dot]))
            || self.patterns.iter().any(|pattern| pattern.is_match(&witness) != Some(false))
    }
}
