//! A client that asks for a name of the server gets a certificate that does not contain it.
//! RFC 9525, section 6.

use crate::model::certificates::certificate_use::spelled_out;
use crate::model::{
    CertificateUse, Coverage, EndpointKind, ListenSocket, Model, NameKind, Server, ServerName, Settled, Takers,
    TlsEndpoint, WithoutCertificate,
};
use crate::rules::{Findings, Rule, Severity, websocket};
use crate::tls::{Certificate, CertificateFile, CertificateName, Host};

pub(super) struct CertNameMismatch;

/// How many names of a certificate a message spells out.
const SPELLED_OUT: usize = 4;

/// A name that a certificate does not keep.
struct Uncovered<'m, 'c> {
    name: &'m ServerName<'c>,
    /// A host that the name matches and the certificate does not cover.
    host: Host,
    severity: Severity,
    /// The server whose certificate is presented.
    presenting: &'m Server<'c>,
}

impl Rule for CertNameMismatch {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        check_stream(model, sink);
        for server in model.servers().filter(|server| !server.rejects_handshake) {
            let sockets: Vec<&ListenSocket> = model.tls_sockets_of(server.id).collect();
            let names = server.names.iter().enumerate();
            let mut uncovered: Vec<Uncovered<'_, '_>> = names
                .filter_map(|(number, name)| {
                    let heard = sockets.iter().filter(|socket| !socket.ignores(server.id, number));
                    // Of several sockets, the first on which it is worst.
                    heard.rev().filter_map(|socket| uncovered(model, socket, server, name)).max_by_key(|it| it.severity)
                })
                .collect();
            uncovered.sort_by_key(|it| (std::cmp::Reverse(it.severity), it.presenting.id));
            for group in uncovered.chunk_by(|a, b| (a.severity, a.presenting.id) == (b.severity, b.presenting.id)) {
                report(model, sink, server, group);
            }
            check_second(model, sink, server, &uncovered);
        }
    }
}

/// The certificate for clients that take only another kind of key than ordinary ones.
fn check_second(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, told: &[Uncovered<'_, '_>]) {
    let mut lacking: Vec<Lacking<'_, '_>> = Vec::new();
    for (number, name) in server.names.iter().enumerate() {
        if told.iter().any(|it| std::ptr::eq(it.name, name)) {
            continue;
        }
        let heard = model.tls_sockets_of(server.id).filter(|socket| !socket.ignores(server.id, number));
        let mut found = heard.flat_map(|socket| name.witnesses().into_iter().map(move |host| (socket, host)));
        lacking.extend(found.find_map(|(socket, host)| {
            let presenting = presenting(model, socket, server, &host);
            lacks(name, &host, model.presented_to_some(presenting, Some(&host))?)
        }));
    }
    lacking.sort_by_key(|it| (std::cmp::Reverse(it.severity), it.used.word.span()));
    let is_same = |a: &Lacking<'_, '_>, b: &Lacking<'_, '_>| {
        (a.severity, a.used.word.span(), a.takers) == (b.severity, b.used.word.span(), b.takers)
    };
    for group in lacking.chunk_by(is_same) {
        report_second(sink, group, "");
    }
}

/// A name that the certificate for some clients lacks.
struct Lacking<'m, 'c> {
    name: &'m ServerName<'c>,
    host: Host,
    severity: Severity,
    used: &'m CertificateUse<'c>,
    leaf: &'m Certificate,
    takers: Takers,
}

