//! A client that asks for a name of the server gets a certificate that does not contain it.
//! RFC 9525, section 6.

use crate::model::certificate_use::spelled_out;
use crate::model::{Coverage, ListenSocket, Model, NameKind, Server, ServerName};
use crate::rules::{Findings, Rule, Severity};
use crate::tls::{CertificateFile, Host};

pub(super) struct CertNameMismatch;

/// How many names of a certificate a message spells out.
const SPELLED_OUT: usize = 4;

impl Rule for CertNameMismatch {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.servers().filter(|server| !server.rejects_handshake) {
            let Some(socket) = model.tls_sockets_of(server.id).next() else { continue };
            for severity in [Severity::Error, Severity::Warning, Severity::Info] {
                let uncovered: Vec<(&ServerName<'_>, Host)> = server
                    .names
                    .iter()
                    .enumerate()
                    .filter(|(number, _)| !socket.ignores(server.id, *number))
                    .filter_map(|(_, name)| Some((name, uncovered(model, socket, server, name)?)))
                    .filter_map(|(name, (host, found))| (found == severity).then_some((name, host)))
                    .collect();
                report(model, sink, (server, socket), severity, &uncovered);
            }
        }
    }
}

fn report(
    model: &Model<'_>,
    sink: &mut Findings,
    (server, socket): (&Server<'_>, &ListenSocket),
    severity: Severity,
    uncovered: &[(&ServerName<'_>, Host)],
) {
    let Some(((first, host), span)) = uncovered.first().and_then(|first| Some((first, first.0.span()?))) else {
        return;
    };
    let presenting = presenting(model, socket, server, host);
    let Some(used) = presenting.certificates.first() else { return };
    let leaf = model.certificate_file_for(used, host).and_then(CertificateFile::leaf);
    let path = used.text_for(host).unwrap_or_default();
    let covered = leaf.map(|leaf| leaf.names_text(SPELLED_OUT)).unwrap_or_default();
    let hosts: Vec<String> = uncovered.iter().map(|(_, host)| host.to_string()).collect();
    let hosts = spelled_out(&hosts);
    let message = match severity {
        Severity::Info if matches!(first.kind, NameKind::WildcardLeading(_) | NameKind::DotLeading(_)) => format!(
            "server name {first} matches any depth, its certificate {path} does not: {hosts} would be refused \
             ({covered})"
        ),
        _ => format!("the certificate {path} does not cover {hosts}: it is for {covered}"),
    };
    let finding = sink.add(severity, span, message);
    let owner = if presenting.id == server.id {
        "this certificate is presented".to_owned()
    } else {
        format!("the default server, {presenting}, presents this certificate")
    };
    finding.related(used.directive.span(), owner);
    finding.help(match severity {
        Severity::Info => "leave it if no client asks for such a name; else add it to the certificate".to_owned(),
        _ => format!(
            "get a certificate that contains {hosts}, or move the name to the server whose certificate \
         has it"
        ),
    });
}

/// A host that a name promises and the certificate does not keep, and how bad that is.
fn uncovered(
    model: &Model<'_>,
    socket: &ListenSocket,
    server: &Server<'_>,
    name: &ServerName<'_>,
) -> Option<(Host, Severity)> {
    let is_uncovered =
        |host: &Host| model.coverage(presenting(model, socket, server, host), host) == Coverage::NotCovered;
    let first = |hosts: &[Host]| hosts.iter().find(|host| is_uncovered(host)).cloned();
    let witnesses = name.witnesses();
    match &name.kind {
        // No public authority certifies a single label; it is for the machine itself.
        NameKind::Exact(text) if !text.contains(['.', ':']) => first(&witnesses).map(|host| (host, Severity::Info)),
        NameKind::Exact(_) => first(&witnesses).map(|host| (host, Severity::Error)),
        NameKind::DotLeading(domain) | NameKind::WildcardLeading(domain) => {
            let domain = Host::parse(domain.as_bytes()).ok()?;
            let host = first(&witnesses)?;
            let below = |host: &Host| host.is_below(&domain);
            // The domain itself is promised; below it, a certificate may list just the names in use.
            let serves_some = model
                .certificate_names(model.presenting_server(socket, server.id))
                .any(|name| name.lies_below(&domain));
            let is_domain_covered = matches!(name.kind, NameKind::DotLeading(_)) && below(&host);
            let severity = match (below(&host), serves_some) {
                (false, _) => Severity::Error,
                (true, true) => Severity::Info,
                // `.example.com` may be written for the domain alone.
                (true, false) if is_domain_covered => Severity::Warning,
                (true, false) => Severity::Error,
            };
            Some((host, severity))
        }
        NameKind::WildcardTrailing(_) | NameKind::Regex(_) | NameKind::Hostname | NameKind::Invalid => None,
    }
}

/// The server whose certificate a client sees when it asks for `host`. For an address it sends no
/// SNI (RFC 6066, section 3), so the default server answers.
fn presenting<'m, 'c>(model: &'m Model<'c>, socket: &ListenSocket, server: &Server<'_>, host: &Host) -> &'m Server<'c> {
    match host {
        Host::Ip(_) => model.server(socket.default.server),
        Host::Name(_) => model.presenting_server(socket, server.id),
    }
}
