//! Upstreams that nginx cannot talk to, or talks to without knowing who answers.

use std::collections::BTreeMap;

use super::addition::{Line, beside, within};
use super::declare::declare_rules;
use crate::model::upstream_tls::modules::PassModule;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::TlsPass;
use crate::nginx::{Contexts, NginxVersion};
use crate::rules::{Edit, Finding, edit};

declare_rules! { "upstream":
    proxy_scheme_mismatch::ProxySchemeMismatch = "proxy-scheme-mismatch",
    proxy_ssl_handshake_fails::ProxySslHandshakeFails = "proxy-ssl-handshake-fails" reads certificates,
    proxy_ssl_name_mismatch::ProxySslNameMismatch = "proxy-ssl-name-mismatch" reads certificates,
    proxy_ssl_sni_missing::ProxySslSniMissing = "proxy-ssl-sni-missing" reads certificates,
    proxy_ssl_verify_depth::ProxySslVerifyDepth = "proxy-ssl-verify-depth" reads certificates,
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

/// Says settings for a pass: in the place of what its own block says, or beside it. `None` where the text of its block is
/// another file's, or an outer block says otherwise.
fn said_for(pass: &TlsPass<'_>, settings: &[(TlsSetting, String)], version: NginxVersion) -> Vec<Option<Edit>> {
    let place = pass.place();
    let mut edits = Vec::new();
    let mut lines = Vec::new();
    for (setting, value) in settings {
        let name = pass.module.name_of(*setting);
        let said = place.children_named(name).last();
        match said.filter(|said| within(place, *said) == Some(*said)) {
            Some(said) => edits.push(said.argument(0).map(|word| edit::word_replaced(word, value.as_str()))),
            None => lines.push(Line::new(name, value.as_str())),
        }
    }
    if !lines.is_empty() {
        edits.push(within(place, pass.pass).and_then(|anchor| beside(anchor, &lines, version)));
    }
    edits
}

/// The same for several passes; those of one block once.
fn said_for_all<'p, 'c: 'p>(
    passes: impl Iterator<Item = &'p TlsPass<'c>>,
    settings: &[(TlsSetting, String)],
    version: NginxVersion,
) -> Vec<Option<Edit>> {
    let mut edits: Vec<Option<Edit>> = passes.flat_map(|pass| said_for(pass, settings, version)).collect();
    edits.sort();
    edits.dedup();
    edits
}
