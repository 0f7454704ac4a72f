//! Upstreams that nginx cannot talk to, or talks to without knowing who answers.

use std::collections::BTreeMap;

use super::declare::declare_rules;
use crate::model::upstream_tls::modules::PassModule;
use crate::model::upstream_tls::pass::TlsPass;
use crate::nginx::Contexts;
use crate::rules::Finding;

declare_rules! { "upstream":
    proxy_scheme_mismatch::ProxySchemeMismatch = "proxy-scheme-mismatch",
    proxy_ssl_handshake_fails::ProxySslHandshakeFails = "proxy-ssl-handshake-fails",
    proxy_ssl_name_mismatch::ProxySslNameMismatch = "proxy-ssl-name-mismatch",
    proxy_ssl_sni_missing::ProxySslSniMissing = "proxy-ssl-sni-missing",
    proxy_ssl_verify_depth::ProxySslVerifyDepth = "proxy-ssl-verify-depth",
    proxy_ssl_verify_mixed::ProxySslVerifyMixed = "proxy-ssl-verify-mixed",
    proxy_ssl_verify_off::ProxySslVerifyOff = "proxy-ssl-verify-off",
    proxy_ssl_verify_without_trust::ProxySslVerifyWithoutTrust = "proxy-ssl-verify-without-trust",
}

/// Passes that a finding shows besides its own.
const SHOWN_PASSES: usize = 8;

/// What clients see when every connection to the upstream fails.
fn consequence(module: &PassModule) -> &'static str {
    if module.side == Contexts::STREAM { "every connection is closed" } else { "every request is answered with 502" }
}

/// What clients see when connections to one server of a group fail.
fn consequence_of_one(module: &PassModule) -> &'static str {
    match module.side == Contexts::STREAM {
        true => "those connections are closed",
        false => "502, unless another server is asked next",
    }
}

/// Passes that have something in common.
struct Alike<'p, 'c, K> {
    /// What that is.
    key: K,
    /// The first in the order of the configuration.
    first: &'p TlsPass<'c>,
    others: Vec<&'p TlsPass<'c>>,
}

/// Passes by what they have in common.
fn by_key<'p, 'c, K: Ord>(passes: impl Iterator<Item = (K, &'p TlsPass<'c>)>) -> Vec<Alike<'p, 'c, K>> {
    let mut groups: BTreeMap<K, Vec<&'p TlsPass<'c>>> = BTreeMap::new();
    for (key, pass) in passes {
        groups.entry(key).or_default().push(pass);
    }
    let parts = groups.into_iter().filter_map(|(key, mut passes)| {
        passes.sort_by_key(|pass| pass.pass.id());
        let first = *passes.first()?;
        Some(Alike { key, first, others: passes.split_off(1) })
    });
    parts.collect()
}

/// Shows the other passes of which a finding is true.
fn relate_others(finding: &mut Finding, others: &[&TlsPass<'_>]) {
    // A file that several servers include is one place.
    let mut told = vec![finding.span];
    for other in others {
        let span = other.pass.span();
        if told.len() <= SHOWN_PASSES && !told.contains(&span) {
            told.push(span);
            finding.related(span, "here, too");
        }
    }
}
