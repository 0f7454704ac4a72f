//! A TLS socket needs a certificate for its default server; beside a default that only rejects, every
//! other server needs its own (`ngx_http_ssl_init`, src/http/modules/ngx_http_ssl_module.c). So it is in `stream`; in
//! `mail` every server needs its own.

use rustc_hash::FxHashSet;

use crate::model::{ListenSocket, Member, Model, TlsEndpoint, TlsUser, WithoutCertificate};
use crate::rules::{Findings, Rule};

pub(super) struct SslWithoutCertificate;

impl Rule for SslWithoutCertificate {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // What `http` or the default server of another file presents is not to be seen from a snippet.
        if !model.config.is_whole() {
            return;
        }
        let tls_sockets = model.sockets().filter(|socket| socket.is_tls);
        let members = tls_sockets.flat_map(|socket| socket.members.iter().map(move |member| (socket, *member)));
        let (borrowing, lacking): (Vec<_>, Vec<_>) = members
            .filter(|(_, member)| {
                let server = model.server(member.server);
                server.certificates.is_empty() && !server.has_unseen_certificates && !server.rejects_handshake
            })
            .partition(|&(socket, member)| borrows(model, socket, member));
        for endpoint in model.tls_endpoints() {
            if let Some(lack) = endpoint.without_certificate {
                report_endpoint(model, sink, endpoint, lack);
            }
        }
        // A server is reported once, for the socket that keeps nginx from starting if there is one.
        let mut seen = FxHashSet::default();
        for (socket, member) in lacking.into_iter().chain(borrowing) {
            let default = model.server(socket.default.server);
            // Beside a default that lacks one itself, that one is reported.
            let has_certificate = !default.certificates.is_empty() || default.has_unseen_certificates;
            let is_told = default.id == member.server || default.rejects_handshake || has_certificate;
            if is_told && seen.insert(member.server) {
                report(model, sink, socket, member);
            }
        }
    }
}

/// A server of `stream` or `mail`.
fn report_endpoint(model: &Model<'_>, sink: &mut Findings, endpoint: &TlsEndpoint<'_>, lack: WithoutCertificate) {
    let who = model.user_text(TlsUser::Endpoint(endpoint.id));
    let span = endpoint.directive.span();
    let finding = match lack {
        WithoutCertificate::StopsNginx => {
            sink.error(span, format!("no ssl_certificate for {who}: nginx does not start"))
        }
        WithoutCertificate::Borrows(default) => {
            let message = format!(
                "{who} has no ssl_certificate: clients get the one of {}, the default server of its socket",
                model.user_text(TlsUser::Endpoint(default)),
            );
            let finding = sink.warning(span, message);
            finding.related(model.tls_endpoint(default).directive.span(), "the default server");
            finding
        }
    };
    if let Some(listen) = endpoint.listen() {
        finding.related(listen.span(), "this socket speaks TLS");
    }
    finding.help("add `ssl_certificate` and `ssl_certificate_key` to this server, or to the block around it for all");
}

/// Whether the default server has a certificate to lend.
fn borrows(model: &Model<'_>, socket: &ListenSocket, member: Member) -> bool {
    socket.default.server != member.server && !model.server(socket.default.server).certificates.is_empty()
}

fn report(model: &Model<'_>, sink: &mut Findings, socket: &ListenSocket, member: Member) {
    let (server, default) = (model.server(member.server), model.server(socket.default.server));
    let endpoint = &socket.endpoint;
    let finding = if default.id == server.id {
        sink.error(server.directive.span(), format!("no ssl_certificate for {endpoint}: nginx does not start"))
    } else if default.certificates.is_empty() && !default.has_unseen_certificates {
        let message = format!(
            "{server} has no ssl_certificate, and the default server of {endpoint} has none to lend: nginx does \
             not start"
        );
        sink.error(server.directive.span(), message)
    } else {
        let message = format!(
            "{server} has no ssl_certificate: clients get the one of {default}, the default server of \
             {endpoint}"
        );
        sink.warning(server.directive.span(), message)
    };
    finding.related(server.listen_span(member.listen), format!("{endpoint} speaks TLS"));
    if default.id != server.id {
        finding.related(default.span(), "the default server");
    }
    finding.help("add `ssl_certificate` and `ssl_certificate_key` to this server, or to `http` for all");
}
