//! A host that the configuration sends to https and that no TLS server names gets the default server's
//! certificate.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::certificates::certificate_use::spelled_out;
use crate::model::{Coverage, Edge, Family, ListenSocket, Model, Server, ServerId, Service, UsedCertificate};
use crate::rules::listening::listen_for;
use crate::rules::{Edit, Finding, Findings, Fix, Rule, Severity};
use crate::source::Span;
use crate::tls::{CertificateName, Host};

pub(super) struct TlsHostUnserved;

/// Sockets of one server that are looked at; more of them are of one kind.
const MANY_SOCKETS: usize = 8;

/// Servers of one certificate or of one redirect that are looked at.
const CANDIDATES: usize = 64;

const HTTPS_PORT: u16 = 443;

/// Places that a finding points at.
const SHOWN: usize = 8;

impl Rule for TlsHostUnserved {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let is_seen_whole = model.config.is_whole() && !model.config.is_incomplete();
        let mut blocks = model.servers().filter_map(|server| server.directive.parent());
        let is_all_there = is_seen_whole && blocks.all(|http| !http.is_incomplete());
        let speaks_tls = model.sockets().any(|socket| socket.is_tls);
        if !is_all_there || !speaks_tls || !model.environment.edge.has(Edge::None) {
            return;
        }
        let mut told = FxHashSet::default();
        for server in model.servers() {
            check_redirects(model, sink, server, &mut told);
        }
        check_families(model, sink, &told);
        check_missing_family(model, sink);
        check_certificates(model, sink, &mut told);
    }
}

/// Where clients of a host end up instead.
#[derive(Clone, Copy)]
struct Stray<'m, 'c> {
    socket: &'m ListenSocket,
    server: &'m Server<'c>,
    /// Whether the default server's certificate covers the host; `None` where it rejects.
    coverage: Option<Coverage>,
}

impl Stray<'_, '_> {
    /// Whether the browser shows an error.
    fn is_refused(&self) -> bool {
        matches!(self.coverage, None | Some(Coverage::NotCovered))
    }

    /// What clients get, for a message.
    fn text(&self, model: &Model<'_>) -> String {
        let Stray { server, socket, .. } = self;
        let presenting = model.presenting_server(socket, server.id);
        match (self.coverage, model.presented_use(presenting, None)) {
            (None, _) => "the default server rejects them".to_owned(),
            (Some(Coverage::Covered), _) => format!("{server} answers"),
            (_, Some(used)) => format!("{server} answers, with its certificate {}", used.word.text()),
            (_, None) => format!("{server} answers"),
        }
    }
}

