//! Upstreams that several passes lead to, with what they share there.
//!
//! nginx keeps one list of servers for each upstream, whatever names it, and with each of them the last TLS session; and
//! with `keepalive` the connections. Whoever comes next goes on with them, and with what was verified then, or not
//! (`ngx_http_upstream_set_round_robin_peer_session`, src/http/ngx_http_upstream_round_robin.c).

use std::collections::BTreeMap;

use super::modules::TlsSetting;
use super::pass::TlsPass;
use crate::config::Directive;
use crate::model::requests::upstreams::{self, UpstreamKind};
use crate::model::values::value::has_variables;
use crate::model::{Model, Settled};
use crate::nginx::{Contexts, parse_flag};

/// An upstream that is verified in one place and not in another.
#[derive(Debug)]
pub struct HalfVerified<'m, 'c> {
    /// The first pass that verifies it.
    pub verified: &'m TlsPass<'c>,
    /// The first that does not.
    pub unverified: &'m TlsPass<'c>,
    /// The `keepalive` by which they share connections, too.
    pub keepalive: Option<Directive<'c>>,
}

impl<'c> Model<'c> {
    /// The upstreams that are verified in one place and not in another, where the two share sessions or connections; in
    /// the order of the configuration by the pass that verifies.
    #[must_use]
    pub fn half_verified(&self) -> Vec<HalfVerified<'_, 'c>> {
        let mut by_upstream: BTreeMap<(Contexts, String), Vec<&TlsPass<'c>>> = BTreeMap::new();
        for pass in self.tls_passes().iter().filter(|pass| pass.is_always_tls) {
            if let Some(key) = upstream_of(pass) {
                by_upstream.entry((pass.module.side, key)).or_default().push(pass);
            }
        }
        let mut found: Vec<HalfVerified<'_, 'c>> =
            by_upstream.into_values().filter_map(|passes| half(&passes)).collect();
        found.sort_by_key(|half| half.verified.pass.id());
        found
    }
}

fn half<'m, 'c>(passes: &[&'m TlsPass<'c>]) -> Option<HalfVerified<'m, 'c>> {
    let keepalive = passes.first().and_then(|pass| keepalive(pass));
    let shares = |pass: &&&TlsPass<'_>| keepalive.is_some() || reuses_sessions(pass);
    let first = |is_on| {
        let is_so = move |pass: &&&TlsPass<'_>| pass.verify.settled() == Settled::Known(is_on);
        passes.iter().filter(is_so).filter(shares).min_by_key(|pass| pass.pass.id()).copied()
    };
    Some(HalfVerified { verified: first(true)?, unverified: first(false)?, keepalive })
}

/// What names the upstream for nginx: the group, or the host with its port.
fn upstream_of(pass: &TlsPass<'_>) -> Option<String> {
    let upstream = pass.upstream.as_ref()?;
    if let UpstreamKind::Group(group) = upstream.kind {
        return Some(group.argument(0)?.text().to_ascii_lowercase());
    }
    // What variables make is an upstream of its own for each request.
    let text = pass.pass.argument(0)?.text().into_owned();
    if has_variables(&text) {
        return None;
    }
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let authority = upstreams::authority(rest).to_ascii_lowercase();
    let has_port = authority.len() > upstreams::host(&authority).len();
    Some(if has_port { authority } else { format!("{authority}:{}", pass.module.usual_port) })
}

/// `…_ssl_session_reuse`, which is on unless it is switched off.
fn reuses_sessions(pass: &TlsPass<'_>) -> bool {
    match pass.setting(TlsSetting::SessionReuse) {
        (_, true) => false,
        (None, false) => true,
        (Some(reuse), false) => {
            reuse.argument(0).is_some_and(|word| parse_flag(&word.value()).is_ok_and(|is_on| is_on))
        }
    }
}

/// The `keepalive` of a group by which locations share connections: with `local` each keeps its own.
///
/// nginx: <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive>
fn keepalive<'c>(pass: &TlsPass<'c>) -> Option<Directive<'c>> {
    let UpstreamKind::Group(group) = pass.upstream.as_ref()?.kind else { return None };
    let keepalive = group.children_named("keepalive").last()?;
    let is_shared = !keepalive.arguments().any(|word| word.is("local") || word.is("0"));
    is_shared.then_some(keepalive)
}
