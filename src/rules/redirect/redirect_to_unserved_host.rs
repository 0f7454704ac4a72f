//! A redirect to an https:// host that no server here is for: the default server answers, with its certificate.

use rustc_hash::FxHashSet;

use super::{AtDirective, by_directive, condition_text, names, shown};
use crate::model::{Coverage, Edge, Handshake, Leg, Model, NameKind, Refusal, SelectedBy, Server, Way};
use crate::rules::{Findings, Rule, Severity};
use crate::tls::Host;

pub(super) struct RedirectToUnservedHost;

impl Rule for RedirectToUnservedHost {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // Without a TLS socket TLS ends elsewhere, and what was not read may name the host.
        let has_tls = model.sockets().any(|socket| socket.is_tls);
        if !has_tls || !model.environment.edge.has(Edge::None) || !model.sees_all_servers() {
            return;
        }
        let promised = promised(model);
        let happens = |way: &Way<'_>, number: usize| {
            let next = way.legs.get(number + 1).and_then(|next| next.url.host_str());
            problem(model, way, number).is_some() && next.is_some_and(|host| !promised.contains(host))
        };
        let found = model.departures().iter().flat_map(|departure| departure.occurrences(happens));
        for group in by_directive(found) {
            report(model, sink, &group);
        }
    }
}

/// The hosts that are redirected from http to https of themselves: tls-host-unserved tells where they are not served.
fn promised<'m>(model: &'m Model<'_>) -> FxHashSet<&'m str> {
    let legs = model.departures().iter().flat_map(|departure| &departure.ways).filter_map(|way| way.legs.first());
    let upgrades = legs.filter(|leg| {
        let target = leg.target.as_ref().filter(|_| leg.url.scheme() == "http" && leg.is_redirect());
        target.is_some_and(|target| target.scheme() == "https" && target.host_str() == leg.url.host_str())
    });
    upgrades.filter_map(|leg| leg.url.host_str()).collect()
}

/// What becomes of the client at the target.
enum Problem<'m, 'c> {
    /// No server has the name, and the default server rejects the handshake.
    Rejected(&'m Server<'c>),
    /// The port does not speak TLS.
    Plain,
    /// No server has the name, and the default server presents a certificate for other hosts.
    Foreign(&'m Server<'c>),
    /// The same, where the certificate cannot be seen.
    PerhapsForeign(&'m Server<'c>),
    /// A server has a pattern for the name that goes deeper than its certificate.
    Uncovered(&'m Server<'c>),
}

/// What is wrong where a leg redirects to. The same host over http is for tls-host-unserved to judge.
fn problem<'m, 'c>(model: &'m Model<'c>, way: &Way<'_>, number: usize) -> Option<Problem<'m, 'c>> {
    let leg = way.legs.get(number).filter(|leg| leg.is_redirect() && !leg.is_upgraded)?;
    let next = way.legs.get(number + 1).filter(|next| next.url.scheme() == "https")?;
    let host = next.url.host_str()?;
    let is_of_edge = model.edge_of_host(host) == Edge::Tls;
    if is_of_edge || leg.url.host_str() == Some(host) || is_made_of_witness(model, leg, host) {
        return None;
    }
    match (next.refusal, &next.tls) {
        (Some(Refusal::HandshakeRejected), Some(handshake)) => Some(Problem::Rejected(model.server(handshake.server))),
        // Port 443 without ssl is told by listen-443-without-ssl.
        (Some(Refusal::TlsToPlainSocket), _) if next.url.port().is_some() => Some(Problem::Plain),
        (None, Some(handshake)) => judge(model, handshake, host),
        _ => None,
    }
}

/// Whether the target's host contains one that only stands for others.
fn is_made_of_witness(model: &Model<'_>, leg: &Leg<'_>, host: &str) -> bool {
    let asked = leg.url.host_str().unwrap_or_default();
    let is_exact = leg.server.is_some_and(|server| names(model, server, asked));
    !is_exact && host.contains(asked)
}

