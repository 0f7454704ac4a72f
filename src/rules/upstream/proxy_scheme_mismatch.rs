//! nginx asks a socket of its own in another protocol than that socket speaks.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>,
//! <https://nginx.org/en/docs/http/ngx_http_core_module.html#listen>

use super::{consequence, consequence_of_one};
use crate::model::stream::Module;
use crate::model::upstream_tls::pass::TlsPass;
use crate::model::upstream_tls::plain::{Decrypted, Misfit};
use crate::model::upstream_tls::verdict::{FailureKind, TlsFailure};
use crate::model::{ListenSocket, Model};
use crate::rules::{Finding, Findings, Rule};

pub(super) struct ProxySchemeMismatch;

impl Rule for ProxySchemeMismatch {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for pass in model.plain_passes() {
            let Some(misfit) = model.misfit(pass) else { continue };
            let message = plain_message(&misfit, pass.is_named("grpc_pass"));
            let finding = if misfit.is_certain {
                sink.error(pass.span(), message)
            } else {
                let finding = sink.warning(pass.span(), format!("when nginx chooses {}: {message}", misfit.address));
                finding.conditional()
            };
            relate_listen(finding, model, misfit.socket, misfit.wants_proxy_protocol);
            finding.help(match misfit.wants_proxy_protocol {
                true => no_proxy_protocol(),
                false => "write https:// (grpcs:// in grpc_pass), or pass to a `listen` without ssl",
            });
        }
        for decrypted in model.decrypted_to_tls() {
            report_decrypted(model, sink, &decrypted);
        }
        for pass in model.tls_passes() {
            if let Some(failure) = model.tls_failure(pass) {
                report_over_tls(model, sink, pass, &failure, true);
            } else {
                let (failing, _) = model.failing_servers(pass);
                let mut other = failing.iter().filter(|failure| mended(failure).is_some());
                other.next().into_iter().for_each(|failure| report_over_tls(model, sink, pass, failure, false));
            }
        }
    }
}

/// What the socket wants instead of TLS, and what to do.
fn mended(failure: &TlsFailure<'_, '_>) -> Option<(String, &'static str)> {
    let TlsFailure { address, socket, .. } = failure;
    match failure.kind {
        FailureKind::PlainText => Some((
            format!("{address} is nginx's own socket {}, which speaks no TLS", socket.endpoint),
            "pass to it without TLS, or write `ssl` behind that `listen`",
        )),
        FailureKind::ProxyProtocol => Some((wants_proxy_protocol(socket), no_proxy_protocol())),
        _ => None,
    }
}

/// A pass over TLS to a socket that does not speak it, or wants something else first; to one of several servers, where it
/// is not the only one.
fn report_over_tls(
    model: &Model<'_>,
    sink: &mut Findings,
    pass: &TlsPass<'_>,
    failure: &TlsFailure<'_, '_>,
    is_only: bool,
) {
    let Some((message, help)) = mended(failure) else { return };
    let finding = if is_only {
        sink.error(pass.pass.span(), format!("{message}: {}", consequence(pass.module)))
    } else {
        let consequence = consequence_of_one(pass.module);
        let message = format!("when nginx chooses {}: {message}: {consequence}", failure.address);
        sink.warning(pass.pass.span(), message).conditional()
    };
    relate_listen(finding, model, failure.socket, failure.socket.has_proxy_protocol);
    finding.help(help);
}

fn report_decrypted(model: &Model<'_>, sink: &mut Findings, decrypted: &Decrypted<'_, '_>) {
    let Decrypted { handler, place, target, front, taker, chosen } = decrypted;
    let end = match taker.module {
        Module::Http => "every request is answered with 400 (a plain HTTP request to a TLS port)",
        _ => "every connection is closed",
    };
    let message = format!(
        "{target} is nginx's own TLS socket {}, and TLS has ended at {}: {end}",
        taker.socket.endpoint, front.endpoint
    );
    let finding = match chosen {
        None => sink.error(*place, message),
        Some(chosen) => sink.warning(*place, format!("when nginx chooses {chosen}: {message}")).conditional(),
    };
    if place != &handler.span() {
        finding.related(handler.span(), "what was decrypted is handed on here");
    }
    relate_listen(finding, model, taker.socket, false);
    finding.help("add `proxy_ssl on;`, or lead to a `listen` without ssl");
}

fn plain_message(misfit: &Misfit<'_>, is_grpc: bool) -> String {
    if misfit.wants_proxy_protocol {
        return format!("{}: every request is answered with 502", wants_proxy_protocol(misfit.socket));
    }
    let (address, endpoint) = (&misfit.address, &misfit.socket.endpoint);
    let end = if is_grpc { "502" } else { "400 (a plain HTTP request to a TLS port)" };
    format!("{address} is nginx's own TLS socket {endpoint}: every request is answered with {end}")
}

fn wants_proxy_protocol(socket: &ListenSocket) -> String {
    format!("nginx's own socket {} expects the PROXY protocol, which is not sent", socket.endpoint)
}

fn no_proxy_protocol() -> &'static str {
    "pass to a `listen` without proxy_protocol; only `stream` can send it (proxy_protocol on)"
}

/// Shows the `listen` that makes the socket what it is.
fn relate_listen(finding: &mut Finding, model: &Model<'_>, socket: &ListenSocket, wants_proxy_protocol: bool) {
    let deciding = socket.members.iter().find(|member| {
        let listen = model.server(member.server).listens.get(member.listen);
        listen.is_some_and(|listen| if wants_proxy_protocol { listen.has_proxy_protocol } else { listen.is_ssl })
    });
    let member = deciding.unwrap_or(&socket.default);
    finding.related(model.server(member.server).listen_span(member.listen), "this is the socket");
}