fn lacks<'m, 'c>(
    name: &'m ServerName<'c>,
    host: &Host,
    (used, leaf, takers): (&'m CertificateUse<'c>, &'m Certificate, Takers),
) -> Option<Lacking<'m, 'c>> {
    if leaf.covers(host) || is_nameless(leaf) {
        return None;
    }
    let severity = severity(name, host, leaf.names().iter())?.min(Severity::Warning);
    Some(Lacking { name, host: host.clone(), severity, used, leaf, takers })
}

fn report_second(sink: &mut Findings, group: &[Lacking<'_, '_>], place: &str) {
    let Some((first, span)) = group.first().and_then(|first| Some((first, first.name.span()?))) else { return };
    let hosts: Vec<String> = group.iter().map(|it| it.host.to_string()).collect();
    let hosts = spelled_out(&hosts);
    let path = first.used.text_for(&first.host).unwrap_or_else(|| first.used.word.text().into_owned());
    let message = format!(
        "{} get {path}, which does not have {hosts}{place}: it is for {}",
        first.takers,
        covered_text(first.leaf, &first.host),
    );
    let finding = sink.add(first.severity, span, message).conditional();
    finding.related(first.used.directive.span(), "this certificate is presented to them");
    finding.help(format!("get that certificate anew, with the names of the other one: it lacks {hosts}"));
}

fn report(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, group: &[Uncovered<'_, '_>]) {
    let Some((first, span)) = group.first().and_then(|first| Some((first, first.name.span()?))) else { return };
    let Uncovered { name, host, severity, presenting } = first;
    let Some(used) = model.presented_use(presenting, Some(host)) else { return };
    let file = model.certificate_file_for(used, host);
    // cert-chain-incomplete tells it.
    if file.is_some_and(|file| model.starts_with_issuer(file)) {
        return;
    }
    let leaf = file.and_then(CertificateFile::leaf);
    // cert-without-san tells it, with the server.
    if presenting.id == server.id && server.has_real_name() && leaf.is_some_and(is_nameless) {
        return;
    }
    let path = used.text_for(host).unwrap_or_default();
    let covered = leaf.map(|leaf| covered_text(leaf, host)).unwrap_or_default();
    let hosts: Vec<String> = group.iter().map(|it| it.host.to_string()).collect();
    let hosts = spelled_out(&hosts);
    let message = match severity {
        Severity::Info if matches!(name.kind, NameKind::WildcardLeading(_) | NameKind::DotLeading(_)) => format!(
            "server name {name} matches any depth, its certificate {path} does not: {hosts} would be refused \
             ({covered})"
        ),
        _ => format!("the certificate {path} does not cover {hosts}: it is for {covered}"),
    };
    let finding = sink.add(*severity, span, message);
    let owner = if presenting.id == server.id {
        "this certificate is presented".to_owned()
    } else {
        format!("the default server, {presenting}, presents this certificate")
    };
    finding.related(used.directive.span(), owner);
    if *severity >= Severity::Warning
        && let Some(location) = websocket::locations(model).iter().find(|location| {
            let is_inside = location.location().ancestors().any(|block| block == server.directive);
            is_inside && (location.is_named_for_it() || location.own_header().is_some())
        })
    {
        finding.related(location.location().span(), "its WebSocket handshakes fail, too, and no page tells why");
    }
    finding.help(match severity {
        Severity::Info => "leave it if no client asks for such a name; else add it to the certificate".to_owned(),
        _ => format!(
            "get a certificate that contains {hosts}, or move the name to the server whose certificate \
         has it"
        ),
    });
}

/// What the certificate covers, and why a name in it that looks like `host` does not count.
fn covered_text(leaf: &Certificate, host: &Host) -> String {
    let covered = leaf.names_text(SPELLED_OUT);
    match leaf.near_miss(host) {
        Some(reason) => format!("{covered}, and {reason}"),
        None => covered,
    }
}

/// The host that a name promises and the certificate on a socket does not keep, and how bad that is.
fn uncovered<'m, 'c>(
    model: &'m Model<'c>,
    socket: &ListenSocket,
    server: &'m Server<'c>,
    name: &'m ServerName<'c>,
) -> Option<Uncovered<'m, 'c>> {
    // What a pattern matches need not be what anybody asks for.
    if matches!(name.kind, NameKind::Regex(_) | NameKind::WildcardTrailing(_)) {
        return None;
    }
    let is_uncovered =
        |host: &Host| model.coverage(presenting(model, socket, server, host), host) == Coverage::NotCovered;
    // Who asks for the A-label of a name gets the default server.
    let comes_here = |host: &Host| match model.select(socket, &host.to_string()) {
        Settled::Known((selected, _)) => selected.id == server.id,
        Settled::Unknown => false,
    };
    let meant = name.meant_host().filter(comes_here);
    let host = name.witnesses().into_iter().chain(meant).find(is_uncovered)?;
    let presenting = presenting(model, socket, server, &host);
    let severity = severity(name, &host, model.certificate_names(presenting))?;
    Some(Uncovered { name, host, severity, presenting })
}

/// How bad it is that certificates with these names do not cover a host of a name.
fn severity<'m>(
    name: &ServerName<'_>,
    host: &Host,
    mut names: impl Iterator<Item = &'m CertificateName>,
) -> Option<Severity> {
    Some(match &name.kind {
        // No public authority certifies a single label; it is for the machine itself.
        NameKind::Exact(text) if !text.contains(['.', ':']) => Severity::Info,
        NameKind::Exact(_) => Severity::Error,
        NameKind::DotLeading(domain) | NameKind::WildcardLeading(domain) => {
            let domain = Host::parse(domain.as_bytes()).ok()?;
            // The domain itself is promised; below it, a certificate may list just the names in use.
            if !host.is_below(&domain) {
                Severity::Error
            } else if names.any(|name| name.lies_below(&domain)) {
                Severity::Info
            } else if matches!(name.kind, NameKind::DotLeading(_)) {
                // `.example.com` may be written for the domain alone.
                Severity::Warning
            } else {
                Severity::Error
            }
        }
        NameKind::WildcardTrailing(_) | NameKind::Regex(_) | NameKind::Hostname | NameKind::Invalid => return None,
    })
}