fn judge<'m, 'c>(model: &'m Model<'c>, handshake: &Handshake, host: &str) -> Option<Problem<'m, 'c>> {
    let (selected, presenting) = (model.server(handshake.server), model.server(handshake.presenting));
    // A server that has a socket to itself is taken without looking at its names.
    let is_named = handshake.selected_by != SelectedBy::Default
        || selected.names.iter().any(|name| name.is_name_of(host) != Some(false));
    let is_spelled_out = names(model, selected.id, host);
    match handshake.coverage {
        Coverage::NotCovered if !is_named => Some(Problem::Foreign(presenting)),
        Coverage::Unknown if !is_named && selected.has_real_name() => Some(Problem::PerhapsForeign(presenting)),
        // These are cert-name-mismatch's.
        Coverage::NotCovered if is_spelled_out || is_direct_below_a_wildcard(selected, host) => None,
        Coverage::NotCovered => Some(Problem::Uncovered(presenting)),
        _ => None,
    }
}

/// Whether a host lies just one label below a wildcard name, where cert-name-mismatch has spoken.
fn is_direct_below_a_wildcard(server: &Server<'_>, host: &str) -> bool {
    let parent = host.split_once('.').map(|(_, parent)| parent);
    server.names.iter().any(|name| match &name.kind {
        NameKind::WildcardLeading(domain) => parent == Some(domain.as_str()),
        NameKind::DotLeading(domain) => parent == Some(domain.as_str()) || host == domain,
        _ => false,
    })
}

fn report(model: &Model<'_>, sink: &mut Findings, group: &AtDirective<'_, '_>) {
    let Some(found) = group.occurrences.first() else { return };
    let Some(problem) = problem(model, found.way, found.at) else { return };
    let Some(next) = found.way.legs.get(found.at + 1) else { return };
    let (target, host) = (shown(&next.url), next.url.host_str().unwrap_or_default());
    let (severity, message, place) = match problem {
        Problem::Rejected(server) => (
            Severity::Error,
            format!("redirects to {target}, where no TLS server is for {host} and the handshake is rejected"),
            Some((server, "this server rejects the handshake")),
        ),
        Problem::Plain => (Severity::Error, format!("redirects to {target}, where nginx speaks plain HTTP only"), None),
        Problem::Foreign(server) => (
            Severity::Error,
            format!(
                "redirects to {target}, but no TLS server is for {host}: {server} answers, whose certificate does not \
                 cover it{}",
                covered(model, server)
            ),
            Some((server, "this server answers instead")),
        ),
        Problem::PerhapsForeign(server) => (
            Severity::Warning,
            format!("redirects to {target}, but no TLS server is for {host}: it is answered by {server}"),
            Some((server, "this server answers instead")),
        ),
        Problem::Uncovered(server) => (
            Severity::Error,
            format!(
                "redirects to {target}, but the certificate of {server} does not cover {host}{}",
                covered(model, server)
            ),
            Some((server, "this server answers")),
        ),
    };
    let message = format!("{} {message}", shown(&found.leg().url));
    let severity = if found.is_certain() { severity } else { Severity::Warning };
    let finding = sink.add(severity, group.directive.span(), message + &condition_text(&found.conditions));
    if !found.is_certain() {
        finding.conditional();
    }
    if let Some((server, says)) = place {
        finding.related(server.span(), says);
    }
    finding.help(help(host));
}

/// What the certificate is for, in parentheses.
fn covered(model: &Model<'_>, server: &Server<'_>) -> String {
    let names: Vec<String> = model.certificate_names(server).take(4).map(|name| name.to_string()).collect();
    if names.is_empty() { String::new() } else { format!(" (it is for {})", names.join(", ")) }
}

fn help(host: &str) -> String {
    if matches!(Host::parse(host.as_bytes()), Ok(Host::Ip(_))) {
        return format!("redirect to a name instead of {host}");
    }
    format!(
        "add a server with `listen 443 ssl`, server_name {host} and a certificate for it; or let this redirect lead to a \
         name that is served"
    )
}
