//! A browser that opens port 443 speaks TLS; a socket without `ssl` answers in plain text.

use rustc_hash::FxHashSet;

use crate::model::{ListenSocket, Model};
use crate::rules::{Findings, Rule};

pub(super) struct Listen443WithoutSsl;

const HTTPS_PORT: u16 = 443;

impl Rule for Listen443WithoutSsl {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut seen = FxHashSet::default();
        for socket in model.sockets().filter(|socket| !socket.is_tls) {
            let has_certificate = all_have_certificates(model, socket);
            if socket.endpoint.port != HTTPS_PORT && !has_certificate {
                continue;
            }
            let Some(first) = socket.members.first().copied() else { continue };
            let server = model.server(first.server);
            if !seen.insert(first.server) {
                continue;
            }
            let span = server.listen_span(first.listen);
            let endpoint = &socket.endpoint;
            let finding = if !model.config.is_whole() {
                sink.warning(span, format!("{endpoint} speaks plain HTTP, unless a server in another file says `ssl` for it")).conditional()
            } else if has_certificate {
                sink.error(span, format!("{endpoint} speaks plain HTTP, though {server} has a certificate: no listen of it says `ssl`"))
            } else {
                sink.warning(span, format!("{endpoint} speaks plain HTTP: right only if TLS ends in front of nginx")).conditional()
            };
            for other in socket.members.iter().skip(1).take(3) {
                let server = model.server(other.server);
                finding.related(server.listen_span(other.listen), format!("{server} is on the same socket"));
            }
            finding.help(match server.listens[first.listen].directive.and_then(|listen| listen.argument(0)) {
                Some(address) => format!("write `listen {} ssl;`", address.text()),
                None => "write `listen 443 ssl;`".to_owned(),
            });
        }
    }
}

/// Whether all servers of the socket have certificates of their own and no TLS socket to use them.
fn all_have_certificates(model: &Model<'_>, socket: &ListenSocket) -> bool {
    socket.members.iter().all(|member| {
        let server = model.server(member.server);
        server.directive.children_named("ssl_certificate").next().is_some()
            && model.tls_sockets_of(server.id).next().is_none()
    })
}
