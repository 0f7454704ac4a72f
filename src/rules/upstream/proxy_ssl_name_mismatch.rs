//! nginx asks its upstream for a name that no host has, or verifies a name that the certificate is not for.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_name>; X509_check_host(3)

use super::{Alike, by_key, consequence, consequence_of_one, relate_others, said_for_all};
use crate::model::requests::upstreams::UpstreamAddress;
use crate::model::upstream_tls::modules::TlsSetting;
use crate::model::upstream_tls::pass::{TlsPass, is_sent};
use crate::model::upstream_tls::reach::public_hosts;
use crate::model::upstream_tls::verdict::{FailureKind, TlsConnection, TlsFailure};
use crate::model::{Model, Settled, is_public_name};
use crate::rules::{Finding, Findings, Fix, Rule};
use crate::tls::Host;

pub(super) struct ProxySslNameMismatch;

impl Rule for ProxySslNameMismatch {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut doubted = Vec::new();
        for pass in model.tls_passes().iter().filter(|pass| pass.is_always_tls) {
            if let Some(failure) = model.tls_failure(pass) {
                if !model.needs_sni(pass) {
                    report_failure(sink, pass, &failure);
                }
                continue;
            }
            let (failing, servers) = model.failing_servers(pass);
            let unlike = failing.iter().find_map(|failure| Some((failure, reason(failure)?)));
            if let Some((failure, reason)) = unlike {
                report_one_of_several(sink, pass, failure, &reason, servers);
                continue;
            }
            let sni = pass.sni().known().flatten();
            if model.tls_connections(pass, sni).is_some_and(|all| all.iter().any(TlsConnection::is_answered)) {
                continue;
            }
            if let Some(reason) = no_host(pass) {
                let verify = pass.module.name_of(TlsSetting::Verify);
                let message = format!("{verify} looks for {reason}: {}", consequence(pass.module));
                relate(sink.error(pass.pass.span(), message), pass);
            } else if let Some(message) = doubt(pass) {
                doubted.push(((message, pass.module.pass), pass));
            }
        }
        for Alike { key: (message, _), first: pass, others } in by_key(doubted.into_iter()) {
            let finding = sink.warning(pass.pass.span(), message).conditional();
            relate(finding, pass);
            relate_others(finding, &others);
            let passes = || std::iter::once(pass).chain(others.iter().copied());
            // The name of the one host that the group has; for several, none would be right for all.
            let mut names: Vec<Vec<String>> = passes().map(public_hosts).collect();
            names.dedup();
            if let [one] = names.as_slice()
                && let [host] = one.as_slice()
            {
                let edits = said_for_all(passes(), &[(TlsSetting::Name, host.clone())], model.environment.version);
                finding.fix(Fix::risky(format!("look for {host} instead"), edits));
            }
        }
    }
}

fn report_failure(sink: &mut Findings, pass: &TlsPass<'_>, failure: &TlsFailure<'_, '_>) {
    let Some(reason) = reason(failure) else { return };
    let finding = sink.error(pass.pass.span(), format!("{reason}: {}", consequence(pass.module)));
    relate_answering(finding, failure);
    relate(finding, pass);
}

/// Why the name does not do.
fn reason(failure: &TlsFailure<'_, '_>) -> Option<String> {
    match &failure.kind {
        FailureKind::Rejected(server) => {
            let sni = failure.sni.as_deref()?;
            let endpoint = &failure.socket.endpoint;
            Some(format!("nginx asks its own socket {endpoint} for {sni}, where {server} rejects the handshake"))
        }
        FailureKind::OtherName { file, name, .. } => {
            let names = file.leaf().map(|leaf| leaf.names_text(4)).unwrap_or_default();
            let name = if name.is_empty() { "the empty name" } else { name };
            Some(format!("{} presents a certificate for {names}, and nginx looks for {name}", failure.address))
        }
        _ => None,
    }
}

