//! Without SNI a server does not know which of its names is meant, and presents the certificate of its default one, or
//! refuses the handshake. nginx sends none unless it is told to.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_server_name>

use std::collections::BTreeSet;

use super::{Alike, by_key, consequence, relate_others, said_for, said_for_all};
use crate::config::{Directive, ItemId};
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::{TlsPass, is_sent};
use crate::model::upstream_tls::reach::public_hosts;
use crate::model::upstream_tls::verdict::{FailureKind, TlsConnection, TlsOutcome};
use crate::model::{Model, inherit};
use crate::nginx::Contexts;
use crate::rules::addition::{Line, beside};
use crate::rules::{Findings, Fix, Rule, edit};

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
            report_useless_name(model, sink, pass, &others);
        }
        // Each kind of pass has settings of its own, and those that lack a name as well are mended otherwise.
        let hosts = unnamed.into_iter().map(|pass| ((public_hosts(pass), pass.module.pass, lacks_name(pass)), pass));
        for Alike { key, first: pass, others } in by_key(hosts.filter(|(key, _)| !key.0.is_empty())) {
            report_hosts(model, sink, &key.0, pass, &others);
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
    let missing_name = (!is_named).then_some(host.as_str());
    finding.help(lines(pass, missing_name));
    // Whichever of its names is meant, nothing else is broken that works.
    let edits = said_for(pass, &settings(missing_name), model.environment.version);
    finding.fix(if is_named { Fix::safe(TITLE, edits) } else { Fix::risky(TITLE, edits) });
}

fn report_useless_name(model: &Model<'_>, sink: &mut Findings, pass: &TlsPass<'_>, others: &[&TlsPass<'_>]) {
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
    let switched = match pass.server_name.by {
        Some(off) => off.argument(0).map(|word| edit::word_replaced(word, "on")),
        None => beside(given, &[Line::new(server_name, "on")], model.environment.version),
    };
    let is_safe = pass.server_name.by.is_none()
        && std::iter::once(pass).chain(others.iter().copied()).all(|pass| asks_for(pass, &name));
    finding.fix(if is_safe { Fix::safe(TITLE, [switched]) } else { Fix::risky(TITLE, [switched]) });
}

fn report_hosts(model: &Model<'_>, sink: &mut Findings, hosts: &[String], pass: &TlsPass<'_>, others: &[&TlsPass<'_>]) {
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
    // Of a group all servers are asked for one name.
    let host = if let [host] = hosts { host } else { "HOST" };
    let missing_name = lacks_name(pass).then_some(host);
    finding.help(lines(pass, missing_name));
    let passes = || std::iter::once(pass).chain(others.iter().copied());
    let is_one_host = passes().all(|pass| pass.domain.is_none()) && hosts.len() == 1;
    if missing_name.is_none() || is_one_host {
        let edits = said_for_all(passes(), &settings(missing_name), model.environment.version);
        let is_all =
            missing_name.is_none() && passes().all(|pass| pass.server_name.by.is_none() && asks_for_its_host(pass));
        finding.fix(if is_all { Fix::safe(TITLE, edits) } else { Fix::risky(TITLE, edits) });
    }
}

/// Whether the name that nginx takes is that of a group, which no host has.
fn lacks_name(pass: &TlsPass<'_>) -> bool {
    let is_named = pass.name.text.as_deref().is_some_and(|name| !pass.is_named_by_group() && is_sent(name));
    let is_direct = pass.upstream.as_ref().is_none_or(|upstream| upstream.servers().next().is_none());
    !is_named && !is_direct
}

const TITLE: &str = "ask for the name of the upstream (SNI)";

/// SNI, with a name where the one that nginx takes is none.
fn settings(name: Option<&str>) -> Vec<(TlsSetting, String)> {
    let name = name.map(|name| (TlsSetting::Name, name.to_owned()));
    std::iter::once((TlsSetting::ServerName, "on".to_owned())).chain(name).collect()
}

/// Whether the request is for the host that SNI would name: servers answer 421 where the two differ.
///
/// RFC 9110, section 7.4.
fn asks_for_its_host(pass: &TlsPass<'_>) -> bool {
    let header = match pass.module.pass {
        "proxy_pass" if pass.module.side == Contexts::HTTP => "proxy_set_header",
        "proxy_pass" => return true,
        "grpc_pass" => "grpc_set_header",
        _ => return false,
    };
    let headers = inherit::in_effect(pass.block, header);
    let is_host = |header: &Directive<'_>| {
        let name = header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("host"));
        name && header.argument(1).is_none_or(|value| !value.is("$proxy_host"))
    };
    !headers.is_partial && pass.block.config().is_whole() && !headers.directives.iter().any(is_host)
}

/// Whether the request is for the host of this name, by a Host that says so.
fn asks_for(pass: &TlsPass<'_>, name: &str) -> bool {
    let header = if pass.module.pass == "grpc_pass" { "grpc_set_header" } else { "proxy_set_header" };
    let headers = inherit::in_effect(pass.block, header);
    let is_host =
        |header: &&Directive<'_>| header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("host"));
    let mut hosts = headers.directives.iter().filter(is_host).filter_map(|header| header.argument(1)).peekable();
    pass.module.side == Contexts::STREAM
        || !headers.is_partial && hosts.peek().is_some() && hosts.all(|value| value.text().eq_ignore_ascii_case(name))
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
