//! Browsers force the hosts of the preload list to https before they have seen any header: whoever serves one without
//! is not reached.

use url::Url;

use crate::hsts::{PreloadList, Preloaded};
use crate::model::{Coverage, HttpsState, Model, ResponseKind, Server};
use crate::rules::{Findings, Rule, Severity};
use crate::source::Span;
use crate::tls::Host;

pub(super) struct HstsPreloadConflict;

impl Rule for HstsPreloadConflict {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let list = PreloadList::shipped();
        for server in model.servers() {
            for name in &server.names {
                let (Some(host), Some(span)) = (name.witnesses().into_iter().next(), name.span()) else { continue };
                let Some(found) = host.name().and_then(|host| list.find(host)) else { continue };
                check_host(model, sink, server, &host, span, &found);
            }
        }
    }
}

fn check_host(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, host: &Host, span: Span, found: &Preloaded) {
    let why = reason(host, found);
    let speaks_tls = model.tls_sockets_of(server.id).next().is_some();
    let message = match model.https_state(host) {
        HttpsState::Certificate(Coverage::NotCovered, path) if speaks_tls => {
            format!("{host} is served with {path}, which does not cover it, and browsers offer no way past that: {why}")
        }
        HttpsState::PlainOnly(_) | HttpsState::Rejected
            if !speaks_tls && !model.may_sit_behind_tls(server) && serves_pages(model, server, host) =>
        {
            format!("browsers never ask for {host} over plain HTTP: {why}")
        }
        _ => return,
    };
    let has_tls_socket = model.sockets().any(|socket| socket.is_tls);
    let finding = if speaks_tls || has_tls_socket && model.config.is_whole() {
        sink.error(span, message)
    } else {
        // Another file may serve the name. Where nothing speaks TLS, something before nginx does, if a domain came to be
        // on the list; but anybody may take a name of a top-level domain without knowing of the list.
        let severity = if has_tls_socket || found.is_top_level_domain() { Severity::Warning } else { Severity::Info };
        let finding = sink.add(severity, span, format!("{message} (unless TLS ends before nginx)"));
        finding.conditional();
        finding
    };
    if !speaks_tls {
        finding.related(server.listen_span(0), "it is served here");
    }
    let date = PreloadList::shipped().date();
    finding.help(format!(
        "serve {host} over HTTPS with a certificate that covers it, or move it to a name that is not on the list; \
         to leave the list takes months (hstspreload.org/removal). The list is of {date}"
    ));
}

fn reason(host: &Host, found: &Preloaded) -> String {
    let Preloaded { entry, is_exact, .. } = found;
    if *is_exact {
        format!("{host} is on the HSTS preload list")
    } else if found.is_top_level_domain() {
        format!("all of .{entry} is on the HSTS preload list")
    } else {
        format!("{entry} is on the HSTS preload list with its subdomains")
    }
}

/// Whether its front page is something else than a redirect to https, which is served elsewhere, and than what it asks the
/// host itself for: a cache for programs, which are no browsers.
fn serves_pages(model: &Model<'_>, server: &Server<'_>, host: &Host) -> bool {
    let answers = model.plain_answers(server.id);
    let mut responses = answers.iter().filter(|answered| answered.is_root()).flat_map(|answered| &answered.responses);
    responses.any(|response| {
        let target = response.location_header.as_ref().map(|header| header.text.as_str());
        let asked = response.target.as_ref().and_then(|target| Url::parse(target.known()?).ok());
        let asks_host_itself = asked.is_some_and(|asked| asked.host_str() == host.name());
        let leads_to_https =
            response.kind == ResponseKind::Redirect && target.is_some_and(|target| target.starts_with("https:"));
        !leads_to_https && !asks_host_itself
    })
}