/// The servers of `stream`, which clients select by SNI. That of `mail` is the name it greets with, which clients need
/// not have asked for.
fn check_stream(model: &Model<'_>, sink: &mut Findings) {
    let servers = model.tls_endpoints().filter(|endpoint| endpoint.kind == EndpointKind::StreamServer);
    for server in servers.filter(|server| server.speaks_tls) {
        let presenting = match server.without_certificate {
            Some(WithoutCertificate::Borrows(default)) => model.tls_endpoint(default),
            _ => server,
        };
        for name in &server.names {
            let second = |host: Host| {
                let some = model.presented_to_some_of(&presenting.certificates, Some(&host));
                let is_kept =
                    |host: &Host| presented_leaf(model, presenting, host).is_none_or(|leaf| leaf.covers(host));
                some.filter(|_| host.name().is_some() && is_kept(&host)).and_then(|some| lacks(name, &host, some))
            };
            if let Some(lacking) = name.witnesses().into_iter().find_map(second) {
                report_second(sink, &[lacking], " (stream)");
            }
            let presented = |host: &Host| model.presented_of(&presenting.certificates, Some(host));
            let is_uncovered =
                |host: &Host| host.name().is_some() && presented(host).is_some_and(|(_, leaf)| !leaf.covers(host));
            let Some(host) = name.witnesses().into_iter().find(is_uncovered) else { continue };
            let Some((used, leaf)) = presented(&host) else { continue };
            let file = model.certificate_file_for(used, &host);
            if file.is_some_and(|file| model.starts_with_issuer(file)) {
                continue;
            }
            if is_nameless(leaf) && std::ptr::eq(presenting, server) {
                continue;
            }
            let severity = severity(name, &host, leaf.names().iter());
            let Some((severity, span)) = severity.zip(name.span()) else { continue };
            let message = format!(
                "the certificate {} does not cover {host} (stream): it is for {}",
                used.word.text(),
                covered_text(leaf, &host),
            );
            let finding = sink.add(severity, span, message);
            finding.related(used.directive.span(), "this certificate is presented");
            finding.help(format!(
                "get a certificate that contains {host}, or move the name to the server whose certificate has it"
            ));
        }
    }
}

/// Whether a certificate has no name at all that clients look at.
fn is_nameless(leaf: &Certificate) -> bool {
    leaf.names().is_empty() && !leaf.is_ca
}

fn presented_leaf<'m>(model: &'m Model<'_>, server: &TlsEndpoint<'_>, host: &Host) -> Option<&'m Certificate> {
    model.presented_of(&server.certificates, Some(host)).map(|(_, leaf)| leaf)
}

/// The server whose certificate a client sees when it asks for `host`. For an address it sends no
/// SNI (RFC 6066, section 3), so the default server answers.
fn presenting<'m, 'c>(model: &'m Model<'c>, socket: &ListenSocket, server: &Server<'_>, host: &Host) -> &'m Server<'c> {
    match host {
        Host::Ip(_) => model.server(socket.default.server),
        Host::Name(_) => model.presenting_server(socket, server.id),
    }
}
