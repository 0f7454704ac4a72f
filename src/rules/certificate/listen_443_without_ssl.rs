//! A browser that opens port 443 speaks TLS; a socket without `ssl` answers in plain text.

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::{Edge, ListenSocket, Member, Model};
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct Listen443WithoutSsl;

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

impl Rule for Listen443WithoutSsl {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut seen = FxHashSet::default();
        let around = Around { sees_all: model.sees_all_servers(), sign: model.sign_of_edge_around() };
        for socket in model.sockets().filter(|socket| !socket.is_tls) {
            let has_certificate = all_have_certificates(model, socket);
            let is_meant = match socket.endpoint.port {
                // An include that could not be followed may say it.
                _ if socket.members.iter().any(|member| model.server(member.server).directive.is_incomplete()) => false,
                HTTPS_PORT => true,
                _ => has_certificate && is_best_guess(model, socket),
            };
            let Some(first) = socket.members.first().filter(|first| is_meant && seen.insert(first.server)) else {
                continue;
            };
            if socket.members.iter().all(|member| model.is_behind_edge(model.server(member.server))) {
                continue;
            }
            report(model, sink, socket, (*first, has_certificate), &around);
        }
    }
}

fn report(
    model: &Model<'_>,
    sink: &mut Findings,
    socket: &ListenSocket,
    (first, has_certificate): (Member, bool),
    around: &Around<'_>,
) {
    let server = model.server(first.server);
    let span = server.listen_span(first.listen);
    let endpoint = &socket.endpoint;
    let is_https = endpoint.port == HTTPS_PORT;
    let has_edge = socket.members.iter().any(|member| ends_before(model, *member));
    let sign = socket.members.iter().find_map(|member| sign_of_edge(model, socket, *member)).or(around.sign);
    let finding = if !around.sees_all {
        let message = format!("{endpoint} speaks plain HTTP, unless a server in another file says `ssl` for it");
        sink.warning(span, message).conditional()
    } else if has_edge {
        let message =
            format!("{endpoint} speaks plain HTTP: right only for the hosts for which TLS ends in front of nginx");
        sink.warning(span, message).conditional()
    } else if let Some(sign) = sign.filter(|_| has_certificate) {
        let message = format!(
            "{endpoint} speaks plain HTTP, though {server} has a certificate: right only if TLS ends in front of nginx, \
             as `{}` suggests",
            shown(sign)
        );
        sink.warning(span, message).conditional()
    } else if has_certificate {
        let message = format!(
            "{endpoint} speaks plain HTTP, though {server} has a certificate: no listen of it \
         says `ssl`"
        );
        // On another port the certificate may just be left over.
        if is_https { sink.error(span, message) } else { sink.warning(span, message).conditional() }
    } else {
        let message = format!("{endpoint} speaks plain HTTP: right only if TLS ends in front of nginx");
        sink.warning(span, message).conditional()
    };
    if let Some(sign) = sign {
        finding.related(sign.span(), "this suggests that TLS ends in front of nginx");
    }
    for other in socket.members.iter().skip(1).take(3) {
        let server = model.server(other.server);
        finding.related(server.listen_span(other.listen), format!("{server} is on the same socket"));
    }
    let certificate = if server.certificates.is_empty() {
        ", and give the server `ssl_certificate` and `ssl_certificate_key`: without them nginx does not start"
    } else {
        ""
    };
    finding.help(match server.listens[first.listen].directive {
        Some(listen) if endpoint.port != HTTP_PORT => {
            let words: Vec<String> = listen.arguments().map(|word| word.text().into_owned()).collect();
            format!("write `listen {} ssl;`{certificate}", words.join(" "))
        }
        _ => format!("write `listen 443 ssl;`, too, or remove the certificate{certificate}"),
    });
    if endpoint.port != HTTP_PORT && model.config.is_whole() {
        finding.fix(with_ssl(
            model,
            first,
            around.sees_all && sign.is_none() && is_https && has_certificate && !has_edge,
        ));
    }
}

