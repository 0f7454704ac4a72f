//! includeSubDomains makes browsers refuse plain HTTP for every name below the host, and gives no way
//! past a certificate error there. RFC 6797, sections 6.1.2, 8.3 and 8.4.

use crate::model::{Coverage, HstsHeader, HttpsState, Model, Server};
use crate::rules::{Finding, Findings, Rule};
use crate::source::Span;
use crate::tls::Host;

pub(super) struct HstsSubdomainsUncovered;

/// How many subdomains a finding points at.
const SHOWN: usize = 8;

impl Rule for HstsSubdomainsUncovered {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.servers().filter(|server| model.tls_sockets_of(server.id).next().is_some()) {
            for header in model.hsts_headers(server) {
                if !header.policy.include_subdomains || header.policy.max_age == 0 {
                    continue;
                }
                for host in server.hosts() {
                    check_host(model, sink, server, &header, &host);
                }
            }
        }
    }
}

fn check_host(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, header: &HstsHeader<'_>, host: &Host) {
    let mut broken: Vec<(Host, Span, String)> = Vec::new();
    for (subdomain, place) in model.hosts_below(host) {
        let reason = match model.https_state(&subdomain) {
            HttpsState::PlainOnly(None) => format!("{subdomain} is served on plain HTTP only"),
            HttpsState::PlainOnly(Some(path)) => {
                format!("{subdomain} is served on plain HTTP only; over HTTPS clients get {path}")
            }
            HttpsState::Rejected => {
                format!("{subdomain} is served on plain HTTP only; over HTTPS the default server rejects it")
            }
            HttpsState::Certificate(Coverage::NotCovered, path) => {
                format!("{subdomain} is served with {path}, which does not cover it")
            }
            HttpsState::Certificate(..) | HttpsState::Unknown => continue,
        };
        broken.push((subdomain, place, reason));
    }
    if let Some((first, ..)) = broken.first() {
        let others = match broken.as_slice() {
            [_] => String::new(),
            [_, (second, ..)] => format!(" and {second}"),
            more => format!(" and {} more", more.len() - 1),
        };
        let message = format!(
            "includeSubDomains on {host} locks browsers out of {first}{others}: not served over HTTPS with a \
             certificate that covers it"
        );
        // Another file may serve them over TLS.
        let finding = if model.config.is_whole() {
            sink.error(header.span, message)
        } else {
            sink.warning(header.span, message).conditional()
        };
        for (_, place, reason) in broken.into_iter().take(SHOWN) {
            finding.related(place, reason);
        }
        finding.help("serve these names over HTTPS with a certificate that has them, or leave out includeSubDomains");
        return;
    }
    warn_of_missing_wildcard(model, sink, server, header, host);
}

/// Nothing that is visible breaks; but subdomains outside this configuration may.
fn warn_of_missing_wildcard(
    model: &Model<'_>,
    sink: &mut Findings,
    server: &Server<'_>,
    header: &HstsHeader<'_>,
    host: &Host,
) -> Option<()> {
    // The policy of the domain above says it all.
    if model.names_above(server, host) {
        return None;
    }
    let leaves: Vec<_> =
        server.certificates.iter().filter_map(|used| Some((used, model.certificate_file(used)?.leaf()?))).collect();
    let (used, leaf) = leaves.first()?;
    if leaves.iter().any(|(_, leaf)| leaf.has_wildcard_for(host)) {
        return None;
    }
    let message = format!(
        "includeSubDomains on {host}, but its certificate has no wildcard for it ({}): nothing says that other \
         subdomains are ready for HTTPS",
        leaf.names_text(4)
    );
    // `www.x` and a name below another site's rarely have names below them.
    let is_leaf_name = host.name().is_some_and(|name| name.starts_with("www.")) || model.names_parent_of(host);
    let finding: &mut Finding =
        if is_leaf_name { sink.info(header.span, message) } else { sink.warning(header.span, message) };
    finding.conditional();
    finding.related(used.directive.span(), "this certificate is presented");
    finding.help("leave out includeSubDomains unless every subdomain, wherever it is served, has a valid certificate");
    Some(())
}