/// The sockets of a family on which nobody serves a host; none where one of them does, or may.
fn strays<'m, 'c>(model: &'m Model<'c>, sockets: &[&'m ListenSocket], host: &Host) -> Vec<Stray<'m, 'c>> {
    let stray = |socket: &&'m ListenSocket| {
        if !socket.is_tls {
            return None;
        }
        match model.service(socket, host) {
            Service::Stranger(server, coverage) => Some(Stray { socket, server, coverage: Some(coverage) }),
            Service::Rejected(server) => Some(Stray { socket, server, coverage: None }),
            Service::Named(_) | Service::ForAll(..) | Service::Unknown => None,
        }
    };
    sockets.iter().map(stray).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// A host that a server of port 80 sends to https.
struct Promise<'m, 'c> {
    host: Host,
    span: Span,
    /// Where its clients end up, a socket each.
    strays: Vec<Stray<'m, 'c>>,
    /// The server that has the name on another socket, for clients of the other address family or another address.
    served_by: Option<&'m Server<'c>>,
}

impl Promise<'_, '_> {
    fn severity(&self) -> Severity {
        let is_refused = self.strays.iter().any(Stray::is_refused);
        let is_covered = self.strays.iter().all(|stray| stray.coverage == Some(Coverage::Covered));
        match (is_refused, self.served_by) {
            (true, None) => Severity::Error,
            // Whether the name has an address of that family, only DNS knows.
            (true, Some(_)) => Severity::Warning,
            // The default server is another site, whatever its certificate.
            (false, None) if !is_covered && !self.is_kin() => Severity::Warning,
            (false, _) => Severity::Info,
        }
    }

    /// Whether the host and one of those that answer are `www.` of each other, or below each other.
    fn is_kin(&self) -> bool {
        let mut others = self.strays.iter().flat_map(|stray| stray.server.hosts());
        others.any(|other| other.is_below(&self.host) || self.host.is_below(&other))
    }

    /// Promises of one server with equal keys are one finding.
    fn key(&self) -> (Severity, Option<ServerId>, Vec<(ServerId, bool)>) {
        let strays = self.strays.iter().map(|stray| (stray.server.id, stray.is_refused())).collect();
        (self.severity(), self.served_by.map(|server| server.id), strays)
    }
}

fn check_redirects(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, told: &mut FxHashSet<(Host, Family)>) {
    let plain: Vec<&ListenSocket> =
        model.sockets_of(server.id).filter(|socket| !socket.is_tls).take(MANY_SOCKETS).collect();
    let mut promises: Vec<Promise<'_, '_>> = Vec::new();
    for name in server.names.iter().filter(|_| !plain.is_empty()) {
        let (Some(host), Some(span)) = (name.host(), name.span()) else { continue };
        let Host::Name(_) = host else { continue };
        promises.extend(promise(model, server, &plain, host, span, told));
    }
    promises.sort_by_key(Promise::key);
    for group in promises.chunk_by(|a, b| a.key() == b.key()) {
        report_redirect(model, sink, server, group);
    }
}

fn promise<'m, 'c>(
    model: &'m Model<'c>,
    server: &Server<'_>,
    plain: &[&ListenSocket],
    host: Host,
    span: Span,
    told: &mut FxHashSet<(Host, Family)>,
) -> Option<Promise<'m, 'c>> {
    let families: Vec<(Family, &ListenSocket)> = Family::ALL
        .into_iter()
        .filter_map(|family| Some((family, *plain.iter().find(|socket| socket.serves(family))?)))
        .collect();
    // Most hosts are served on 443, and need no look at where the redirect leads.
    let is_served = |&(family, socket): &(Family, &ListenSocket)| {
        let sockets = model.sockets_beside(socket, &host, HTTPS_PORT, family);
        !model.sockets_on_port(HTTPS_PORT).is_empty() && strays(model, &sockets, &host).is_empty()
    };
    if families.iter().all(is_served) {
        return None;
    }
    let mut found = Vec::new();
    let mut served_by = None;
    let mut port_of: FxHashMap<u16, Option<u16>> = FxHashMap::default();
    for (family, socket) in families {
        // Another server may have the name.
        if !matches!(model.select(socket, &host.to_string()).known(), Some((selected, _)) if selected.id == server.id) {
            continue;
        }
        let to = port_of.entry(socket.endpoint.port).or_insert_with(|| model.https_port_of_redirect(socket, &host));
        let Some(port) = *to else { continue };
        let strays = strays(model, &model.sockets_beside(socket, &host, port, family), &host);
        if !strays.is_empty() && told.insert((host.clone(), family)) {
            let first = strays.iter().find(|stray| stray.socket.endpoint.address.is_wildcard());
            found.extend(first.or(strays.first()).copied());
            served_by = served_by.or_else(|| find_server_of(model, &host, port));
        }
    }
    (!found.is_empty()).then_some(Promise { host, span, strays: found, served_by })
}

/// The server that has the name on some TLS socket of the port.
fn find_server_of<'m, 'c>(model: &'m Model<'c>, host: &Host, port: u16) -> Option<&'m Server<'c>> {
    let sockets = Family::ALL.into_iter().flat_map(|family| model.sockets_for(host, port, family));
    sockets.filter(|socket| socket.is_tls).find_map(|socket| match model.service(socket, host) {
        Service::Named(server) | Service::ForAll(server, _) => Some(server),
        Service::Stranger(..) | Service::Rejected(_) | Service::Unknown => None,
    })
}

fn report_redirect(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, group: &[Promise<'_, '_>]) {
    let Some((first, stray)) = group.first().and_then(|first| Some((first, first.strays.first()?))) else { return };
    let hosts: Vec<String> = group.iter().map(|promise| promise.host.to_string()).collect();
    let (are, names) = if hosts.len() > 1 { ("are", "these names") } else { ("is", "the name") };
    let hosts = spelled_out(&hosts);
    let message = format!(
        "http://{hosts} {are} redirected to https, but no server of {} has {names}: {}",
        endpoints(&first.strays),
        stray.text(model)
    );
    let severity = first.severity();
    let finding = sink.add(severity, first.span, message);
    if severity == Severity::Warning {
        finding.conditional();
    }
    for other in group.iter().skip(1).take(SHOWN) {
        finding.related(other.span, format!("{}, too", other.host));
    }
    point_at_default(finding, stray);
    if let Some(owner) = first.served_by {
        finding.fix(Fix::risky(TITLE, first.strays.iter().map(|stray| listen_like(model, owner, stray.socket))));
    }
    let owner = covering(model, server, &first.host).filter(|owner| owner.has_real_name());
    finding.help(match (first.served_by, owner) {
        (Some(owner), _) => format!("add `listen {} ssl;` to {owner}, which has the name elsewhere", address(stray)),
        (None, Some(owner)) => {
            format!("add {hosts} to the server_name of {owner}, whose certificate has it, or take it from this one")
        }
        (None, None) => {
            format!("give {hosts} a TLS server with a certificate for it, or take it from this server_name")
        }
    });
}

const TITLE: &str = "listen for clients of the other address family, too";

/// A `listen` on a socket of others, for a server that has one of its kind for the other family.
fn listen_like(model: &Model<'_>, server: &Server<'_>, socket: &ListenSocket) -> Option<Edit> {
    let family = Family::ALL.into_iter().find(|&family| socket.serves(family))?;
    listen_for(model, server, (family, socket.endpoint.port), Some(socket))
}

/// The address of a socket, as its default server writes it.
fn address(stray: &Stray<'_, '_>) -> String {
    let listen = stray.server.listens.get(stray.socket.default.listen).and_then(|listen| listen.directive);
    let address = listen.and_then(|listen| listen.argument(0)).map(|word| word.text().into_owned());
    address.unwrap_or_else(|| stray.socket.endpoint.to_string())
}

/// The sockets, for a message.
fn endpoints(strays: &[Stray<'_, '_>]) -> String {
    let endpoints: Vec<String> = strays.iter().map(|stray| stray.socket.endpoint.to_string()).collect();
    endpoints.join(" and ")
}

fn point_at_default(finding: &mut Finding, stray: &Stray<'_, '_>) {
    let listen = stray.server.listen_span(stray.socket.default.listen);
    finding.related(listen, format!("the default server of {}", stray.socket.endpoint));
}

/// A TLS server whose certificate covers a host, best one that shares a domain with it.
fn covering<'m, 'c>(model: &'m Model<'c>, promising: &Server<'_>, host: &Host) -> Option<&'m Server<'c>> {
    let named = promising.hosts().flat_map(|own| model.owners_of(&own.to_string()).collect::<Vec<_>>());
    let is_covering = |server: &&Server<'_>| {
        model.tls_sockets_of(server.id).next().is_some() && model.coverage(server, host) == Coverage::Covered
    };
    named.take(CANDIDATES).find(is_covering)
}

