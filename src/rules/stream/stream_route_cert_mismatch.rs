//! A name that `stream` sends to a server of this same configuration whose certificate does not contain it.
//! RFC 9525, section 6.

use rustc_hash::FxHashMap;

use super::condition_text;
use crate::config::Directive;
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::stream::names::{Origin, Presenter, Route, RoutedHost};
use crate::model::stream::passage::{End, Passage};
use crate::model::{Coverage, Family, ListenSocket, Model, NameKind, Server};
use crate::rules::{Findings, Rule, Severity};
use crate::source::Span;
use crate::tls::{CertificateFile, Host};

pub(super) struct StreamRouteCertMismatch;

/// How many names of a certificate a message spells out.
const SPELLED_OUT: usize = 4;

/// Names after which no further socket is looked at.
const MANY_ROUTES: usize = 65_536;

/// A host whose clients see another's certificate, or none.
struct Stray<'r, 'm, 'c> {
    route: &'r Route<'m, 'c>,
    routed: &'r RoutedHost<'m, 'c>,
    way: &'r Passage<'m, 'c>,
    presenter: Presenter<'m, 'c>,
    severity: Severity,
}

impl Rule for StreamRouteCertMismatch {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // Of several sockets the public ones first; a name is told of once.
        let mut sockets: Vec<&ListenSocket> = model.stream_sockets().filter(|socket| !socket.is_udp).collect();
        sockets.sort_by_key(|socket| !Family::ALL.iter().any(|&family| socket.serves(family)));
        let mut routes: Vec<Route<'_, '_>> = Vec::new();
        let mut cut_off = None;
        for socket in sockets {
            // Ports of a range lead to the same.
            if routes.len() < MANY_ROUTES {
                routes.extend(model.stream_routes(socket));
                cut_off = cut_off.or_else(|| Some((socket, model.cut_off_at(socket)?)));
            }
        }
        if let Some((socket, (followed, hosts))) = cut_off {
            report_cut_off(model, sink, socket, followed, hosts);
        }
        // A name of http is there for clients when one socket leads to it.
        let mut found: FxHashMap<Span, Option<Stray<'_, '_, '_>>> = FxHashMap::default();
        let mut order: Vec<Span> = Vec::new();
        for route in &routes {
            let Some(span) = route.name.span() else { continue };
            let stray = judge(model, route);
            match found.get_mut(&span) {
                None => {
                    order.push(span);
                    found.insert(span, stray);
                }
                Some(known) if route.origin.is_http() && stray.is_none() => *known = None,
                Some(known) if !route.origin.is_http() && known.is_none() => *known = stray,
                Some(_) => {}
            }
        }
        let strays: Vec<(Span, Stray<'_, '_, '_>)> =
            order.into_iter().filter_map(|span| Some((span, found.remove(&span)??))).collect();
        for group in strays.chunk_by(|(_, a), (_, b)| a.is_like(b)) {
            report(model, sink, group);
        }
    }
}

/// Says of what nothing is said.
fn report_cut_off(model: &Model<'_>, sink: &mut Findings, socket: &ListenSocket, followed: usize, hosts: usize) {
    let span = model.server(socket.default.server).listen_span(socket.default.listen);
    let message = format!(
        "{} is asked for more names than are followed: of {hosts} hosts the first {followed} are looked at",
        socket.endpoint
    );
    sink.info(span, message)
        .help("nothing is said of the others; `ngxlint trace https://HOST/` tells where one of them gets");
}

impl Stray<'_, '_, '_> {
    /// Whether two names of one server of http go astray in the same way. Each key of a map is a line to change.
    fn is_like(&self, other: &Self) -> bool {
        let presenter = |stray: &Self| match stray.presenter {
            Presenter::Server(presenting, _) => (presenting.id, false),
            Presenter::Rejecting(server) => (server.id, true),
        };
        self.route.origin.is_http()
            && self.route.server == other.route.server
            && (presenter(self), self.severity, place(self.way)) == (presenter(other), other.severity, place(other.way))
    }
}

