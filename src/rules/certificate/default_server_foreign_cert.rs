//! A client whose name matches no server gets the default server's certificate. When that belongs to
//! a site, the client sees somebody else's name.

use rustc_hash::FxHashSet;

use crate::model::{Coverage, ListenSocket, Model, SelectedBy, Server, ServerId, Settled};
use crate::nginx::NginxVersion;
use crate::rules::rejecting_server::rejecting_instead;
use crate::rules::{Finding, Findings, Rule};
use crate::tls::{CertificateFile, CertificateName, Host};

pub(super) struct DefaultServerForeignCert;

impl Rule for DefaultServerForeignCert {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut seen = FxHashSet::default();
        for socket in model.sockets().filter(|socket| socket.is_tls && !socket.is_quic) {
            // In a lone snippet the default may be another file's.
            if !model.config.is_whole() && !socket.has_explicit_default {
                continue;
            }
            let default = model.server(socket.default.server);
            if default.rejects_handshake || seen.contains(&default.id) || all_share(model, socket, default) {
                continue;
            }
            if is_foreign(model, socket, default) {
                // Alone on its socket, it is a site with the wrong certificate: cert-name-mismatch.
                if default.has_real_name() && !socket.is_shared() {
                    continue;
                }
                if let Some(owner) = owner(model, socket, default).filter(|_| !model.gets_known_names_only(socket)) {
                    seen.insert(default.id);
                    report_foreign(model, sink, socket, default, &owner);
                }
            } else if default.has_real_name()
                && serves_other_sites(model, socket, default)
                && !model.gets_known_names_only(socket)
            {
                seen.insert(default.id);
                report_site(model, sink, socket, default);
            }
        }
    }
}

/// The certificate covers none of the server's own names, or the server has none.
fn is_foreign(model: &Model<'_>, socket: &ListenSocket, default: &Server<'_>) -> bool {
    let mut own = default.names.iter().flat_map(|name| name.witnesses());
    !default.certificates.is_empty()
        && own.all(|host| model.coverage(default, &host) == Coverage::NotCovered)
        && !covers_a_pattern(model, socket, default)
}

/// Whether a host of the certificate leads to the default server by a regex or wildcard of its own, or may do so.
fn covers_a_pattern(model: &Model<'_>, socket: &ListenSocket, default: &Server<'_>) -> bool {
    let mut patterns = default.names.iter().filter(|name| !name.is_no_host() && name.host().is_none());
    patterns.next().is_some()
        && model.certificate_names(default).filter_map(CertificateName::witness).any(|host| {
            match model.select(socket, &host.to_string()) {
                Settled::Known((server, by)) => server.id == default.id && by != SelectedBy::Default,
                Settled::Unknown => true,
            }
        })
}

/// Another server, and a name of it that the default's certificate covers.
fn owner<'m, 'c>(model: &'m Model<'c>, socket: &ListenSocket, default: &Server<'_>) -> Option<(&'m Server<'c>, Host)> {
    let on_socket = socket.members.iter().map(|member| model.server(member.server));
    // A server of plain HTTP presents nothing; it may well redirect to this one.
    let elsewhere = model.certificate_owners(default).filter(|owner| model.tls_sockets_of(owner.id).next().is_some());
    let mut others = on_socket.chain(elsewhere).filter(|server| server.id != default.id);
    others.find_map(|server| {
        let names = server.names.iter().flat_map(|name| name.witnesses());
        let mut covered = names.filter(|host| model.coverage(default, host) == Coverage::Covered);
        covered.next().map(|host| (server, host))
    })
}

/// Whether every server of the socket presents the default's certificates.
fn all_share(model: &Model<'_>, socket: &ListenSocket, default: &Server<'_>) -> bool {
    socket.is_shared() && socket.members.iter().all(|member| presents_the_same(model, socket, member.server, default))
}

fn presents_the_same(model: &Model<'_>, socket: &ListenSocket, server: ServerId, default: &Server<'_>) -> bool {
    let presenting = model.presenting_server(socket, server);
    let identities = |server: &Server<'_>| -> Vec<_> {
        // The same certificate may be written by two paths.
        let identity = |used| match model.certificate_file(used).and_then(CertificateFile::leaf) {
            Some(leaf) => (Some((leaf.issuer.clone(), leaf.serial.clone())), None),
            None => (None, Some(used.source.clone())),
        };
        model.kept(&server.certificates, None).map(identity).collect()
    };
    identities(presenting) == identities(default)
}