/// Sites that have a TLS socket for one address family, where a socket for all addresses of the other is there, too,
/// and somebody else answers on it.
fn check_families(model: &Model<'_>, sink: &mut Findings, told: &FxHashSet<(Host, Family)>) {
    for socket in model.sockets().filter(|socket| socket.is_tls && !socket.is_quic) {
        let Some(family) = Family::ALL.into_iter().find(|&family| socket.serves(family)) else { continue };
        if !socket.endpoint.address.is_wildcard() || socket.takes_ipv4 {
            continue;
        }
        let mut forgotten: Vec<(&Server<'_>, Stray<'_, '_>)> = Vec::new();
        for other in model.sockets_on_port(socket.endpoint.port) {
            if other.is_tls && !other.is_quic && other.endpoint.address.is_wildcard() && !other.serves(family) {
                let servers = other.members.iter().map(|member| model.server(member.server));
                forgotten
                    .extend(servers.filter_map(|server| Some((server, forgets(model, server, socket, family, told)?))));
            }
        }
        let Some((first, stray)) = forgotten.first() else { continue };
        let others = match forgotten.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let name = match family {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        };
        let message = format!("{first}{others} cannot be had by {name}: on {} {}", socket.endpoint, stray.text(model));
        let finding = sink.info(first.span(), message).conditional();
        for (server, _) in forgotten.iter().skip(1).take(SHOWN) {
            finding.related(server.span(), format!("{server}, too"));
        }
        point_at_default(finding, stray);
        finding.fix(Fix::risky(TITLE, forgotten.iter().map(|(server, _)| listen_like(model, server, socket))));
        finding.help(format!(
            "add `listen {} ssl;`, or leave it where DNS has no {name} address for the name",
            address(stray)
        ));
    }
}

/// Where clients of a site's first host end up on a socket on which it does not listen, if the browser shows an error.
fn forgets<'m, 'c>(
    model: &'m Model<'c>,
    server: &Server<'_>,
    socket: &'m ListenSocket,
    family: Family,
    told: &FxHashSet<(Host, Family)>,
) -> Option<Stray<'m, 'c>> {
    let host = server.hosts().find(|host| host.name().is_some_and(|name| name.contains('.')))?;
    if server.rejects_handshake || told.contains(&(host.clone(), family)) {
        return None;
    }
    let sockets = model.sockets_for(&host, socket.endpoint.port, family);
    let strays = strays(model, &sockets, &host);
    strays.into_iter().find(|stray| std::ptr::eq(stray.socket, socket)).filter(Stray::is_refused)
}

/// A redirect to https for clients of an address family for which nothing listens there.
fn check_missing_family(model: &Model<'_>, sink: &mut Findings) {
    let https = model.sockets_on_port(HTTPS_PORT);
    let has = |family: Family| {
        https.iter().any(|socket| !socket.is_quic && socket.serves(family)) || model.has_front(HTTPS_PORT, family)
    };
    let (missing, name, address) = match (has(Family::V4), has(Family::V6)) {
        (true, false) => (Family::V6, "IPv6", "[::]:443"),
        (false, true) => (Family::V4, "IPv4", "443"),
        _ => return,
    };
    let has_other_names = https.iter().any(|socket| !socket.endpoint.address.is_ip());
    if has_other_names || https.iter().any(|socket| !socket.is_tls) {
        return;
    }
    for server in model.servers() {
        let plain = |socket: &&ListenSocket| !socket.is_tls && !socket.is_quic && socket.serves(missing);
        let Some(socket) = model.sockets_of(server.id).find(plain) else { continue };
        let Some(host) = server.hosts().find(|host| host.name().is_some_and(|name| name.contains('.'))) else {
            continue;
        };
        let is_behind_edge = model.edge_of_host(host.name().unwrap_or_default()) == Edge::Tls;
        if is_behind_edge || model.https_port_of_redirect(socket, &host) != Some(HTTPS_PORT) {
            continue;
        }
        let Some(member) = socket.members.iter().find(|member| member.server == server.id) else { continue };
        let message = format!(
            "clients that come by {name} are sent to https://{host}, but nothing listens on port 443 of {name} addresses"
        );
        let finding = sink.info(server.listen_span(member.listen), message);
        finding.help(format!("add `listen {address} ssl;` to the TLS servers, or take this listen away"));
        let mut members: Vec<ServerId> =
            https.iter().filter(|it| !it.is_quic).flat_map(|it| &it.members).map(|member| member.server).collect();
        members.sort_unstable();
        members.dedup();
        let edit = |id: &ServerId| listen_for(model, model.server(*id), (missing, HTTPS_PORT), None);
        finding.fix(Fix::risky(TITLE, members.iter().map(edit)));
        return;
    }
}

/// Names of a certificate that no TLS server has, although something else says that they belong here: a server of
/// plain HTTP has the name, or the site has the same name with or without `www.`.
fn check_certificates(model: &Model<'_>, sink: &mut Findings, told: &mut FxHashSet<(Host, Family)>) {
    for used in model.certificate_uses() {
        let Some(leaf) = used.leaf() else { continue };
        for name in leaf.names() {
            let CertificateName::Dns(text) = name else { continue };
            let host = Host::Name(text.clone());
            if Family::ALL.iter().any(|&family| told.contains(&(host.clone(), family))) {
                continue;
            }
            if let Some((site, severity, stray)) = unserved_on_certificate(model, &used, &host) {
                told.insert((host.clone(), Family::V4));
                report_certificate(model, sink, &used, &host, (site, severity), &stray);
            }
        }
    }
}

/// What says that the host belongs here, how surely, and where its clients end up.
fn unserved_on_certificate<'m, 'c>(
    model: &'m Model<'c>,
    used: &UsedCertificate<'m, 'c>,
    host: &Host,
) -> Option<(Span, Severity, Stray<'m, 'c>)> {
    let text = host.to_string();
    if model.owners_of(&text).any(|server| model.tls_sockets_of(server.id).next().is_some())
        || model.is_served_by_stream(host)
    {
        return None;
    }
    let (place, severity) = match plain_name(model, host) {
        Some(place) => (place, Severity::Warning),
        None => {
            let partner = text.strip_prefix("www.").map_or_else(|| format!("www.{text}"), str::to_owned);
            let site = model.owners_of(&partner).find(|site| used.servers.binary_search(&site.id).is_ok())?;
            (site.span(), Severity::Info)
        }
    };
    // On all sockets of all servers that present it: which one is meant is not known.
    let mut first = None;
    let servers = used.presenting().take(CANDIDATES);
    for socket in servers.flat_map(|server| model.tls_sockets_of(server.id).take(MANY_SOCKETS)) {
        if !socket.is_quic {
            let stray = strays(model, &[socket], host).into_iter().find(Stray::is_refused)?;
            first = first.or(Some(stray));
        }
    }
    first.map(|stray| (place, severity, stray))
}

/// Where a server of plain HTTP names the host.
fn plain_name(model: &Model<'_>, host: &Host) -> Option<Span> {
    let owner = model.owners_of(&host.to_string()).next()?;
    owner.names.iter().find(|name| name.host().as_ref() == Some(host)).and_then(|name| name.span())
}

fn report_certificate(
    model: &Model<'_>,
    sink: &mut Findings,
    used: &UsedCertificate<'_, '_>,
    host: &Host,
    (site, severity): (Span, Severity),
    stray: &Stray<'_, '_>,
) {
    let message = format!(
        "the certificate {} is for {host}, too, but no server of {} has that name: {}",
        used.text(),
        stray.socket.endpoint,
        stray.text(model)
    );
    let finding = sink.add(severity, site, message).conditional();
    finding.related(used.span(), format!("this certificate is for {host}"));
    point_at_default(finding, stray);
    finding.help(format!("add {host} to the server_name of the TLS server that presents this certificate"));
}
