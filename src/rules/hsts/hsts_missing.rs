//! Without the header the first request of a visit goes over plain HTTP, open to whoever is on the way. RFC 6797,
//! section 2.3.

use rustc_hash::FxHashSet;

use crate::model::{
    AnsweredUrl, CertificateUse, Coverage, Edge, Model, Response, ResponseKind, Server, inherit, is_public_name,
};
use crate::rules::{Findings, Rule};
use crate::tls::{CertificateProblem, Host};

pub(super) struct HstsMissing;

impl Rule for HstsMissing {
    fn prepare(&self, model: &Model<'_>) {
        model.ask_over_https(|server| bare_host(model, server).is_some());
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told: FxHashSet<Host> = FxHashSet::default();
        for server in model.tls_servers() {
            let Some(host) = bare_host(model, server) else { continue };
            if told.contains(&host) || is_told_elsewhere(model, server, &host) {
                continue;
            }
            let answers = model.https_answers(server.id);
            // Of the host itself, or else of one that clients reach in the same way.
            let name = host.name().unwrap_or_default();
            let edge = model.edge_of_host(name);
            let roots = || answers.iter().filter(|answered| answered.is_root());
            let is_asked = |answered: &&AnsweredUrl<'_>| answered.url.host_str() == Some(name);
            let is_alike =
                |answered: &&AnsweredUrl<'_>| model.edge_of_host(answered.url.host_str().unwrap_or_default()) == edge;
            let root = roots().find(is_asked).or_else(|| roots().find(is_alike));
            let Some(root) = root else { continue };
            let is_sent = root.responses.iter().any(|response| !response.hsts.is_empty());
            if root.responses.is_empty() || is_sent || model.is_bound_from_above(&host) {
                continue;
            }
            let finding = match leads_to_the_same_site(root, &host) {
                // The site itself is told of.
                Some(target) if !model.sends_policy(&target) => continue,
                Some(target) => sink.info(
                    server.span(),
                    format!(
                        "{host} only redirects to {target}, which sends HSTS, and sends none itself: browsers never learn \
                         to open {host} over HTTPS"
                    ),
                ),
                None => {
                    let is_open = root.responses.iter().any(|response| response.upstream_hsts.is_none());
                    let unless = if is_open { ", unless its upstream sends the header" } else { "" };
                    let message = format!("{host} is served over HTTPS without HSTS{unless}");
                    let finding = sink.info(server.span(), message);
                    if is_open { finding.conditional() } else { finding }
                }
            };
            told.insert(host);
            finding.help(
                "once everything works over HTTPS: add_header Strict-Transport-Security \"max-age=31536000\" always;",
            );
        }
    }
}

/// The first public host of a server that is trusted, and of which nothing says that it sends the header.
fn bare_host<'c>(model: &Model<'c>, server: &Server<'c>) -> Option<Host> {
    // The header may stand around a snippet.
    if !model.config.is_whole() || model.mentions_hsts(server) {
        return None;
    }
    let host = server.hosts().find(is_public_name)?;
    if !loads_certificates(model, server) {
        return None;
    }
    let is_trusted = model.coverage(server, &host) != Coverage::NotCovered && model.distrust(server, &host).is_none();
    let is_seen = !inherit::in_effect(server.directive, "add_header").is_partial;
    (is_trusted && is_seen && !model.scripts_headers(server.directive)).then_some(host)
}

/// Whether nginx starts with the server's certificates, as far as they are seen.
fn loads_certificates(model: &Model<'_>, server: &Server<'_>) -> bool {
    let mut sockets = model.tls_sockets_of(server.id).peekable();
    if sockets.peek().is_none() || model.lacks_certificates {
        return true;
    }
    let stops_nginx = |used: &CertificateUse<'_>| {
        let problem = model.certificate_file(used).and_then(|file| file.problem.as_ref());
        problem.is_some_and(CertificateProblem::stops_nginx)
    };
    let has_some = |server: &Server<'_>| !server.certificates.is_empty() || server.has_unseen_certificates;
    !server.certificates.iter().any(stops_nginx)
        && sockets.all(|socket| has_some(model.presenting_server(socket, server.id)))
}

/// Whether the host has the policy from another server, or is told of there: a port has no part in it (RFC 6797, section
/// 8.3). Visitors come to port 443; where nothing serves the host there, another port stands for it, as in a container.
fn is_told_elsewhere(model: &Model<'_>, server: &Server<'_>, host: &Host) -> bool {
    const HTTPS_PORT: u16 = 443;
    let is_usual = |server: &Server<'_>| {
        model.edge_of(server) == Edge::Tls
            || model.tls_sockets_of(server.id).any(|socket| socket.endpoint.port == HTTPS_PORT)
    };
    let is_usual_port = is_usual(server);
    if !is_usual_port && model.tls_owners(host).any(is_usual) {
        return true;
    }
    let mut visited = model.tls_owners(host).filter(|other| !is_usual_port || is_usual(other));
    visited.any(|other| {
        let mut headers = model.hsts_headers(other).iter();
        headers.any(|header| header.is_sent_for(host) && header.binding().is_some())
    })
}

/// Where it sends visitors, if that is `www.` of the host, or back from there, and it does no more.
fn leads_to_the_same_site(root: &AnsweredUrl<'_>, host: &Host) -> Option<Host> {
    let target = |response: &Response<'_>| {
        let target = response.location_header.as_ref().and_then(|header| root.url.join(&header.text).ok())?;
        let target = Host::parse(target.host_str()?.as_bytes()).ok()?;
        let is_same_site = target.is_below(host) || host.is_below(&target);
        (response.kind == ResponseKind::Redirect && is_same_site).then_some(target)
    };
    let first = root.responses.first().and_then(target)?;
    root.all(|response| target(response).is_some()).then_some(first)
}