/// One server of a group for which the name does not do; the next one gets the request, if it may be sent again.
fn report_one_of_several(
    sink: &mut Findings,
    pass: &TlsPass<'_>,
    failure: &TlsFailure<'_, '_>,
    reason: &str,
    servers: usize,
) {
    let failing = consequence_of_one(pass.module);
    let message = format!("when nginx chooses {}, one of {servers} servers: {reason}: {failing}", failure.address);
    let finding = sink.warning(pass.pass.span(), message).conditional();
    relate_answering(finding, failure);
    relate(finding, pass);
    finding.help("give that server a certificate for the name, too; all servers of a group are asked for the same one");
}

fn relate_answering(finding: &mut Finding, failure: &TlsFailure<'_, '_>) {
    if let FailureKind::Rejected(server) | FailureKind::OtherName { server, .. } = failure.kind {
        finding.related(server.span(), "this server answers");
    }
}

/// Shows where the name comes from, and says how to give another one.
fn relate(finding: &mut Finding, pass: &TlsPass<'_>) {
    let setting = pass.module.name_of(TlsSetting::Name);
    if let Some(given) = pass.name.by {
        finding.related(given.span(), "the name is given here");
    }
    for (switch, use_of_it) in [(pass.server_name, "this sends the name"), (pass.verify, "this looks for the name")] {
        if let Some(by) = switch.by.filter(|_| switch.is_on) {
            finding.related(by.span(), use_of_it);
        }
    }
    let host = public_hosts(pass).into_iter().next();
    let host = host.unwrap_or_else(|| "HOST".to_owned());
    finding.help(format!("{setting} {host}; a name that the upstream's certificate is for"));
}

/// A name that no certificate can be for, so that verification always fails.
fn no_host(pass: &TlsPass<'_>) -> Option<String> {
    if pass.verify.settled() != Settled::Known(true) {
        return None;
    }
    match pass.name.text.as_deref()? {
        "" => Some("an empty name in the certificate".to_owned()),
        name if name.starts_with('[') => {
            Some(format!("the text {name} in the certificate, where an iPAddress name does not count"))
        }
        name if name.starts_with('/') => Some(format!("the path {name} in the certificate")),
        _ => None,
    }
}

/// A name that hardly any certificate is for.
fn doubt(pass: &TlsPass<'_>) -> Option<String> {
    let name = pass.name.text.as_deref()?;
    let is_verified = pass.verify.settled() == Settled::Known(true);
    let is_asked = pass.server_name.settled() == Settled::Known(true) && is_sent(name);
    let verify = pass.module.name_of(TlsSetting::Verify);
    let failing = consequence(pass.module);
    if is_verified && !is_sent(name) {
        let message = format!(
            "{verify} looks for the text {name} in the upstream's certificate, where an iPAddress name does not count: \
             {failing}, unless it is a DNS name or the common name there"
        );
        return Some(message);
    }
    let is_host = Host::parse(name.as_bytes()).is_ok_and(|host| is_public_name(&host))
        || pass.upstream.as_ref()?.servers().any(|server| server.host.eq_ignore_ascii_case(name));
    // A script that chooses the server may give the name, too.
    let is_scripted = pass.upstream.as_ref()?.has_unseen_servers();
    if !pass.is_named_by_group() || is_host || is_scripted {
        return None;
    }
    if is_verified {
        let message = format!(
            "{verify} looks for {name}, the name of the upstream group, in the certificates of its servers: {failing}, \
             unless they are for that name"
        );
        return Some(message);
    }
    let hosts = public_hosts(pass);
    let first = hosts.first().cloned().or_else(|| far_server(pass)).filter(|_| is_asked)?;
    let message = format!(
        "nginx asks {first} for {name}, the name of the upstream group: it presents its default certificate, or refuses \
         the handshake"
    );
    Some(message)
}

/// The first server of a group that is an address of another machine.
fn far_server(pass: &TlsPass<'_>) -> Option<String> {
    let is_far = |address: &UpstreamAddress| match address {
        UpstreamAddress::Ip(ip, _) => !ip.is_loopback() && !ip.is_unspecified(),
        UpstreamAddress::Unix(_) => false,
    };
    pass.upstream.as_ref()?.servers().filter_map(|server| server.address).find(is_far).map(|found| found.to_string())
}