/// Whether what a name stands for comes to a certificate without it.
fn judge<'r, 'm, 'c>(model: &'m Model<'c>, route: &'r Route<'m, 'c>) -> Option<Stray<'r, 'm, 'c>> {
    let strays: Vec<Stray<'r, 'm, 'c>> = route.hosts.iter().filter_map(|routed| stray(model, route, routed)).collect();
    let is_all = strays.len() == route.hosts.len();
    let severity = match &route.name.kind {
        // No public authority certifies a single label.
        NameKind::Exact(name) if name.contains('.') => Severity::Error,
        NameKind::WildcardLeading(_) => Severity::Error,
        NameKind::DotLeading(_) => Severity::Warning,
        // Whether anybody asks for what it matches is not known.
        NameKind::Regex(_) | NameKind::WildcardTrailing(_) if is_all => Severity::Warning,
        _ => return None,
    };
    let domain = match &route.name.kind {
        NameKind::WildcardLeading(domain) | NameKind::DotLeading(domain) => Host::parse(domain.as_bytes()).ok(),
        _ => None,
    };
    // Below a domain, a certificate may list just the names in use.
    let is_meant = |stray: &Stray<'_, '_, '_>| match (&domain, stray.presenter) {
        (Some(domain), Presenter::Server(presenting, _)) if stray.routed.host.is_below(domain) => {
            !model.certificate_names(presenting).any(|name| name.lies_below(domain))
        }
        _ => true,
    };
    let stray = strays.into_iter().find(is_meant)?;
    // Something else may lead clients there.
    let is_reached = route.origin != Origin::UnreachedHttpName;
    let severity = if is_reached { severity.min(stray.severity) } else { Severity::Warning };
    Some(Stray { severity, ..stray })
}

/// The way on which a host comes to a certificate without it: an error where all do, a warning where it depends.
fn stray<'r, 'm, 'c>(
    model: &'m Model<'c>,
    route: &'r Route<'m, 'c>,
    routed: &'r RoutedHost<'m, 'c>,
) -> Option<Stray<'r, 'm, 'c>> {
    let sni = routed.host.name()?;
    let on_way = |way: &'r Passage<'m, 'c>| {
        let presenter = model.presenter(way, sni)?;
        let is_bad = match presenter {
            // A server that has the name itself is told of by cert-name-mismatch.
            Presenter::Server(_, selected)
                if route.origin == Origin::StreamName && route.server == Some(selected.id) =>
            {
                false
            }
            Presenter::Server(_, selected) if model.owners_of(sni).any(|owner| owner.id == selected.id) => false,
            Presenter::Server(presenting, _) => model.coverage(presenting, &routed.host) == Coverage::NotCovered,
            Presenter::Rejecting(server) => is_stranger(route, way, server),
        };
        is_bad.then_some((way, presenter))
    };
    let bad: Vec<_> = routed.ways.iter().filter_map(on_way).collect();
    let is_certain = routed.is_complete && bad.len() == routed.ways.len();
    let (way, presenter) = bad.into_iter().next()?;
    let severity = if is_certain { Severity::Error } else { Severity::Warning };
    Some(Stray { route, routed, way, presenter, severity })
}

/// Whether a server that rejects was not meant for the name: others on its socket answer to theirs. A socket of its own
/// is where names are sent to be turned away.
fn is_stranger(route: &Route<'_, '_>, way: &Passage<'_, '_>, server: &Server<'_>) -> bool {
    let is_shared = match &way.end {
        End::Taken(taker) => taker.socket.is_shared(),
        _ => way.stops.last().is_some_and(|stop| stop.socket.is_shared()),
    };
    !server.has_real_name() && (is_shared || route.origin.is_http())
}

