//! Without SNI a server does not know which of its names is meant, and presents the certificate of its default one, or
//! refuses the handshake. nginx sends none unless it is told to.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_server_name>

use std::collections::BTreeSet;

use super::{Alike, by_key, consequence, relate_others};
use crate::config::ItemId;
use crate::model::Model;
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::{TlsPass, is_sent};
use crate::model::upstream_tls::reach::public_hosts;
use crate::model::upstream_tls::verdict::{FailureKind, TlsConnection, TlsOutcome};
use crate::rules::{Findings, Rule};

pub(super) struct ProxySslSniMissing;

impl Rule for ProxySslSniMissing {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let passes = || model.tls_passes().iter().filter(|pass| pass.is_always_tls);
        for pass in passes().filter(|pass| model.needs_sni(pass)) {
            report_failure(model, sink, pass);
        }
        // What is known of nginx's own sockets is told as such.
        let is_told = |pass: &TlsPass<'_>| {
            let connections = model.tls_connections(pass, None);
            let is_known = |connection: &TlsConnection<'_, '_>| !matches!(connection.outcome, TlsOutcome::Unknown);
            connections.is_some_and(|all| all.iter().all(is_known))
        };
        let silent =
            |pass: &&TlsPass<'_>| pass.server_name.is_certain_here && !pass.server_name.is_on && !is_told(pass);
        let key = |pass: &TlsPass<'_>| pass.name.by.map(|given| given.id());
        let is_used = |pass: &&TlsPass<'_>| pass.server_name.is_on || pass.verify.is_on;
        let used: BTreeSet<ItemId> = passes().filter(is_used).filter_map(key).collect();
        let is_useless =
            |pass: &&TlsPass<'_>| wanted_name(pass).is_some() && key(pass).is_some_and(|given| !used.contains(&given));
        let (named, unnamed): (Vec<_>, Vec<_>) = passes().filter(silent).partition(is_useless);
        for Alike { first: pass, others, .. } in by_key(named.into_iter().map(|pass| (key(pass), pass))) {
            report_useless_name(sink, pass, &others);
        }
        // Each kind of pass has settings of its own.
        let hosts = unnamed.into_iter().map(|pass| ((public_hosts(pass), pass.module.pass), pass));
        for Alike { key: (hosts, _), first: pass, others } in by_key(hosts.filter(|((hosts, _), _)| !hosts.is_empty()))
        {
            report_hosts(sink, &hosts, pass, &others);
        }
    }
}

/// A name that is given for nothing, because neither SNI nor verification uses it.
fn wanted_name(pass: &TlsPass<'_>) -> Option<String> {
    let given = pass.name.by.filter(|_| pass.verify.is_certain && !pass.verify.is_on)?;
    let text = pass.name.text.clone().or_else(|| Some(given.argument(0)?.text().into_owned()))?;
    is_sent(&text).then_some(text)
}

fn report_failure(model: &Model<'_>, sink: &mut Findings, pass: &TlsPass<'_>) {
    let Some(failure) = model.tls_failure(pass) else { return };
    let (endpoint, consequence) = (&failure.socket.endpoint, consequence(pass.module));
    let what = match &failure.kind {
        FailureKind::Rejected(server) => format!("where {server} rejects a handshake without it"),
        FailureKind::OtherName { file, name, .. } => {
            let names = file.leaf().map(|leaf| leaf.names_text(4)).unwrap_or_default();
            format!("which presents its default certificate, for {names} and not for {name}")
        }
        _ => "which presents its default certificate, and nginx does not trust that one".to_owned(),
    };
    let message = format!("nginx sends no SNI to its own socket {endpoint}, {what}: {consequence}");
    let finding = sink.error(pass.pass.span(), message);
    if let FailureKind::Rejected(server)
    | FailureKind::OtherName { server, .. }
    | FailureKind::Distrusted { server, .. } = failure.kind
    {
        finding.related(server.span(), "this server answers");
    }
    let is_named = pass.name.text.as_deref().is_some_and(is_sent);
    let host = failure.hosts(model).next().unwrap_or_else(|| "HOST".to_owned());
    finding.help(lines(pass, (!is_named).then_some(host.as_str())));
}

fn report_useless_name(sink: &mut Findings, pass: &TlsPass<'_>, others: &[&TlsPass<'_>]) {
    let Some((given, name)) = pass.name.by.zip(wanted_name(pass)) else { return };
    let server_name = pass.module.name_of(TlsSetting::ServerName);
    let message = format!(
        "{} has no effect: {server_name} is off, so nginx asks the upstream without SNI, and not for {name}{}",
        pass.module.name_of(TlsSetting::Name),
        unless(pass)
    );
    let finding = sink.warning(given.span(), message);
    finding.related(pass.pass.span(), "for example here");
    relate_others(finding, others);
    finding.help(lines(pass, None));
}

fn report_hosts(sink: &mut Findings, hosts: &[String], pass: &TlsPass<'_>, others: &[&TlsPass<'_>]) {
    let server_name = pass.module.name_of(TlsSetting::ServerName);
    let text = spelled_out(hosts);
    let text = if pass.domain.is_some() { format!("hosts below {text}") } else { text };
    let message = format!(
        "nginx asks {text} for TLS without SNI ({server_name} is off): where it serves several names, it presents its \
         default certificate or refuses the handshake{}",
        unless(pass)
    );
    let finding = sink.warning(pass.pass.span(), message);
    finding.conditional();
    if let Some(off) = pass.server_name.by {
        finding.related(off.span(), "it is switched off here");
    }
    relate_others(finding, others);
    let is_named = pass.name.text.as_deref().is_some_and(|name| !pass.is_named_by_group() && is_sent(name));
    let is_direct = pass.upstream.as_ref().is_none_or(|upstream| upstream.servers().next().is_none());
    // Of a group all servers are asked for one name.
    let host = if let [host] = hosts { host } else { "HOST" };
    finding.help(lines(pass, (!is_named && !is_direct).then_some(host)));
}

/// What is not seen of a snippet.
fn unless(pass: &TlsPass<'_>) -> &'static str {
    if pass.server_name.is_certain { "" } else { ", unless the file that includes this one switches it on" }
}

/// The lines to add.
fn lines(pass: &TlsPass<'_>, name: Option<&str>) -> String {
    let on = format!("add {} on;", pass.module.name_of(TlsSetting::ServerName));
    match name {
        Some(name) => format!("{on} and {} {name};", pass.module.name_of(TlsSetting::Name)),
        None => on,
    }
}