/// Whether TLS ends in front of nginx for a host of the server.
fn ends_before(model: &Model<'_>, member: Member) -> bool {
    model.edge_of(model.server(member.server)) == Edge::Tls
}

/// The beginning of a directive, as it is written.
fn shown(directive: Directive<'_>) -> String {
    const LENGTH: usize = 60;
    let words = directive.arguments().map(|word| word.text().into_owned());
    let text = std::iter::once(directive.name_text().into_owned()).chain(words).collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// What is seen around the servers.
struct Around<'c> {
    sees_all: bool,
    sign: Option<Directive<'c>>,
}

/// What suggests that TLS ends in front of a server of the socket.
fn sign_of_edge<'c>(model: &Model<'c>, socket: &ListenSocket, member: Member) -> Option<Directive<'c>> {
    let server = model.server(member.server);
    let listen = server.listens.get(member.listen).filter(|listen| listen.has_proxy_protocol);
    let listen = listen.filter(|_| socket.has_proxy_protocol).and_then(|listen| listen.directive);
    listen.or_else(|| model.sign_of_edge(server))
}

/// Says `ssl` on a listen, and on those of its server for other addresses of the port, if each server of their sockets
/// has a certificate to present.
fn with_ssl(model: &Model<'_>, first: Member, mut is_certain: bool) -> Option<Fix> {
    let has_pair = |member: &Member| {
        let server = model.server(member.server);
        server.rejects_handshake || !server.certificates.is_empty() && !server.certificate_keys.is_empty()
    };
    let server = model.server(first.server);
    let port = server.listens.get(first.listen)?.endpoints.first()?.port;
    let mut edits = Vec::new();
    for (number, listen) in server.listens.iter().enumerate() {
        let member = Member { server: server.id, listen: number };
        let sockets = model.sockets_of(server.id).filter(|socket| socket.members.contains(&member));
        let sockets: Vec<&ListenSocket> = sockets.collect();
        let is_meant = sockets.first().is_some_and(|socket| socket.endpoint.port == port && !socket.is_tls);
        if !is_meant || listen.is_udp {
            continue;
        }
        let directive = listen.directive.filter(|directive| directive.readings() == 1)?;
        if !sockets.iter().flat_map(|socket| &socket.members).all(has_pair) {
            return None;
        }
        let may_end = |socket: &ListenSocket| {
            socket.members.iter().any(|it| ends_before(model, *it) || sign_of_edge(model, socket, *it).is_some())
        };
        is_certain &= !sockets.iter().any(|socket| may_end(socket));
        edits.push(directive.argument(0).map(|address| edit::word_behind(address, "ssl")));
    }
    let title = "speak TLS on this socket";
    if is_certain { Fix::safe(title, edits) } else { Fix::risky(title, edits) }
}

/// Whether all servers of the socket have certificates of their own and, unless its port says HTTPS
/// anyway, no TLS socket to use them.
fn all_have_certificates(model: &Model<'_>, socket: &ListenSocket) -> bool {
    let has_use = |server| socket.endpoint.port != HTTPS_PORT && model.tls_sockets_of(server).next().is_some();
    socket.members.iter().all(|member| {
        let server = model.server(member.server);
        server.directive.children_named("ssl_certificate").next().is_some() && !has_use(server.id)
    })
}

/// Whether no other socket of its first server is more likely to be meant for TLS: 443 more than any
/// other port, and any other more than 80. Where another server speaks TLS, a certificate on port 80
/// came along with an include; in a lone snippet that server may be in another file.
fn is_best_guess(model: &Model<'_>, socket: &ListenSocket) -> bool {
    if socket.endpoint.port == HTTP_PORT && (!model.config.is_whole() || model.sockets().any(|socket| socket.is_tls)) {
        return false;
    }
    let mut others = socket.members.iter().take(1).flat_map(|member| model.sockets_of(member.server));
    let port = socket.endpoint.port;
    !others.any(|other| other.endpoint.port == HTTPS_PORT || port == HTTP_PORT && other.endpoint.port != HTTP_PORT)
}