/// Where TLS ends, for a message: as the address is written, unless a group stands for it.
fn place(way: &Passage<'_, '_>) -> String {
    let target = way.stops.last().map(|stop| stop.target.as_str()).filter(|target| target.contains(':'));
    match (&way.end, way.tls) {
        (_, Some(tls)) => tls.socket.endpoint.to_string(),
        (End::Taken(taker), None) => target.map_or_else(|| taker.socket.endpoint.to_string(), str::to_owned),
        _ => way.stops.last().map(|stop| stop.socket.endpoint.to_string()).unwrap_or_default(),
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, group: &[(Span, Stray<'_, '_, '_>)]) {
    let Some((span, Stray { route, routed, way, presenter, severity })) = group.first() else { return };
    let host = &routed.host;
    let hosts: Vec<String> = group.iter().map(|(_, stray)| stray.routed.host.to_string()).collect();
    let hosts = spelled_out(&hosts);
    let place = place(way);
    let from = way.stops.first().map(|stop| stop.socket.endpoint.to_string()).unwrap_or_default();
    let comes = match route.origin {
        Origin::Key => format!("{} is sent to {place}", name_text(route, host)),
        Origin::HttpName => format!("clients that ask {from} for {hosts} are sent to {place}"),
        Origin::UnreachedHttpName => {
            let own = route.server.and_then(|server| model.tls_sockets_of(server).next());
            let own = own.map(|socket| format!(" and nothing leads to {}", socket.endpoint)).unwrap_or_default();
            format!("clients that ask {from} for {hosts} are sent to {place}{own}")
        }
        Origin::StreamName => format!("{place} ends TLS for {}", name_text(route, host)),
    };
    let condition = condition_text(&way.conditions);
    let (message, selected, used) = match presenter {
        Presenter::Server(presenting, selected) => {
            let Some(used) = model.presented_use(presenting, Some(host)) else { return };
            let leaf = model.certificate_file_for(used, host).and_then(CertificateFile::leaf);
            let covered = leaf.map(|leaf| leaf.names_text(SPELLED_OUT)).unwrap_or_default();
            let path = used.text_for(host).unwrap_or_default();
            let there =
                if route.origin == Origin::UnreachedHttpName { "; the certificate" } else { ", where the certificate" };
            let message = format!("{comes}{there} {path} does not cover it: it is for {covered}");
            (message, *selected, Some(used.directive))
        }
        Presenter::Rejecting(server) => {
            (format!("{comes}, where no server has the name and the handshake is rejected"), *server, None)
        }
    };
    let finding = sink.add(*severity, *span, condition + &message);
    if *severity == Severity::Warning {
        finding.conditional();
    }
    if let Some(used) = used {
        finding.related(used.span(), "this certificate is presented");
    }
    finding.related(selected.span(), format!("{selected} answers"));
    if let Some(entry) = last_entry(way).filter(|_| route.origin.is_http()) {
        finding.related(entry.span(), "by this entry");
    }
    finding.help(help(model, route, host, &place));
}

/// A name as it is written; of one that stands for many, with the host that it is about.
fn name_text(route: &Route<'_, '_>, host: &Host) -> String {
    match &route.name.kind {
        NameKind::Exact(_) => host.to_string(),
        _ => format!("{}, for one {host},", route.name),
    }
}

/// The entry of a map that decided last.
fn last_entry<'c>(way: &Passage<'_, 'c>) -> Option<Directive<'c>> {
    let mut taken = way.stops.iter().rev().flat_map(|stop| stop.taken.iter().rev());
    taken.find_map(|taken| taken.directive())
}

fn help(model: &Model<'_>, route: &Route<'_, '_>, host: &Host, place: &str) -> String {
    let mut owners = model.owners_of(host.name().unwrap_or_default());
    let is_good = |owner: &&Server<'_>| {
        model.coverage(owner, host) == Coverage::Covered && model.tls_sockets_of(owner.id).next().is_some()
    };
    let owner = owners.find(is_good);
    let socket = owner.and_then(|owner| model.tls_sockets_of(owner.id).next());
    match (owner, socket, route.origin) {
        (Some(owner), Some(socket), Origin::Key) => {
            format!("send {} to {}, where {owner} has the name and a certificate for it", route.name, socket.endpoint)
        }
        (Some(_), Some(socket), Origin::HttpName | Origin::UnreachedHttpName) => {
            format!("add `{host} {};` to the map, so that stream sends the name here", socket.endpoint)
        }
        (_, _, Origin::StreamName) => format!("get a certificate for {}, or take the name away", route.name),
        _ => format!("give {place} a server with server_name {} and a certificate for it", route.name),
    }
}