/// Whether the default's certificate is known and another site of the socket has one of its own.
fn serves_other_sites(model: &Model<'_>, socket: &ListenSocket, default: &Server<'_>) -> bool {
    let mut own = default.names.iter().flat_map(|name| name.witnesses());
    // `localhost` is the machine, no site.
    let is_site = |host: &Host| host.name().is_some_and(|name| name.contains('.'));
    own.any(|host| is_site(&host) && model.coverage(default, &host) == Coverage::Covered)
        && socket.members.iter().any(|member| {
            model.server(member.server).has_real_name() && !presents_the_same(model, socket, member.server, default)
        })
}

fn report_foreign(
    model: &Model<'_>,
    sink: &mut Findings,
    socket: &ListenSocket,
    default: &Server<'_>,
    (owner, host): &(&Server<'_>, Host),
) {
    let Some(used) = model.presented_use(default, None) else { return };
    let message = format!(
        "the default server of {} presents the certificate of {host} ({}) for every name that no server has",
        socket.endpoint,
        used.word.text()
    );
    let finding = sink.error(default.listen_span(socket.default.listen), message);
    finding.related(used.directive.span(), "this certificate is presented");
    finding.related(owner.span(), format!("this server owns {host}"));
    finding.help(help(model, default));
    finding.fix(rejecting_instead(model, default, defaults(model, default)));
    name_other_sockets(model, finding, socket, default);
}

fn report_site(model: &Model<'_>, sink: &mut Findings, socket: &ListenSocket, default: &Server<'_>) {
    let Some(used) = model.presented_use(default, None) else { return };
    let why =
        if socket.has_explicit_default { "is the default server" } else { "comes first, so is the default server" };
    let message = format!(
        "{default} {why} of {}: a client that asks for any other name gets its certificate {}",
        socket.endpoint,
        used.word.text()
    );
    let finding = sink.warning(default.listen_span(socket.default.listen), message);
    finding.related(used.directive.span(), "this certificate is presented");
    finding.help(help(model, default));
    finding.fix(rejecting_instead(model, default, defaults(model, default)));
    name_other_sockets(model, finding, socket, default);
}

/// The same default on further sockets (IPv6 beside IPv4) is the same fault.
fn name_other_sockets(model: &Model<'_>, finding: &mut Finding, socket: &ListenSocket, default: &Server<'_>) {
    let others = model.tls_sockets_of(default.id).filter(|other| other.endpoint != socket.endpoint && !other.is_quic);
    for other in others.filter(|other| other.default.server == default.id) {
        finding.related(default.listen_span(other.default.listen), format!("the same on {}", other.endpoint));
    }
}

/// The TLS sockets of which it is the default server.
fn defaults<'m>(model: &'m Model<'_>, default: &Server<'_>) -> impl Iterator<Item = &'m ListenSocket> {
    let id = default.id;
    model.tls_sockets_of(id).filter(move |socket| socket.default.server == id && !socket.is_quic)
}

/// A default server that rejects, for all sockets on which this one is the default.
fn help(model: &Model<'_>, default: &Server<'_>) -> String {
    const SINCE: NginxVersion = NginxVersion::new(1, 19, 4);
    let sockets = defaults(model, default);
    let listen = |socket: &ListenSocket| {
        let directive = default.listens.get(socket.default.listen).and_then(|listen| listen.directive);
        let address = directive.and_then(|listen| listen.argument(0)).map(|word| word.text().into_owned());
        format!("        listen {} ssl default_server;\n", address.unwrap_or_else(|| socket.endpoint.to_string()))
    };
    let listens: String = sockets.map(listen).collect();
    let rejects = if model.environment.version >= SINCE {
        "        ssl_reject_handshake on;\n"
    } else {
        "        ssl_certificate …;      # one that belongs to no site\n        ssl_certificate_key …;\n        \
         return 444;\n"
    };
    format!(
        "give the socket a default server that belongs to no site, and take default_server from this one:\n    \
         server {{\n{listens}        server_name _;\n{rejects}    }}"
    )
}
